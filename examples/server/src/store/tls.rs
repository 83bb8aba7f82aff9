//! TLS to a store: which certificates are trusted.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, aws_lc_rs, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{
    CertificateError, ClientConfig, DigitallySignedStruct, Error, RootCertStore, SignatureScheme,
};

/// How a connection to PostgreSQL is protected.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Tls {
    /// Plaintext.
    Off,
    /// `sslmode=require`: encrypted, to any server that answers.
    Anyone,
    /// `sslmode=require` with `sslrootcert`: to any server with a certificate of this authority.
    AnyoneOf(PathBuf),
    /// `sslmode=verify-full`: to the host of the URL, with a certificate of the authority in
    /// `sslrootcert`, or by default of one that the system trusts.
    Host(Option<PathBuf>),
}

impl Tls {
    /// The connector. It reads the authority's file.
    pub(super) fn config(&self) -> Result<ClientConfig, String> {
        let provider = Arc::new(aws_lc_rs::default_provider());
        let builder = ClientConfig::builder_with_provider(Arc::clone(&provider))
            .with_safe_default_protocol_versions()
            .map_err(|error| error.to_string())?;
        let chain = match self {
            Self::Off => {
                let none = builder.with_root_certificates(RootCertStore::empty());
                return Ok(none.with_no_client_auth());
            }
            Self::Host(authority) => {
                let roots = match authority {
                    Some(path) => authorities(path)?,
                    None => of_the_system()?,
                };
                return Ok(builder.with_root_certificates(roots).with_no_client_auth());
            }
            Self::Anyone => None,
            Self::AnyoneOf(path) => {
                let roots = Arc::new(authorities(path)?);
                let verifier =
                    WebPkiServerVerifier::builder_with_provider(roots, Arc::clone(&provider));
                Some(verifier.build().map_err(|error| error.to_string())?)
            }
        };
        Ok(builder
            .dangerous()
            .with_custom_certificate_verifier(Arc::new(AnyName { chain, provider }))
            .with_no_client_auth())
    }
}

/// Sets the process-wide provider, which the Redis client uses. An existing one is kept.
pub(super) fn provide() {
    drop(aws_lc_rs::default_provider().install_default());
}

/// The bytes of an authority's file, with at least one certificate.
pub(super) fn authority(path: &Path) -> Result<Vec<u8>, String> {
    authorities(path)?;
    fs::read(path).map_err(|error| format!("{}: {error}", path.display()))
}

fn authorities(path: &Path) -> Result<RootCertStore, String> {
    let wrong = |error: &dyn std::fmt::Display| format!("{}: {error}", path.display());
    let certificates = CertificateDer::pem_file_iter(path).map_err(|error| wrong(&error))?;
    let mut roots = RootCertStore::empty();
    for certificate in certificates {
        let certificate = certificate.map_err(|error| wrong(&error))?;
        roots.add(certificate).map_err(|error| wrong(&error))?;
    }
    if roots.is_empty() {
        return Err(wrong(&"it has no certificate"));
    }
    Ok(roots)
}

fn of_the_system() -> Result<RootCertStore, String> {
    let mut roots = RootCertStore::empty();
    roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    if roots.is_empty() {
        return Err("the system trusts no authority: name one with sslrootcert=FILE".to_owned());
    }
    Ok(roots)
}

/// Takes a certificate for any name, of an authority if one is named. The server that answers has its key.
#[derive(Debug)]
struct AnyName {
    chain: Option<Arc<WebPkiServerVerifier>>,
    provider: Arc<CryptoProvider>,
}

impl ServerCertVerifier for AnyName {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        let Some(chain) = &self.chain else {
            return Ok(ServerCertVerified::assertion());
        };
        let verified =
            chain.verify_server_cert(end_entity, intermediates, server_name, ocsp_response, now);
        match verified {
            // The name is checked last.
            Err(Error::InvalidCertificate(
                CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. },
            )) => Ok(ServerCertVerified::assertion()),
            verified => verified,
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let algorithms = &self.provider.signature_verification_algorithms;
        verify_tls12_signature(message, certificate, signed, algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let algorithms = &self.provider.signature_verification_algorithms;
        verify_tls13_signature(message, certificate, signed, algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider
            .signature_verification_algorithms
            .supported_schemes()
    }
}
