//! Why the driver failed, told apart finely enough to say what to do about it.
//!
//! The driver keeps its own kinds private and calls every answer of the server `db error`; the facts are in the chain of
//! sources below.

use std::error::Error;
use std::io;

use rustls::CertificateError;
use tokio_postgres::error::SqlState;

/// Why a connection or a query failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cause {
    /// Nothing listens on that port or socket.
    Refused,
    /// The network does not lead there, or broke on the way.
    Network,
    /// The server has no TLS, and the settings insist on it.
    NoTls,
    /// The server's certificate is signed by nobody whom we were told to trust.
    UnknownAuthority,
    /// The server's certificate is out of date, or not valid yet.
    ExpiredCertificate,
    /// The server's certificate is for another host name.
    WrongHostName,
    /// The server turned our certificate down, or demands one.
    ClientCertificate,
    /// TLS failed in another way.
    Tls,
    /// The login could not be bound to the TLS channel as demanded.
    ChannelBinding,
    /// The server wants a password and the settings have none.
    NoPassword,
    /// Wrong password, or no such role; the server does not say which (28P01).
    WrongPassword,
    /// `pg_hba.conf` does not let this role in from here (28000).
    NotAdmitted,
    /// The server wants a way of authentication that the driver does not know, as GSSAPI.
    AuthenticationMethod,
    /// The database does not exist (3D000).
    NoDatabase,
    /// Supabase's pooler does not know the project that the role's name should end with.
    UnknownTenant,
    /// All connection slots are taken (53300).
    TooManyConnections,
    /// The server is starting up, shutting down or recovering (57P03).
    NotReady,
    /// The statement ran into its timeout, or somebody cancelled it (57014).
    StatementTimeout,
    /// The statement waited too long for a lock (55P03).
    LockTimeout,
    /// A privilege is missing (42501).
    Privilege,
    /// The connection ended in the middle: server stopped, session terminated, network gone.
    Lost,
    /// Anything else; the message must speak for itself.
    Other,
}

impl Cause {
    /// The cause of a driver's error.
    pub(super) fn of(error: &tokio_postgres::Error) -> Self {
        if let Some(answer) = error.as_db_error() {
            // "Tenant or user not found", and newer "(ENOTFOUND) tenant/user ... not found"; the code is XX000 for all.
            let message = answer.message().to_lowercase();
            let tenant = message.contains("tenant") && message.contains("not found");
            return if tenant { Self::UnknownTenant } else { Self::of_sqlstate(answer.code()) };
        }
        if let Some(tls) = chain(error).find_map(|e| e.downcast_ref::<rustls::Error>()) {
            return Self::of_tls(tls);
        }
        // What the driver says in words only.
        let words = chain(error).last().map(ToString::to_string).unwrap_or_default();
        match words.as_str() {
            "server does not support TLS" => return Self::NoTls,
            "server did not use channel binding" => return Self::ChannelBinding,
            "password missing" => return Self::NoPassword,
            "unsupported authentication method" | "unsupported SASL mechanism" => return Self::AuthenticationMethod,
            _ if error.is_closed() => return Self::Lost,
            _ => {}
        }
        match chain(error).find_map(|e| e.downcast_ref::<io::Error>()) {
            Some(io) => Self::of_io(io),
            None => Self::Other,
        }
    }

    fn of_sqlstate(code: &SqlState) -> Self {
        match code.code() {
            "28P01" => Self::WrongPassword,
            "28000" => Self::NotAdmitted,
            "3D000" => Self::NoDatabase,
            "53300" => Self::TooManyConnections,
            "57P03" => Self::NotReady,
            "57014" => Self::StatementTimeout,
            "55P03" => Self::LockTimeout,
            "42501" => Self::Privilege,
            "57P01" | "57P02" | "57P05" | "25P03" | "25P04" => Self::Lost,
            code if code.starts_with("08") => Self::Lost,
            _ => Self::Other,
        }
    }

    fn of_tls(error: &rustls::Error) -> Self {
        match error {
            rustls::Error::InvalidCertificate(certificate) => match certificate {
                // A bad signature is that of another authority of the same name.
                CertificateError::UnknownIssuer | CertificateError::BadSignature => Self::UnknownAuthority,
                CertificateError::Expired
                | CertificateError::ExpiredContext { .. }
                | CertificateError::NotValidYet
                | CertificateError::NotValidYetContext { .. } => Self::ExpiredCertificate,
                CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => {
                    Self::WrongHostName
                }
                _ => Self::Tls,
            },
            rustls::Error::AlertReceived(
                rustls::AlertDescription::CertificateRequired
                | rustls::AlertDescription::BadCertificate
                | rustls::AlertDescription::CertificateExpired
                | rustls::AlertDescription::CertificateUnknown
                | rustls::AlertDescription::DecryptError
                | rustls::AlertDescription::UnknownCA,
            ) => Self::ClientCertificate,
            _ => Self::Tls,
        }
    }

    fn of_io(error: &io::Error) -> Self {
        match error.kind() {
            // A unix socket that is not there is a server that is not there.
            io::ErrorKind::ConnectionRefused | io::ErrorKind::NotFound => Self::Refused,
            io::ErrorKind::UnexpectedEof
            | io::ErrorKind::ConnectionReset
            | io::ErrorKind::ConnectionAborted
            | io::ErrorKind::BrokenPipe => Self::Lost,
            _ => Self::Network,
        }
    }

    /// What happened in plain words, where the error's own words are a riddle.
    pub(super) const fn plainly(self) -> Option<&'static str> {
        Some(match self {
            Self::NoTls => "the server does not support TLS",
            Self::UnknownAuthority => "the server's certificate is not signed by a trusted authority",
            Self::ExpiredCertificate => "the server's certificate is not valid at this time",
            Self::WrongHostName => "the server's certificate is for another host name",
            Self::ClientCertificate => "the server did not accept the client certificate, or misses one",
            Self::ChannelBinding => "the server cannot bind the login to the TLS connection",
            Self::NoPassword => "the server wants a password and none is set",
            Self::AuthenticationMethod => "the server wants a way of authentication that is not supported",
            Self::Lost => "the connection was lost",
            _ => return None,
        })
    }

    /// What to do about it.
    pub(super) const fn help(self) -> Option<&'static str> {
        Some(match self {
            Self::Refused => "check host and port, and that the server runs and accepts connections there",
            Self::Network => "check the host, the network, VPN and firewall",
            Self::NoTls => "switch TLS on at the server, or use `sslmode=prefer` if an unencrypted connection will do",
            Self::UnknownAuthority => "set `sslrootcert` to the certificate of the authority that signed the server's",
            Self::ExpiredCertificate => "renew the server's certificate, or check this machine's clock",
            Self::WrongHostName => {
                "connect by a name that is in the certificate (subjectAltName), or use `sslmode=verify-ca`"
            }
            Self::ClientCertificate => {
                "set `sslcert` and `sslkey` to a certificate for this role that the server's authority signed"
            }
            Self::Tls => "check `sslmode`, `sslrootcert` and the server's certificate",
            Self::ChannelBinding => {
                "channel binding needs TLS and a SCRAM password; without them use `channel_binding=prefer`"
            }
            Self::NoPassword => "put the password into PGPASSWORD, `~/.pgpass` or the connection URL",
            Self::WrongPassword => {
                "check role and password; `~/.pgpass` and PGPASSWORD are used where the URL has none"
            }
            Self::NotAdmitted => {
                "check the role's name and that it may log in; the server's pg_hba.conf must allow this role, database, \
                 address and encryption"
            }
            Self::AuthenticationMethod => "let this role log in with scram-sha-256, cert or trust",
            Self::NoDatabase => "check the database's name at the end of the URL",
            Self::UnknownTenant => {
                "through Supabase's pooler the role is `postgres.<project-ref>`, and the host that of the project's region"
            }
            Self::TooManyConnections => "try again when the server has free connections, or go through its pooler",
            Self::NotReady => "try again in a moment",
            Self::StatementTimeout => "raise the statement timeout, or try when the server is less busy",
            Self::LockTimeout => "somebody holds a lock, perhaps a migration; try again when it is done",
            Self::Privilege => "connect as a role that may do this",
            Self::Lost => "look into the server's log, then try again",
            Self::Other => return None,
        })
    }
}

/// The error and its sources, down through I/O errors, which hide what they wrap.
pub(super) fn chain<'a>(error: &'a (dyn Error + 'static)) -> impl Iterator<Item = &'a (dyn Error + 'static)> {
    std::iter::successors(Some(error), |&error| match error.downcast_ref::<io::Error>().and_then(io::Error::get_ref) {
        Some(wrapped) => Some(wrapped),
        None => error.source(),
    })
}
