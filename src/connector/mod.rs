//! Reaching a database and reading it.

mod error;
pub mod introspect;

pub use error::ConnectError;
