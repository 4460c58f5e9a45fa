//! What the rows of a table are: users, tenants, or things that belong to them.

use std::collections::BTreeMap;

use super::key;
use crate::access::words;
use crate::analyzer::effective::Effective;
use crate::impersonation::cast::SLOTS;
use crate::model::{ConstraintKind, QualifiedName, Relation};

/// What a row stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// One for each user.
    Users,
    /// One for each tenant.
    Tenants,
    /// One for each slot.
    Rows,
}

impl Kind {
    /// The slots that rows are made for; the one of nobody only where a row can be nobody's.
    pub(super) fn slots(self, owned: bool) -> Vec<usize> {
        match self {
            Self::Users => vec![0, 1, 2, 3],
            Self::Tenants => vec![0, 2],
            Self::Rows => (0..SLOTS.len()).filter(|slot| owned || *slot + 1 < SLOTS.len()).collect(),
        }
    }
}

/// Names of tables that hold one row for each user.
const USERS: [&str; 8] = ["users", "user", "app_users", "profiles", "profile", "user_profiles", "people", "persons"];

/// The kinds of all tables.
pub(super) fn of<'a>(effective: &Effective<'a>) -> BTreeMap<&'a QualifiedName, Kind> {
    let schema = effective.schema();
    let mut kinds: BTreeMap<_, _> = schema.relations.iter().map(|r| (&r.name, by_name(r))).collect();
    // Whose key is a user's own is one row a user too.
    for relation in &schema.relations {
        let id = key::primary(relation);
        let is_users = |name: &QualifiedName| kinds.get(name) == Some(&Kind::Users);
        let by_key = id.len() == 1
            && key::foreign(relation)
                .any(|(c, k)| c.columns == id && k.relation != relation.name && is_users(&k.relation));
        if by_key {
            kinds.insert(&relation.name, Kind::Users);
        }
    }
    kinds
}

fn by_name(relation: &Relation) -> Kind {
    let name = relation.name.name.as_str();
    let singular = name.strip_suffix("ies").map(|stem| format!("{stem}y"));
    let singular = singular.unwrap_or_else(|| name.strip_suffix('s').unwrap_or(name).to_owned());
    let has_key = relation.constraints.iter().any(|c| c.kind == ConstraintKind::PrimaryKey);
    match relation.name.schema.as_str() {
        "auth" if name == "users" => Kind::Users,
        "auth" | "storage" => Kind::Rows,
        _ if has_key && USERS.contains(&name) => Kind::Users,
        _ if has_key && words::is_tenant(&singular) => Kind::Tenants,
        _ => Kind::Rows,
    }
}
