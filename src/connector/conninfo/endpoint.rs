//! One place where a server may listen. Several hosts in a connection string are several endpoints, tried in order.

use std::fmt;
use std::net::IpAddr;
use std::path::{Path, PathBuf};

use super::passfile::SOCKET_FOLDERS;
use super::secret::Secret;
use super::settings::Settings;
use crate::connector::ConnectError;

/// The port of Postgres where none is given.
const DEFAULT_PORT: u16 = 5432;

/// How a server is reached.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Host {
    /// By TCP: the name that its certificate must carry, and the address if that needs no look-up (`hostaddr`).
    Tcp {
        /// A host name, or an address as text.
        name: String,
        /// Connect here instead of resolving the name.
        address: Option<IpAddr>,
    },
    /// By a unix socket in this folder.
    Socket(PathBuf),
}

/// A server's host and port, with the password that belongs there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Endpoint {
    /// How it is reached.
    pub host: Host,
    /// The TCP port, or the number at the end of the socket's name.
    pub port: u16,
    /// The password; `.pgpass` may hold another one for each host.
    pub password: Option<Secret>,
}

impl Endpoint {
    /// The name that a password file knows this server by.
    pub(super) fn passfile_host(&self) -> String {
        match &self.host {
            Host::Tcp { name, .. } => name.clone(),
            Host::Socket(folder) => folder.to_string_lossy().into_owned(),
        }
    }
}

impl fmt::Display for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.host {
            Host::Tcp { name, .. } if name.contains(':') => write!(f, "[{name}]:{}", self.port),
            Host::Tcp { name, .. } => write!(f, "{name}:{}", self.port),
            Host::Socket(folder) => write!(f, "{}:{}", folder.display(), self.port),
        }
    }
}

/// Pairs up the lists `host`, `hostaddr` and `port`; with none of them, the local server's socket.
///
/// # Errors
///
/// For lists of different lengths, a port that is no port, an address that is no address.
pub(super) fn endpoints(settings: &Settings) -> Result<Vec<Endpoint>, ConnectError> {
    let hosts = list(settings.get("host"));
    let addresses = list(settings.get("hostaddr"));
    let ports = list(settings.get("port"));
    let count = hosts.len().max(addresses.len()).max(1);
    for (keyword, list) in [("host", &hosts), ("hostaddr", &addresses), ("port", &ports)] {
        let one_for_all = keyword == "port" && list.len() == 1;
        if !list.is_empty() && list.len() != count && !one_for_all {
            return Err(ConnectError::setting(
                format!("`{keyword}` lists {} values for {count} servers", list.len()),
                "give one value for each server, or a single port for all",
            ));
        }
    }
    (0..count)
        .map(|i| {
            let port = port(ports.get(i).or(ports.first()).copied().unwrap_or_default())?;
            let name = hosts.get(i).copied().unwrap_or_default();
            let address = address(addresses.get(i).copied().unwrap_or_default())?;
            Ok(Endpoint { host: host(name, address, port), port, password: None })
        })
        .collect()
}

fn list(value: Option<&str>) -> Vec<&str> {
    value.map(|value| value.split(',').map(str::trim).collect()).unwrap_or_default()
}

fn host(name: &str, address: Option<IpAddr>, port: u16) -> Host {
    match (name, address) {
        ("", Some(address)) => Host::Tcp { name: address.to_string(), address: Some(address) },
        ("", None) => Host::Socket(local_socket(port)),
        (folder, None) if folder.starts_with('/') => Host::Socket(PathBuf::from(folder)),
        (name, address) => Host::Tcp { name: name.to_owned(), address },
    }
}

/// Where a local server listens on `port`; the first of the usual folders if none does.
fn local_socket(port: u16) -> PathBuf {
    let listening = |folder: &&&str| Path::new(folder).join(format!(".s.PGSQL.{port}")).exists();
    PathBuf::from(SOCKET_FOLDERS.iter().find(listening).unwrap_or(&"/tmp"))
}

fn port(text: &str) -> Result<u16, ConnectError> {
    if text.is_empty() {
        return Ok(DEFAULT_PORT);
    }
    // Not quoted: in `postgres://user:password`, with the host forgotten, the port is the password.
    text.parse().ok().filter(|port| *port != 0).ok_or_else(|| {
        ConnectError::setting(
            "the port is not a number between 1 and 65535",
            "a connection URL is `postgresql://user:password@host:port/database`; percent-encode the password",
        )
    })
}

fn address(text: &str) -> Result<Option<IpAddr>, ConnectError> {
    if text.is_empty() {
        return Ok(None);
    }
    text.parse().map(Some).map_err(|_| {
        ConnectError::setting(format!("`hostaddr` `{text}` is not an IP address"), "use `host` for a host name")
    })
}
