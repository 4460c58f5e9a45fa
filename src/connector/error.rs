//! What can go wrong between us and a database, in words that help.

use std::io;
use std::time::Duration;

use rustls::CertificateError;

use super::cause::{Cause, chain};

/// The direct hosts of Supabase have no IPv4 address unless it is bought; `pooler.supabase.com` has one.
const SUPABASE_DIRECT: &str =
    "Supabase's direct host has an IPv6 address only; from an IPv4 network use the pooler's connection string";

/// A failure to reach or read a database.
#[derive(Debug, thiserror::Error)]
pub enum ConnectError {
    /// A connection setting that makes no sense.
    #[error("{message}")]
    Setting {
        /// What is wrong, and where it was set; never the secret itself.
        message: String,
        /// What to do.
        help: Option<String>,
    },
    /// The host's name leads to no address.
    #[error("cannot find the host `{host}`: {source}")]
    UnknownHost {
        /// The name.
        host: String,
        /// What the resolver said.
        source: io::Error,
    },
    /// No connection: nobody there, no trust, or no admission.
    #[error("cannot connect to `{target}`: {}", describe(source))]
    Connect {
        /// Role, server and database.
        target: String,
        /// What the server, TLS or the network said.
        source: tokio_postgres::Error,
    },
    /// The server did not let us in, nor refuse, in time.
    #[error("cannot connect to `{target}`: no answer within {} s", after.as_secs_f64())]
    Timeout {
        /// Role, server and database.
        target: String,
        /// How long we waited.
        after: Duration,
    },
    /// The server answers, but is not of the kind that `target_session_attrs` asks for.
    #[error("`{target}` is not what `target_session_attrs={wanted}` asks for")]
    Unsuitable {
        /// Role, server and database.
        target: String,
        /// The setting's value.
        wanted: &'static str,
    },
    /// Several servers were tried, and none would do.
    #[error("{}", failures.iter().map(ToString::to_string).collect::<Vec<_>>().join("; "))]
    Several {
        /// Each one's failure, in the order tried.
        failures: Vec<ConnectError>,
    },
    /// The pool of connections failed on its own account.
    #[error("cannot get a connection to `{target}`: {message}")]
    Pool {
        /// Role, server and database.
        target: String,
        /// What the pool said.
        message: String,
    },
    /// The server is of a version whose catalogs are not known.
    #[error("the server is PostgreSQL `{version}`, which is too old")]
    OldServer {
        /// What the server says of itself.
        version: String,
    },
    /// The server refused or failed a query, or the connection broke under it.
    #[error("{what}: {}", describe(source))]
    Query {
        /// What was being done, as in `reading the policies`.
        what: String,
        /// What the server or the connection said.
        source: tokio_postgres::Error,
    },
}

impl ConnectError {
    /// A query that failed; `what` says what it was for, as in `reading the policies`.
    pub fn query(what: impl Into<String>, source: tokio_postgres::Error) -> Self {
        Self::Query { what: what.into(), source }
    }

    /// A setting that makes no sense, and what to write instead.
    pub(super) fn setting(message: impl Into<String>, help: impl Into<String>) -> Self {
        Self::Setting { message: message.into(), help: Some(help.into()) }
    }

    /// The same error, with the place where the setting stands.
    pub(super) fn within(self, place: &str) -> Self {
        match self {
            Self::Setting { message, help } => Self::Setting { message: format!("{place}: {message}"), help },
            other => other,
        }
    }

    /// The failure of one server or of several.
    pub(super) fn several(mut failures: Vec<Self>) -> Option<Self> {
        if failures.len() > 1 { Some(Self::Several { failures }) } else { failures.pop() }
    }

    /// Why the driver failed, where it was the driver.
    #[must_use]
    pub fn cause(&self) -> Option<Cause> {
        match self {
            Self::Connect { source, .. } | Self::Query { source, .. } => Some(Cause::of(source)),
            _ => None,
        }
    }

    /// The server's error code, where it was the server.
    #[must_use]
    pub fn sqlstate(&self) -> Option<&str> {
        match self {
            Self::Connect { source, .. } | Self::Query { source, .. } => source.code().map(|code| code.code()),
            _ => None,
        }
    }

    /// What the user can do about it.
    #[must_use]
    pub fn help(&self) -> Option<String> {
        let direct_supabase = |server: &str| server.contains(".supabase.co");
        let help = match self {
            Self::UnknownHost { host: server, .. } if direct_supabase(server) => SUPABASE_DIRECT,
            Self::Connect { target: server, .. } if direct_supabase(server) && self.cause() == Some(Cause::Network) => {
                SUPABASE_DIRECT
            }
            Self::Setting { help, .. } => return help.clone(),
            Self::Several { failures } => return failures.iter().rev().find_map(Self::help),
            Self::Connect { source, .. } | Self::Query { source, .. } => {
                return Cause::of(source).help().map(str::to_owned);
            }
            Self::UnknownHost { .. } => "check the host's name and this machine's DNS",
            Self::Timeout { .. } => "check host, port, VPN and firewall; `connect_timeout` sets how long to wait",
            Self::Unsuitable { .. } => "name another host, or leave `target_session_attrs` out",
            Self::OldServer { .. } => "PostgreSQL 14 and newer can be read",
            Self::Pool { .. } => return None,
        };
        Some(help.to_owned())
    }
}

/// The driver's error in full: plain words first, then the whole chain, with what the server added.
fn describe(error: &tokio_postgres::Error) -> String {
    let mut text = match error.as_db_error() {
        Some(db) => {
            let mut text = format!("{} (SQLSTATE {})", db.message(), db.code().code());
            for (label, more) in [("detail", db.detail()), ("hint", db.hint()), ("context", db.where_())] {
                if let Some(more) = more {
                    text.push_str(&format!("; {label}: {more}"));
                }
            }
            text
        }
        None => {
            let mut links: Vec<String> = chain(error).map(link).collect();
            links.dedup();
            // Sockets are ours: to the driver one that could not be had has failed in use.
            if matches!(Cause::of(error), Cause::Refused | Cause::Network) && links.len() > 1 {
                links.remove(0);
            }
            links.join(": ")
        }
    };
    if let Some(plainly) = Cause::of(error).plainly() {
        text = format!("{plainly}: {text}");
    }
    printable(&text)
}

/// One error of the chain; those on certificates name Rust types, which say little to a reader.
fn link(error: &(dyn std::error::Error + 'static)) -> String {
    match error.downcast_ref::<io::Error>().and_then(io::Error::get_ref).and_then(|e| e.downcast_ref()) {
        Some(rustls::Error::InvalidCertificate(certificate)) => certificate_fault(certificate),
        _ => match error.downcast_ref() {
            Some(rustls::Error::InvalidCertificate(certificate)) => certificate_fault(certificate),
            _ => error.to_string(),
        },
    }
}

fn certificate_fault(certificate: &CertificateError) -> String {
    match certificate {
        CertificateError::UnknownIssuer => "unknown issuer".to_owned(),
        CertificateError::BadSignature => "it names a trusted authority, but another key signed it".to_owned(),
        CertificateError::NotValidForNameContext { expected, presented } => {
            // Each reads `DnsName("name")` or `IpAddress(...)`.
            let names: Vec<_> = presented.iter().map(|name| name.split('"').nth(1).unwrap_or(name)).collect();
            format!("it is for {}, not for {}", names.join(", "), expected.to_str())
        }
        other => other.to_string(),
    }
}

/// Server texts can carry what somebody typed into a name: control characters are shown, not sent to the terminal.
fn printable(text: &str) -> String {
    text.chars().map(|c| if c.is_control() && c != '\n' { '\u{FFFD}' } else { c }).collect()
}
