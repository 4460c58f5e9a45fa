//! What stands in a database before the first migration.

pub(crate) mod stand_ins;

use super::ShadowError;
use super::apply::{self, Applied};
use super::server::Server;
use super::standin::StandIns;
use tokio_postgres::error::{DbError, ErrorPosition};

/// The platform that a shadow server imitates.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default, Hash)]
pub enum Platform {
    /// Nothing but a superuser `postgres`.
    #[default]
    Postgres,
    /// The roles, schemas, tables and grants of a hosted Supabase project.
    Supabase {
        /// Whether new objects in `public` are granted to `anon`, `authenticated` and `service_role`, as in projects
        /// created before 2026-05-30.
        expose_new_tables: bool,
    },
}

impl Platform {
    /// A Supabase project as most are: created before 2026-05-30.
    pub const SUPABASE: Self = Self::Supabase { expose_new_tables: true };

    /// The name of the bootstrap superuser.
    #[must_use]
    pub fn superuser(self) -> &'static str {
        match self {
            Self::Postgres => "postgres",
            Self::Supabase { .. } => "supabase_admin",
        }
    }

    /// A short name for file names and notes.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Postgres => "postgres",
            Self::Supabase { expose_new_tables: true } => "supabase",
            Self::Supabase { expose_new_tables: false } => "supabase-unexposed",
        }
    }

    /// The SQL files that make it on a server of that major version, in order; `None` if there is nothing to make.
    ///
    /// They are plain statements, because the offline replay reads them too.
    pub(crate) fn bootstrap(self, major: u32) -> Option<Vec<(&'static str, &'static str)>> {
        let Self::Supabase { expose_new_tables } = self else { return None };
        let wanted = |name: &str| match name {
            "supabase/11-members-14.sql" => major < 16,
            "supabase/11-members-16.sql" => major >= 16,
            "supabase/21-expose.sql" => expose_new_tables,
            _ => true,
        };
        Some(SUPABASE.iter().filter(|(name, _)| wanted(name)).copied().collect())
    }

    /// Runs the bootstrap on a bare cluster.
    pub(crate) async fn run_bootstrap(self, server: &Server) -> Result<(), ShadowError> {
        let client = apply::connect(server, self.superuser(), "postgres").await?;
        let mut standins = StandIns::new(&client).await?;
        let mut made = Applied::default();
        for (name, sql) in self.bootstrap(server.major()).unwrap_or_default() {
            let sql = standins.prepare(sql, &mut made).await?;
            client.batch_execute(&sql).await.map_err(|e| sql_error(&e, name, &sql))?;
        }
        Ok(())
    }
}

macro_rules! supabase {
    ($($name:literal),*) => { [$((concat!("supabase/", $name), include_str!(concat!("platform/supabase/", $name)))),*] };
}

/// Written from what the catalog of a project and the public sources of its services show.
const SUPABASE: [(&str, &str); 12] = supabase![
    "10-roles.sql",
    "11-members-14.sql",
    "11-members-16.sql",
    "12-database.sql",
    "20-schemas.sql",
    "21-expose.sql",
    "30-extensions.sql",
    "40-auth.sql",
    "41-auth-functions.sql",
    "50-storage.sql",
    "60-realtime.sql",
    "70-graphql-pooler.sql"
];

/// An error of a whole file; the server tells where.
pub(crate) fn sql_error(error: &tokio_postgres::Error, name: &str, text: &str) -> ShadowError {
    let line = match error.as_db_error().and_then(DbError::position) {
        Some(ErrorPosition::Original(position)) => Some(line_of(text, byte_of(text, *position))),
        _ => None,
    };
    sql_error_in(error, name, line)
}

/// An error with the line it belongs to, if known.
pub(crate) fn sql_error_in(error: &tokio_postgres::Error, name: &str, line: Option<usize>) -> ShadowError {
    let place = line.map_or_else(|| name.to_owned(), |line| format!("{name}:{line}"));
    let Some(db) = error.as_db_error() else { return ShadowError::connection(place, error) };
    let mut message = db.message().to_owned();
    for more in [db.detail(), db.where_()].into_iter().flatten() {
        message = format!("{message}: {}", more.lines().next().unwrap_or_default());
    }
    ShadowError::Sql { place, code: db.code().code().to_owned(), message, help: db.hint().map(str::to_owned) }
}

/// The byte of the server's position, which counts characters from 1.
pub(crate) fn byte_of(text: &str, position: u32) -> usize {
    let characters = usize::try_from(position).unwrap_or(usize::MAX).saturating_sub(1);
    text.char_indices().nth(characters).map_or(text.len(), |(at, _)| at)
}

/// The line, from 1, of a byte.
pub(crate) fn line_of(text: &str, byte: usize) -> usize {
    text.bytes().take(byte).filter(|b| *b == b'\n').count() + 1
}
