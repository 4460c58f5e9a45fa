//! A throw-away real Postgres of our own, and the Supabase platform to fill it with.
//!
//! Replaying a witness, probing as a role and running migrations for real need a server, and nobody should have to set one
//! up. [`Binaries`] finds or fetches the programs, [`Server`] runs them on a copy of a cluster that was initialised once,
//! and a [`guard`] process sees to it that nothing is left, however we end. The result has no network port and trusts
//! everybody who can enter its private directory.

mod account;
mod binaries;
mod cache;
mod error;
pub mod guard;
mod platform;
mod server;
mod stale;
mod template;

pub use binaries::{Binaries, BinariesRequest, SUPPORTED_MAJORS};
pub use cache::cache_dir;
pub use error::ShadowError;
pub use platform::Platform;
pub use server::{DataFile, Server, ServerOptions};
