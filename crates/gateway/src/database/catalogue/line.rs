//! A connection of the gateway's own to a database, by which it asks what names stand for. No client's bytes reach it.

use std::sync::Arc;
use std::time::Duration;

use access::road::TargetCredential;
use thiserror::Error;
use tokio::sync::{mpsc, oneshot};
use tokio::time::{Instant, timeout};
use wire::{Bounds, Rows};

/// How long one that nobody uses stays open.
const IDLE: Duration = Duration::from_secs(60);

/// How long the server may take for an answer. It is told to give up a little earlier.
pub(super) const PATIENCE: Duration = Duration::from_secs(3);

/// For how long a server that cannot be reached is not dialled again.
const SULK: Duration = Duration::from_secs(1);

/// Rows and bytes of an answer that are read.
pub(super) const BOUNDS: Bounds = Bounds { rows: 5_000, bytes: 4 << 20 };

/// Why there is no answer.
#[derive(Clone, Debug, Error)]
pub(crate) enum AskError {
    #[error("the gateway's own connection failed: {0}")]
    Dial(String),
    #[error("the gateway's own connection broke: {0}")]
    Broken(String),
    #[error("the database did not answer the gateway's own question in time")]
    Silent,
    #[error("the database refused the gateway's own question: {0}")]
    Refused(String),
    #[error("more stands behind it than is looked at")]
    TooMuch,
}

/// A connection that answers one question after the other.
pub(super) trait Connection: Sized + Send + 'static {
    /// Connects as the clients of that credential do.
    fn dial(
        name: &str,
        credential: &Arc<TargetCredential>,
        limit: Duration,
    ) -> impl Future<Output = Result<Self, AskError>> + Send;

    /// The rows that answer a question.
    fn ask(
        &mut self,
        text: &str,
        parameters: &[Option<&str>],
    ) -> impl Future<Output = Result<Rows, AskError>> + Send;

    /// Ends it.
    fn hang_up(&mut self) -> impl Future<Output = ()> + Send;
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
    /// A line to the server of that name, by connections of that kind.
    pub(super) fn new<C: Connection>(name: &str, limit: Duration) -> Self {
        let (questions, asked) = mpsc::channel(64);
        let operator = Operator::<C> { name: name.to_owned(), limit, open: None, sulking: None };
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
struct Operator<C> {
    name: String,
    limit: Duration,
    open: Option<C>,
    /// The last failure to connect, and when it was.
    sulking: Option<(Instant, AskError)>,
}

impl<C: Connection> Operator<C> {
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

    async fn dial(&mut self, credential: &Arc<TargetCredential>) -> Result<C, AskError> {
        if let Some((_, fault)) = self.sulking.as_ref().filter(|(since, _)| since.elapsed() < SULK) {
            return Err(fault.clone());
        }
        let opened = C::dial(&self.name, credential, self.limit).await;
        self.sulking = opened.as_ref().err().map(|fault| (Instant::now(), fault.clone()));
        opened
    }
}

pub(super) fn broken(fault: impl ToString) -> AskError {
    AskError::Broken(fault.to_string())
}
