//! One local forwarding, top to bottom: what no policy can permit → ask → (wait for other people) → open on the target →
//! relay → take down how much crossed.

use std::sync::Arc;

use access::policy::destination::{self, Unreachable};
use access::recording::{Direction, SessionEvent};
use access::text::{self, Line};
use access::{Ask, Forwarding, Grant, Session, Start, Step};
use russh::ChannelOpenFailure;
use russh::server::ChannelOpenHandle;
use tokio::sync::OwnedSemaphorePermit;
use tokio::time::{Instant, timeout};

use super::channel::Exit;
use super::connection::Connection;
use super::ending::Ending;
use super::feed::{Feed, closed};
use super::forward_outlet::{ForwardOutlet, Pulse, Tally};
use super::relaying::{Legs, Relayed, relay};
use super::target::TargetLeg;
use super::target_outlet::TargetOutlet;
use super::{forward_held, forward_own, running};
use crate::relay::{Crossing, Outlet, Spool};
use crate::scribe::Scribe;

/// Reason codes of RFC 4254, section 5.1.
const PROHIBITED: u32 = 1;
const CONNECT_FAILED: u32 = 2;
const SHORTAGE: u32 = 4;

/// Where a client wants to go, as it said and as it is judged.
pub(crate) struct Wanted {
    text: String,
    forwarding: Result<Forwarding, Unreachable>,
}

impl Wanted {
    /// For `direct-tcpip`.
    pub(crate) fn tcp(host: &str, port: u32) -> Self {
        let forwarding = destination::tcp(host, port).map(Forwarding::Tcp);
        Self { text: format!("{host}:{port}"), forwarding }
    }

    /// For `direct-streamlocal@openssh.com`.
    pub(crate) fn unix(path: &str) -> Self {
        Self { text: path.to_owned(), forwarding: destination::unix(path).map(Forwarding::Unix) }
    }
}

/// Why a channel is not opened: the reason's code, and a sentence for the person.
pub(crate) struct Turned(pub u32, pub String);

/// A forwarded channel of a session.
pub(crate) struct Forward {
    pub connection: Arc<Connection>,
    pub session: Session,
    pub feed: Arc<Feed>,
    pub number: u32,
}

/// A forwarding that the target has opened.
struct Opened {
    to: String,
    leg: TargetLeg,
    far: TargetOutlet,
    spool: Arc<Spool>,
}

/// Answers the request to open a channel, and carries it until it is closed.
pub(crate) async fn run(
    connection: Arc<Connection>,
    feed: Arc<Feed>,
    near: ForwardOutlet,
    number: u32,
    wanted: Wanted,
    reply: ChannelOpenHandle,
) {
    let session = match connection.session().await {
        Some(Ok(session)) => session,
        Some(Err(refusal)) => return reject(reply, Turned(PROHIBITED, refusal.to_string())).await,
        // A channel before a login is impossible; dropping the reply rejects it.
        None => return,
    };
    let forward = Forward { connection, session, feed, number };
    let Some(_place) = forward.place() else {
        let limit = forward.connection.options.max_forwards.to_string();
        let sentence = forward.words(&text::FORWARD_LIMIT, &[("limit", &limit)]);
        forward.note(&sentence, &wanted.text).await;
        return reject(reply, Turned(SHORTAGE, sentence)).await;
    };
    match forward.open(wanted).await {
        Ok(opened) => {
            reply.accept().await;
            forward.carry(opened, near).await;
        }
        Err(turned) => reject(reply, turned).await,
    }
}

async fn reject(reply: ChannelOpenHandle, Turned(code, reason): Turned) {
    reply.reject(ChannelOpenFailure::Other { code, reason }).await;
}

impl Forward {
    /// One of the session's places for forwardings; it is free again when dropped.
    fn place(&self) -> Option<OwnedSemaphorePermit> {
        self.connection.forwards.clone().try_acquire_owned().ok()
    }

    async fn open(&self, wanted: Wanted) -> Result<Opened, Turned> {
        let forwarding = self.permissible(wanted).await?;
        let grant = self.permitted(&forwarding).await?;
        let leg = self.leg().await?;
        // A name may lead elsewhere at the dial than it did before.
        if forward_own::leads_home(&self.connection.options, leg.is_here, &forwarding) {
            return Err(self.never(&forwarding.to_string(), &text::FORWARD_OWN_HOST).await);
        }
        self.open_there(leg, grant).await
    }

    /// What no policy can permit is refused before any is asked.
    async fn permissible(&self, Wanted { text, forwarding }: Wanted) -> Result<Forwarding, Turned> {
        let forwarding = match forwarding {
            Ok(forwarding) => forwarding,
            Err(why) => return Err(self.never(&text, reason(why)).await),
        };
        let (options, target) = (&self.connection.options, self.session.target());
        let here = forward_own::is_here(options, &target.host, target.port).await;
        if forward_own::leads_home(options, here, &forwarding) {
            return Err(self.never(&text, &text::FORWARD_OWN_HOST).await);
        }
        Ok(forwarding)
    }

    async fn permitted(&self, forwarding: &Forwarding) -> Result<Grant, Turned> {
        let ask = Ask::Forward(forwarding.clone());
        match self.connection.road.submit(&self.session, self.number, ask).await {
            Step::Run(grant) => Ok(grant),
            Step::Held(pending) => forward_held::wait(self, *pending).await,
            Step::Refused(refusal) => Err(Turned(PROHIBITED, refusal.to_string())),
        }
    }

    async fn leg(&self) -> Result<TargetLeg, Turned> {
        let Connection { road, fleet, options, .. } = &*self.connection;
        let mut signs = self.feed.signs();
        tokio::select! {
            taken = fleet.take(road, &self.session, options) => {
                taken.map_err(|line| Turned(CONNECT_FAILED, line))
            }
            () = closed(&mut signs) => Err(Turned(CONNECT_FAILED, String::new())),
            ending = self.connection.ended() => {
                Err(Turned(CONNECT_FAILED, ending.words(&self.connection.road)))
            }
        }
    }

    /// Opens exactly what was granted, from the target.
    async fn open_there(&self, leg: TargetLeg, grant: Grant) -> Result<Opened, Turned> {
        let Start::Forward(forwarding) = grant.into_start() else {
            return Err(Turned(PROHIBITED, self.words(&text::UNAVAILABLE, &[])));
        };
        let to = forwarding.to_string();
        let mut own = self.scribe(Direction::Gateway);
        if !own.note(&SessionEvent::Forward { to: to.clone() }).await {
            self.connection.end(Ending::NotRecorded);
            return Err(Turned(PROHIBITED, self.words(&text::RECORDER_ENDED, &[])));
        }
        let spool = self.connection.spool(leg.brake.clone());
        match leg.open_forward(&forwarding, spool.clone()).await {
            Ok(far) => Ok(Opened { to, leg, far, spool }),
            Err(fault) => Err(self.refused_by_target(leg, &to, &fault)),
        }
    }

    fn refused_by_target(&self, leg: TargetLeg, to: &str, fault: &russh::Error) -> Turned {
        let why = match fault {
            russh::Error::ChannelOpenFailure(failure) => failure.description().to_owned(),
            fault => fault.to_string(),
        };
        self.connection.fleet.give_back(leg);
        let values = [("target", self.session.target_name()), ("to", to), ("why", &why)];
        Turned(CONNECT_FAILED, self.words(&text::FORWARD_TARGET, &values))
    }

    async fn carry(&self, opened: Opened, near: ForwardOutlet) {
        let Opened { to, leg, far, spool } = opened;
        let (began, pulse) = (Instant::now(), Pulse::new());
        let (mut near, mut far) = (Tally::new(near, pulse.clone()), Tally::new(far, pulse.clone()));
        let (mut inward, mut outward) = (self.scribe(Direction::ToTarget), self.scribe(Direction::ToClient));
        let legs = Legs {
            connection: &self.connection,
            feed: &self.feed,
            inward: &mut inward,
            outward: &mut outward,
            near: &mut near,
            far: &mut far,
            spool: &spool,
        };
        let relayed = relay(legs, pulse.silence(self.connection.options.idle_limit)).await;
        let (sent, received) = (far.bytes, near.bytes);
        drop(far);
        self.take_down(&to, sent, received, began).await;
        self.settle(&to, leg, near, &spool, relayed).await;
    }

    async fn take_down(&self, to: &str, to_target: u64, to_client: u64, began: Instant) {
        let milliseconds = u64::try_from(began.elapsed().as_millis()).unwrap_or(u64::MAX);
        let event = SessionEvent::Forwarded { to: to.to_owned(), to_target, to_client, milliseconds };
        if !self.scribe(Direction::Gateway).note(&event).await {
            self.connection.end(Ending::NotRecorded);
        }
    }

    /// Closes the client's side if it is not closed yet, and keeps the target connection if its channel is.
    async fn settle(
        &self,
        to: &str,
        leg: TargetLeg,
        mut near: Tally<ForwardOutlet>,
        spool: &Spool,
        relayed: Relayed,
    ) {
        match relayed {
            Relayed::ByTarget => return self.connection.fleet.give_back(leg),
            Relayed::ByClient if timeout(running::CLOSING, running::discard(spool)).await.is_ok() => {
                return self.connection.fleet.give_back(leg);
            }
            Relayed::ByClient => return,
            Relayed::Silent => {
                self.connection.inform(&self.words(&text::FORWARD_IDLE, &[("to", to)]));
            }
            Relayed::Broken(Exit::NotRecorded) => self.connection.end(Ending::NotRecorded),
            Relayed::Broken(Exit::Gone | Exit::Ended(_)) => self.connection.cut_short(),
            Relayed::Broken(exit) => {
                tracing::error!(session = %self.session.id(), ?exit, "a forwarding was ended")
            }
        }
        near.deliver(Crossing::Close).await;
    }

    /// Refused whatever the policies say, on the record.
    async fn never(&self, to: &str, why: &Line) -> Turned {
        let why = self.words(why, &[]);
        self.note(&format!("forwarding ({why})"), to).await;
        Turned(PROHIBITED, self.words(&text::FORWARD_NEVER, &[("to", &shown(to)), ("why", &why)]))
    }

    /// An entry, as long as this connection has not had too many.
    async fn note(&self, what: &str, detail: &str) {
        if self.connection.may_note() {
            let who = self.session.who();
            let _ = self.connection.road.note_refusal(Some(&self.session), who, what, detail).await;
        }
    }

    pub(crate) fn words(&self, line: &Line, values: &[(&str, &str)]) -> String {
        self.connection.words(line, values)
    }

    fn scribe(&self, direction: Direction) -> Scribe {
        Scribe::new(self.connection.road.clone(), self.session.clone(), self.number, direction)
    }
}

/// What a client sent, on one line and of bounded length.
fn shown(text: &str) -> String {
    text.chars().take(200).flat_map(char::escape_default).collect()
}

fn reason(why: Unreachable) -> &'static Line {
    match why {
        Unreachable::NotAHost => &text::TO_NO_HOST,
        Unreachable::NotAnAddress => &text::TO_NO_ADDRESS,
        Unreachable::NotAPort => &text::TO_NO_PORT,
        Unreachable::Unspecified => &text::TO_UNSPECIFIED,
        Unreachable::LinkLocal => &text::TO_LINK_LOCAL,
        Unreachable::NotOneMachine => &text::TO_MANY,
        Unreachable::Metadata => &text::TO_METADATA,
        Unreachable::Disguised => &text::TO_DISGUISED,
        Unreachable::NotAPath => &text::TO_NO_PATH,
    }
}
