//! The server's leg: TLS with the pinned authorities, the gateway's own credential, and nothing of the client's that could
//! change what its statements mean.

use std::sync::Arc;
use std::time::Duration;

use access::identity::authority;
use access::model::Service;
use access::road::TargetCredential;
use aws_lc_rs::rand;
use bytes::Bytes;
use rustls::client::Resumption;
use rustls::pki_types::ServerName;
use rustls::{ClientConfig, RootCertStore};
use thiserror::Error;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use wire::postgres::scram::{self, Answered, Binding, Proof};
use wire::postgres::startup::{CancelKey, Start, Version};
use wire::postgres::{Authentication, Backend, Decoder, Frame, Limits, Piece, Report, Side, encode};

use super::end_point::end_point;
use super::opening::fill;

/// Settings that decide what a text means. They are what the analysis takes them for.
const FIXED: [(&str, &str); 2] = [("client_encoding", "UTF8"), ("standard_conforming_strings", "on")];

/// A server that has let the gateway in; what it says of itself comes next.
pub(crate) struct Server {
    pub stream: TlsStream<TcpStream>,
    pub decoder: Decoder,
    /// What it was dialled with, for whoever cancels.
    pub credential: Arc<TargetCredential>,
}

/// Why a server cannot be reached. None of it holds a secret; the client learns the first line only.
#[derive(Debug, Error)]
pub(crate) enum DialError {
    #[error("{0} cannot be reached: {1}")]
    Unreachable(String, std::io::Error),
    #[error("{0} did not answer within {1} seconds")]
    Silent(String, u64),
    #[error("{0} does not speak TLS")]
    NoTls(String),
    #[error("{0} is not the pinned server: {1}")]
    Another(String, std::io::Error),
    #[error("{0} refused the gateway's login: {1}")]
    Refused(String, String),
    #[error("{0} does not follow the protocol: {1}")]
    Protocol(String, wire::Error),
    #[error("the record of {0} is not usable: {1}")]
    Record(String, String),
    #[error("{0} asks for {1}, which proves nothing about it; let it ask for scram-sha-256")]
    WeakProof(String, &'static str),
}

impl Server {
    /// Connects and logs in. `name` is the target's, for messages; `settings` are the client's harmless ones.
    pub(crate) async fn dial(
        name: &str,
        credential: Arc<TargetCredential>,
        settings: &[(String, String)],
        limit: Duration,
    ) -> Result<Self, DialError> {
        let silent = |_| DialError::Silent(name.to_owned(), limit.as_secs());
        timeout(limit, connect(name, credential, settings)).await.map_err(silent)?
    }
}

async fn connect(
    name: &str,
    credential: Arc<TargetCredential>,
    settings: &[(String, String)],
) -> Result<Server, DialError> {
    let Service::Database(database) = &credential.service else {
        return Err(DialError::Record(name.to_owned(), "it is not a database".to_owned()));
    };
    let stream = encrypted(name, &credential, &database.authority).await?;
    let mut parameters =
        vec![("user".to_owned(), credential.login.clone()), ("database".to_owned(), database.name.clone())];
    parameters.extend_from_slice(settings);
    parameters.extend(FIXED.map(|(name, value)| (name.to_owned(), value.to_owned())));
    let start = Start::new(Version::V3_0, parameters);
    let mut dialling = Dialling {
        name,
        server: Server { stream, decoder: Decoder::new(Side::Backend, Limits::default()), credential },
        proof: Unproved::Nothing,
    };
    dialling.log_in(&start).await?;
    Ok(dialling.server)
}

async fn encrypted(
    name: &str,
    credential: &TargetCredential,
    authorities: &str,
) -> Result<TlsStream<TcpStream>, DialError> {
    let unreachable = |fault| DialError::Unreachable(name.to_owned(), fault);
    let record = |what: String| DialError::Record(name.to_owned(), what);
    let connector = connector(authorities).map_err(record)?;
    let host = ServerName::try_from(credential.host.clone()).map_err(|fault| record(fault.to_string()))?;
    let address = (credential.host.as_str(), credential.port);
    let mut stream = TcpStream::connect(address).await.map_err(unreachable)?;
    stream.set_nodelay(true).map_err(unreachable)?;
    stream.write_all(&encode::ssl_request()).await.map_err(unreachable)?;
    if stream.read_u8().await.map_err(unreachable)? != b'S' {
        return Err(DialError::NoTls(name.to_owned()));
    }
    connector.connect(host, stream).await.map_err(|fault| DialError::Another(name.to_owned(), fault))
}

pub(crate) fn connector(authorities: &str) -> Result<TlsConnector, String> {
    let mut roots = RootCertStore::empty();
    for certificate in authority::parse(authorities).map_err(|fault| fault.to_string())? {
        roots.add(certificate).map_err(|fault| fault.to_string())?;
    }
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let versions = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
    let versions = versions.map_err(|fault| fault.to_string())?;
    let mut config = versions.with_root_certificates(roots).with_no_client_auth();
    // A server proves itself each time. What could be resumed would lie in memory, and belong to this one connection.
    config.resumption = Resumption::disabled();
    Ok(TlsConnector::from(Arc::new(config)))
}

/// How far the server has proved that it knows the password too.
enum Unproved {
    Nothing,
    Begun(Proof),
    Answered(Answered),
    Done,
}

struct Dialling<'a> {
    name: &'a str,
    server: Server,
    proof: Unproved,
}

impl Dialling<'_> {
    async fn log_in(&mut self, start: &Start) -> Result<(), DialError> {
        self.send(start.encode().map_err(|fault| self.protocol(fault))?).await?;
        loop {
            let frame = self.frame().await?;
            let message = Backend::parse(&frame).map_err(|fault| self.protocol(fault))?;
            match message {
                Backend::Authentication(step) => {
                    if self.prove(step).await? {
                        return Ok(());
                    }
                }
                Backend::Error(report) => {
                    return Err(DialError::Refused(self.name.to_owned(), shown(&report)));
                }
                Backend::Notice(_) | Backend::NegotiateProtocolVersion { .. } => {}
                _ => return Err(self.protocol(wire::Error::Unexpected(frame.tag().into()))),
            }
        }
    }

    /// Takes one step of the authentication; `true` once the server has let the gateway in.
    async fn prove(&mut self, step: Authentication<'_>) -> Result<bool, DialError> {
        let answer = match (step, std::mem::replace(&mut self.proof, Unproved::Nothing)) {
            (Authentication::Sasl(offered), Unproved::Nothing) => self.begin(&offered)?,
            (Authentication::SaslContinue(challenge), Unproved::Begun(proof)) => {
                let (text, answered) = proof
                    .answer(challenge, &self.server.credential.secret)
                    .map_err(|fault| self.protocol(fault))?;
                self.proof = Unproved::Answered(answered);
                encode::sasl_response(text.as_bytes())
            }
            (Authentication::SaslFinal(last), Unproved::Answered(answered)) => {
                answered.check(last).map_err(|fault| self.protocol(fault))?;
                self.proof = Unproved::Done;
                return Ok(false);
            }
            (Authentication::Ok, Unproved::Done) => return Ok(true),
            (Authentication::Md5(salt), Unproved::Nothing) => {
                self.proof = Unproved::Done;
                let answer =
                    scram::md5_answer(&self.server.credential.login, &self.server.credential.secret, salt);
                encode::password(answer.as_bytes()).map_err(|fault| self.protocol(fault))?
            }
            (Authentication::Ok, _) => {
                return Err(DialError::WeakProof(self.name.to_owned(), "no password at all"));
            }
            (Authentication::Cleartext, _) => {
                return Err(DialError::WeakProof(self.name.to_owned(), "the password in clear"));
            }
            _ => return Err(self.protocol(wire::Error::Authentication("an unknown or untimely step"))),
        };
        self.send(answer).await?;
        Ok(false)
    }

    fn begin(&mut self, offered: &[&[u8]]) -> Result<Bytes, DialError> {
        let (mechanism, binding) =
            Binding::choose(offered, self.end_point()).map_err(|fault| self.protocol(fault))?;
        let mut nonce = [0; 24];
        rand::fill(&mut nonce).map_err(|_| self.protocol(wire::Error::Authentication("no randomness")))?;
        let proof = Proof::begin(binding, nonce);
        let first = proof.first();
        self.proof = Unproved::Begun(proof);
        encode::sasl_initial_response(mechanism, first.as_bytes()).map_err(|fault| self.protocol(fault))
    }

    fn end_point(&self) -> Option<Vec<u8>> {
        end_point(self.server.stream.get_ref().1.peer_certificates()?.first()?)
    }

    async fn frame(&mut self) -> Result<Frame, DialError> {
        loop {
            match self.server.decoder.piece().map_err(|fault| self.protocol(fault))? {
                Some(Piece::Whole(frame)) => return Ok(frame),
                Some(Piece::Run(run)) => {
                    return Err(self.protocol(wire::Error::Unexpected(run.tag().into())));
                }
                None => fill(&mut self.server.stream, self.server.decoder.buffer())
                    .await
                    .map_err(|fault| DialError::Unreachable(self.name.to_owned(), fault))?,
            }
        }
    }

    async fn send(&mut self, message: Bytes) -> Result<(), DialError> {
        let unreachable = |fault| DialError::Unreachable(self.name.to_owned(), fault);
        self.server.stream.write_all(&message).await.map_err(unreachable)?;
        self.server.stream.flush().await.map_err(unreachable)
    }

    fn protocol(&self, fault: wire::Error) -> DialError {
        DialError::Protocol(self.name.to_owned(), fault)
    }
}

/// The server's words; it is not told anything that it could repeat here.
fn shown(report: &Report) -> String {
    format!("{} ({})", report.message, report.code)
}

/// Asks a server to end what it is doing for a connection; whether it does is the server's business.
pub(crate) async fn cancel(credential: &TargetCredential, key: &CancelKey, limit: Duration) {
    let Service::Database(database) = &credential.service else { return };
    let asking = async {
        let mut stream = encrypted("server", credential, &database.authority).await.ok()?;
        stream.write_all(&key.request()).await.ok()?;
        stream.shutdown().await.ok()
    };
    if timeout(limit, asking).await.ok().flatten().is_none() {
        tracing::warn!("a cancellation did not reach its server");
    }
}
