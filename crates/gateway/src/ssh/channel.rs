//! One session channel, top to bottom: prepare → ask → (wait for other people) → start on the target → relay.

use std::sync::Arc;
use std::time::Duration;

use access::policy::Level;
use access::recording::Direction;
use access::text;
use access::{Ask, Forwarding, Grant, Refusal, Session, Start, Step};
use tokio::sync::oneshot;
use tokio::time::timeout;

use super::client_outlet::ClientOutlet;
use super::connection::Connection;
use super::ending::Ending;
use super::feed::{Feed, closed};
use super::{files, forward_wanted, held, managed, remote_ide, running};
use crate::relay::{Crossing, Outlet, Pty, Recorder, SpoolFault};
use crate::scribe::Scribe;

/// How long a client may take to accept the gateway's last words.
const LAST_WORDS: Duration = Duration::from_secs(2);

/// Environment variables that one channel may set.
const MAX_ENV: usize = 64;

/// Why a channel's work ended before its relay did, or with it.
#[derive(Debug)]
pub(crate) enum Exit {
    /// Everything was delivered, the closing too.
    Done,
    /// It does not happen; the person is told why.
    Refused(String),
    /// Interrupted by the person who asked.
    Interrupted(String),
    /// The client closed the channel, or is gone.
    Gone,
    /// Something could not be recorded.
    NotRecorded,
    /// The gateway ends the connection.
    Ended(Ending),
    /// The channel's queue failed.
    Spool(SpoolFault),
}

impl From<SpoolFault> for Exit {
    fn from(fault: SpoolFault) -> Self {
        Self::Spool(fault)
    }
}

/// Requests that one channel may make before it asks for a command.
const MAX_PREPARING: usize = 512;

/// What a client said before it asked for a command.
#[derive(Default)]
pub(crate) struct Prepared {
    pub pty: Option<Pty>,
    pub env: Vec<(String, String)>,
}

/// A channel that belongs to a session.
pub(crate) struct Channel {
    pub connection: Arc<Connection>,
    pub session: Session,
    pub feed: Arc<Feed>,
    pub outlet: ClientOutlet,
    pub number: u32,
    /// Takes down what the client sends.
    pub inward: Scribe,
    /// Takes down what the client receives.
    pub outward: Scribe,
    /// Takes down what the gateway does of its own.
    pub own: Scribe,
    /// Whether lines for the client need a carriage return.
    pub terminal: bool,
}

/// Runs a channel until it is closed.
pub(crate) async fn run(connection: Arc<Connection>, feed: Arc<Feed>, mut outlet: ClientOutlet, number: u32) {
    let session = match connection.session().await {
        Some(Ok(session)) => session,
        Some(Err(refusal)) => return turn_away(&mut outlet, &format!("{refusal}\n")).await,
        // A channel before a login is impossible; it would get nothing.
        None => return,
    };
    let scribe = |direction| Scribe::new(connection.road.clone(), session.clone(), number, direction);
    let (inward, outward, own) =
        (scribe(Direction::ToTarget), scribe(Direction::ToClient), scribe(Direction::Gateway));
    let terminal = false;
    let mut channel = Channel { connection, session, feed, outlet, number, inward, outward, own, terminal };
    let exit = channel.serve().await;
    tracing::debug!(session = %channel.session.id(), number, ?exit, "channel ended");
    channel.finish(exit).await;
}

/// Tells why nothing happens and closes; there is no session to record it in, but the refusal is an entry already.
pub(crate) async fn turn_away(outlet: &mut ClientOutlet, line: &str) {
    let words = [Crossing::Notice(line.to_owned()), Crossing::ExitStatus(1), Crossing::Eof, Crossing::Close];
    let _ = timeout(LAST_WORDS, async {
        for word in words {
            outlet.deliver(word).await;
        }
    })
    .await;
}

impl Channel {
    async fn serve(&mut self) -> Exit {
        match self.act().await {
            Ok(exit) | Err(exit) => exit,
        }
    }

    /// The whole life of a channel, unless it ends early.
    async fn act(&mut self) -> Result<Exit, Exit> {
        let (prepared, ask) = self.prepare().await?;
        let step = self.connection.road.submit(&self.session, self.number, ask.clone()).await;
        if self.terminal || ask == Ask::Shell {
            self.say(&format!("{}\n", self.session.greeting())).await?;
        }
        let explanations = self.connection.explanations();
        if !explanations.is_empty() {
            self.say(&explanations).await?;
        }
        let grant = match step {
            Step::Run(grant) => grant,
            Step::Held(pending) => held::wait(self, *pending).await?,
            Step::Refused(refusal) => return Err(Exit::Refused(self.refusal(&ask, &refusal))),
        };
        self.start(prepared, grant).await
    }

    /// Hands a grant to whatever carries it out.
    async fn start(&mut self, prepared: Prepared, grant: Grant) -> Result<Exit, Exit> {
        match grant.start() {
            Start::ManagedShell => managed::run(self, prepared).await,
            Start::Sftp => files::run(self, grant).await,
            _ => running::run(self, prepared, grant).await,
        }
    }

    /// Gathers what comes before the command. All of it is durable on return.
    async fn prepare(&mut self) -> Result<(Prepared, Ask), Exit> {
        let mut prepared = Prepared::default();
        let mut durable = Vec::new();
        let ask = loop {
            if durable.len() >= MAX_PREPARING {
                return Err(Exit::Refused(self.connection.words(&text::TOO_MANY_REQUESTS, &[])));
            }
            let crossing = self.next().await?;
            durable.push(self.inward.record(&crossing));
            match crossing {
                Crossing::Pty(pty) => {
                    self.terminal = true;
                    prepared.pty = Some(pty);
                }
                Crossing::Env { name, value } if prepared.env.len() < MAX_ENV => {
                    prepared.env.push((name, value))
                }
                Crossing::Window(window) => {
                    if let Some(pty) = &mut prepared.pty {
                        pty.window = window;
                    }
                }
                Crossing::Refused { what, why } => self.explain(&what, &why).await?,
                Crossing::Forward(forwarding) => self.decline(forwarding).await?,
                Crossing::Shell => break Ask::Shell,
                Crossing::Exec(text) => break Ask::Exec(text.to_vec()),
                Crossing::Subsystem(_) => break Ask::Sftp,
                Crossing::Close => return Err(Exit::Gone),
                // Nothing runs yet that these could reach.
                _ => {}
            }
        };
        all_durable(durable).await?;
        Ok((prepared, ask))
    }

    pub(crate) async fn next(&mut self) -> Result<Crossing, Exit> {
        tokio::select! {
            taken = self.feed.spool.take() => Ok(taken?),
            ending = self.connection.ended() => Err(Exit::Ended(ending)),
        }
    }

    /// A refused request: on the record of the session by now; in the ledger and on the screen if it matters.
    pub(crate) async fn explain(&mut self, what: &str, why: &str) -> Result<(), Exit> {
        if why.is_empty() || !self.connection.may_note() {
            return Ok(());
        }
        let who = self.session.who().clone();
        let _ = self.connection.road.note_refusal(Some(&self.session), &who, what, "").await;
        self.say(why).await
    }

    /// A forwarding that this channel cannot have, with the reason of the policies.
    async fn decline(&mut self, forwarding: Forwarding) -> Result<(), Exit> {
        if !self.connection.may_note() {
            return Ok(());
        }
        let sentence = forward_wanted::judge(&self.connection, &self.session, self.number, forwarding).await;
        self.say(&format!("{sentence}\n")).await
    }

    /// The road's refusal, or one that says more to who comes with a remote IDE or pipes a script into a shell.
    fn refusal(&self, ask: &Ask, refusal: &Refusal) -> String {
        let gated = self.session.target().level != Level::Recorded;
        match ask {
            Ask::Exec(command) if gated && remote_ide::begins_with(command) => {
                self.connection.words(&text::REMOTE_IDE, &[("target", self.session.target_name())])
            }
            _ => refusal.to_string(),
        }
    }

    /// Prints on the client's standard error, recorded first.
    pub(crate) async fn say(&mut self, text: &str) -> Result<(), Exit> {
        let text = if self.terminal { text.replace('\n', "\r\n") } else { text.to_owned() };
        self.tell(Crossing::Notice(text)).await
    }

    /// Delivers something of the gateway's own to the client, recorded first.
    pub(crate) async fn tell(&mut self, crossing: Crossing) -> Result<(), Exit> {
        if !self.outward.take_down(&crossing).await {
            return Err(Exit::NotRecorded);
        }
        let mut signs = self.feed.signs();
        tokio::select! {
            delivered = self.outlet.deliver(crossing) => if delivered { Ok(()) } else { Err(Exit::Gone) },
            () = closed(&mut signs) => Err(Exit::Gone),
            ending = self.connection.ended() => Err(Exit::Ended(ending)),
        }
    }

    async fn finish(&mut self, exit: Exit) {
        match exit {
            Exit::Done => {}
            Exit::Gone => self.connection.cut_short(),
            Exit::Refused(line) => self.depart(&format!("{line}\n"), 1).await,
            Exit::Interrupted(line) => self.depart(&format!("{line}\n"), 130).await,
            Exit::NotRecorded => {
                self.connection.end(Ending::NotRecorded);
                self.last_words(&Ending::NotRecorded.words(&self.connection.road)).await;
            }
            Exit::Ended(ending) => {
                self.connection.cut_short();
                self.last_words(&ending.words(&self.connection.road)).await;
            }
            Exit::Spool(fault) => {
                tracing::error!(session = %self.session.id(), %fault, "a channel was ended");
                let why = fault.to_string();
                self.last_words(&self.connection.words(&text::SPOOL_FAILED, &[("why", &why)])).await;
            }
        }
    }

    /// Closes with that status, as a program would.
    pub(crate) async fn leave(&mut self, status: u32) -> Result<Exit, Exit> {
        for last in [Crossing::ExitStatus(status), Crossing::Eof, Crossing::Close] {
            self.tell(last).await?;
        }
        Ok(Exit::Done)
    }

    async fn depart(&mut self, line: &str, status: u32) {
        let last = async {
            self.say(line).await?;
            self.leave(status).await
        };
        if let Err(Exit::NotRecorded) = last.await {
            self.connection.end(Ending::NotRecorded);
            self.last_words(&Ending::NotRecorded.words(&self.connection.road)).await;
        }
    }

    /// The gateway's own words when the session cannot go on. They alone may go unrecorded: the recorder may be what
    /// failed, and they carry nothing of the session.
    async fn last_words(&mut self, line: &str) {
        let end = if self.terminal { "\r\n" } else { "\n" };
        turn_away(&mut self.outlet, &format!("{line}{end}")).await;
    }
}

/// Waits until all of it is durable.
async fn all_durable(waiting: Vec<oneshot::Receiver<bool>>) -> Result<(), Exit> {
    for durable in waiting {
        if !durable.await.unwrap_or(false) {
            return Err(Exit::NotRecorded);
        }
    }
    Ok(())
}
