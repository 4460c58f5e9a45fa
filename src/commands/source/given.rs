//! Roles of a given server, which are what somebody made of them: no file speaks of that.

use super::{Loaded, migrations};
use crate::model::Schema;

impl Loaded {
    /// Gives a model read from the files what the server says of the roles that it had before, so that all else of the two
    /// can be compared. Says which roles are not compared because they differ.
    pub(in crate::commands) fn given_roles(&self, read: &mut Schema) -> Option<String> {
        let Some(migrations::Place::Given(scratch)) = &self.shadow else { return None };
        let differ: Vec<&str> = read.roles.iter().map(|role| role.name.as_str()).collect();
        let differ = differ.into_iter().filter(|name| scratch.was_there(name));
        let differ: Vec<_> = differ.filter(|name| facts(read, name) != facts(&self.schema, name)).collect();
        let untold = (!differ.is_empty()).then(|| {
            format!(
                "not compared with the files: attributes, memberships and settings of the roles {}, which the given server \
                 had before, and not as a project has them; the server's count",
                differ.join(", ")
            )
        });
        adopt(read, &self.schema, &|role| scratch.has_otherwise(role));
        untold
    }
}

/// Puts attributes, memberships and settings of the roles that `is_given` from one model into another.
fn adopt(read: &mut Schema, server: &Schema, is_given: &dyn Fn(&str) -> bool) {
    read.roles.retain(|role| !is_given(&role.name));
    read.roles.extend(server.roles.iter().filter(|role| is_given(&role.name)).cloned());
    read.memberships.retain(|m| !is_given(&m.member));
    read.memberships.extend(server.memberships.iter().filter(|m| is_given(&m.member)).cloned());
    let is_theirs = |role: &Option<String>| role.as_ref().is_some_and(|role| is_given(role));
    read.settings.retain(|setting| !is_theirs(&setting.role));
    read.settings.extend(server.settings.iter().filter(|setting| is_theirs(&setting.role)).cloned());
    read.sort();
}

/// What a model says of a role itself, wherever it says it.
fn facts(schema: &Schema, name: &str) -> Vec<String> {
    let role = schema.roles.iter().filter(|role| role.name == name).map(|role| {
        let mut role = role.clone();
        role.origin = crate::model::Origin::Catalog;
        format!("{role:?}")
    });
    let memberships = schema.memberships.iter().filter(|m| m.member == name).map(|m| {
        // Who granted it is somebody of the server's.
        format!("in {} {} {} {}", m.role, m.admin, m.inherit, m.set)
    });
    let settings =
        schema.settings.iter().filter(|s| s.role.as_deref() == Some(name)).map(|s| format!("{}={}", s.name, s.value));
    let mut facts: Vec<String> = role.chain(memberships).chain(settings).collect();
    facts.sort();
    facts.dedup();
    facts
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Membership, Origin};

    #[test]
    fn memberships_of_given_roles_are_those_of_the_server() {
        let of = |memberships: [(&str, &str); 2]| {
            let mut schema = crate::migrations::base::empty(17, "postgres", "postgres");
            let membership = |(member, role): (&str, &str)| Membership {
                member: member.to_owned(),
                role: role.to_owned(),
                grantor: "postgres".to_owned(),
                admin: false,
                inherit: true,
                set: true,
                origin: Origin::Catalog,
            };
            schema.memberships = memberships.map(membership).into();
            schema
        };
        let mut read = of([("anon", "files"), ("app", "files")]);
        adopt(&mut read, &of([("anon", "server"), ("app", "server")]), &|role| role == "anon");
        let held: Vec<_> = read.memberships.iter().map(|m| (m.member.as_str(), m.role.as_str())).collect();
        assert_eq!(held, [("anon", "server"), ("app", "files")]);
    }
}
