//! One client connection: who it is, its one session, its channels' tasks, and its orderly end.

use std::net::IpAddr;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::Duration;

use access::text::{self, Line};
use access::{Refusal, Road, Session};
use russh::Disconnect;
use russh::server::{Config, Handle, run_stream};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::sync::{Notify, OnceCell, Semaphore, watch};
use tokio::time::{Instant, interval, sleep, timeout, timeout_at};

use super::door::Door;
use super::ending::Ending;
use super::forward_notices::Notices;
use super::login::{Guest, Proof};
use super::options::SshOptions;
use super::target_fleet::Fleet;
use crate::places::Startup;
use crate::pulse::Pulse;
use crate::relay::{Brake, Gate, Spool, Valve};
use crate::stop::Stop;

/// How long a client may take to say that it speaks SSH: whoever is silent keeps no place.
const HELLO: Duration = Duration::from_secs(10);

/// How long channel tasks may take to deliver what their client has sent before it closed.
const WIND_UP: Duration = Duration::from_secs(15);

/// How long a client may take to receive the reason of its end.
const FAREWELL: Duration = Duration::from_secs(3);

/// Refusals of one connection that become ledger entries; a flood of them must not fill the ledger.
const MAX_NOTED: usize = 100;

/// See the module. Shared by the session loop's callbacks and the channels' tasks.
pub(crate) struct Connection {
    pub road: Road,
    pub options: Arc<SshOptions>,
    pub source: IpAddr,
    pub brake: Arc<Brake>,
    pub fleet: Arc<Fleet>,
    /// Places for forwarded channels.
    pub forwards: Arc<Semaphore>,
    /// Where a person can be told what has no channel of its own.
    pub notices: Notices,
    pub(super) pulse: Pulse,
    valve: Arc<Valve>,
    guest: OnceLock<Guest>,
    session: OnceCell<Result<Session, Refusal>>,
    startup: Mutex<Option<Startup>>,
    ending: watch::Sender<Option<Ending>>,
    running: watch::Sender<usize>,
    stop: watch::Receiver<Stop>,
    active: Mutex<Instant>,
    cut_short: AtomicBool,
    noted: AtomicUsize,
    explanations: Mutex<Vec<String>>,
    explained: Notify,
}

impl Connection {
    pub(crate) fn new(
        road: Road,
        options: Arc<SshOptions>,
        source: IpAddr,
        stop: watch::Receiver<Stop>,
        pulse: Pulse,
    ) -> Arc<Self> {
        let valve = Arc::<Valve>::default();
        Arc::new(Self {
            brake: Brake::new(valve.clone(), options.spool.soft, options.spool.hard),
            forwards: Arc::new(Semaphore::new(options.max_forwards)),
            notices: Notices::default(),
            road,
            options,
            source,
            fleet: Fleet::new(),
            pulse,
            valve,
            guest: OnceLock::new(),
            session: OnceCell::new(),
            startup: Mutex::new(None),
            ending: watch::Sender::new(None),
            running: watch::Sender::new(0),
            stop,
            active: Mutex::new(Instant::now()),
            cut_short: AtomicBool::new(false),
            noted: AtomicUsize::new(0),
            explanations: Mutex::default(),
            explained: Notify::new(),
        })
    }

    /// A connection inside this one, of the same person.
    pub(crate) fn inner(&self) -> Arc<Self> {
        Self::new(self.road.clone(), self.options.clone(), self.source, self.stop.clone(), self.pulse.clone())
    }

    /// Keeps the place among those who are logging in until the login is done.
    pub(crate) fn hold_place(&self, place: Startup) {
        *lock(&self.startup) = Some(place);
    }

    /// Serves the connection until it has ended and its session is closed on the record.
    pub(crate) async fn serve<S>(self: &Arc<Self>, stream: S, config: Arc<Config>, proof: Proof)
    where
        S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let deadline = Instant::now() + self.options.login_grace;
        let gate = Gate::new(stream, self.valve.clone());
        let door = Door::new(self.clone(), proof);
        let hello = deadline.min(Instant::now() + HELLO);
        match timeout_at(hello, run_stream(config, gate, door)).await {
            Ok(Ok(running)) => {
                let handle = running.handle();
                tokio::select! {
                    ended = running => if let Err(fault) = ended {
                        tracing::debug!(source = %self.source, %fault, "connection ended");
                    },
                    () = self.supervise(deadline, handle) => {}
                }
            }
            Ok(Err(fault)) => tracing::debug!(source = %self.source, %fault, "no handshake"),
            Err(_) => tracing::debug!(source = %self.source, "no handshake in time"),
        }
        self.wind_up().await;
    }

    /// Who came in, once somebody did.
    pub(crate) fn guest(&self) -> Option<&Guest> {
        self.guest.get()
    }

    /// The login is done.
    pub(crate) fn admit(&self, guest: Guest) {
        // A second login on one connection is not possible; the first stays.
        let _ = self.guest.set(guest);
        lock(&self.startup).take();
        self.touch();
    }

    /// The connection's session, opened on the record once.
    pub(crate) async fn session(&self) -> Option<Result<Session, Refusal>> {
        let Guest::Traveller { who, to, way } = self.guest()? else { return None };
        Some(self.session.get_or_init(|| self.road.open(who, to, *way)).await.clone())
    }

    /// Opens the session without waiting for a channel: one may never come (`ssh -N`).
    pub(crate) fn begin(self: &Arc<Self>) {
        let connection = self.clone();
        self.run(async move {
            let _ = connection.session().await;
        });
    }

    pub(super) fn open_session(&self) -> Option<&Session> {
        self.session.get().and_then(|opened| opened.as_ref().ok())
    }

    /// A new queue for one direction of a channel, braked by `brake`.
    pub(crate) fn spool(&self, brake: Arc<Brake>) -> Arc<Spool> {
        Spool::new(brake, self.options.spool.memory, self.options.spool.folder.clone())
    }

    /// Runs a channel's task, which the connection's end waits for.
    pub(crate) fn run(self: &Arc<Self>, task: impl Future<Output = ()> + Send + 'static) {
        let counted = Counted::new(self.running.clone());
        tokio::spawn(async move {
            task.await;
            drop(counted);
        });
    }

    /// Says that something happened.
    pub(crate) fn touch(&self) {
        *lock(&self.active) = Instant::now();
    }

    /// How long nothing has happened.
    pub(crate) fn idle(&self) -> Duration {
        lock(&self.active).elapsed()
    }

    /// Whether new channels are taken.
    pub(crate) fn is_open(&self) -> bool {
        *self.stop.borrow() == Stop::Serving && self.ending.borrow().is_none()
    }

    /// Ends the connection; the first reason stays.
    pub(crate) fn end(&self, ending: Ending) {
        self.ending.send_if_modified(|now| {
            let first = now.is_none();
            now.get_or_insert(ending);
            first
        });
    }

    /// Waits until the gateway ends the connection.
    pub(crate) async fn ended(&self) -> Ending {
        let mut ending = self.ending.subscribe();
        let reason = ending.wait_for(Option::is_some).await.ok().and_then(|reason| reason.clone());
        match reason {
            Some(reason) => reason,
            None => std::future::pending().await,
        }
    }

    /// Something that ran was interrupted by a lost connection.
    pub(crate) fn cut_short(&self) {
        self.cut_short.store(true, Ordering::Release);
    }

    /// Whether one more refusal may become an entry.
    pub(crate) fn may_note(&self) -> bool {
        self.noted.fetch_add(1, Ordering::AcqRel) < MAX_NOTED
    }

    /// Puts a refusal of something that is not on offer on the record; the line is for the next channel.
    pub(crate) fn note_refusal(self: &Arc<Self>, what: &str, detail: &str) {
        if !self.may_note() {
            return;
        }
        self.inform(&self.words(&text::NOT_ON_OFFER, &[("what", what)]));
        let (connection, what, detail) = (self.clone(), what.to_owned(), detail.to_owned());
        self.run(async move {
            if let Some(who) = connection.guest().and_then(Guest::who) {
                let session = connection.open_session();
                let _ = connection.road.note_refusal(session, who, &what, &detail).await;
            }
        });
    }

    /// Tells a line on a channel that runs, or on the next one.
    pub(crate) fn inform(&self, line: &str) {
        if !self.notices.tell(line) {
            lock(&self.explanations).push(format!("{line}\n"));
            self.explained.notify_one();
        }
    }

    /// A channel runs from here on: it is told what has waited for one, and what comes. Not before, since what is there
    /// while its target is still asked for answers is passed over.
    pub(crate) fn runs(&self, spool: &Arc<Spool>, terminal: bool) {
        self.notices.add(spool, terminal);
        let waited = self.explanations();
        if !waited.is_empty() {
            self.inform(waited.trim_end());
        }
    }

    /// A line of the catalogue in the gateway's language.
    pub(crate) fn words(&self, line: &Line, values: &[(&str, &str)]) -> String {
        line.say(self.road.language(), values)
    }

    /// Lines for the client that have not found a channel yet.
    pub(crate) fn explanations(&self) -> String {
        std::mem::take(&mut *lock(&self.explanations)).concat()
    }

    /// Waits for lines that have not found a channel, for one that can show them at any time.
    pub(crate) async fn explained(&self) -> String {
        loop {
            let lines = self.explanations();
            if !lines.is_empty() {
                return lines;
            }
            self.explained.notified().await;
        }
    }

    /// Cuts a login that takes too long, ends what may not go on, and returns when the connection must be cut.
    async fn supervise(&self, deadline: Instant, handle: Handle) {
        tokio::select! {
            () = self.watch_login(deadline) => return,
            () = self.watch_recorder() => self.end(Ending::NotRecorded),
            () = self.watch_stop() => self.end(Ending::Stopping),
            () = self.watch_idleness() => self.end(Ending::Idle),
            why = self.barred() => self.end(Ending::Barred(why)),
            _ = self.ended() => {}
        }
        let reason = self.ended().await;
        let told = self.running.subscribe();
        let _ = timeout(FAREWELL, all_done(told)).await;
        let text = reason.words(&self.road);
        let _ = timeout(FAREWELL, handle.disconnect(Disconnect::ByApplication, text, String::new())).await;
        sleep(Duration::from_millis(200)).await;
    }

    async fn watch_login(&self, deadline: Instant) {
        tokio::time::sleep_until(deadline).await;
        if self.guest().is_some() {
            std::future::pending().await
        }
    }

    async fn watch_recorder(&self) {
        let mut tick = interval(Duration::from_secs(1));
        loop {
            tick.tick().await;
            if self.open_session().is_some() && self.road.may_serve().is_err() {
                return;
            }
        }
    }

    async fn watch_stop(&self) {
        let mut stop = self.stop.clone();
        let now = async {
            let _ = self.stop.clone().wait_for(|stop| *stop == Stop::Now).await;
        };
        let done = async {
            let _ = stop.wait_for(|stop| *stop >= Stop::Draining).await;
            all_done(self.running.subscribe()).await;
        };
        tokio::select! { () = now => {}, () = done => {} }
    }

    /// A connection on which nothing runs.
    async fn watch_idleness(&self) {
        let Some(limit) = self.options.idle_limit else { return std::future::pending().await };
        loop {
            sleep(limit.saturating_sub(self.idle()).max(Duration::from_millis(100))).await;
            if *self.running.borrow() > 0 {
                self.touch();
            } else if self.idle() >= limit {
                return;
            }
        }
    }

    async fn wind_up(&self) {
        self.valve.cut();
        if timeout(WIND_UP, all_done(self.running.subscribe())).await.is_err() {
            tracing::warn!(source = %self.source, "channels did not end in time");
        }
        self.fleet.clear();
        let Some(session) = self.open_session().cloned() else { return };
        let outcome = Ending::outcome(self.ending.borrow().as_ref(), self.cut_short.load(Ordering::Acquire));
        let road = self.road.clone();
        let runtime = tokio::runtime::Handle::current();
        // Sealing the last segment blocks its thread.
        let closing = tokio::task::spawn_blocking(move || runtime.block_on(road.close(&session, outcome)));
        if let Err(fault) = closing.await {
            tracing::error!(%fault, "a session was not closed on the record");
        }
    }
}

/// Counts a task as running for as long as it lives, also when it panics.
struct Counted(watch::Sender<usize>);

impl Counted {
    fn new(running: watch::Sender<usize>) -> Self {
        running.send_modify(|count| *count += 1);
        Self(running)
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        self.0.send_modify(|count| *count -= 1);
    }
}

async fn all_done(mut running: watch::Receiver<usize>) {
    let _ = running.wait_for(|count| *count == 0).await;
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
