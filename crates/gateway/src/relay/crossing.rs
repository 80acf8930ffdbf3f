//! What may cross a channel (RFC 4254, sections 5 and 6).

use access::Forwarding;
use bytes::Bytes;

/// Which of a channel's two byte streams.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stream {
    /// Standard input or output.
    Plain,
    /// Standard error: extended data of type 1.
    Error,
}

/// A window's size: characters and pixels.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Window {
    pub columns: u32,
    pub rows: u32,
    pub width: u32,
    pub height: u32,
}

/// A pseudo-terminal request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Pty {
    pub term: String,
    pub window: Window,
    /// Opcodes of RFC 4254, section 8, with their arguments.
    pub modes: Vec<(u8, u32)>,
}

/// One thing that crosses a channel, in either direction.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Crossing {
    Data(Stream, Bytes),
    Pty(Pty),
    Env {
        name: String,
        value: String,
    },
    Shell,
    Exec(Bytes),
    Subsystem(String),
    Window(Window),
    Signal(String),
    ExitStatus(u32),
    ExitSignal {
        name: String,
        core_dumped: bool,
        message: String,
    },
    /// Text of the gateway's own for the client's standard error.
    Notice(String),
    /// The other side's answer to a request that wanted one.
    Reply(bool),
    /// A forwarding that is asked for on a channel: recorded, judged, and delivered nowhere.
    Forward(Forwarding),
    /// Recorded, and delivered nowhere.
    Refused {
        what: String,
        why: String,
    },
    Eof,
    Close,
}

impl Crossing {
    /// How many bytes it occupies while it waits; its own size is counted by the queue.
    pub(crate) fn weight(&self) -> usize {
        match self {
            Self::Data(_, bytes) | Self::Exec(bytes) => bytes.len(),
            Self::Env { name, value } => name.len() + value.len(),
            Self::Pty(pty) => pty.term.len() + pty.modes.len() * size_of::<(u8, u32)>(),
            Self::Subsystem(text) | Self::Signal(text) | Self::Notice(text) => text.len(),
            Self::ExitSignal { name, message, .. } => name.len() + message.len(),
            Self::Refused { what, why } => what.len() + why.len(),
            _ => 0,
        }
    }
}
