//! How long a message of each kind may be, known before any of it is kept.

use crate::Error;

/// What the server itself takes for messages that hold no text and no data.
const SMALL: usize = 10_000;
/// Passwords and SASL answers, as in the server.
const SECRET: usize = 65_535;
/// Streamed messages are never kept whole; this is what the server can make of one.
const STREAMED: usize = 0x3fff_fffe;

/// Whose messages are read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    /// The client before it has proved who it is: passwords only.
    Login,
    /// The client afterwards.
    Frontend,
    /// The server.
    Backend,
}

/// The bounds that a configuration may move.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// One message with a statement or its parameters (Query, Parse, Bind, FunctionCall).
    pub statement: usize,
    /// One message of the server that is not streamed (an error, a description of columns).
    pub answer: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self { statement: 64 << 20, answer: 16 << 20 }
    }
}

/// How messages of one kind are taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Taking {
    /// Kept until they are complete; at most that many bytes behind the type byte.
    Whole(usize),
    /// Passed on in pieces.
    Streamed,
}

impl Limits {
    /// How a message of that kind is taken from that side. A kind that is not listed here is refused.
    pub(super) fn taking(&self, side: Side, tag: u8) -> Result<Taking, Error> {
        let taking = match side {
            Side::Login => Self::of_login(tag),
            Side::Frontend => self.of_client(tag),
            Side::Backend => self.of_server(tag),
        };
        taking.ok_or(Error::Unexpected(tag.into()))
    }

    fn of_login(tag: u8) -> Option<Taking> {
        match tag {
            b'p' => Some(Taking::Whole(SECRET)),
            b'X' => Some(Taking::Whole(SMALL)),
            _ => None,
        }
    }

    fn of_client(&self, tag: u8) -> Option<Taking> {
        match tag {
            b'Q' | b'P' | b'B' | b'F' => Some(Taking::Whole(self.statement)),
            b'C' | b'D' | b'E' | b'H' | b'S' | b'X' | b'c' | b'f' => Some(Taking::Whole(SMALL)),
            b'd' => Some(Taking::Streamed),
            _ => None,
        }
    }

    fn of_server(&self, tag: u8) -> Option<Taking> {
        match tag {
            b'1' | b'2' | b'3' | b'A' | b'C' | b'E' | b'G' | b'H' | b'I' | b'K' | b'N' | b'R' | b'S'
            | b'T' | b'W' | b'Z' | b'c' | b'n' | b's' | b't' | b'v' => Some(Taking::Whole(self.answer)),
            b'D' | b'V' | b'd' => Some(Taking::Streamed),
            _ => None,
        }
    }
}

impl Taking {
    /// The longest length field.
    pub(super) fn limit(self) -> usize {
        match self {
            Self::Whole(limit) => limit,
            Self::Streamed => STREAMED,
        }
    }
}
