//! The server that a model describes.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Facts about the server and the database.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Server {
    /// `server_version_num`, such as 150018 for 15.18.
    pub version_num: u32,
    /// `server_version`, as the server prints it.
    pub version: String,
    /// The role that read the catalog.
    pub current_user: String,
    /// The database's encoding.
    pub encoding: String,
    /// What stands around the database.
    pub platform: Platform,
    /// Whether it is a throw-away server of our own: what is wrong with the program itself is not the user's.
    #[serde(default)]
    pub throw_away: bool,
}

impl Server {
    /// The major version, such as 15.
    #[must_use]
    pub fn major(&self) -> u32 {
        self.version_num / 10_000
    }
}

/// What stands around the database and decides which roles clients act as.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Platform {
    /// Supabase: clients reach exposed schemas as `anon` or `authenticated` through the Data API.
    Supabase,
    /// Postgres alone: clients are login roles.
    Postgres,
}
