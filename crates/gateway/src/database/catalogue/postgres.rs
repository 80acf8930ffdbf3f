//! A connection of the gateway's own to a PostgreSQL server. No client's bytes reach it.

use std::sync::Arc;
use std::time::Duration;

use access::road::TargetCredential;
use tokio::io::AsyncWriteExt as _;
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_rustls::client::TlsStream;
use wire::Rows;
use wire::postgres::{Answer, Asking, Decoder, Parameter, encode};

use super::line::{AskError, BOUNDS, Connection, PATIENCE, broken};
use crate::database::opening::fill;
use crate::database::server::Server;

/// With its own schema first nobody's functions or operators get between the question and the answer, and names in
/// answers are written with their schema.
const SETTINGS: [(&str, &str); 6] = [
    ("search_path", "pg_catalog"),
    ("default_transaction_read_only", "on"),
    ("statement_timeout", "2500"),
    ("lock_timeout", "1000"),
    ("row_security", "off"),
    ("application_name", "countersign: what names stand for"),
];

/// An open connection.
pub(super) struct Open {
    stream: TlsStream<TcpStream>,
    decoder: Decoder,
    asking: Asking,
}

impl Connection for Open {
    async fn dial(name: &str, credential: &Arc<TargetCredential>, limit: Duration) -> Result<Self, AskError> {
        Self::dial_with(name, credential, &SETTINGS, limit).await
    }

    async fn ask(&mut self, text: &str, parameters: &[Option<&str>]) -> Result<Rows, AskError> {
        let bytes = self.asking.ask(text, parameters).map_err(broken)?;
        self.exchange(&bytes).await
    }

    async fn hang_up(&mut self) {
        // It is closed either way.
        let _ = timeout(PATIENCE, self.stream.write_all(&encode::terminate())).await;
    }
}

impl Open {
    /// Connects, with those settings.
    pub(super) async fn dial_with(
        name: &str,
        credential: &Arc<TargetCredential>,
        settings: &[(&str, &str)],
        limit: Duration,
    ) -> Result<Self, AskError> {
        let owned = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
        let settings: Vec<_> = settings.iter().map(owned).collect();
        match Server::dial(name, credential.clone(), &settings, limit).await {
            Ok(server) => Self::greeted(server).await,
            Err(fault) => Err(AskError::Dial(fault.to_string())),
        }
    }

    async fn greeted(server: Server) -> Result<Self, AskError> {
        let Server { stream, decoder, .. } = server;
        let mut open = Self { stream, decoder, asking: Asking::new(BOUNDS) };
        match open.answer().await? {
            Answer::Ready => Ok(open),
            Answer::Failed(report) => Err(AskError::Refused(report.message)),
            Answer::Rows(_) | Answer::TooMuch => Err(AskError::TooMuch),
        }
    }

    /// The rows that answer a question with parameters as a client has sent them, of the types that it declared.
    pub(super) async fn ask_as(
        &mut self,
        text: &str,
        types: &[u32],
        parameters: &[Parameter],
    ) -> Result<Rows, AskError> {
        let bytes = self.asking.ask_as(text, types, parameters).map_err(broken)?;
        self.exchange(&bytes).await
    }

    async fn exchange(&mut self, bytes: &[u8]) -> Result<Rows, AskError> {
        self.stream.write_all(bytes).await.map_err(broken)?;
        self.stream.flush().await.map_err(broken)?;
        match self.answer().await? {
            Answer::Rows(rows) => Ok(rows),
            Answer::TooMuch => Err(AskError::TooMuch),
            Answer::Failed(report) if report.is_final() => Err(AskError::Broken(report.message)),
            Answer::Failed(report) => Err(AskError::Refused(report.message)),
            Answer::Ready => Err(AskError::Broken("out of step".to_owned())),
        }
    }

    async fn answer(&mut self) -> Result<Answer, AskError> {
        timeout(PATIENCE, self.next()).await.map_err(|_| AskError::Silent)?
    }

    async fn next(&mut self) -> Result<Answer, AskError> {
        loop {
            match self.decoder.piece().map_err(broken)? {
                Some(piece) => {
                    if let Some(answer) = self.asking.server(piece).map_err(broken)? {
                        return Ok(answer);
                    }
                }
                None => fill(&mut self.stream, self.decoder.buffer()).await.map_err(broken)?,
            }
        }
    }
}
