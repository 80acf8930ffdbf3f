//! The server's leg: TLS with the pinned authorities, the gateway's own credential, and a session whose texts mean what the
//! analysis takes them for.

use std::time::Duration;

use access::model::{Protocol, Service};
use access::road::TargetCredential;
use rustls::pki_types::ServerName;
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_rustls::client::TlsStream;
use wire::mysql::{Account, Answer, Asking, Channel, Failure, Joining, Next, literal};
use wire::{Bounds, Rows};

use super::line::{Line, LineError};
use crate::database::server::connector;

/// `utf8mb4_general_ci`.
const UTF8: u8 = 45;

/// Modes by which quotes, backslashes and names mean something else. Some stand for several, and bring these back.
const OTHER_GRAMMAR: [&str; 9] = [
    "ANSI",
    "ANSI_QUOTES",
    "DB2",
    "IGNORE_SPACE",
    "MAXDB",
    "MSSQL",
    "NO_BACKSLASH_ESCAPES",
    "ORACLE",
    "POSTGRESQL",
];

/// A server that has let the gateway in.
pub(super) struct Server {
    pub line: Line<TlsStream<TcpStream>>,
    /// What it was dialled with, for whoever interrupts.
    pub credential: TargetCredential,
    /// The number by which the server knows the connection.
    pub connection: u32,
}

/// Why a server cannot be reached. None of it holds a secret.
#[derive(Debug, thiserror::Error)]
pub(crate) enum DialError {
    #[error("the database cannot be reached: {0}")]
    Unreachable(#[from] std::io::Error),
    #[error("the database did not answer within {0} seconds")]
    Silent(u64),
    #[error("the database is not the pinned server: {0}")]
    Another(std::io::Error),
    #[error("the database refused the gateway: {} ({})", .0.message, .0.code)]
    Refused(Failure),
    #[error("the database does not follow the protocol: {0}")]
    Protocol(#[from] wire::Error),
    #[error("more than is read of an answer")]
    TooMuch,
    #[error("the record of the database is not usable: {0}")]
    Record(String),
}

impl From<LineError> for DialError {
    fn from(fault: LineError) -> Self {
        match fault {
            LineError::Io(fault) => Self::Unreachable(fault),
            LineError::Wire(fault) => Self::Protocol(fault),
        }
    }
}

impl Server {
    /// Connects and logs in, with what the client was promised.
    pub(super) async fn dial(
        credential: TargetCredential,
        capabilities: u64,
        limit: Duration,
    ) -> Result<Self, DialError> {
        let silent = |_| DialError::Silent(limit.as_secs());
        timeout(limit, connect(credential, capabilities)).await.map_err(silent)?
    }
}

async fn connect(credential: TargetCredential, capabilities: u64) -> Result<Server, DialError> {
    let mut joined = join(&credential, capabilities).await?;
    joined.settle().await?;
    Ok(Server { line: joined.line, credential, connection: joined.connection })
}

/// Asks a server to end what it is doing on another connection of the same account; whether it does is the server's business.
pub(super) async fn interrupt(credential: &TargetCredential, connection: u32, limit: Duration) {
    let asking = async { join(credential, 0).await?.ask(&format!("KILL QUERY {connection}")).await };
    match timeout(limit, asking).await {
        Ok(Ok(_)) => {}
        Ok(Err(fault)) => tracing::warn!(%fault, "an interruption did not reach its server"),
        Err(_) => tracing::warn!("a server did not answer an interruption"),
    }
}

/// A connection for questions of the gateway's own, one after the other. No client's bytes reach it.
pub(crate) struct Aside(Joined);

impl Aside {
    /// Connects as clients of that credential do; answers are no larger than that.
    pub(crate) async fn dial(
        credential: &TargetCredential,
        limit: Duration,
        bounds: Bounds,
    ) -> Result<Self, DialError> {
        let opened = async {
            let mut joined = join(credential, 0).await?;
            joined.settle().await?;
            let Joined { line: Line { stream, decoder }, capabilities, connection, .. } = joined;
            let line = Line { stream, decoder: decoder.with_limit(bounds.bytes) };
            let asking = Asking::new(capabilities, bounds);
            Ok(Self(Joined { line, capabilities, connection, asking }))
        };
        timeout(limit, opened).await.map_err(|_| DialError::Silent(limit.as_secs()))?
    }

    /// The rows that answer a question.
    pub(crate) async fn ask(&mut self, text: &str) -> Result<Rows, DialError> {
        self.0.ask(text).await
    }
}

/// A connection inside TLS, with somebody logged in.
struct Joined {
    line: Line<TlsStream<TcpStream>>,
    /// What was agreed.
    capabilities: u64,
    connection: u32,
    asking: Asking,
}

impl Joined {
    /// Texts are UTF-8, and no mode changes their grammar.
    async fn settle(&mut self) -> Result<(), DialError> {
        let modes = self.ask("SELECT @@SESSION.sql_mode").await?;
        let modes = modes.into_iter().flatten().flatten().next().unwrap_or_default();
        let kept: Vec<&str> = modes.split(',').filter(|mode| !OTHER_GRAMMAR.contains(mode)).collect();
        let text = format!("SET NAMES utf8mb4, SESSION sql_mode = {}", literal(&kept.join(",")));
        self.ask(&text).await.map(drop)
    }

    async fn ask(&mut self, text: &str) -> Result<Rows, DialError> {
        self.line.send(&self.asking.ask(text)?).await?;
        loop {
            match self.asking.server(&self.line.packet().await?)? {
                None => {}
                Some(Answer::Rows(rows)) => return Ok(rows),
                Some(Answer::Failed(failure)) => return Err(DialError::Refused(failure)),
                Some(Answer::TooMuch) => return Err(DialError::TooMuch),
            }
        }
    }
}

async fn join(credential: &TargetCredential, capabilities: u64) -> Result<Joined, DialError> {
    let Service::Database(database) = &credential.service else {
        return Err(DialError::Record("it is not a database".to_owned()));
    };
    if database.protocol != Protocol::Mysql {
        return Err(DialError::Record("it speaks another protocol".to_owned()));
    }
    let connector = connector(&database.authority).map_err(DialError::Record)?;
    let host = ServerName::try_from(credential.host.clone());
    let host = host.map_err(|fault| DialError::Record(fault.to_string()))?;
    let stream = TcpStream::connect((credential.host.as_str(), credential.port)).await?;
    stream.set_nodelay(true)?;
    let mut clear = Line::new(stream);
    let account = Account {
        user: credential.login.clone(),
        password: credential.secret.clone(),
        database: Some(database.name.clone()),
        capabilities,
        character_set: UTF8,
    };
    let mut joining = Joining::new(account, Channel::Tls);
    match joining.packet(&clear.packet().await?)? {
        Next::Tls(request) => clear.send(&request).await?,
        Next::Failed(failure) => return Err(DialError::Refused(failure)),
        _ => return Err(wire::Error::Authentication("an untimely step").into()),
    }
    let stream = connector.connect(host, clear.stream).await.map_err(DialError::Another)?;
    let mut line = Line::new(stream);
    line.send(&joining.encrypted()?).await?;
    let capabilities = log_in(&mut line, &mut joining).await?;
    let asking = Asking::new(capabilities, Bounds::default());
    Ok(Joined { line, capabilities, connection: joining.connection(), asking })
}

async fn log_in(line: &mut Line<TlsStream<TcpStream>>, joining: &mut Joining) -> Result<u64, DialError> {
    loop {
        match joining.packet(&line.packet().await?)? {
            Next::Wait => {}
            Next::Send(bytes) => line.send(&bytes).await?,
            Next::Joined(capabilities) => return Ok(capabilities),
            Next::Failed(failure) => return Err(DialError::Refused(failure)),
            Next::Tls(_) => return Err(wire::Error::Authentication("an untimely step").into()),
        }
    }
}
