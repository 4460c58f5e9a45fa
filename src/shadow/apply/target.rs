//! Where migrations run: a database of a server of ours, or a scratch database on a given one.

use super::connect;
use crate::shadow::ShadowError;
use crate::shadow::platform::Platform;
use crate::shadow::scratch::{Cluster, Scratch};
use crate::shadow::server::Server;
use tokio_postgres::Client;

/// A database that migrations may run in.
#[derive(Debug, Clone, Copy)]
pub enum Target<'a> {
    /// A database of a server of our own.
    Own(&'a Server, &'a str),
    /// A scratch database.
    Given(&'a Scratch),
}

impl Server {
    /// One of its databases, as a place for migrations.
    #[must_use]
    pub fn at<'a>(&'a self, database: &'a str) -> Target<'a> {
        Target::Own(self, database)
    }
}

impl Target<'_> {
    /// What stands there before the first migration.
    #[must_use]
    pub fn platform(self) -> Platform {
        match self {
            Self::Own(server, _) => server.platform(),
            Self::Given(scratch) => scratch.platform(),
        }
    }

    /// The roles that a run must leave as they are.
    pub(super) fn cluster(&self) -> Option<&Cluster> {
        match self {
            Self::Own(..) => None,
            Self::Given(scratch) => Some(scratch.cluster()),
        }
    }

    /// A session that may do everything.
    pub(super) async fn admin(self) -> Result<Client, ShadowError> {
        match self {
            Self::Own(server, database) => connect(server, server.superuser(), database).await,
            Self::Given(scratch) => scratch.admin().await,
        }
    }

    /// A session as the role that migrations run as.
    pub(super) async fn runner(self) -> Result<Client, ShadowError> {
        match self {
            Self::Own(server, database) => connect(server, "postgres", database).await,
            Self::Given(scratch) => scratch.session().await,
        }
    }

    /// Has a session that is as new act as that role, where it logged in as another.
    pub(super) async fn enter(self, runner: &Client) -> Result<(), ShadowError> {
        match self {
            Self::Own(..) => Ok(()),
            Self::Given(scratch) => scratch.enter(runner).await,
        }
    }

    /// Lets the role that migrations run as do everything, or no longer.
    pub(super) async fn raise(self, admin: &Client, on: bool) -> Result<(), ShadowError> {
        match self {
            Self::Given(scratch) if !scratch.cluster().lends("postgres") => Ok(()),
            _ if self.platform() != Platform::Postgres => {
                let sql = if on { "alter role postgres superuser" } else { "alter role postgres nosuperuser" };
                let done = admin.batch_execute(sql).await;
                done.map_err(|e| ShadowError::connection("cannot change the role postgres", &e))
            }
            _ => Ok(()),
        }
    }
}
