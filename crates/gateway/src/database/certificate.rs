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
    clients: Clients,
    current: Mutex<(Option<[SystemTime; 2]>, Handshakes)>,
}

/// What clients are asked for.
struct Clients {
    /// They may show a certificate, and come in by a ticket otherwise.
    may: Arc<dyn ClientCertVerifier>,
    /// They must show one; none when there is no authority that could have signed it.
    must: Option<Arc<dyn ClientCertVerifier>>,
}

/// How clients are greeted.
#[derive(Clone)]
struct Handshakes {
    databases: Arc<ServerConfig>,
    targets: Option<Arc<ServerConfig>>,
}

impl Certificate {
    /// Reads the files; an error when they do not make a certificate. Clients may show one of the authority `clients`, if
    /// there is one; what they show is then verified before they are heard.
    pub(crate) fn read(files: CertificateFiles, clients: Option<&[u8]>) -> Result<Self, GatewayError> {
        let clients = Clients::of(clients).map_err(GatewayError::ClientAuthority)?;
        let current = Mutex::new((written(&files), Handshakes::read(&files, &clients)?));
        Ok(Self { files, clients, current })
    }

    /// What accepts a client of a database now.
    pub(crate) fn acceptor(&self) -> TlsAcceptor {
        self.handshakes().databases.into()
    }

    /// How a client of a TLS target is greeted now; not at all when none could show a certificate.
    pub(crate) fn for_targets(&self) -> Option<Arc<ServerConfig>> {
        self.handshakes().targets
    }

    /// Files that have become unusable are told of, and what they held before stays.
    fn handshakes(&self) -> Handshakes {
        let mut current = self.current.lock().unwrap_or_else(PoisonError::into_inner);
        let written = written(&self.files);
        if written.is_some() && written != current.0 {
            current.0 = written;
            match Handshakes::read(&self.files, &self.clients) {
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

impl Clients {
    /// What a client shows must be of this authority, for clients, in force, and the client must hold its key.
    fn of(authority: Option<&[u8]>) -> Result<Self, String> {
        let Some(authority) = authority else { return Ok(Self { may: Arc::new(NoClientAuth), must: None }) };
        let mut roots = RootCertStore::empty();
        roots.add(authority.to_vec().into()).map_err(|fault| fault.to_string())?;
        let roots = Arc::new(roots);
        let verifier =
            || WebPkiClientVerifier::builder_with_provider(roots.clone(), default_provider().into());
        let may = verifier().allow_unauthenticated().build().map_err(|fault| fault.to_string())?;
        Ok(Self { may, must: Some(verifier().build().map_err(|fault| fault.to_string())?) })
    }
}

impl Handshakes {
    fn read(files: &CertificateFiles, clients: &Clients) -> Result<Self, GatewayError> {
        let mut databases = config(files, clients.may.clone())?;
        databases.alpn_protocols = vec![ALPN.to_vec()];
        // Whatever a target speaks, its clients may offer it by name: with nothing chosen they go on without.
        let targets = clients.must.clone().map(|clients| config(files, clients)).transpose()?;
        Ok(Self { databases: databases.into(), targets: targets.map(Arc::new) })
    }
}

/// The certificate that a client has shown, and proved to hold the key of.
pub(crate) fn shown<S>(stream: &TlsStream<S>) -> Option<&CertificateDer<'static>> {
    stream.get_ref().1.peer_certificates()?.first()
}

fn config(
    files: &CertificateFiles,
    clients: Arc<dyn ClientCertVerifier>,
) -> Result<ServerConfig, GatewayError> {
    let wrong = |path: &PathBuf, why: String| GatewayError::Certificate(path.clone(), why);
    let chain = CertificateDer::pem_file_iter(&files.chain).and_then(Iterator::collect::<Result<Vec<_>, _>>);
    let chain = chain.map_err(|fault| wrong(&files.chain, fault.to_string()))?;
    let key = PrivateKeyDer::from_pem_file(&files.key);
    let key = key.map_err(|fault| wrong(&files.key, fault.to_string()))?;
    let builder = ServerConfig::builder_with_provider(Arc::new(default_provider()));
    let builder = builder.with_safe_default_protocol_versions();
    let builder = builder.map_err(|fault| wrong(&files.chain, fault.to_string()))?;
    let config = builder.with_client_cert_verifier(clients).with_single_cert(chain, key);
    config.map_err(|fault| wrong(&files.chain, fault.to_string()))
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use access::identity::certificate::Validity;
    use access::identity::{ClientAuthority, KeyRequest, PersonName};
    use rcgen::{CertificateParams, KeyPair};
    use rustls::client::{ResolvesClientCert, Resumption};
    use rustls::sign::CertifiedKey;
    use rustls::{ClientConfig, SignatureScheme, SupportedProtocolVersion, version};
    use tempfile::TempDir;
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, duplex};
    use tokio_rustls::TlsConnector;

    use super::*;

    /// Shows a certificate whether or not the key is its own.
    #[derive(Debug)]
    struct Shows(Arc<CertifiedKey>);

    impl ResolvesClientCert for Shows {
        fn resolve(&self, _: &[&[u8]], _: &[SignatureScheme]) -> Option<Arc<CertifiedKey>> {
            Some(self.0.clone())
        }

        fn has_certs(&self) -> bool {
            true
        }
    }

    struct Door {
        folder: TempDir,
        clients: ClientAuthority,
    }

    fn now() -> u64 {
        rustls_pki_types::UnixTime::now().as_secs()
    }

    fn authority() -> ClientAuthority {
        ClientAuthority::from_pem(&KeyPair::generate().unwrap().serialize_pem(), now()).unwrap()
    }

    fn door() -> Door {
        let (folder, key) = (tempfile::tempdir().unwrap(), KeyPair::generate().unwrap());
        let made = CertificateParams::new(vec!["gateway".into()]).unwrap().self_signed(&key).unwrap();
        std::fs::write(folder.path().join("chain"), made.pem()).unwrap();
        std::fs::write(folder.path().join("key"), key.serialize_pem()).unwrap();
        Door { folder, clients: authority() }
    }

    /// What alice was given for that key, and her other key.
    fn given(authority: &ClientAuthority, until: u64) -> (Vec<CertificateDer<'static>>, KeyPair) {
        let key = KeyPair::generate().unwrap();
        let request = CertificateParams::new(vec![]).unwrap().serialize_request(&key).unwrap();
        let request = KeyRequest::read(request.pem().unwrap().as_bytes()).unwrap();
        let validity = Validity { from: now() - 3600, until };
        let alice = PersonName::parse("alice").unwrap();
        let issued = authority.issue(&alice, &request, validity, &mut |bytes| bytes.fill(7)).unwrap();
        let chain = CertificateDer::pem_slice_iter(issued.chain.as_bytes()).collect::<Result<_, _>>();
        (chain.unwrap(), key)
    }

    impl Door {
        fn files(&self) -> CertificateFiles {
            CertificateFiles { chain: self.folder.path().join("chain"), key: self.folder.path().join("key") }
        }

        /// What the door sees of a client that shows this; an error when it is not heard.
        async fn sees(
            &self,
            client: Option<(&[CertificateDer<'static>], &KeyPair)>,
            version: &'static SupportedProtocolVersion,
        ) -> Result<Option<CertificateDer<'static>>, String> {
            let certificate = Certificate::read(self.files(), Some(self.clients.certificate())).unwrap();
            self.seen_by(certificate.acceptor(), client, version).await
        }

        /// The same of whatever accepts it.
        async fn seen_by(
            &self,
            acceptor: TlsAcceptor,
            client: Option<(&[CertificateDer<'static>], &KeyPair)>,
            version: &'static SupportedProtocolVersion,
        ) -> Result<Option<CertificateDer<'static>>, String> {
            let (near, far) = duplex(1 << 16);
            let client = tokio::spawn(talk(near, self.client(client, version)));
            let accepted = acceptor.accept(far).await;
            let mut stream = accepted.map_err(|fault| fault.to_string())?;
            let mut said = [0; 1];
            stream.read_exact(&mut said).await.map_err(|fault| fault.to_string())?;
            let seen = shown(&stream).cloned();
            drop(stream);
            client.await.unwrap();
            Ok(seen)
        }

        fn client(
            &self,
            shows: Option<(&[CertificateDer<'static>], &KeyPair)>,
            version: &'static SupportedProtocolVersion,
        ) -> ClientConfig {
            let mut roots = RootCertStore::empty();
            roots.add(CertificateDer::from_pem_file(self.folder.path().join("chain")).unwrap()).unwrap();
            let builder = ClientConfig::builder_with_provider(default_provider().into());
            let builder = builder.with_protocol_versions(&[version]).unwrap().with_root_certificates(roots);
            let mut config = match shows {
                None => builder.with_no_client_auth(),
                Some((chain, key)) => {
                    let key = PrivateKeyDer::try_from(key.serialize_der()).unwrap();
                    let key = default_provider().key_provider.load_private_key(key).unwrap();
                    let certified = CertifiedKey::new(chain.to_vec(), key);
                    builder.with_client_cert_resolver(Arc::new(Shows(Arc::new(certified))))
                }
            };
            config.resumption = Resumption::disabled();
            config
        }
    }

    /// A client that says one byte and goes.
    async fn talk(stream: tokio::io::DuplexStream, config: ClientConfig) {
        let connector = TlsConnector::from(Arc::new(config));
        if let Ok(mut stream) = connector.connect("gateway".try_into().unwrap(), stream).await {
            let _ = stream.write_all(b"x").await;
            let _ = tokio::time::timeout(Duration::from_secs(5), stream.read(&mut [0; 1])).await;
        }
    }

    #[tokio::test]
    async fn what_a_client_shows_is_verified_before_it_is_heard() {
        let door = door();
        let later = now() + 3600;
        let (chain, key) = given(&door.clients, later);
        let (lapsed, lapsed_key) = given(&door.clients, now() - 1);
        let (foreign, foreign_key) = given(&authority(), later);
        let files = door.files();
        let own: Vec<_> = vec![CertificateDer::from_pem_file(&files.chain).unwrap()];
        let own_key = KeyPair::from_pem(&std::fs::read_to_string(&files.key).unwrap()).unwrap();
        for version in [&version::TLS12, &version::TLS13] {
            assert_eq!(door.sees(None, version).await, Ok(None));
            assert_eq!(door.sees(Some((&chain, &key)), version).await, Ok(chain.first().cloned()));
            for (why, chain, key) in [
                ("another key", &chain, &lapsed_key),
                ("lapsed", &lapsed, &lapsed_key),
                ("another authority of that name", &foreign, &foreign_key),
                ("the gateway's own", &own, &own_key),
            ] {
                let seen = door.sees(Some((chain, key)), version).await;
                assert!(seen.is_err(), "{why}: {seen:?}");
            }
        }
    }

    #[tokio::test]
    async fn a_target_is_for_nobody_without_a_certificate_in_force() {
        let door = door();
        let (chain, key) = given(&door.clients, now() + 3600);
        let (lapsed, lapsed_key) = given(&door.clients, now() - 1);
        let certificate = Certificate::read(door.files(), Some(door.clients.certificate())).unwrap();
        let acceptor = TlsAcceptor::from(certificate.for_targets().unwrap());
        for version in [&version::TLS12, &version::TLS13] {
            let sees = |client| door.seen_by(acceptor.clone(), client, version);
            assert_eq!(sees(Some((&chain, &key))).await, Ok(chain.first().cloned()));
            assert!(sees(None).await.is_err());
            assert!(sees(Some((&lapsed, &lapsed_key))).await.is_err());
            assert!(sees(Some((&chain, &lapsed_key))).await.is_err());
        }
        assert!(Certificate::read(door.files(), None).unwrap().for_targets().is_none());
    }

    #[tokio::test]
    async fn without_an_authority_nobody_is_asked_for_a_certificate() {
        let door = door();
        let (chain, key) = given(&door.clients, now() + 3600);
        let certificate = Certificate::read(door.files(), None).unwrap();
        let (near, far) = duplex(1 << 16);
        tokio::spawn(talk(near, door.client(Some((&chain, &key)), &version::TLS13)));
        let stream = certificate.acceptor().accept(far).await.unwrap();
        assert_eq!(shown(&stream), None);
    }
}
