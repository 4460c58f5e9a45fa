//! Positions for a model that was read from a server: those that the same objects have in a model read from files.

use crate::model::{Acl, Column, Origin, QualifiedName, Relation, Schema};

/// Gives every object of `live` that has no position the one that it has in `replayed`, and `live` the names of the files.
///
/// Objects are matched by their names; what only the server has keeps none.
pub fn copy(replayed: &Schema, live: &mut Schema) {
    live.files.clone_from(&replayed.files);
    let relation = |name: &QualifiedName| replayed.relation(name);
    for to in &mut live.relations {
        if let Some(from) = relation(&to.name) {
            of_relation(from, to);
        }
    }
    by_name(&replayed.functions, &mut live.functions, |f| &f.id, |f| f.origin, |f| &mut f.origin);
    for to in &mut live.functions {
        if let Some(from) = replayed.function(&to.id) {
            grants(&from.acl, &mut to.acl);
        }
    }
    by_name(&replayed.roles, &mut live.roles, |r| &r.name, |r| r.origin, |r| &mut r.origin);
    for to in &mut live.memberships {
        let twin = replayed.memberships.iter().find(|m| (&m.member, &m.role) == (&to.member, &to.role));
        set(&mut to.origin, twin.map(|m| m.origin));
    }
    for to in &mut live.namespaces {
        if let Some(from) = replayed.namespace(&to.name) {
            set(&mut to.origin, Some(from.origin));
            grants(&from.acl, &mut to.acl);
        }
    }
    for to in &mut live.default_privileges {
        let twin = replayed
            .default_privileges
            .iter()
            .find(|d| (&d.role, &d.schema, d.object) == (&to.role, &to.schema, to.object));
        if let Some(from) = twin {
            set(&mut to.origin, Some(from.origin));
            grants(&from.acl, &mut to.acl);
        }
    }
    for to in &mut live.settings {
        let twin = replayed.settings.iter().find(|s| (&s.role, &s.name) == (&to.role, &to.name));
        set(&mut to.origin, twin.map(|s| s.origin));
    }
    by_name(&replayed.types, &mut live.types, |t| &t.name, |t| t.origin, |t| &mut t.origin);
    by_name(&replayed.event_triggers, &mut live.event_triggers, |t| &t.name, |t| t.origin, |t| &mut t.origin);
    by_name(&replayed.publications, &mut live.publications, |p| &p.name, |p| p.origin, |p| &mut p.origin);
}

fn of_relation(from: &Relation, to: &mut Relation) {
    set(&mut to.origin, Some(from.origin));
    grants(&from.acl, &mut to.acl);
    for column in &mut to.columns {
        if let Some(twin) = from.column(&column.name) {
            of_column(twin, column);
        }
    }
    by_name(&from.policies, &mut to.policies, |p| &p.name, |p| p.origin, |p| &mut p.origin);
    by_name(&from.constraints, &mut to.constraints, |c| &c.name, |c| c.origin, |c| &mut c.origin);
    by_name(&from.indexes, &mut to.indexes, |i| &i.name, |i| i.origin, |i| &mut i.origin);
    by_name(&from.triggers, &mut to.triggers, |t| &t.name, |t| t.origin, |t| &mut t.origin);
    by_name(&from.rules, &mut to.rules, |r| &r.name, |r| r.origin, |r| &mut r.origin);
}

fn of_column(from: &Column, to: &mut Column) {
    set(&mut to.origin, Some(from.origin));
    grants(&from.acl, &mut to.acl);
}

fn set(to: &mut Origin, from: Option<Origin>) {
    if let Some(from) = from.filter(|_| to.is_catalog()) {
        *to = from;
    }
}

/// Grants are matched by who holds them: a server may name another grantor than the files do.
fn grants(from: &Acl, to: &mut Acl) {
    for grant in &mut to.0 {
        let twins = || from.0.iter().filter(|g| g.grantee == grant.grantee && !g.origin.is_catalog());
        let twin = twins().find(|g| g.grantor == grant.grantor).or_else(|| twins().next());
        set(&mut grant.origin, twin.map(|g| g.origin));
    }
}

/// Both lists are sorted by the name, as [`Schema::sort`] leaves them.
fn by_name<T, K: Ord>(
    from: &[T],
    to: &mut [T],
    name: impl Fn(&T) -> &K,
    origin: impl Fn(&T) -> Origin,
    slot: impl Fn(&mut T) -> &mut Origin,
) {
    for one in to {
        let twin = from.binary_search_by(|other| name(other).cmp(name(one))).ok().and_then(|at| from.get(at));
        let found = twin.map(&origin);
        set(slot(one), found);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Database, Grant, Platform, Role, Server, Statement};

    fn schema() -> Schema {
        let server = Server {
            version_num: 170_000,
            version: "17".into(),
            current_user: "postgres".into(),
            encoding: "UTF8".into(),
            platform: Platform::Postgres,
            throw_away: false,
        };
        Schema::new(server, Database { name: "d".into(), owner: "o".into(), acl: Acl::default() })
    }

    fn role(name: &str, origin: Origin) -> Role {
        Role {
            name: name.into(),
            superuser: false,
            bypass_rls: false,
            login: false,
            inherit: true,
            create_role: false,
            create_db: false,
            replication: false,
            connection_limit: None,
            valid_until: None,
            origin,
        }
    }

    #[test]
    fn what_both_have_gets_the_position_and_nothing_else_does() {
        let at = |line| Origin::Statement(Statement { file: 0, start: 0, end: 1, line, column: 1 });
        let (mut files, mut live) = (schema(), schema());
        files.roles = vec![role("a", at(1)), role("b", at(2))];
        live.roles = vec![role("b", Origin::Catalog), role("c", Origin::Catalog)];
        copy(&files, &mut live);
        assert_eq!(live.roles.iter().map(|r| r.origin).collect::<Vec<_>>(), [at(2), Origin::Catalog]);
        let grant = |text: &str, origin| Grant { origin, ..text.parse().unwrap() };
        let mut to = Acl(vec![grant("anon=r/x", Origin::Catalog), grant("web=r/x", Origin::Catalog)]);
        grants(&Acl(vec![grant("anon=r/y", at(3)), grant("web=r/y", Origin::Catalog)]), &mut to);
        assert_eq!((to.0[0].origin, to.0[1].origin), (at(3), Origin::Catalog));
    }
}
