//! TLS as libpq's settings ask for it, on rustls.

use std::fs;
use std::path::Path;
use std::sync::Arc;

use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{ClientConfig, RootCertStore};
use tokio_postgres_rustls::MakeRustlsConnect;

use super::ConnectError;
use super::conninfo::{Host, RootCertificates, Ssl, SslMode};
use super::verifier::{Roots, Verifier};

/// Whether a connection attempt encrypts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Channel {
    /// Without TLS.
    Plain,
    /// With TLS or not at all.
    Tls,
}

/// The channels to try with a server, in order. Unix sockets never use TLS.
pub(super) const fn channels(mode: SslMode, host: &Host) -> &'static [Channel] {
    match (host, mode) {
        (Host::Socket(_), _) | (_, SslMode::Disable) => &[Channel::Plain],
        (_, SslMode::Allow) => &[Channel::Plain, Channel::Tls],
        (_, SslMode::Prefer) => &[Channel::Tls, Channel::Plain],
        (_, SslMode::Require | SslMode::VerifyCa | SslMode::VerifyFull) => &[Channel::Tls],
    }
}

/// A connector that accepts the servers that `ssl` accepts.
///
/// # Errors
///
/// [`ConnectError::Setting`] when a certificate or key cannot be used, or the mode demands one that is not there.
pub(super) fn connector(ssl: &Ssl) -> Result<MakeRustlsConnect, ConnectError> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let verifier = Verifier {
        roots: roots(ssl)?,
        name: ssl.mode == SslMode::VerifyFull,
        algorithms: provider.signature_verification_algorithms,
    };
    let builder = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| unusable("the TLS library", &error))?
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(verifier));
    let mut config = match &ssl.client {
        None => builder.with_no_client_auth(),
        Some((certificate, key)) => builder
            .with_client_auth_cert(certificates(certificate)?, private_key(key)?)
            .map_err(|error| unusable(&format!("the client certificate `{}`", certificate.display()), &error))?,
    };
    if ssl.direct {
        // Postgres 17 refuses TLS from the first byte without this name.
        config.alpn_protocols = vec![b"postgresql".to_vec()];
    }
    Ok(MakeRustlsConnect::new(config))
}

/// The authorities to verify with: whenever there are some, whatever the mode, as in libpq.
fn roots(ssl: &Ssl) -> Result<Option<Roots>, ConnectError> {
    let mut roots = Roots { given: Vec::new(), store: RootCertStore::empty() };
    match &ssl.root {
        RootCertificates::System => {
            roots.store.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
            if roots.store.is_empty() {
                return Err(ConnectError::setting(
                    "the operating system has no trusted root certificates",
                    "install them (Debian: `apt-get install ca-certificates`), or set `sslrootcert` to a file",
                ));
            }
        }
        RootCertificates::File(file) if file.exists() => {
            roots.given = certificates(file)?;
            roots.store.add_parsable_certificates(roots.given.iter().cloned());
            if roots.store.is_empty() {
                return Err(unusable(&format!("the root certificate `{}`", file.display()), &"not a usable authority"));
            }
        }
        RootCertificates::File(_) | RootCertificates::None if ssl.mode < SslMode::VerifyCa => return Ok(None),
        RootCertificates::File(file) => {
            return Err(no_roots(&format!("the root certificate file `{}` does not exist", file.display())));
        }
        RootCertificates::None => {
            return Err(no_roots("there is no root certificate to verify the server with"));
        }
    }
    Ok(Some(roots))
}

fn certificates(file: &Path) -> Result<Vec<CertificateDer<'static>>, ConnectError> {
    let what = format!("the certificate `{}`", file.display());
    let found: Vec<_> =
        CertificateDer::pem_file_iter(file).and_then(Iterator::collect).map_err(|error| unusable(&what, &error))?;
    if found.is_empty() { Err(unusable(&what, &"no certificate in it")) } else { Ok(found) }
}

fn private_key(file: &Path) -> Result<PrivateKeyDer<'static>, ConnectError> {
    let what = format!("the private key `{}`", file.display());
    let metadata = fs::metadata(file).map_err(|error| unusable(&what, &error))?;
    if readable_by_others(&metadata) {
        return Err(ConnectError::setting(
            format!("{what} cannot be used: group or others have access"),
            "make its permissions u=rw (0600) or less; u=rw,g=r (0640) or less if root owns it",
        ));
    }
    PrivateKeyDer::from_pem_file(file).map_err(|error| unusable(&what, &error))
}

/// libpq's rule: only the owner may read a key, and a group as well if the owner is root.
#[cfg(unix)]
fn readable_by_others(metadata: &fs::Metadata) -> bool {
    use std::os::unix::fs::MetadataExt as _;
    let forbidden = if metadata.uid() == 0 { 0o037 } else { 0o077 };
    metadata.mode() & forbidden != 0
}

#[cfg(not(unix))]
fn readable_by_others(_: &fs::Metadata) -> bool {
    // The profile folder is private on Windows, and libpq does not check there either.
    false
}

fn unusable(what: &str, error: &dyn std::fmt::Display) -> ConnectError {
    ConnectError::setting(
        format!("{what} cannot be used: {error}"),
        "check `sslrootcert`, `sslcert` and `sslkey`; certificates and unencrypted keys are read as PEM",
    )
}

fn no_roots(what: &str) -> ConnectError {
    ConnectError::setting(
        what,
        "set `sslrootcert` to the authority's certificate, or to `system` for those that the system trusts",
    )
}
