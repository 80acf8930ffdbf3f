//! A session's two directions: what the client sends is judged before the server sees it, what the server answers crosses
//! once it is on the record, and neither direction waits for the other.

use std::sync::Arc;

use access::model::Outcome as Ended;
use access::recording::SessionEvent;
use access::road::TargetCredential;
use access::text;
use access::{Refusal, Session};
use wire::postgres::{
    ActId, ActKind, Consequences, Decoder, Outcome, Output, Report, Session as Wire, Status,
};

use super::cancels::Cancellable;
use super::consequences::consequences;
use super::course::{Came, Course, Over};
use super::door::Reception;
use super::judging::Verdict;
use super::opening::Arrived;
use super::server::{Server, cancel};
use super::statement::Reader;
use super::tally::Tallies;

/// One client and its server, between login and end.
pub(crate) struct Talk {
    course: Course<Decoder>,
    wire: Wire,
    credential: Arc<TargetCredential>,
    /// Ends the client's cancel key with the session.
    _cancellable: Cancellable,
    reader: Reader,
    /// The act that is being judged.
    judged: Option<(ActId, ActKind)>,
    /// What is being counted, and how many rows it may change.
    counting: Option<(ActId, ActKind, u64)>,
    tallies: Tallies,
}

impl Talk {
    pub(crate) fn new(
        reception: Arc<Reception>,
        session: Session,
        arrived: Arrived,
        server: Server,
        cancellable: Cancellable,
    ) -> Self {
        let limit = reception.options.target_timeout;
        let guide = reception.catalogues.guide(session.target_name(), &server.credential, limit);
        Self {
            wire: Wire::new(cancellable.key.clone()),
            reader: Reader::new(reception.texts.clone(), guide),
            course: Course::new(
                reception,
                session,
                (arrived.stream, arrived.decoder.logged_in()),
                (server.stream, server.decoder),
                cancellable.cancelled.clone(),
            ),
            credential: server.credential,
            _cancellable: cancellable,
            judged: None,
            counting: None,
            tallies: Tallies::default(),
        }
    }

    /// Serves the session until it is over and closed on the record.
    pub(crate) async fn run(mut self) {
        let over = loop {
            if let Err(over) = self.turn().await {
                break over;
            }
        };
        self.schema_is_settled();
        self.course.end(over, |reason| Report::fatal(reason.code, reason.why).encode()).await;
    }

    /// Waits for whatever comes first, and does what follows from it.
    async fn turn(&mut self) -> Result<(), Over> {
        let is_idle = self.wire.is_settled() && self.wire.status() == Status::Idle;
        match self.course.next(self.wire.wants_client(), is_idle).await? {
            Came::FromClient(piece) => self.wire.client(piece)?,
            Came::FromServer(piece) => self.wire.server(piece)?,
            Came::Verdict(verdict) => self.decided(verdict)?,
            Came::Cancelled => self.cancel(),
        }
        self.follow().await
    }

    /// Carries out what the protocol's state machine wants.
    async fn follow(&mut self) -> Result<(), Over> {
        while let Some(output) = self.wire.output() {
            match output {
                Output::ToServer(bytes) => self.course.to_server.queue(bytes),
                Output::ToClient(bytes) => self.course.to_client.queue(bytes),
                Output::DataToServer(act, run) => {
                    self.tallies.add_to_server(act, &run);
                    self.course.to_server.queue(run.raw().clone());
                }
                Output::DataToClient(act, run) => {
                    self.tallies.add_to_client(act, &run);
                    self.course.to_client.queue(run.raw().clone());
                }
                Output::Judge(act) => {
                    self.wire.settle();
                    self.judged = Some((act.id, act.kind.clone()));
                    let (reader, kind) = (self.reader.clone(), act.kind);
                    let read = move |afresh| reader.clone().statement(kind.clone(), afresh);
                    self.course.judging.begin(act.id.number(), read);
                }
                Output::Moot(_) | Output::Leaving => self.course.judging.leave().await,
                Output::Done(act, outcome) => self.done(act, &outcome),
                Output::Parameter(name, value) => sound(&name, &value)?,
                Output::Ready(Status::Idle) if self.wire.is_settled() => self.schema_is_settled(),
                Output::Counted(act, rows) => self.counted(act, rows)?,
                Output::Ready(_) => {}
            }
        }
        Ok(())
    }

    /// What the session has changed of the schema is seen by everybody now, or gone.
    fn schema_is_settled(&mut self) {
        if std::mem::take(&mut self.reader.shifted) {
            self.course.reception.catalogues.forget();
        }
    }

    fn decided(&mut self, verdict: Verdict) -> Result<(), Over> {
        match verdict {
            Verdict::Tell(line) => self.wire.notice(&Report::notice(line)),
            Verdict::Allow { script, max_rows } => {
                self.reader.shifted |= script.statements().iter().any(|statement| statement.shifts);
                self.allow(consequences(&script), max_rows)?;
            }
            Verdict::Refuse(refusal) => self.refuse(&refusal)?,
            Verdict::NotRecorded => return Err(Over::NotRecorded),
        }
        Ok(())
    }

    fn allow(&mut self, consequences: Consequences, max_rows: Option<u64>) -> Result<(), Over> {
        let Some((act, kind)) = self.judged.take() else { return Ok(()) };
        self.course.began(act.number());
        match max_rows {
            None => self.wire.allow(act, consequences)?,
            Some(max_rows) => {
                self.counting = Some((act, kind, max_rows));
                self.wire.allow_counted(act, consequences)?
            }
        };
        Ok(())
    }

    fn refuse(&mut self, refusal: &Refusal) -> Result<(), Over> {
        if let Some((act, _)) = self.judged.take() {
            self.wire.refuse(act, &refused(refusal))?;
        }
        Ok(())
    }

    /// A write is done as far as nobody sees it yet: it lasts if it changed no more than it may.
    fn counted(&mut self, act: ActId, rows: u64) -> Result<(), Over> {
        let Some((_, kind, most)) = self.counting.take_if(|(counting, ..)| *counting == act) else {
            return Ok(());
        };
        if rows <= most {
            self.wire.keep(act)?;
            return Ok(());
        }
        let values = [("rows", &*rows.to_string()), ("most", &*most.to_string())];
        let why = text::TOO_MANY_ROWS.say(self.course.reception.road.language(), &values);
        let what = format!("statement {}", act.number());
        self.course.tell_later(&SessionEvent::Refused { what, why: why.clone() });
        self.reader.has_exceeded(kind);
        self.wire.refuse(act, &Report::error("42501", why))?;
        Ok(())
    }

    /// What came of a statement is on the record before the client learns it.
    fn done(&mut self, act: ActId, outcome: &Outcome) {
        for event in self.tallies.events(act) {
            self.course.tell_later(&event);
        }
        let (tag, error) = match outcome {
            Outcome::Completed(tag) => (String::from_utf8_lossy(tag).into_owned(), String::new()),
            Outcome::Failed(report) => (String::new(), report.code.clone()),
            _ => (String::new(), String::new()),
        };
        self.course.done(act.number(), tag, error);
    }

    /// Ctrl-C: what waits for people is given up; what runs is cancelled at the server.
    fn cancel(&mut self) {
        if self.course.judging.is_waiting() {
            self.course.judging.give_up();
            return;
        }
        let Some(key) = self.wire.server_key().cloned() else { return };
        let (credential, limit) = (self.credential.clone(), self.course.reception.options.target_timeout);
        tokio::spawn(async move { cancel(&credential, &key, limit).await });
    }
}

/// The analysis reads text as UTF-8, with strings as the standard writes them. A server that says otherwise is not gone on
/// with.
fn sound(name: &str, value: &str) -> Result<(), Over> {
    let fits = match name {
        "client_encoding" => value == "UTF8",
        "standard_conforming_strings" => value == "on",
        _ => true,
    };
    match fits {
        true => Ok(()),
        false => {
            let why = format!("refused: {name} became {value}, by which statements mean something else");
            Err(Over::told("0A000", why, Ended::Ended))
        }
    }
}

fn refused(refusal: &Refusal) -> Report {
    let told = refusal.to_string();
    let (first, rest) = told.split_once('\n').unwrap_or((&told, ""));
    let report = Report::error("42501", first);
    if rest.is_empty() { report } else { report.with_detail(rest) }
}
