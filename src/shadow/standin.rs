//! Stand-ins for extensions that a hosted project has and this server lacks: their signatures, not their work.

use super::ShadowError;
use super::apply::Applied;
use super::apply::statement::{Statement, parts};
use std::collections::BTreeSet;
use std::ops::Range;
use tokio_postgres::Client;

/// One stand-in.
struct StandIn {
    extension: &'static str,
    /// The schema that it always has; the others go where `create extension` puts them.
    schema: Option<&'static str>,
    sql: &'static str,
}

macro_rules! standin {
    ($extension:literal, $schema:expr) => {
        StandIn {
            extension: $extension,
            schema: $schema,
            sql: include_str!(concat!("platform/supabase/standin/", $extension, ".sql")),
        }
    };
}

const STANDINS: &[StandIn] = &[
    standin!("http", None),
    standin!("pg_cron", Some("cron")),
    standin!("pg_jsonschema", None),
    standin!("pg_net", Some("net")),
    standin!("pgjwt", None),
    standin!("pgmq", Some("pgmq")),
    standin!("supabase_functions", Some("supabase_functions")),
    standin!("vector", None),
];

/// The stand-in for an extension: the schema that it always has, and its SQL with `extensions` for the schema otherwise.
pub(crate) fn stand_in(extension: &str) -> Option<(Option<&'static str>, &'static str)> {
    STANDINS.iter().find(|s| s.extension == extension).map(|s| (s.schema, s.sql))
}

/// Extensions whose objects the bootstrap has already made.
const BUILT_IN: [&str; 3] = ["supabase_vault", "pg_graphql", "pgsodium"];

/// What was already provided in one database.
pub(crate) struct StandIns<'a> {
    client: &'a Client,
    available: BTreeSet<String>,
    done: BTreeSet<&'static str>,
}

impl<'a> StandIns<'a> {
    /// Asks the server which extensions it has. `client` must be a superuser's session.
    pub(crate) async fn new(client: &'a Client) -> Result<Self, ShadowError> {
        // These two work only when the server was started with their libraries.
        let sql = "select name::text from pg_available_extensions where name not in ('pg_cron', 'pg_net')";
        let rows = client.query(sql, &[]).await;
        let rows = rows.map_err(|e| ShadowError::connection("cannot list the extensions of our server", &e))?;
        let available = rows.iter().map(|row| row.get(0)).collect();
        Ok(Self { client, available, done: BTreeSet::new() })
    }

    /// Provides what `text` needs, and blanks the statements that this server could not run, keeping every other byte in its
    /// place. Says in `applied` what was done.
    pub(crate) async fn prepare(&mut self, text: &str, applied: &mut Applied) -> Result<String, ShadowError> {
        let mut out = text.to_owned();
        for part in parts(text).iter().filter(|part| part.is_statement()) {
            let statement = &part.statement;
            let drop = match extension_of(statement) {
                Some(name) if self.available.contains(&name) => false,
                Some(name) => {
                    if statement.begins(&["create"]) {
                        self.create(&name, statement, applied).await?;
                    }
                    true
                }
                None => {
                    self.mentioned(statement, applied).await?;
                    self.done.contains("vector") && is_vector_index(statement)
                }
            };
            if drop {
                blank(&mut out, &statement.range);
            }
        }
        Ok(out)
    }

    async fn create(
        &mut self,
        name: &str,
        statement: &Statement<'_>,
        applied: &mut Applied,
    ) -> Result<(), ShadowError> {
        if BUILT_IN.contains(&name) {
            return Ok(());
        }
        let Some(found) = STANDINS.iter().find(|s| s.extension == name) else {
            applied.notes.push(format!("extension `{name}` is not available here: its `create extension` was skipped"));
            return Ok(());
        };
        let schema = statement.find("schema").and_then(|at| statement.word(at + 1));
        self.provide(found, schema.as_deref().unwrap_or("public"), applied).await
    }

    /// Provides extensions with a schema of their own when a statement names that schema: they are often switched on in the
    /// dashboard and no migration creates them.
    async fn mentioned(&mut self, statement: &Statement<'_>, applied: &mut Applied) -> Result<(), ShadowError> {
        for found in STANDINS {
            let absent = !self.available.contains(found.extension);
            if absent && found.schema.is_some_and(|schema| statement.names_schema(schema)) {
                self.provide(found, "public", applied).await?;
            }
        }
        Ok(())
    }

    async fn provide(&mut self, found: &StandIn, schema: &str, applied: &mut Applied) -> Result<(), ShadowError> {
        if !self.done.insert(found.extension) {
            return Ok(());
        }
        let place = found.schema.unwrap_or(schema);
        let quoted = format!("\"{}\"", place.replace('"', "\"\""));
        let sql = match found.schema {
            Some(_) => found.sql.to_owned(),
            None => found.sql.replace("extensions.", &format!("{quoted}.")),
        };
        let sql = format!("create schema if not exists {quoted};\n{sql}");
        let run = self.client.batch_execute(&sql).await;
        run.map_err(|e| ShadowError::connection(format!("cannot make the stand-in for `{}`", found.extension), &e))?;
        applied
            .notes
            .push(format!("`{}` is not available here: a stand-in without its behaviour was made", found.extension));
        Ok(())
    }
}

/// The extension that a `create`, `alter`, `drop` or `comment on extension` statement is about.
fn extension_of(statement: &Statement<'_>) -> Option<String> {
    let mut at = match () {
        () if statement.begins(&["comment", "on", "extension"]) => 3,
        () if statement.begins(&["create", "extension"]) || statement.begins(&["alter", "extension"]) => 2,
        () => return None,
    };
    for skipped in ["if", "not", "exists"] {
        if statement.word(at).as_deref() == Some(skipped) {
            at += 1;
        }
    }
    statement.word(at)
}

fn is_vector_index(statement: &Statement<'_>) -> bool {
    statement.begins(&["create"]) && (statement.find("hnsw").is_some() || statement.find("ivfflat").is_some())
}

/// Overwrites a statement with blanks; line ends stay, so that the server's error positions still fit the file.
fn blank(text: &mut String, range: &Range<usize>) {
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
        for text in ["create extension if not exists \"pg_net\" with schema x", "comment on extension PG_NET is ''"] {
            assert_eq!(extension_of(&one(text)).as_deref(), Some("pg_net"), "{text}");
        }
        assert_eq!(extension_of(&one("create table extension (a int)")), None);
    }

    #[test]
    fn sees_schemas_in_bodies_but_not_in_longer_names() {
        assert!(one("select net.http_get('x')").names_schema("net"));
        assert!(one("do $$ begin perform cron.schedule('a', 'b'); end $$").names_schema("cron"));
        assert!(!one("select planet.net from intranet.cron").names_schema("cron"));
        assert!(!one("do $$ begin perform intranet.cron(); end $$").names_schema("net"));
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
