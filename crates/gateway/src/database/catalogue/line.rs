//! A connection of the gateway's own to a database, by which it asks what names stand for. No client's bytes reach it.

use std::sync::Arc;
use std::time::Duration;

use access::road::TargetCredential;
use thiserror::Error;
use tokio::io::AsyncWriteExt as _;
use tokio::net::TcpStream;
use tokio::sync::{mpsc, oneshot};
use tokio::time::{Instant, timeout};
use tokio_rustls::client::TlsStream;
use wire::postgres::{Answer, Asking, Decoder, Parameter, encode};
use wire::{Bounds, Rows};

use crate::database::opening::fill;
use crate::database::server::{DialError, Server};

/// How long one that nobody uses stays open.
const IDLE: Duration = Duration::from_secs(60);

/// How long the server may take for an answer. It is told to give up a little earlier.
const PATIENCE: Duration = Duration::from_secs(3);

/// For how long a server that cannot be reached is not dialled again.
const SULK: Duration = Duration::from_secs(1);

/// Rows and bytes of an answer that are read.
const BOUNDS: Bounds = Bounds { rows: 5_000, bytes: 4 << 20 };

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

/// Why there is no answer.
#[derive(Clone, Debug, Error)]
pub(crate) enum AskError {
    #[error("the gateway's own connection failed: {0}")]
    Dial(#[from] Arc<DialError>),
    #[error("the gateway's own connection broke: {0}")]
    Broken(String),
    #[error("the database did not answer the gateway's own question in time")]
    Silent,
    #[error("the database refused the gateway's own question: {0}")]
    Refused(String),
    #[error("more stands behind it than is looked at")]
    TooMuch,
}

/// What is asked, and by whose login.
struct Question {
    text: &'static str,
    parameters: Vec<Option<String>>,
    credential: Arc<TargetCredential>,
    answer: oneshot::Sender<Result<Rows, AskError>>,
}

/// The way to ask; opened when it is needed, closed when it is not.
#[derive(Clone)]
pub(crate) struct Line(mpsc::Sender<Question>);

impl Line {
    /// A line to the server of that name.
    pub(crate) fn new(name: &str, limit: Duration) -> Self {
        let (questions, asked) = mpsc::channel(64);
        let operator = Operator { name: name.to_owned(), limit, open: None, sulking: None };
        tokio::spawn(operator.work(asked));
        Self(questions)
    }

    /// The rows that answer a question.
    pub(crate) async fn ask(
        &self,
        credential: &Arc<TargetCredential>,
        text: &'static str,
        parameters: &[Option<&str>],
    ) -> Result<Rows, AskError> {
        let (answer, answered) = oneshot::channel();
        let parameters = parameters.iter().map(|value| value.map(str::to_owned)).collect();
        let question = Question { text, parameters, credential: credential.clone(), answer };
        let over = || AskError::Broken("the gateway is stopping".to_owned());
        self.0.send(question).await.map_err(|_| over())?;
        answered.await.map_err(|_| over())?
    }
}

/// Serves one line.
struct Operator {
    name: String,
    limit: Duration,
    open: Option<Open>,
    /// The last failure to connect, and when it was.
    sulking: Option<(Instant, AskError)>,
}

/// An open connection.
pub(super) struct Open {
    stream: TlsStream<TcpStream>,
    decoder: Decoder,
    asking: Asking,
}

impl Operator {
    async fn work(mut self, mut asked: mpsc::Receiver<Question>) {
        loop {
            let next = match &mut self.open {
                None => asked.recv().await,
                Some(open) => match timeout(IDLE, asked.recv()).await {
                    Ok(next) => next,
                    Err(_) => {
                        open.hang_up().await;
                        self.open = None;
                        continue;
                    }
                },
            };
            let Some(question) = next else { return };
            let answer = self.answer(&question).await;
            // Whoever has left hears nothing.
            let _ = question.answer.send(answer);
        }
    }

    async fn answer(&mut self, question: &Question) -> Result<Rows, AskError> {
        let was_open = self.open.is_some();
        match self.try_answer(question).await {
            // The server may have closed a connection that was idle.
            Err(AskError::Broken(_)) if was_open => self.try_answer(question).await,
            answer => answer,
        }
    }

    async fn try_answer(&mut self, question: &Question) -> Result<Rows, AskError> {
        let mut open = match self.open.take() {
            Some(open) => open,
            None => self.dial(&question.credential).await?,
        };
        let parameters: Vec<Option<&str>> = question.parameters.iter().map(Option::as_deref).collect();
        let answer = open.ask(question.text, &parameters).await;
        if matches!(answer, Ok(_) | Err(AskError::Refused(_) | AskError::TooMuch)) {
            self.open = Some(open);
        }
        answer
    }

    async fn dial(&mut self, credential: &Arc<TargetCredential>) -> Result<Open, AskError> {
        if let Some((_, fault)) = self.sulking.as_ref().filter(|(since, _)| since.elapsed() < SULK) {
            return Err(fault.clone());
        }
        let opened = Open::dial(&self.name, credential, &SETTINGS, self.limit).await;
        self.sulking = opened.as_ref().err().map(|fault| (Instant::now(), fault.clone()));
        opened
    }
}

impl Open {
    /// Connects, with those settings.
    pub(super) async fn dial(
        name: &str,
        credential: &Arc<TargetCredential>,
        settings: &[(&str, &str)],
        limit: Duration,
    ) -> Result<Self, AskError> {
        let owned = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
        let settings: Vec<_> = settings.iter().map(owned).collect();
        match Server::dial(name, credential.clone(), &settings, limit).await {
            Ok(server) => Self::greeted(server).await,
            Err(fault) => Err(AskError::Dial(Arc::new(fault))),
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

    /// The rows that answer a question.
    pub(super) async fn ask(&mut self, text: &str, parameters: &[Option<&str>]) -> Result<Rows, AskError> {
        let bytes = self.asking.ask(text, parameters).map_err(broken)?;
        self.exchange(&bytes).await
    }

    /// The same with parameters as a client has sent them, of the types that it declared.
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

    /// Ends it.
    pub(super) async fn hang_up(&mut self) {
        // It is closed either way.
        let _ = timeout(PATIENCE, self.stream.write_all(&encode::terminate())).await;
    }
}

fn broken(fault: impl ToString) -> AskError {
    AskError::Broken(fault.to_string())
}
