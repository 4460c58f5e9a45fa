//! Finding the way in: hosts, addresses and channels are tried in libpq's order until a server lets us in.
//!
//! The way that worked is kept as a [`Route`], so that every further connection goes to the same server: an audit that
//! looks at two servers would be wrong about both.

use std::net::IpAddr;
use std::time::Duration;

use tokio_postgres::config::{SslMode as Driver, SslNegotiation};
use tokio_postgres::{Client, Config, SimpleQueryMessage};

use super::ConnectError;
use super::cause::Cause;
use super::conninfo::{ConnInfo, Endpoint, Host, TargetSession};
use super::tls::{self, Channel};
use super::wire::{Place, Wire};

/// One way to one server.
pub(super) struct Route {
    /// Role, server and database, to print.
    pub(super) target: String,
    /// The driver's settings.
    pub(super) config: Config,
    /// One host, one address.
    pub(super) wire: Wire,
    /// How long to wait until the server has let us in.
    pub(super) timeout: Option<Duration>,
}

impl Route {
    fn new(
        info: &ConnInfo,
        endpoint: &Endpoint,
        address: Option<IpAddr>,
        channel: Channel,
        application_name: &str,
    ) -> Result<Self, ConnectError> {
        let mut config = Config::new();
        config
            .user(&info.user)
            .dbname(&info.database)
            .application_name(info.application_name.as_deref().unwrap_or(application_name))
            .channel_binding(info.channel_binding)
            .ssl_mode(if channel == Channel::Tls { Driver::Require } else { Driver::Disable });
        let place = match (&endpoint.host, address) {
            (Host::Tcp { name, .. }, Some(address)) => Place::Tcp(address, endpoint.port, name.clone()),
            (Host::Tcp { .. }, None) => return Err(unresolved(endpoint, "it has no address")),
            (Host::Socket(folder), _) => Place::Socket(folder.join(format!(".s.PGSQL.{}", endpoint.port))),
        };
        if let Some(password) = &endpoint.password {
            config.password(password.reveal());
        }
        if let Some(options) = &info.options {
            config.options(options);
        }
        let tls = match channel {
            Channel::Plain => None,
            Channel::Tls => {
                if info.ssl.direct {
                    config.ssl_negotiation(SslNegotiation::Direct);
                }
                Some(tls::connector(&info.ssl)?)
            }
        };
        let target = format!("{}@{endpoint}/{}", info.user, info.database);
        let wire = Wire { place, tls, target: target.clone(), log: info.log.clone() };
        Ok(Self { target, config, wire, timeout: info.connect_timeout })
    }

    /// Goes there. The connection lives until the client is dropped.
    pub(super) async fn connect(&self) -> Result<Client, ConnectError> {
        let attempt = async { self.wire.open(&self.config).await.map(|(client, _)| client) };
        let result = match self.timeout {
            None => attempt.await,
            Some(after) => tokio::time::timeout(after, attempt)
                .await
                .map_err(|_| ConnectError::Timeout { target: self.target.clone(), after })?,
        };
        result.map_err(|source| ConnectError::Connect { target: self.target.clone(), source })
    }
}

/// Finds the first way that leads to a wanted server, with a client that went it.
pub(super) async fn reach(info: &ConnInfo, application_name: &str) -> Result<(Route, Client), ConnectError> {
    let passes: &[TargetSession] = match &info.target_session {
        TargetSession::PreferStandby => &[TargetSession::Standby, TargetSession::Any],
        other => std::slice::from_ref(other),
    };
    let mut failures = Vec::new();
    for wanted in passes {
        failures.clear();
        for endpoint in &info.endpoints {
            match reach_endpoint(info, endpoint, *wanted, application_name).await {
                Ok(found) => return Ok(found),
                Err(error) if is_final(&error) => return Err(error),
                Err(error) => failures.push(error),
            }
        }
    }
    Err(ConnectError::several(failures).unwrap_or_else(|| ConnectError::setting("no host to connect to", "name one")))
}

/// Tries every address of one host.
async fn reach_endpoint(
    info: &ConnInfo,
    endpoint: &Endpoint,
    wanted: TargetSession,
    application_name: &str,
) -> Result<(Route, Client), ConnectError> {
    let mut failures = Vec::new();
    for address in addresses(endpoint).await? {
        match reach_address(info, endpoint, address, application_name).await {
            Ok((route, client)) => match suitable(&client, wanted).await? {
                true => return Ok((route, client)),
                false => failures.push(ConnectError::Unsuitable { target: route.target, wanted: wanted.word() }),
            },
            Err(error) if is_final(&error) => return Err(error),
            Err(error) => failures.push(error),
        }
    }
    // A name often has two addresses for one server (::1 and 127.0.0.1): the same failure twice says no more.
    failures.dedup_by_key(|failure| failure.to_string());
    Err(ConnectError::several(failures).unwrap_or_else(|| unresolved(endpoint, "it has no address")))
}

/// Tries one address, over TLS or plain as `sslmode` says.
async fn reach_address(
    info: &ConnInfo,
    endpoint: &Endpoint,
    address: Option<IpAddr>,
    application_name: &str,
) -> Result<(Route, Client), ConnectError> {
    let mut failure: Option<ConnectError> = None;
    for channel in tls::channels(info.ssl.mode, &endpoint.host) {
        let route = Route::new(info, endpoint, address, *channel, application_name)?;
        match route.connect().await {
            Ok(client) => return Ok((route, client)),
            Err(error) => {
                let unreachable = weight(&error) == 0;
                failure = match failure.take() {
                    // That there is no TLS is no reason to give where it could be done without.
                    Some(earlier) if earlier.cause() != Some(Cause::NoTls) && weight(&earlier) >= weight(&error) => {
                        Some(earlier)
                    }
                    _ => Some(error),
                };
                if unreachable {
                    break;
                }
            }
        }
    }
    Err(failure.unwrap_or_else(|| unresolved(endpoint, "there is no way to connect to it")))
}

/// How much an error tells when two channels to one server failed. 0: not even reached, so another channel is no use.
fn weight(error: &ConnectError) -> u8 {
    match error.cause() {
        None | Some(Cause::Refused | Cause::Network) => 0,
        Some(Cause::NoTls | Cause::Lost) => 1,
        // The other channel may be the one that is admitted.
        Some(Cause::NotAdmitted) => 2,
        _ if error.sqlstate().is_none() => 2,
        _ => 3,
    }
}

/// Whether a server has given an answer that no other host should be asked to overrule, as in libpq: bad settings, no
/// trust, no admission.
fn is_final(error: &ConnectError) -> bool {
    match error {
        ConnectError::Setting { .. } => true,
        ConnectError::Connect { .. } => {
            !matches!(error.cause(), Some(Cause::Refused | Cause::Network | Cause::Lost | Cause::NotReady))
        }
        _ => false,
    }
}

/// The addresses of a host; a unix socket has none.
async fn addresses(endpoint: &Endpoint) -> Result<Vec<Option<IpAddr>>, ConnectError> {
    match &endpoint.host {
        Host::Socket(_) => Ok(vec![None]),
        Host::Tcp { address: Some(address), .. } => Ok(vec![Some(*address)]),
        Host::Tcp { name, address: None } => {
            let found = tokio::net::lookup_host((name.as_str(), endpoint.port))
                .await
                .map_err(|source| ConnectError::UnknownHost { host: name.clone(), source })?;
            Ok(found.map(|address| Some(address.ip())).collect())
        }
    }
}

fn unresolved(endpoint: &Endpoint, why: &str) -> ConnectError {
    ConnectError::UnknownHost { host: endpoint.to_string(), source: std::io::Error::other(why.to_owned()) }
}

/// Whether the server is of the wanted kind.
async fn suitable(client: &Client, wanted: TargetSession) -> Result<bool, ConnectError> {
    let (sql, answer) = match wanted {
        TargetSession::Any | TargetSession::PreferStandby => return Ok(true),
        TargetSession::ReadWrite => ("SHOW transaction_read_only", "off"),
        TargetSession::ReadOnly => ("SHOW transaction_read_only", "on"),
        TargetSession::Primary => ("SELECT pg_catalog.pg_is_in_recovery()", "f"),
        TargetSession::Standby => ("SELECT pg_catalog.pg_is_in_recovery()", "t"),
    };
    Ok(first_value(client, sql, "asking what kind of server this is").await?.as_deref() == Some(answer))
}

/// The first value of a query's first row, as text. The simple protocol needs no prepared statement, which a pooler
/// might hand to somebody else's session.
pub(super) async fn first_value(client: &Client, sql: &str, what: &str) -> Result<Option<String>, ConnectError> {
    let messages = client.simple_query(sql).await.map_err(|source| ConnectError::query(what, source))?;
    Ok(messages.iter().find_map(|message| match message {
        SimpleQueryMessage::Row(row) => row.try_get(0).ok().flatten().map(str::to_owned),
        _ => None,
    }))
}
