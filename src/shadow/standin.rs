//! Stand-ins for extensions that a hosted project has and this server lacks: their signatures, not their work.
//!
//! A stand-in is an extension in the catalog too, with what it makes for its members: projects ask whether one is there,
//! comment on it, move and drop it. Only `create extension` and `alter extension ... update` need the server's own files,
//! so those statements are done here and left out of the text that runs.

use super::ShadowError;
use super::apply::Applied;
use super::apply::statement::{Statement, parts};
use super::platform::stand_ins::{EMPTY, STANDINS, StandIn};
use std::collections::BTreeSet;
use std::ops::Range;
use tokio_postgres::Client;

/// The stand-in for an extension: the schema that it always has, and its SQL with `extensions` for the schema otherwise.
pub(crate) fn stand_in(extension: &str) -> Option<(Option<&'static str>, &'static str)> {
    found(extension).filter(|s| !CONTRIB.contains(&s.extension)).map(|s| (s.schema, s.sql))
}

/// Those that most servers have, so that a stand-in is the exception.
const CONTRIB: [&str; 3] = ["pg_stat_statements", "pgcrypto", "uuid-ossp"];

/// The names and the SQL of all.
pub(crate) fn all() -> impl Iterator<Item = (&'static str, &'static str)> {
    STANDINS.iter().map(|s| (s.extension, s.sql))
}

fn found(extension: &str) -> Option<&'static StandIn> {
    STANDINS.iter().find(|s| s.extension == extension).or_else(|| EMPTY.iter().find(|s| s.extension == extension))
}

/// Libraries that work only in a server that was started with them.
const NEED_A_START: &str = "'pg_cron', 'pg_net', 'pg_tle', 'pgsodium', 'supabase_vault'";

/// What was already provided in one database.
pub(crate) struct StandIns<'a> {
    client: &'a Client,
    available: BTreeSet<String>,
    done: BTreeSet<String>,
    /// Whether we may write to the catalog, so that a stand-in is an extension.
    superuser: bool,
    /// Those that the project dropped and did not make again.
    dropped: BTreeSet<String>,
}

impl<'a> StandIns<'a> {
    /// Asks the server which extensions it has. `client` must be a superuser's session.
    pub(crate) async fn new(client: &'a Client) -> Result<Self, ShadowError> {
        let offered = format!("select name::text from pg_available_extensions where name not in ({NEED_A_START})");
        let there = "select extname::text from pg_extension
                     union select nspname::text from pg_namespace where nspname = 'supabase_functions'";
        let (available, done) = (names(client, &offered).await?, names(client, there).await?);
        let superuser = "select 'yes' from pg_roles where rolname = current_user and rolsuper";
        let superuser = !names(client, superuser).await?.is_empty();
        Ok(Self { client, available, done, superuser, dropped: BTreeSet::new() })
    }

    /// Provides what `text` needs, and blanks the statements that this server could not run, keeping every other byte in its
    /// place. Says in `applied` what was done.
    pub(crate) async fn prepare(&mut self, text: &str, applied: &mut Applied) -> Result<String, ShadowError> {
        let mut out = text.to_owned();
        for part in parts(text).iter().filter(|part| part.is_statement()) {
            let statement = &part.statement;
            let left_out = match extension_of(statement) {
                Some((_, name)) if self.available.contains(&name) => false,
                Some((verb, name)) => self.extension(&verb, &name, statement, applied).await?,
                None => {
                    self.mentioned(statement, applied).await?;
                    self.lacks_index_method(statement, applied)
                }
            };
            if left_out {
                blank(&mut out, &statement.range);
            }
        }
        Ok(out)
    }

    /// Drops what the project dropped last, as far as nothing needs it.
    pub(crate) async fn finish(&mut self) {
        for name in std::mem::take(&mut self.dropped) {
            let _ = self.client.batch_execute(&format!("drop extension if exists {}", quoted(&name))).await;
        }
    }

    /// A statement about an extension that this server lacks; true if it must not run.
    async fn extension(
        &mut self,
        verb: &str,
        name: &str,
        statement: &Statement<'_>,
        applied: &mut Applied,
    ) -> Result<bool, ShadowError> {
        match (verb, found(name)) {
            ("create", Some(found)) => {
                self.dropped.remove(name);
                let schema = statement.find("schema").and_then(|at| statement.word(at + 1));
                self.provide(found, schema.as_deref().unwrap_or("public"), applied).await?;
            }
            ("create", None) if !applied.absent.iter().any(|n| n == name) => {
                applied
                    .notes
                    .push(format!("extension `{name}` is not available here: its `create extension` was skipped"));
                applied.absent.push(name.to_owned());
            }
            ("drop", Some(_)) if self.done.contains(name) => drop(self.dropped.insert(name.to_owned())),
            ("drop", _) => return Ok(false),
            ("comment" | "alter", Some(_)) if self.done.contains(name) => {
                return Ok(statement.find("update").is_some());
            }
            _ => (),
        }
        Ok(true)
    }

    /// Provides extensions with a schema of their own when a statement names that schema, because they are often switched on
    /// in the dashboard and no migration creates them; and those that a body creates.
    async fn mentioned(&mut self, statement: &Statement<'_>, applied: &mut Applied) -> Result<(), ShadowError> {
        for found in STANDINS {
            let absent = !self.available.contains(found.extension);
            if absent && found.schema.is_some_and(|schema| statement.names_schema(schema)) {
                self.provide(found, "public", applied).await?;
            }
        }
        for (name, schema) in statement.extensions_within() {
            if let Some(found) = found(&name).filter(|_| !self.available.contains(&name)) {
                self.provide(found, schema.as_deref().unwrap_or("public"), applied).await?;
            }
        }
        Ok(())
    }

    async fn provide(&mut self, found: &StandIn, schema: &str, applied: &mut Applied) -> Result<(), ShadowError> {
        if !self.done.insert(found.extension.to_owned()) {
            return Ok(());
        }
        let place = quoted(found.schema.unwrap_or(schema));
        let sql = match found.schema {
            Some(_) => found.sql.to_owned(),
            None => found.sql.replace("extensions.", &format!("{place}.")),
        };
        let sql = self.without_roles_that_are_there(sql).await?;
        let (before, after) =
            if found.is_extension && self.superuser { registered(found.extension, &place) } else { Default::default() };
        let schema = format!("create schema if not exists {place};");
        let run = self.client.batch_execute(&format!("begin; {schema} {before}\n{sql}\n{after} commit;")).await;
        let name = found.extension;
        if let Err(error) = run {
            let _ = self.client.batch_execute("rollback").await;
            let why = ShadowError::connection(format!("the stand-in for `{name}` could not be made"), &error);
            applied.notes.push(why.to_string());
            return Ok(());
        }
        applied.stand_ins.push(name.to_owned());
        Ok(())
    }

    /// A stand-in's roles belong to the whole server, so another database may have made them.
    async fn without_roles_that_are_there(&self, mut sql: String) -> Result<String, ShadowError> {
        let roles: Vec<_> = parts(&sql)
            .iter()
            .filter(|part| part.statement.begins(&["create", "role"]))
            .filter_map(|part| Some((part.statement.word(2)?, part.statement.range.clone())))
            .collect();
        if roles.is_empty() {
            return Ok(sql);
        }
        let there = names(self.client, "select rolname::text from pg_roles").await?;
        roles.iter().filter(|(role, _)| there.contains(role)).for_each(|(_, range)| blank(&mut sql, range));
        Ok(sql)
    }

    /// Whether a statement makes an index of a kind that only the extension itself has; no access depends on one.
    fn lacks_index_method(&self, statement: &Statement<'_>, applied: &mut Applied) -> bool {
        if !statement.begins(&["create"]) || statement.find("index").is_none_or(|at| at > 2) {
            return false;
        }
        let Some(method) = statement.find("using").and_then(|at| statement.word(at + 1)) else { return false };
        let mut made = STANDINS.iter().chain(EMPTY).filter(|s| applied.stand_ins.iter().any(|n| n == s.extension));
        let lacks = made.any(|s| s.index_methods.contains(&method.as_str()));
        applied.indexes_left_out += usize::from(lacks);
        lacks
    }
}

async fn names(client: &Client, sql: &str) -> Result<BTreeSet<String>, ShadowError> {
    let rows = client.query(sql, &[]).await;
    let rows = rows.map_err(|e| ShadowError::connection("cannot list the extensions of the server", &e))?;
    Ok(rows.iter().map(|row| row.get(0)).collect())
}

fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

/// What stands before and after the SQL of a stand-in, to make it an extension and what it makes its members. Everything
/// that is made after a row of the catalog has a greater OID.
fn registered(extension: &str, place: &str) -> (String, String) {
    let before = format!(
        "set local allow_system_table_mods = on;
         insert into pg_catalog.pg_extension (oid, extname, extowner, extnamespace, extrelocatable, extversion)
         select pg_catalog.pg_nextoid('pg_catalog.pg_extension', 'oid', 'pg_catalog.pg_extension_oid_index'),
                '{extension}', r.oid, n.oid, true, 'stand-in'
         from pg_catalog.pg_roles r, pg_catalog.pg_namespace n
         where r.rolname = current_user and n.oid = '{}'::pg_catalog.regnamespace;",
        place.replace('\'', "''")
    );
    let members = [
        ("pg_class", "relkind in ('r', 'v', 'm', 'S', 'f', 'p')"),
        ("pg_proc", "true"),
        (
            "pg_type",
            "typcategory <> 'A' and (typrelid = 0 or exists (
            select from pg_catalog.pg_class c where c.oid = typrelid and c.relkind = 'c'))",
        ),
        ("pg_operator", "true"),
        ("pg_cast", "true"),
        ("pg_namespace", "true"),
    ];
    let members: Vec<_> = members
        .iter()
        .map(|(catalog, which)| {
            format!("select 'pg_catalog.{catalog}'::regclass::oid, m.oid from pg_catalog.{catalog} m, e where m.oid > e.oid and {which}")
        })
        .collect();
    let after = format!(
        "with e as (select oid, extnamespace from pg_catalog.pg_extension where extname = '{extension}'),
              m (class, object) as ({})
         insert into pg_catalog.pg_depend (classid, objid, objsubid, refclassid, refobjid, refobjsubid, deptype)
         select m.class, m.object, 0, 'pg_catalog.pg_extension'::regclass, e.oid, 0, 'e'::\"char\" from m, e
         union all
         select 'pg_catalog.pg_extension'::regclass, e.oid, 0, 'pg_catalog.pg_namespace'::regclass, e.extnamespace, 0, 'n'
         from e;",
        members.join(" union all ")
    );
    (before, after)
}

/// The first word of a `create`, `alter`, `drop` or `comment on extension` statement, and the extension.
fn extension_of(statement: &Statement<'_>) -> Option<(String, String)> {
    let verb = statement.word(0)?;
    let mut at = match verb.as_str() {
        "comment" if statement.begins(&["comment", "on", "extension"]) => 3,
        "create" | "alter" | "drop" if statement.find("extension") == Some(1) => 2,
        _ => return None,
    };
    for skipped in ["if", "not", "exists"] {
        if statement.word(at).as_deref() == Some(skipped) {
            at += 1;
        }
    }
    Some((verb, statement.word(at)?))
}

/// Overwrites a statement with blanks; line ends stay, so that the server's error positions still fit the file.
pub(super) fn blank(text: &mut String, range: &Range<usize>) {
    let Some(old) = text.get(range.clone()) else { return };
    let new: String = old.bytes().map(|b| if b == b'\n' || b == b'\r' { b as char } else { ' ' }).collect();
    text.replace_range(range.clone(), &new);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn one(text: &str) -> Statement<'_> {
        parts(text).remove(0).statement
    }

    #[test]
    fn names_the_extension() {
        let of = |text: &str| extension_of(&one(text)).map(|(verb, name)| format!("{verb} {name}"));
        let create = "create extension if not exists \"pg_net\" with schema x";
        assert_eq!(of(create).as_deref(), Some("create pg_net"));
        assert_eq!(of("comment on extension PG_NET is ''").as_deref(), Some("comment pg_net"));
        assert_eq!(of("drop extension if exists pg_net").as_deref(), Some("drop pg_net"));
        assert_eq!(of("create table extension (a int)"), None);
    }

    #[test]
    fn sees_schemas_in_bodies_but_not_in_longer_names() {
        assert!(one("select net.http_get('x')").names_schema("net"));
        assert!(one("do $$ begin perform cron.schedule('a', 'b'); end $$").names_schema("cron"));
        assert!(!one("select planet.net from intranet.cron").names_schema("cron"));
        assert!(!one("do $$ begin perform intranet.cron(); end $$").names_schema("net"));
    }

    #[test]
    fn sees_extensions_in_blocks() {
        let block = "do $$ begin create extension if not exists \"pg_cron\" with schema x;
                     execute 'create extension pg_net'; end $$";
        let expected = [("pg_cron".to_owned(), Some("x".to_owned())), ("pg_net".to_owned(), None)];
        assert_eq!(one(block).extensions_within(), expected);
    }

    #[test]
    fn blanks_in_place() {
        let mut text = "select 1;\ncreate extension é\n;select 2;".to_owned();
        let range = parts(&text).remove(1).statement.range;
        blank(&mut text, &range);
        assert!(text.starts_with("select 1;\n "));
        assert!(text.ends_with("\n select 2;"));
    }
}
