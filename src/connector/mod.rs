//! Reaching a database and reading it.

mod conninfo;
mod error;
pub mod introspect;

pub use conninfo::{ConnInfo, Endpoint, Environment, Host, RootCertificates, Secret, Ssl, SslMode, TargetSession};
pub use error::ConnectError;
