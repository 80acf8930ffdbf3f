//! A session's two directions: a command is judged before the server sees it, and what came of it is on the record before the
//! client learns it.

use std::sync::Arc;

use access::{Refusal, Session};
use tokio::net::TcpStream;
use tokio_rustls::server::TlsStream;
use wire::mysql::{Act, ActId, Decoder, Failure, Outcome, Output, Progress, Session as Wire};

use super::line::Line;
use super::server::Server;
use super::statement::statement;
use crate::database::course::{Came, Course, Over};
use crate::database::door::Reception;
use crate::database::judging::Verdict;

/// The longest statement or parameters.
const STATEMENT: usize = 64 << 20;

/// One client and its server, between login and end.
pub(crate) struct Talk {
    course: Course<Decoder>,
    wire: Wire,
    /// The act that is being judged.
    judged: Option<ActId>,
    in_transaction: bool,
}

impl Talk {
    pub(super) fn new(
        reception: Arc<Reception>,
        session: Session,
        client: Line<TlsStream<TcpStream>>,
        server: Server,
        capabilities: u64,
    ) -> Self {
        let client = (client.stream, client.decoder.with_limit(STATEMENT));
        let server = (server.line.stream, server.line.decoder.with_limit(usize::MAX));
        Self {
            course: Course::new(reception, session, client, server, Arc::default()),
            wire: Wire::new(capabilities),
            judged: None,
            in_transaction: false,
        }
    }

    /// Serves the session until it is over and closed on the record.
    pub(crate) async fn run(mut self) {
        let over = loop {
            if let Err(over) = self.turn().await {
                break over;
            }
        };
        let last_words = |message| Failure { code: 1053, state: "08S01".to_owned(), message }.encode(0);
        self.course.end(over, |reason| last_words(reason.why)).await;
    }

    /// Waits for whatever comes first, and does what follows from it.
    async fn turn(&mut self) -> Result<(), Over> {
        let is_idle = self.wire.is_settled() && !self.in_transaction;
        match self.course.next(self.wire.wants_client(), is_idle).await? {
            Came::FromClient(packet) => self.wire.client(&packet)?,
            Came::FromServer(packet) => self.wire.server(&packet)?,
            Came::Verdict(verdict) => self.decided(verdict)?,
            Came::FromAside(_) => {}
            Came::Cancelled => self.course.judging.give_up(),
        }
        self.follow().await
    }

    /// Carries out what the protocol's state machine wants.
    async fn follow(&mut self) -> Result<(), Over> {
        while let Some(output) = self.wire.output() {
            match output {
                Output::ToServer(bytes) => self.course.server.outlet.queue(bytes),
                Output::ToClient(bytes) => self.course.client.outlet.queue(bytes),
                Output::Judge(act) => self.judge(&act),
                Output::Outcome(act, outcome) => self.done(act, &outcome),
                Output::Leaving => self.course.judging.leave().await,
            }
        }
        Ok(())
    }

    fn judge(&mut self, act: &Act) {
        self.judged = Some(act.id);
        let read = statement(&act.kind);
        self.course.judging.begin(act.id.number(), move |_afresh| std::future::ready(read.clone()));
    }

    fn decided(&mut self, verdict: Verdict) -> Result<(), Over> {
        match verdict {
            Verdict::Tell(line) => self.tell(line),
            Verdict::Allow { recorded, .. } => {
                if let Some(act) = self.judged.take() {
                    self.course.began(act.number(), recorded);
                    self.wire.allow(act)?;
                }
            }
            Verdict::Refuse(refusal) => {
                if let Some(act) = self.judged.take() {
                    self.wire.refuse(act, &refused(&refusal))?;
                }
            }
            Verdict::NotRecorded => return Err(Over::NotRecorded),
        }
        Ok(())
    }

    /// To clients that take progress reports; others wait without a word.
    fn tell(&mut self, what: String) {
        self.wire.progress(&Progress { stage: (1, 1), thousandths: 0, what });
    }

    /// What came of a statement is on the record before the client learns it.
    fn done(&mut self, act: ActId, outcome: &Outcome) {
        let (tag, error) = match outcome {
            Outcome::Done(done) => {
                self.in_transaction = done.is_in_transaction();
                (done.rows.map(|rows| format!("CHANGED {rows}")).unwrap_or_default(), String::new())
            }
            Outcome::Line => (String::new(), String::new()),
            Outcome::Failed(failure) => (String::new(), failure.state.clone()),
        };
        self.course.done(act.number(), tag, error);
    }
}

/// MySQL's errors have one line.
fn refused(refusal: &Refusal) -> Failure {
    Failure::refused(refusal.to_string().replace('\n', " "))
}
