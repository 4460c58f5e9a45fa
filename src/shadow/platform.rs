//! What stands in a database before the first migration.

use super::ShadowError;
use super::server::Server;

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

    /// The SQL files that make it, in order; `None` if there is nothing to make.
    pub(crate) fn bootstrap(self) -> Option<Vec<(&'static str, &'static str)>> {
        None
    }

    /// Runs the bootstrap on a bare cluster.
    pub(crate) async fn run_bootstrap(self, _server: &Server) -> Result<(), ShadowError> {
        Ok(())
    }
}
