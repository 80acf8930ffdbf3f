//! Both ends' certificates. The gateway's own is read again when its files change: a renewal needs no restart. A client may
//! show one too, which the client authority has signed.

use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::SystemTime;

use rustls::crypto::aws_lc_rs::default_provider;
use rustls::server::danger::ClientCertVerifier;
use rustls::server::{NoClientAuth, WebPkiClientVerifier};
use rustls::{RootCertStore, ServerConfig};
use rustls_pki_types::pem::PemObject as _;
use rustls_pki_types::{CertificateDer, PrivateKeyDer};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;

use super::opening::ALPN;
use crate::error::GatewayError;

/// Where the certificate chain and its key are, as PEM.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CertificateFiles {
    /// The certificate, and those between it and its authority.
    pub chain: PathBuf,
    /// The private key: PKCS #8, SEC1 or PKCS #1.
    pub key: PathBuf,
}

/// The certificate in force.
pub(crate) struct Certificate {
    files: CertificateFiles,
    clients: Arc<dyn ClientCertVerifier>,
    current: Mutex<(Option<[SystemTime; 2]>, TlsAcceptor)>,
}

impl Certificate {
    /// Reads the files; an error when they do not make a certificate. Clients may show one of the authority `clients`, if
    /// there is one; what they show is then verified before they are heard.
    pub(crate) fn read(files: CertificateFiles, clients: Option<&[u8]>) -> Result<Self, GatewayError> {
        let clients = verifier(clients).map_err(GatewayError::ClientAuthority)?;
        let current = Mutex::new((written(&files), acceptor(&files, clients.clone())?));
        Ok(Self { files, clients, current })
    }

    /// What accepts a client now. Files that have become unusable are told of, and what they held before stays.
    pub(crate) fn acceptor(&self) -> TlsAcceptor {
        let mut current = self.current.lock().unwrap_or_else(PoisonError::into_inner);
        let written = written(&self.files);
        if written.is_some() && written != current.0 {
            current.0 = written;
            match acceptor(&self.files, self.clients.clone()) {
                Ok(renewed) => current.1 = renewed,
                Err(fault) => {
                    tracing::error!(%fault, "the new certificate is not used; the one before stays")
                }
            }
        }
        current.1.clone()
    }
}

/// When the files were written last, if both are there.
fn written(files: &CertificateFiles) -> Option<[SystemTime; 2]> {
    let time = |path| std::fs::metadata(path).and_then(|file| file.modified()).ok();
    Some([time(&files.chain)?, time(&files.key)?])
}

/// What a client shows is optional, and if it shows something, that must be of this authority, for clients, in force, and
/// the client must hold its key.
fn verifier(authority: Option<&[u8]>) -> Result<Arc<dyn ClientCertVerifier>, String> {
    let Some(authority) = authority else { return Ok(Arc::new(NoClientAuth)) };
    let mut roots = RootCertStore::empty();
    roots.add(authority.to_vec().into()).map_err(|fault| fault.to_string())?;
    let verifier = WebPkiClientVerifier::builder_with_provider(roots.into(), default_provider().into());
    verifier.allow_unauthenticated().build().map_err(|fault| fault.to_string())
}

/// The certificate that a client has shown, and proved to hold the key of.
pub(crate) fn shown<S>(stream: &TlsStream<S>) -> Option<&CertificateDer<'static>> {
    stream.get_ref().1.peer_certificates()?.first()
}

fn acceptor(
    files: &CertificateFiles,
    clients: Arc<dyn ClientCertVerifier>,
) -> Result<TlsAcceptor, GatewayError> {
    let wrong = |path: &PathBuf, why: String| GatewayError::Certificate(path.clone(), why);
    let chain = CertificateDer::pem_file_iter(&files.chain).and_then(Iterator::collect::<Result<Vec<_>, _>>);
    let chain = chain.map_err(|fault| wrong(&files.chain, fault.to_string()))?;
    let key = PrivateKeyDer::from_pem_file(&files.key);
    let key = key.map_err(|fault| wrong(&files.key, fault.to_string()))?;
    let builder = ServerConfig::builder_with_provider(Arc::new(default_provider()));
    let builder = builder.with_safe_default_protocol_versions();
    let builder = builder.map_err(|fault| wrong(&files.chain, fault.to_string()))?;
    let config = builder.with_client_cert_verifier(clients).with_single_cert(chain, key);
    let mut config = config.map_err(|fault| wrong(&files.chain, fault.to_string()))?;
    config.alpn_protocols = vec![ALPN.to_vec()];
    Ok(TlsAcceptor::from(Arc::new(config)))
}
