//! Objects as messages name them.

use super::Object;
use crate::model::quote_ident;
use std::fmt;

/// `policy own on public.notes`, `function public.f(integer)`: the kind, then the name as SQL takes it.
impl fmt::Display for Object {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = |name: &str| quote_ident(name).into_owned();
        match self {
            Self::Schema(n) => write!(f, "schema {}", name(n)),
            Self::Relation(n) => write!(f, "{n}"),
            Self::Column(of, n) => write!(f, "column {} of {of}", name(n)),
            Self::Constraint(of, n) => write!(f, "constraint {} on {of}", name(n)),
            Self::Index(of, n) => write!(f, "index {} on {of}", name(n)),
            Self::Policy(of, n) => write!(f, "policy {} on {of}", name(n)),
            Self::Trigger(of, n) => write!(f, "trigger {} on {of}", name(n)),
            Self::Rule(of, n) => write!(f, "rule {} on {of}", name(n)),
            Self::Function(id) => write!(f, "function {id}"),
            Self::Type(n) => write!(f, "type {n}"),
            Self::Role(n) => write!(f, "role {}", name(n)),
            Self::Database => f.write_str("the database"),
            Self::Extension(n) => write!(f, "extension {}", name(n)),
            Self::Publication(n) => write!(f, "publication {}", name(n)),
            Self::Subscription(n) => write!(f, "subscription {}", name(n)),
            Self::EventTrigger(n) => write!(f, "event trigger {}", name(n)),
            Self::Language(n) => write!(f, "language {}", name(n)),
            Self::ForeignDataWrapper(n) => write!(f, "foreign-data wrapper {}", name(n)),
            Self::ForeignServer(n) => write!(f, "server {}", name(n)),
            Self::DefaultPrivileges(role) => write!(f, "default privileges of {}", name(role)),
            Self::Setting(Some(role), n) => write!(f, "setting {n} of {}", name(role)),
            Self::Setting(None, n) => write!(f, "setting {n}"),
            Self::Bucket(id) => write!(f, "bucket {id}"),
        }
    }
}

/// A boolean option as the server reads it.
pub(super) fn is_true(value: &str) -> bool {
    let value = value.to_ascii_lowercase();
    let short_for = |word: &str, least: usize| value.len() >= least && word.starts_with(&value);
    short_for("true", 1) || short_for("yes", 1) || short_for("on", 2) || value == "1"
}
