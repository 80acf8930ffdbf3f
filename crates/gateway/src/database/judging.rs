//! The verdict on what a client sends, whatever its protocol: asked for on the road, waited for when other people must sign,
//! given up when the client leaves or cancels.

use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use access::Step;
use access::recording::SessionEvent;
use access::road::{Foreseen, Grant, OpenTransaction, Pending, Progress};
use access::{Ask, Impact, Refusal, Road, Session, SqlStatement};
use tokio::sync::{Notify, mpsc, oneshot};
use tokio::time::{Instant, sleep};

use super::options::DatabaseOptions;
use super::taking_down::events;
use crate::scribe::Scribe;

/// How long an estimate may take before people are asked, and when they have signed.
const PATIENCE: Duration = Duration::from_secs(2);
const LAST_PATIENCE: Duration = Duration::from_secs(10);

/// How often the road is asked whether the quorum is met.
const POLL: Duration = Duration::from_millis(200);

/// What follows for the client.
pub(crate) enum Verdict {
    /// It is told this, and goes on waiting.
    Tell(String),
    /// The act crosses.
    Allow {
        /// What it is.
        statement: SqlStatement,
        /// How many rows it may change, if that is bounded.
        max_rows: Option<u64>,
        /// What must be durable before it crosses.
        recorded: Recorded,
    },
    /// It may cross soon: make the connection ready on which it runs, and answer.
    Prepare {
        /// What it is.
        statement: SqlStatement,
        /// Whether it could run now.
        ready: oneshot::Sender<Ready>,
    },
    /// It crosses, since there is nothing in it to judge.
    Pass,
    /// It does not.
    Refuse(Refusal),
    /// The recorder cannot write, so nothing may cross.
    NotRecorded,
}

/// Whether a statement could run now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ready {
    Now,
    /// It could not, and perhaps later.
    Later,
    Never,
}

/// Events on their way to the disk; each is answered once it is durable, or never will be.
pub(crate) type Recorded = Vec<oneshot::Receiver<bool>>;

/// What an act says, or the name of what is no statement.
pub(crate) type Read = Result<SqlStatement, &'static str>;

/// What is judged, as its protocol knows it.
pub(crate) trait Matter: Send + Sync + 'static {
    /// Whether it runs nothing, so that there is nothing to judge.
    fn is_nothing(&self) -> impl Future<Output = bool> + Send {
        std::future::ready(false)
    }

    /// The statement. Reading it may take time; `afresh` trusts nothing that was learnt earlier.
    fn read(&self, afresh: bool) -> impl Future<Output = Read> + Send;

    /// What it would reach, as far as that can be told in that time.
    fn impact(&self, patience: Duration) -> impl Future<Output = Option<Impact>> + Send;

    /// The tables that the open transaction has locked, as far as they are known; none when none is open.
    fn locked(&self) -> impl Future<Output = Option<Vec<String>>> + Send;
}

type Running = Pin<Box<dyn Future<Output = Verdict> + Send>>;

/// The act that is being judged, if there is one; the protocol has one at a time.
pub(crate) struct Judging {
    case: Case,
    told: mpsc::UnboundedReceiver<String>,
    preparing: mpsc::UnboundedReceiver<(SqlStatement, oneshot::Sender<Ready>)>,
    running: Option<Running>,
}

/// What a verdict needs.
#[derive(Clone)]
struct Case {
    road: Road,
    session: Session,
    scribe: Scribe,
    /// How often somebody who waits is told so.
    every: Duration,
    tell: mpsc::UnboundedSender<String>,
    prepare: mpsc::UnboundedSender<(SqlStatement, oneshot::Sender<Ready>)>,
    /// How long somebody waits whose request stays when they do not.
    patience: Duration,
    /// How long somebody waits in an open transaction.
    limit: Duration,
    given_up: Arc<Notify>,
    left: Arc<Notify>,
}

/// Why nobody waits any more for what may not cross yet.
enum Quit {
    /// The request is over.
    Ended(Refusal),
    /// Whoever asked does not want it.
    Unwanted,
    /// Whoever asked has left, or cannot wait any longer.
    Unattended,
}

impl Judging {
    /// A judge for one session. `tell` takes the lines for whoever waits, told in [`Self::verdict`] as they come.
    pub(crate) fn new(road: Road, session: Session, scribe: Scribe, options: &DatabaseOptions) -> Self {
        let (tell, told) = mpsc::unbounded_channel();
        let (prepare, preparing) = mpsc::unbounded_channel();
        let (given_up, left) = (Arc::default(), Arc::default());
        let (every, patience, limit) = (options.waiting_notice, options.hold, options.transaction_hold);
        let case = Case { road, session, scribe, every, tell, prepare, patience, limit, given_up, left };
        Self { case, told, preparing, running: None }
    }

    /// Where lines for the person go that have nothing to do with an act.
    pub(crate) fn voice(&self) -> mpsc::UnboundedSender<String> {
        self.case.tell.clone()
    }

    /// Begins to judge the act of that number. What cannot be read as a statement is told by name, and refused. What was
    /// held is read afresh before it crosses: nobody has signed for another meaning. What it would reach is estimated before
    /// people are asked and again before it crosses.
    pub(crate) fn begin(&mut self, act: u64, matter: impl Matter) {
        let mut case = self.case.clone();
        // A wish to give up that came too late for the act before is not for this one.
        case.given_up = Arc::default();
        self.case.given_up = case.given_up.clone();
        self.running = Some(Box::pin(case.judge(act, matter)));
    }

    /// Whether an act is being judged.
    pub(crate) fn is_waiting(&self) -> bool {
        self.running.is_some()
    }

    /// Nobody wants the act any more; its verdict comes soon.
    pub(crate) fn give_up(&self) {
        self.case.given_up.notify_one();
    }

    /// The next line for the person, or the verdict on the act.
    pub(crate) async fn verdict(&mut self) -> Verdict {
        let Self { running, told, preparing, .. } = self;
        let decided = async {
            match running {
                Some(running) => running.await,
                None => std::future::pending().await,
            }
        };
        let verdict = tokio::select! {
            biased;
            Some(line) = told.recv() => return Verdict::Tell(line),
            Some((statement, ready)) = preparing.recv() => return Verdict::Prepare { statement, ready },
            verdict = decided => verdict,
        };
        self.running = None;
        verdict
    }

    /// Ends the act without a verdict for the client; unless it can stay, its request is off the table on return.
    pub(crate) async fn leave(&mut self) {
        if let Some(running) = self.running.take() {
            self.case.left.notify_one();
            running.await;
        }
    }
}

impl Case {
    async fn judge(mut self, act: u64, matter: impl Matter) -> Verdict {
        if matter.is_nothing().await {
            return Verdict::Pass;
        }
        let statement = match matter.read(false).await {
            Ok(statement) => statement,
            Err(what) => {
                let refusal = self.road.note_refusal(Some(&self.session), self.session.who(), what, "");
                return Verdict::Refuse(refusal.await);
            }
        };
        let ask = Ask::Statement(statement.clone());
        let step = self.road.submit_foreseen(&self.session, 1, ask, self.foreseen(&matter)).await;
        let word = match &step {
            Step::Run(_) => "allow",
            Step::Held(_) => "hold",
            Step::Refused(_) => "deny",
        };
        let events = events(act, &statement, word);
        let recorded: Recorded = events.iter().map(|event| self.scribe.write(event)).collect();
        match step {
            Step::Run(grant) => allowed(statement, &grant, recorded),
            _ if !are_durable(recorded).await => Verdict::NotRecorded,
            Step::Refused(refusal) => Verdict::Refuse(refusal),
            Step::Held(pending) => self.wait(act, statement, *pending, matter).await,
        }
    }

    /// What whoever signs should know. In an open transaction others wait for what it has locked.
    async fn foreseen(&self, matter: &impl Matter) -> Foreseen {
        let (impact, locked) = tokio::join!(matter.impact(PATIENCE), matter.locked());
        let limit_seconds = self.limit.as_secs();
        Foreseen { impact, transaction: locked.map(|locked| OpenTransaction { limit_seconds, locked }) }
    }

    async fn wait(
        &mut self,
        act: u64,
        statement: SqlStatement,
        pending: Pending,
        matter: impl Matter,
    ) -> Verdict {
        self.say(pending.notice());
        let decided = self.decided(&pending).await;
        let prepared = match decided {
            Ok(()) => self.prepared(&pending, &statement).await,
            quit => quit,
        };
        if let Err(quit) = prepared {
            let refusal = match quit {
                Quit::Ended(refusal) => refusal,
                Quit::Unwanted => self.road.abandon(pending).await,
                Quit::Unattended => self.road.leave(pending).await,
            };
            return self.closed(act, refusal).await;
        }
        if matter.read(true).await.as_ref() != Ok(&statement) {
            let refusal = self.road.end_changed(pending).await;
            return self.closed(act, refusal).await;
        }
        if let Some(now) = outgrown(&pending, matter.impact(LAST_PATIENCE)).await {
            let refusal = self.road.end_outgrown(pending, &now).await;
            return self.closed(act, refusal).await;
        }
        match self.road.claim(pending).await {
            Ok(grant) => {
                self.say(grant.approvals().unwrap_or_default());
                let recorded = vec![self.scribe.write(&SessionEvent::Granted)];
                allowed(statement, &grant, recorded)
            }
            Err(refusal) => self.closed(act, refusal).await,
        }
    }

    /// Returns when the quorum is met; else why nobody waits any more.
    async fn decided(&self, pending: &Pending) -> Result<(), Quit> {
        let patience = sleep(match pending.is_in_transaction() {
            true => self.patience.min(self.limit),
            false => self.patience,
        });
        tokio::pin!(patience);
        let mut told = (Instant::now(), String::new());
        loop {
            match self.road.progress(pending).await {
                Progress::Met => return Ok(()),
                Progress::Ended(refusal) => return Err(Quit::Ended(refusal)),
                Progress::Waiting(line) if line != told.1 || told.0.elapsed() >= self.every => {
                    self.say(&line);
                    told = (Instant::now(), line);
                }
                Progress::Waiting(_) => {}
            }
            tokio::select! {
                () = sleep(POLL) => {}
                () = self.given_up.notified() => return Err(Quit::Unwanted),
                () = self.left.notified() => return Err(Quit::Unattended),
                () = &mut patience, if pending.stays() => return Err(Quit::Unattended),
            }
        }
    }

    /// Returns when the connection is ready on which it runs, so that no signature is used up before.
    async fn prepared(&self, pending: &Pending, statement: &SqlStatement) -> Result<(), Quit> {
        loop {
            match self.ready(statement).await? {
                Ready::Now => return Ok(()),
                Ready::Never => return Err(Quit::Unwanted),
                Ready::Later => {}
            }
            tokio::select! {
                () = sleep(self.every) => {}
                () = self.given_up.notified() => return Err(Quit::Unwanted),
                () = self.left.notified() => return Err(Quit::Unattended),
            }
            self.decided(pending).await?;
        }
    }

    async fn ready(&self, statement: &SqlStatement) -> Result<Ready, Quit> {
        let (ready, answer) = oneshot::channel();
        // Where nobody answers, it could not run.
        let _ = self.prepare.send((statement.clone(), ready));
        tokio::select! {
            answer = answer => Ok(answer.unwrap_or(Ready::Later)),
            () = self.left.notified() => Err(Quit::Unattended),
        }
    }

    async fn closed(&mut self, act: u64, refusal: Refusal) -> Verdict {
        let what = format!("statement {act}");
        let event = SessionEvent::Refused { what, why: refusal.to_string() };
        match self.scribe.note(&event).await {
            true => Verdict::Refuse(refusal),
            false => Verdict::NotRecorded,
        }
    }

    fn say(&self, lines: &str) {
        if !lines.is_empty() {
            // Whoever has left hears nothing.
            let _ = self.tell.send(lines.to_owned());
        }
    }
}

/// What it would reach by now, when that is far more than people were told.
async fn outgrown(pending: &Pending, estimate: impl Future<Output = Option<Impact>>) -> Option<Impact> {
    let signed = pending.impact()?;
    let now = estimate.await?;
    now.outgrows(signed).then_some(now)
}

/// The act need not wait for its record here: it waits in front of the server, while the next one is judged.
fn allowed(statement: SqlStatement, grant: &Grant, recorded: Recorded) -> Verdict {
    Verdict::Allow { statement, max_rows: grant.obligations().max_rows, recorded }
}

async fn are_durable(recorded: Recorded) -> bool {
    for one in recorded {
        if !one.await.unwrap_or(false) {
            return false;
        }
    }
    true
}
