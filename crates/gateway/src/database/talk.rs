//! A session's two directions: what the client sends is judged before the server sees it, what the server answers crosses
//! once it is on the record, and neither direction waits for the other.

use std::sync::Arc;

use access::model::Outcome as Ended;
use access::policy::sql::{Script, SyntaxError};
use access::recording::SessionEvent;
use access::road::TargetCredential;
use access::text;
use access::{Refusal, Session, SqlStatement};
use wire::postgres::{Act, ActId, ActKind, Decoder, Outcome, Output, Piece, Report, Session as Wire, Status};

use super::accounts::Role;
use super::cancels::Cancellable;
use super::consequences::consequences;
use super::course::{Came, Course, Over};
use super::door::Reception;
use super::judging::{Ready, Recorded, Verdict};
use super::moving::MoveError;
use super::opening::Arrived;
use super::pair::{Dialled, Pair};
use super::server::cancel;
use super::statement::{Asked, Reader};
use super::tally::Tallies;

/// What a server says by itself that concerns the session: notifications, and settings that have changed.
const OF_THE_SESSION: [u8; 2] = [b'A', b'S'];

/// One client and its server, between login and end.
pub(crate) struct Talk {
    course: Course<Decoder>,
    wire: Wire,
    credential: Arc<TargetCredential>,
    /// Ends the client's cancel key with the session.
    _cancellable: Cancellable,
    reader: Reader,
    /// The second account, if there is one.
    pair: Option<Pair>,
    /// An act that is judged once everything before it is answered.
    asked: Option<Act>,
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
        dialled: Dialled,
        cancellable: Cancellable,
    ) -> Self {
        let Dialled { server, pair, replication } = dialled;
        let limit = reception.options.target_timeout;
        let guide = |one: &Arc<_>| reception.catalogues.guide(session.target_name(), one, limit);
        let own = pair.as_ref().map_or(&server.credential, Pair::writing);
        let reading = pair.as_ref().map(|pair| (guide(pair.reading()), pair.reading().login.clone()));
        Self {
            wire: Wire::new(cancellable.key.clone()),
            reader: Reader::new(reception.texts.clone(), guide(own), reading).replicating(replication),
            pair,
            asked: None,
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
            Came::FromAside(piece) => self.overheard(piece)?,
            Came::Verdict(verdict) => self.decided(verdict).await?,
            Came::Cancelled => self.cancel(),
        }
        self.follow().await
    }

    /// Carries out what the protocol's state machine wants.
    async fn follow(&mut self) -> Result<(), Over> {
        while let Some(output) = self.wire.output() {
            match output {
                Output::ToServer(bytes) => self.course.server.outlet.queue(bytes),
                Output::ToClient(bytes) => self.course.client.outlet.queue(bytes),
                Output::DataToServer(act, run) => {
                    self.tallies.add_to_server(act, &run);
                    self.course.server.outlet.queue(run.raw().clone());
                }
                Output::DataToClient(act, run) => {
                    self.tallies.add_to_client(act, &run);
                    self.course.client.outlet.queue(run.raw().clone());
                }
                Output::Judge(act) => {
                    self.wire.settle();
                    self.asked = Some(act);
                }
                Output::Moot(_) | Output::Leaving => {
                    self.asked = None;
                    self.course.judging.leave().await;
                }
                Output::Done(act, outcome) => self.done(act, &outcome),
                Output::Parameter(name, value) => sound(&name, &value)?,
                Output::Ready(Status::Idle) if self.wire.is_settled() => self.transaction_is_over(),
                Output::Counted(act, rows) => self.counted(act, rows)?,
                Output::Ready(_) => {}
            }
        }
        self.judge();
        Ok(())
    }

    /// What the names stand for that an act executes, and as which account it runs, depends on what came of everything
    /// before it.
    fn judge(&mut self) {
        let may_begin = |_: &mut Act| self.pair.is_none() || self.wire.is_settled();
        let Some(act) = self.asked.take_if(may_begin) else { return };
        self.reader.stays = self.pair.as_ref().is_some_and(|pair| pair.stays(&self.wire));
        let Ok(reader) = self.reader.knowing(&act.kind, &self.wire) else {
            self.asked = Some(act);
            return;
        };
        self.judged = Some((act.id, act.kind.clone()));
        let process = self.wire.server_key().map(|key| key.process);
        let transaction = self.wire.may_be_in_transaction().then_some(process);
        self.course.judging.begin(act.id.number(), Asked { reader, kind: act.kind, transaction });
    }

    /// The connection of the other account says something by itself; notices that were asked for there are the client's.
    fn overheard(&mut self, piece: Piece) -> Result<(), Over> {
        match &piece {
            Piece::Whole(frame) if OF_THE_SESSION.contains(&frame.tag()) => Ok(self.wire.server(piece)?),
            Piece::Whole(frame) if frame.tag() == b'N' => Ok(()),
            _ => Err(Over::Gone),
        }
    }

    fn transaction_is_over(&mut self) {
        self.schema_is_settled();
        if let Some(pair) = &mut self.pair {
            pair.is_idle();
        }
    }

    /// What the session has changed of the schema is seen by everybody now, or gone.
    fn schema_is_settled(&mut self) {
        if self.reader.settles() {
            self.course.reception.catalogues.forget();
        }
    }

    async fn decided(&mut self, verdict: Verdict) -> Result<(), Over> {
        match verdict {
            Verdict::Tell(line) => self.wire.notice(&Report::notice(line)),
            Verdict::Allow { statement, max_rows, recorded } => {
                if self.is_where_it_runs(&statement).await? {
                    let script = &statement.script;
                    self.reader.follows(script);
                    self.allow(script, max_rows, recorded)?;
                }
            }
            Verdict::Prepare { statement, ready } => {
                let is_ready = match self.moves(&statement).await {
                    Ok(()) => Ready::Now,
                    Err(fault) => self.not_ready(&fault),
                };
                // Whoever asked may have left.
                let _ = ready.send(is_ready);
            }
            Verdict::Pass => {
                if let Some((act, _)) = self.judged.take() {
                    self.wire.pass(act)?;
                }
            }
            Verdict::Refuse(refusal) => self.refuse(&refusal)?,
            Verdict::NotRecorded => return Err(Over::NotRecorded),
        }
        Ok(())
    }

    /// Makes the session the account as which the statement runs.
    async fn moves(&mut self, statement: &SqlStatement) -> Result<(), MoveError> {
        let Some(pair) = &mut self.pair else { return Ok(()) };
        let role = if statement.runs_as.is_some() { Role::Reading } else { Role::Writing };
        pair.switch(role, &mut self.course, &mut self.wire).await
    }

    /// Tells whoever waits why what is signed for does not run yet.
    fn not_ready(&mut self, fault: &MoveError) -> Ready {
        tracing::warn!(target = self.course.session.target_name(), %fault, "the other account cannot be used yet");
        let (ready, line) = match fault {
            MoveError::Frozen => (Ready::Never, &text::TRANSACTION_READS),
            _ => (Ready::Later, &text::OTHER_ACCOUNT_LATER),
        };
        self.wire.notice(&Report::notice(self.of_account(line)));
        ready
    }

    fn of_account(&self, line: &text::Line) -> String {
        line.say(self.course.reception.road.language(), &[("account", self.course.session.account())])
    }

    /// Whether the session is the account as which the statement runs. If it cannot be, the client is told so.
    async fn is_where_it_runs(&mut self, statement: &SqlStatement) -> Result<bool, Over> {
        let Err(fault) = self.moves(statement).await else { return Ok(true) };
        tracing::warn!(target = self.course.session.target_name(), %fault, "the other account cannot be used");
        let (code, line) = match fault {
            MoveError::Frozen => ("25006", &text::TRANSACTION_READS),
            _ => ("58000", &text::OTHER_ACCOUNT_AWAY),
        };
        let why = self.of_account(line);
        if let Some((act, _)) = self.judged.take() {
            let what = format!("statement {}", act.number());
            self.course.tell_later(&SessionEvent::Refused { what, why: why.clone() });
            self.wire.refuse(act, &Report::error(code, why))?;
        }
        Ok(false)
    }

    fn allow(&mut self, script: &Script, max_rows: Option<u64>, recorded: Recorded) -> Result<(), Over> {
        let Some((act, kind)) = self.judged.take() else { return Ok(()) };
        self.course.began(act.number(), recorded);
        if let Some(pair) = &mut self.pair {
            pair.begins(act, script);
        }
        match max_rows {
            None => self.wire.allow(act, consequences(script))?,
            Some(max_rows) => {
                self.counting = Some((act, kind, max_rows));
                self.wire.allow_counted(act, consequences(script))?
            }
        };
        Ok(())
    }

    fn refuse(&mut self, refusal: &Refusal) -> Result<(), Over> {
        let Some((act, kind)) = self.judged.take() else { return Ok(()) };
        let report = match self.reader.syntax_error(&kind).filter(|_| !refusal.is_recording_failure()) {
            Some(SyntaxError { message, position }) => {
                let why = text::NOT_SENT.say(self.course.reception.road.language(), &[]);
                Report::error("42601", message).with_detail(why).at(position)
            }
            None => self.with_hint(refused(refusal)),
        };
        self.wire.refuse(act, &report)?;
        Ok(())
    }

    /// Whoever is refused in a transaction has to end it before others get at what it has locked.
    fn with_hint(&self, report: Report) -> Report {
        if !self.wire.may_be_in_transaction() {
            return report;
        }
        let reception = &self.course.reception;
        let seconds = reception.options.transaction_hold.as_secs().to_string();
        report.with_hint(text::TRANSACTION_FAILED.say(reception.road.language(), &[("seconds", &seconds)]))
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
        if let Some(pair) = &mut self.pair {
            pair.done(act, outcome);
        }
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
