//! The roles of a given server, and which statements would change what was there before.

use super::{MARK, platform_roles};
use crate::migrations::parse::Statement;
use crate::migrations::parse::block::Step;
use crate::migrations::parse::object::{Change, ObjectKind, ObjectRef};
use crate::migrations::parse::role::{RoleOption, RoleSpec};
use crate::shadow::ShadowError;
use crate::shadow::platform::Platform;
use std::collections::BTreeSet;
use tokio_postgres::Client;

/// What a server has in common for all its databases.
#[derive(Debug, Clone, Default)]
pub(in crate::shadow) struct Cluster {
    /// The role that we log in as.
    login: String,
    superuser: bool,
    /// Roles that were there before us.
    before: BTreeSet<String>,
}

/// Attributes, memberships and settings of roles; passwords are not readable for all and not ours to read.
const STATE: &str = "
    select coalesce(string_agg(line, E'\\n' order by line), '') from (
        select r::text as line from (
            select rolname, rolsuper, rolinherit, rolcreaterole, rolcreatedb, rolcanlogin, rolreplication, rolconnlimit,
                   rolvaliduntil, rolbypassrls, rolconfig
            from pg_catalog.pg_roles where rolname::text = any($1)) r
        union all
        select m.roleid::regrole || ' ' || m.member::regrole || ' ' || m.admin_option
        from pg_catalog.pg_auth_members m
        join pg_catalog.pg_roles a on a.oid = m.roleid
        join pg_catalog.pg_roles b on b.oid = m.member
        where b.rolname::text = any($1) and a.rolname::text = any($1)) lines";

impl Cluster {
    pub(super) async fn read(client: &Client, login: &str) -> Result<Self, ShadowError> {
        let rows = client.query("select rolname::text, rolsuper from pg_catalog.pg_roles", &[]).await;
        let rows = rows.map_err(|e| ShadowError::connection("cannot list the roles of the given server", &e))?;
        let superuser = rows.iter().any(|row| row.get::<_, &str>(0) == login && row.get(1));
        Ok(Self { login: login.to_owned(), superuser, before: rows.iter().map(|row| row.get(0)).collect() })
    }

    /// The platform's roles that would have to be made.
    pub(super) fn missing(&self, platform: Platform) -> Vec<String> {
        platform_roles(platform, 17).difference(&self.before).cloned().collect()
    }

    pub(in crate::shadow) fn was_there(&self, role: &str) -> bool {
        self.before.contains(role)
    }

    /// Whether a role was made for us, to do with as we like: only a superuser may act as one and change it.
    pub(in crate::shadow) fn lends(&self, role: &str) -> bool {
        self.superuser && !self.was_there(role)
    }

    /// Has a session act as `role` with nothing to go back to, as if it had logged in as it; only a superuser may.
    pub(in crate::shadow) async fn act_as(&self, client: &Client, role: &str) -> Result<(), ShadowError> {
        let done = client.batch_execute(&format!("set session authorization \"{role}\"")).await;
        done.map_err(|e| ShadowError::connection(format!("cannot act as the role `{role}` of the platform"), &e))
    }

    /// The role that we log in as.
    pub(super) fn login(&self) -> &str {
        &self.login
    }

    pub(super) fn is_superuser(&self) -> bool {
        self.superuser
    }

    /// What tells whether a role that was there is as it was.
    pub(in crate::shadow) async fn state(&self, client: &Client) -> Option<String> {
        let before: Vec<&str> = self.before.iter().map(String::as_str).collect();
        client.query_one(STATE, &[&before]).await.ok().map(|row| row.get(0))
    }

    /// Those of `names` that the server does not have yet: only what we make ourselves may be marked.
    pub(in crate::shadow) async fn absent(&self, client: &Client, names: Vec<String>) -> Vec<String> {
        let rows = client.query("select rolname::text from pg_catalog.pg_roles", &[]).await.unwrap_or_default();
        names.into_iter().filter(|name| !rows.iter().any(|row| row.get::<_, &str>(0) == name)).collect()
    }

    /// Marks roles that were just made, so that they go with the last scratch database.
    pub(in crate::shadow) async fn mark(&self, client: &Client, names: &[String]) {
        for name in names {
            let quoted = format!("\"{}\"", name.replace('"', "\"\""));
            // One that was not made after all has nothing to mark.
            let _ = client.batch_execute(&format!("comment on role {quoted} is '{MARK}'")).await;
        }
    }

    /// Roles that are new and that nobody is known to have made here.
    pub(in crate::shadow) async fn unknown(&self, client: &Client) -> Vec<String> {
        let before: Vec<&str> = self.before.iter().map(String::as_str).collect();
        let sql = "select rolname::text from pg_catalog.pg_roles
                   where rolname::text <> all($1) and pg_catalog.shobj_description(oid, 'pg_authid') is distinct from $2
                   order by 1";
        let rows = client.query(sql, &[&before, &MARK]).await.unwrap_or_default();
        rows.iter().map(|row| row.get(0)).collect()
    }

    /// Why a statement must not run here: it would change what belongs to the whole server.
    pub(in crate::shadow) fn refuses(&self, statement: &Statement) -> Option<String> {
        let there = |role: &RoleSpec| self.names_old(role);
        match statement {
            Statement::Role(role) if role.create => {
                let joins =
                    |o: &RoleOption| matches!(o, RoleOption::Role(m) | RoleOption::Admin(m) if m.iter().any(there));
                role.options
                    .iter()
                    .any(joins)
                    .then(|| "it would make a role of the server a member of another".to_owned())
            }
            Statement::Role(role) => there(&role.role).then(|| old(&role.role)),
            Statement::RoleSetting(set) => match (&set.role, &set.database) {
                (Some(role), _) => there(role).then(|| old(role)),
                (None, _) => Some("it would change a setting of a database or of all roles of the server".to_owned()),
            },
            Statement::Membership(grant) => grant.members.iter().find(|m| there(m)).map(old),
            Statement::Drop(drop) => drop.objects.iter().find_map(|object| match object {
                ObjectRef::Named(ObjectKind::Role, name) => {
                    self.was_there(&name.name).then(|| old(&RoleSpec::Name(name.name.clone())))
                }
                ObjectRef::Named(ObjectKind::Database, _) => Some("it would drop a database of the server".to_owned()),
                _ => None,
            }),
            Statement::Change(ObjectRef::Named(ObjectKind::Role, name), Change::Rename(_)) => {
                self.was_there(&name.name).then(|| old(&RoleSpec::Name(name.name.clone())))
            }
            Statement::Change(ObjectRef::Named(ObjectKind::Database, _), _) => {
                Some("it would change a database of the server".to_owned())
            }
            // Both reach into what a role owns and was granted on the whole server.
            Statement::DropOwned(..) | Statement::ReassignOwned(..) => {
                Some("it reaches beyond the database".to_owned())
            }
            Statement::AlterSystem(_) => Some("it would change the settings of the server".to_owned()),
            Statement::Do(block) => self.refuses_any(&block.steps),
            _ => None,
        }
    }

    fn refuses_any(&self, steps: &[Step]) -> Option<String> {
        steps.iter().find_map(|step| match step {
            Step::Run(parsed) => self.refuses(&parsed.statement),
            Step::If(branches, otherwise) => {
                branches.iter().find_map(|(_, s)| self.refuses_any(s)).or_else(|| self.refuses_any(otherwise))
            }
            Step::Caught(body, handlers) => {
                self.refuses_any(body).or_else(|| handlers.iter().find_map(|h| self.refuses_any(&h.steps)))
            }
            Step::Rows(rows) => self.refuses_any(&rows.otherwise),
            Step::Assigned(assigned) => self.refuses_any(&assigned.otherwise),
            Step::Rounds(rounds) => rounds.iter().find_map(|round| self.refuses_any(round)),
            _ => None,
        })
    }

    fn names_old(&self, role: &RoleSpec) -> bool {
        match role {
            RoleSpec::Name(name) => self.was_there(name),
            RoleSpec::Current | RoleSpec::Session => self.was_there(&self.login),
            RoleSpec::Public => false,
        }
    }
}

fn old(role: &RoleSpec) -> String {
    match role {
        RoleSpec::Name(name) => format!("it would change the role `{name}`, which the server had before"),
        _ => "it would change a role that the server had before".to_owned(),
    }
}

/// The roles that a statement makes.
pub(in crate::shadow) fn created(statement: &Statement) -> Vec<String> {
    match statement {
        Statement::Role(role) if role.create => match &role.role {
            RoleSpec::Name(name) => vec![name.clone()],
            _ => Vec::new(),
        },
        Statement::Do(block) => block.steps.iter().flat_map(created_by).collect(),
        _ => Vec::new(),
    }
}

fn created_by(step: &Step) -> Vec<String> {
    let all = |steps: &[Step]| steps.iter().flat_map(created_by).collect::<Vec<_>>();
    match step {
        Step::Run(parsed) => created(&parsed.statement),
        Step::If(branches, otherwise) => {
            branches.iter().flat_map(|(_, steps)| all(steps)).chain(all(otherwise)).collect()
        }
        Step::Caught(body, handlers) => {
            all(body).into_iter().chain(handlers.iter().flat_map(|h| all(&h.steps))).collect()
        }
        Step::Rounds(rounds) => rounds.iter().flat_map(|round| all(round)).collect(),
        _ => Vec::new(),
    }
}
