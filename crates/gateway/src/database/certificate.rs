//! The gateway's certificate, from files that are read again when they change: a renewal needs no restart.

use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::SystemTime;

use rustls::ServerConfig;
use rustls::crypto::aws_lc_rs::default_provider;
use rustls_pki_types::pem::PemObject as _;
use rustls_pki_types::{CertificateDer, PrivateKeyDer};
use tokio_rustls::TlsAcceptor;

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
    current: Mutex<(Option<[SystemTime; 2]>, TlsAcceptor)>,
}

impl Certificate {
    /// Reads the files; an error when they do not make a certificate.
    pub(crate) fn read(files: CertificateFiles) -> Result<Self, GatewayError> {
        let current = Mutex::new((written(&files), acceptor(&files)?));
        Ok(Self { files, current })
    }

    /// What accepts a client now. Files that have become unusable are told of, and what they held before stays.
    pub(crate) fn acceptor(&self) -> TlsAcceptor {
        let mut current = self.current.lock().unwrap_or_else(PoisonError::into_inner);
        let written = written(&self.files);
        if written.is_some() && written != current.0 {
            current.0 = written;
            match acceptor(&self.files) {
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

fn acceptor(files: &CertificateFiles) -> Result<TlsAcceptor, GatewayError> {
    let wrong = |path: &PathBuf, why: String| GatewayError::Certificate(path.clone(), why);
    let chain = CertificateDer::pem_file_iter(&files.chain).and_then(Iterator::collect::<Result<Vec<_>, _>>);
    let chain = chain.map_err(|fault| wrong(&files.chain, fault.to_string()))?;
    let key = PrivateKeyDer::from_pem_file(&files.key);
    let key = key.map_err(|fault| wrong(&files.key, fault.to_string()))?;
    let builder = ServerConfig::builder_with_provider(Arc::new(default_provider()));
    let builder = builder.with_safe_default_protocol_versions();
    let builder = builder.map_err(|fault| wrong(&files.chain, fault.to_string()))?.with_no_client_auth();
    let config = builder.with_single_cert(chain, key);
    let mut config = config.map_err(|fault| wrong(&files.chain, fault.to_string()))?;
    config.alpn_protocols = vec![ALPN.to_vec()];
    Ok(TlsAcceptor::from(Arc::new(config)))
}
