//! The recorder of one direction of one channel: crossings become frames.

use access::recording::{Direction, Frame, Kind, RecordingError, SessionEvent};
use access::{Road, Session};
use bytes::Bytes;
use tokio::sync::oneshot;

use crate::relay::{Crossing, Recorder, Stream, recorded};

/// Takes down what crosses a channel in one direction.
#[derive(Clone)]
pub(crate) struct Scribe {
    road: Road,
    session: Session,
    channel: u32,
    direction: Direction,
}

impl Scribe {
    pub(crate) fn new(road: Road, session: Session, channel: u32, direction: Direction) -> Self {
        Self { road, session, channel, direction }
    }

    /// Records and waits until it is durable; `false` if it never will be.
    pub(crate) async fn take_down(&mut self, crossing: &Crossing) -> bool {
        recorded(self, crossing).await
    }

    /// Records an event that is no crossing, and waits until it is durable.
    pub(crate) async fn note(&mut self, event: &SessionEvent) -> bool {
        self.write(event).await.unwrap_or(false)
    }

    /// Records an event that is no crossing; the answer arrives once it is durable, or never will be.
    pub(crate) fn write(&mut self, event: &SessionEvent) -> oneshot::Receiver<bool> {
        let frame = Frame::of_event(self.session.id(), self.channel, self.now(), self.direction, event);
        self.offer(frame)
    }

    fn now(&self) -> u64 {
        u64::try_from(self.road.now().0).unwrap_or(0)
    }

    fn frame(&self, crossing: &Crossing) -> Frame {
        let at_us = self.now();
        let session = self.session.id();
        let (kind, bytes) = match plain(crossing) {
            Some(plain) => plain,
            None => {
                let event = event(crossing);
                return Frame::of_event(session, self.channel, at_us, self.direction, &event);
            }
        };
        Frame { session, channel: self.channel, at_us, direction: self.direction, kind, bytes }
    }
}

impl Scribe {
    fn offer(&self, frame: Frame) -> oneshot::Receiver<bool> {
        let (answer, durable) = oneshot::channel();
        let done = move |outcome: Result<(), RecordingError>| {
            if let Err(fault) = &outcome {
                tracing::error!(%fault, "a frame was not recorded");
            }
            // Nobody waits any more when the channel has ended meanwhile.
            let _ = answer.send(outcome.is_ok());
        };
        self.session.recorder().record(frame, Box::new(done));
        durable
    }
}

impl Recorder for Scribe {
    fn record(&mut self, crossing: &Crossing) -> oneshot::Receiver<bool> {
        self.offer(self.frame(crossing))
    }
}

/// What is recorded byte for byte, or without any.
fn plain(crossing: &Crossing) -> Option<(Kind, Bytes)> {
    Some(match crossing {
        Crossing::Data(Stream::Plain, bytes) => (Kind::Data, bytes.clone()),
        Crossing::Data(Stream::Error, bytes) => (Kind::Stderr, bytes.clone()),
        Crossing::Notice(text) => (Kind::Notice, text.clone().into()),
        Crossing::Eof => (Kind::Eof, Bytes::new()),
        Crossing::Close => (Kind::Close, Bytes::new()),
        _ => return None,
    })
}

fn event(crossing: &Crossing) -> SessionEvent {
    match crossing.clone() {
        Crossing::Pty(pty) => SessionEvent::Pty {
            term: pty.term,
            columns: pty.window.columns,
            rows: pty.window.rows,
            width: pty.window.width,
            height: pty.window.height,
        },
        Crossing::Window(window) => SessionEvent::WindowChange {
            columns: window.columns,
            rows: window.rows,
            width: window.width,
            height: window.height,
        },
        Crossing::Env { name, value } => SessionEvent::Env { name, value },
        Crossing::Shell => SessionEvent::Shell,
        Crossing::Exec(text) => SessionEvent::Exec { text: String::from_utf8_lossy(&text).into_owned() },
        Crossing::Subsystem(name) => SessionEvent::Subsystem { name },
        Crossing::Signal(name) => SessionEvent::Signal { name },
        Crossing::ExitStatus(status) => SessionEvent::ExitStatus { status },
        Crossing::ExitSignal { name, core_dumped, message } => {
            SessionEvent::ExitSignal { name, core_dumped, message }
        }
        Crossing::Forward(forwarding) => SessionEvent::Forward { to: forwarding.to_string() },
        Crossing::Refused { what, why } => SessionEvent::Refused { what, why },
        Crossing::Reply(false) => {
            SessionEvent::Refused { what: "request".into(), why: "by the target".into() }
        }
        // Recorded as plain frames; named here so that a new crossing has to be placed.
        Crossing::Reply(true)
        | Crossing::Data(..)
        | Crossing::Notice(_)
        | Crossing::Eof
        | Crossing::Close => SessionEvent::Granted,
    }
}
