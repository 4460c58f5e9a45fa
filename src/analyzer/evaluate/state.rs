//! One state of the world: the rows there are, and one session.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::analyzer::term::{CLAIMS, Json, Value};
use crate::model::QualifiedName;

/// The columns of a row by name; one that is left out has a value that nobody knows.
pub type Tuple = BTreeMap<Arc<str>, Option<Value>>;

/// Rows of relations; a relation that is left out is empty.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Database {
    /// By relation.
    pub relations: BTreeMap<QualifiedName, Vec<Tuple>>,
}

/// The settings of a session.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Session {
    /// The JWT claims; `None` if `request.jwt.claims` is unset.
    pub claims: Option<Json>,
    /// The other settings, by lower-case name.
    pub settings: BTreeMap<Arc<str>, Arc<str>>,
}

impl Session {
    /// A setting as `current_setting(name, true)` gives it.
    #[must_use]
    pub fn setting(&self, name: &str) -> Option<Arc<str>> {
        match &self.claims {
            Some(claims) if name == CLAIMS => Some(claims.to_string().into()),
            _ => self.settings.get(name).cloned(),
        }
    }
}
