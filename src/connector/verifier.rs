//! Which server certificates to accept. libpq's `sslmode` separates what TLS libraries do in one go: trusting the chain
//! and comparing the host's name.

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::client::{verify_server_cert_signed_by_trust_anchor, verify_server_name};
use rustls::crypto::{WebPkiSupportedAlgorithms, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::server::ParsedCertificate;
use rustls::{CertificateError, DigitallySignedStruct, Error, RootCertStore, SignatureScheme};

/// Who may vouch for a server.
#[derive(Debug)]
pub(super) struct Roots {
    /// Certificates that may be the server's own.
    pub(super) given: Vec<CertificateDer<'static>>,
    /// The authorities.
    pub(super) store: RootCertStore,
}

impl Roots {
    fn verify(
        &self,
        shown: &CertificateDer<'_>,
        parsed: &ParsedCertificate<'_>,
        intermediates: &[CertificateDer<'_>],
        now: UnixTime,
        algorithms: WebPkiSupportedAlgorithms,
    ) -> Result<(), Error> {
        let algorithms = algorithms.all;
        match verify_server_cert_signed_by_trust_anchor(parsed, &self.store, intermediates, now, algorithms) {
            Err(Error::InvalidCertificate(fault)) if is_authority(&fault) && self.given.contains(shown) => Ok(()),
            other => other,
        }
    }
}

/// Whether all that webpki holds against a certificate is that it may also sign others, as `openssl req -x509` makes
/// them. libpq accepts such a certificate from a server when it is the root certificate itself, and so do we: webpki
/// looks at the dates before this.
fn is_authority(fault: &CertificateError) -> bool {
    matches!(fault, CertificateError::Other(other) if other.0.to_string() == "CaUsedAsEndEntity")
}

/// A verifier for one `sslmode`.
#[derive(Debug)]
pub(super) struct Verifier {
    /// Who may vouch for the server; without them any certificate will do.
    pub(super) roots: Option<Roots>,
    /// Whether the certificate must also carry the host's name.
    pub(super) name: bool,
    /// The signatures that the crypto provider can check.
    pub(super) algorithms: WebPkiSupportedAlgorithms,
}

impl ServerCertVerifier for Verifier {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        _ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        if let Some(roots) = &self.roots {
            let certificate = ParsedCertificate::try_from(end_entity)?;
            roots.verify(end_entity, &certificate, intermediates, now, self.algorithms)?;
            if self.name {
                verify_server_name(&certificate, server_name)?;
            }
        }
        Ok(ServerCertVerified::assertion())
    }

    // In every mode the server must at least own the key of the certificate that it shows.

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls12_signature(message, certificate, signature, &self.algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls13_signature(message, certificate, signature, &self.algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.algorithms.supported_schemes()
    }
}
