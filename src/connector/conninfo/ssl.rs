//! The TLS settings of a connection, in libpq's words.

use std::path::PathBuf;

use super::environment::Environment;
use super::keyword::nearest;
use super::settings::Settings;
use crate::connector::ConnectError;

/// How much TLS a connection insists on: libpq's `sslmode`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum SslMode {
    /// Never TLS.
    Disable,
    /// Plain first, TLS if the server refuses that.
    Allow,
    /// TLS first, plain if the server has none.
    Prefer,
    /// TLS or nothing. The certificate is verified only if there is a root certificate to verify it with.
    Require,
    /// TLS, and a certificate that a root certificate vouches for.
    VerifyCa,
    /// TLS, and such a certificate that also carries the host's name.
    VerifyFull,
}

const SSL_MODES: &[(&str, SslMode)] = &[
    ("disable", SslMode::Disable),
    ("allow", SslMode::Allow),
    ("prefer", SslMode::Prefer),
    ("require", SslMode::Require),
    ("verify-ca", SslMode::VerifyCa),
    ("verify-full", SslMode::VerifyFull),
];

/// Which authorities may vouch for a server: libpq's `sslrootcert`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RootCertificates {
    /// Those that the operating system trusts (`system`).
    System,
    /// Those in a file that was asked for, or is there by default (`~/.postgresql/root.crt`).
    File(PathBuf),
    /// None: no file was asked for and there is none by default.
    None,
}

/// The TLS settings of a connection.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ssl {
    /// What is insisted on.
    pub mode: SslMode,
    /// TLS from the first byte (`sslnegotiation=direct`, Postgres 17), instead of asking the server first.
    pub direct: bool,
    /// Who may vouch for the server.
    pub root: RootCertificates,
    /// Files of the client's own certificate and key.
    pub client: Option<(PathBuf, PathBuf)>,
}

impl Ssl {
    /// Settings of a connection that needs no TLS, as on a unix socket.
    pub(super) const fn none() -> Self {
        Self { mode: SslMode::Disable, direct: false, root: RootCertificates::None, client: None }
    }

    /// Reads the TLS settings.
    ///
    /// # Errors
    ///
    /// For unknown words, and for combinations that libpq refuses because they promise more than they keep.
    pub(super) fn resolve(settings: &Settings, env: &Environment) -> Result<Self, ConnectError> {
        let root = root_certificates(settings, env);
        let default = if root == RootCertificates::System { SslMode::VerifyFull } else { SslMode::Prefer };
        let mode = choice(settings, "sslmode", SSL_MODES)?.unwrap_or(default);
        let direct = choice(settings, "sslnegotiation", &[("postgres", false), ("direct", true)])?.unwrap_or(false);
        if root == RootCertificates::System && mode != SslMode::VerifyFull {
            return Err(ConnectError::setting(
                "`sslrootcert=system` needs `sslmode=verify-full`: a weaker mode would accept anyone's certificate",
                "set `sslmode=verify-full`",
            ));
        }
        if direct && mode < SslMode::Require {
            return Err(ConnectError::setting(
                "`sslnegotiation=direct` needs `sslmode=require` or stronger",
                "set `sslmode=verify-full`, or leave `sslnegotiation` out",
            ));
        }
        Ok(Self { mode, direct, root, client: client_certificate(settings, env) })
    }
}

fn root_certificates(settings: &Settings, env: &Environment) -> RootCertificates {
    match settings.get("sslrootcert") {
        Some("system") => RootCertificates::System,
        Some(file) => RootCertificates::File(PathBuf::from(file)),
        None => env
            .home(".postgresql/root.crt")
            .filter(|file| file.exists())
            .map_or(RootCertificates::None, RootCertificates::File),
    }
}

/// A certificate that was asked for, or the default one if it exists.
fn client_certificate(settings: &Settings, env: &Environment) -> Option<(PathBuf, PathBuf)> {
    let certificate = match settings.get("sslcert") {
        Some(file) => PathBuf::from(file),
        None => env.home(".postgresql/postgresql.crt").filter(|file| file.exists())?,
    };
    let key = match settings.get("sslkey") {
        Some(file) => PathBuf::from(file),
        None => env.home(".postgresql/postgresql.key")?,
    };
    Some((certificate, key))
}

/// One of a setting's possible words.
///
/// # Errors
///
/// For another word, with the nearest as help.
pub(super) fn choice<T: Copy>(
    settings: &Settings,
    keyword: &str,
    words: &[(&str, T)],
) -> Result<Option<T>, ConnectError> {
    let Some(value) = settings.get(keyword) else { return Ok(None) };
    if let Some((_, meaning)) = words.iter().find(|(word, _)| *word == value) {
        return Ok(Some(*meaning));
    }
    let all: Vec<_> = words.iter().map(|(word, _)| format!("`{word}`")).collect();
    let help = match nearest(value, words.iter().map(|(word, _)| *word)) {
        Some(word) => format!("did you mean `{word}`?"),
        None => format!("it can be {}", all.join(", ")),
    };
    Err(ConnectError::setting(format!("`{keyword}` cannot be `{value}`"), help))
}
