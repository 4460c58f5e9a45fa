//! A throw-away real Postgres of our own, and the Supabase platform to fill it with.
//!
//! Replaying a witness, probing as a role and running migrations for real need a server, and nobody should have to set one
//! up. [`Binaries`] finds or fetches the programs, [`Server`] runs them on a copy of a cluster that was initialised once,
//! and a [`guard`] process sees to it that nothing is left, however we end. The result has no network port and trusts
//! everybody who can enter its private directory.

mod account;
mod apply;
mod binaries;
mod cache;
mod error;
pub mod guard;
mod platform;
mod scratch;
mod server;
mod stale;
mod standin;
mod template;

pub use apply::{Applied, Failure, Mode, Target, apply, provide, run};
pub(crate) use apply::{names_schema, remarks};
pub use binaries::{Binaries, BinariesRequest, SUPPORTED_MAJORS};
pub use cache::cache_dir;
pub use error::ShadowError;
pub use platform::Platform;
pub use scratch::{GivenServer, Scratch};
pub use server::{DataFile, Server, ServerOptions};
pub(crate) use standin::stand_in;

use std::path::PathBuf;

/// What a shadow is to hold.
#[derive(Debug, Clone, Default)]
pub struct ShadowRequest {
    /// Which Postgres programs to use.
    pub binaries: BinariesRequest,
    /// How to start the server, and the platform that stands in it.
    pub server: ServerOptions,
    /// A folder of migrations, or one file, to run.
    pub migrations: Option<PathBuf>,
    /// Also run `seed.sql`.
    pub seed: bool,
}

/// A server of our own with migrations in its database `postgres`.
#[derive(Debug)]
pub struct Shadow {
    /// The server; it ends when this is dropped.
    pub server: Server,
    /// What a user should know about how it came to be.
    pub notes: Vec<String>,
}

impl Shadow {
    /// The database that holds the migrations.
    pub const DATABASE: &'static str = "postgres";

    /// Finds or fetches Postgres, starts it, makes the platform and runs the migrations. `note` is told before something is
    /// fetched.
    ///
    /// # Errors
    /// See [`Binaries::find`], [`Server::start`] and [`apply`].
    pub async fn start(request: ShadowRequest, note: &dyn Fn(&str)) -> Result<Self, ShadowError> {
        let mut options = request.server;
        options.cache = options.cache.or_else(|| request.binaries.cache.clone());
        let binaries = Binaries::find(&request.binaries, note)?;
        let server = Server::start(&binaries, options).await?;
        let notes = match &request.migrations {
            Some(path) => apply(&server, Self::DATABASE, path, request.seed).await?,
            None => Vec::new(),
        };
        Ok(Self { server, notes })
    }
}
