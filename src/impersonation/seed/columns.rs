//! What columns say of a row: whose it is, and which tenant's.

use std::collections::BTreeMap;

use crate::access::{self, words};
use crate::analyzer::effective::Effective;
use crate::model::{Column, Relation};

use super::key;

/// Whom a column names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Names {
    /// A user.
    User,
    /// A tenant.
    Tenant,
}

/// Whom the columns of a table name, by what policies compare them with, or else by their own names.
pub(super) fn names(effective: &Effective<'_>, relation: &Relation) -> BTreeMap<String, Names> {
    let compared = access::compared(effective, relation);
    let name = |column: &Column| {
        let tenant = words::is_tenant(&column.name);
        if let Some(pair) = compared.iter().find(|pair| pair.column == column.name) {
            return Some(if pair.is_user && !tenant { Names::User } else { Names::Tenant });
        }
        if words::is_owner(&column.name) && column.data_type == "uuid" {
            return Some(Names::User);
        }
        tenant.then_some(Names::Tenant)
    };
    relation.columns.iter().filter_map(|c| Some((c.name.clone(), name(c)?))).collect()
}

/// Whether rows of a table can be nobody's: a column that names a user may be NULL.
pub(super) fn is_owned(names: &BTreeMap<String, Names>, relation: &Relation) -> bool {
    relation.columns.iter().filter(|c| c.nullable).any(|column| {
        let refers =
            key::foreign(relation).any(|(c, k)| c.columns == [column.name.clone()] && k.relation.name == "users");
        refers || names.get(&column.name) == Some(&Names::User)
    })
}
