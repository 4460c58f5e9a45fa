//! What turns object ids into names while rows become a model, and where gaps are collected.

use std::cell::RefCell;
use std::collections::{BTreeSet, HashMap};

use crate::model::Gap;

/// Look-ups by object id.
#[derive(Debug, Default)]
pub(super) struct Context {
    /// Names of roles.
    pub(super) roles: HashMap<u32, String>,
    /// Names of columns, by relation and `attnum`.
    pub(super) columns: HashMap<(u32, i16), String>,
    /// Extensions, by catalog and member.
    pub(super) extensions: HashMap<(u32, u32), String>,
    gaps: RefCell<BTreeSet<Gap>>,
}

impl Context {
    /// The role's name; its number, as the server prints it in grants, when it was dropped.
    pub(super) fn role(&self, oid: u32) -> String {
        self.roles.get(&oid).cloned().unwrap_or_else(|| oid.to_string())
    }

    /// The names of the columns that `numbers` stands for; 0 stands for an expression and has none.
    pub(super) fn columns(&self, relation: u32, numbers: &[i16]) -> Vec<String> {
        numbers.iter().filter_map(|n| self.columns.get(&(relation, *n)).cloned()).collect()
    }

    /// Notes something that the model lacks.
    pub(super) fn gap(&self, what: String, access_control: bool) {
        self.gaps.borrow_mut().insert(Gap { what, access_control, origin: crate::model::Origin::Catalog });
    }

    /// The gaps noted, in order.
    pub(super) fn into_gaps(self) -> Vec<Gap> {
        self.gaps.into_inner().into_iter().collect()
    }
}
