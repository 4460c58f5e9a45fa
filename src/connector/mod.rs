//! Reaching a database and reading it.

mod cause;
mod conninfo;
mod dial;
mod error;
pub mod introspect;
mod log;
mod session;
mod tap;
mod tls;
mod verifier;
mod wire;

pub use cause::Cause;
pub use conninfo::{ConnInfo, Endpoint, Environment, Host, RootCertificates, Secret, Ssl, SslMode, TargetSession};
pub use error::ConnectError;
pub use log::Log;
pub use session::{Database, SessionOptions};

/// A session of its own, outside of any pool, for work that changes what it is connected to.
pub(crate) async fn session(info: &ConnInfo) -> Result<tokio_postgres::Client, ConnectError> {
    dial::reach(info, "pgwitness").await.map(|(_, client)| client)
}
