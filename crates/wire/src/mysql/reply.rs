//! OK, EOF, ERR, and MariaDB's progress reports.

use bytes::{BufMut, Bytes, BytesMut};

use super::packet::packets;
use crate::Error;
use crate::reading::Fields;

/// More results follow.
pub(super) const MORE_RESULTS: u16 = 0x0008;
/// The rows are fetched later.
pub(super) const CURSOR: u16 = 0x0040;

const IN_TRANSACTION: u16 = 0x0001;

/// An OK packet, or an EOF packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Done {
    /// How many rows were changed; an EOF packet does not say.
    pub rows: Option<u64>,
    /// How many rows were sent; none if the answer has no rows.
    pub returned: Option<u64>,
    /// The server's state.
    pub status: u16,
    /// How many warnings there are.
    pub warnings: u16,
}

impl Done {
    /// Whether a transaction is open.
    #[must_use]
    pub fn is_in_transaction(&self) -> bool {
        self.status & IN_TRANSACTION != 0
    }

    /// Reads an OK packet, whichever byte it begins with.
    pub(super) fn ok(payload: &[u8]) -> Result<Self, Error> {
        let mut fields = Fields::of(payload, "OK packet");
        fields.u8()?;
        let rows = fields.number()?;
        // The last number given to a row.
        fields.number()?;
        Ok(Self { rows: Some(rows), returned: None, status: fields.u16_le()?, warnings: fields.u16_le()? })
    }

    pub(super) fn eof(payload: &[u8]) -> Result<Self, Error> {
        let mut fields = Fields::of(payload, "EOF packet");
        fields.u8()?;
        let (warnings, status) = (fields.u16_le()?, fields.u16_le()?);
        fields.end()?;
        Ok(Self { rows: None, returned: None, status, warnings })
    }
}

/// An ERR packet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    /// The number of the error.
    pub code: u16,
    /// Five characters.
    pub state: String,
    /// One line.
    pub message: String,
}

impl Failure {
    /// What a client is told of what it has interrupted.
    #[must_use]
    pub fn interrupted(message: impl Into<String>) -> Self {
        Self { code: 1317, state: "70100".to_owned(), message: message.into() }
    }

    /// What a client is told of a refusal: no privileges for this statement.
    #[must_use]
    pub fn refused(message: impl Into<String>) -> Self {
        Self { code: 1142, state: "42000".to_owned(), message: message.into() }
    }

    /// Reads an ERR packet.
    ///
    /// # Errors
    ///
    /// Anything else.
    pub fn parse(payload: &[u8]) -> Result<Self, Error> {
        let mut fields = Fields::of(payload, "ERR packet");
        if fields.u8()? != 0xff {
            return Err(fields.malformed());
        }
        let code = fields.u16_le()?;
        let rest = fields.rest();
        // Before the login there is no state.
        let parts = rest.strip_prefix(b"#").and_then(|rest| rest.split_at_checked(5));
        let (state, message) = parts.unwrap_or((b"HY000", rest));
        let text = |bytes| String::from_utf8_lossy(bytes).into_owned();
        Ok(Self { code, state: text(state), message: text(message) })
    }

    /// The packet with that number.
    #[must_use]
    pub fn encode(&self, sequence: u8) -> Bytes {
        let mut bytes = BytesMut::new();
        bytes.put_u8(0xff);
        bytes.put_u16_le(self.code);
        bytes.put_u8(b'#');
        let state = self.state.bytes().chain(std::iter::repeat(b'0')).take(5);
        state.for_each(|byte| bytes.put_u8(byte));
        bytes.put_slice(self.message.as_bytes());
        packets(sequence, &bytes)
    }
}

/// The OK packet with that number, in a given state.
#[must_use]
pub fn ok(sequence: u8, status: u16) -> Bytes {
    let [low, high] = status.to_le_bytes();
    packets(sequence, &[0, 0, 0, low, high, 0, 0])
}

/// MariaDB's progress report: how a held statement is shown to clients that take them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Progress {
    /// Which stage of how many.
    pub stage: (u8, u8),
    /// Thousandths of a percent of this stage.
    pub thousandths: u32,
    /// What is being done.
    pub what: String,
}

/// The error number that says that it is none.
const NO_ERROR: u16 = 0xffff;

impl Progress {
    /// The packet with that number.
    #[must_use]
    pub fn encode(&self, sequence: u8) -> Bytes {
        let mut bytes = BytesMut::new();
        bytes.put_u8(0xff);
        bytes.put_u16_le(NO_ERROR);
        bytes.put_slice(&[1, self.stage.0, self.stage.1]);
        let [a, b, c, _] = self.thousandths.min(0xff_ffff).to_le_bytes();
        bytes.put_slice(&[a, b, c]);
        let what = self.what.as_bytes();
        super::handshake::put_number(&mut bytes, what.len() as u64);
        bytes.put_slice(what);
        packets(sequence, &bytes)
    }

    pub(super) fn is(payload: &[u8]) -> bool {
        payload.starts_with(&[0xff, 0xff, 0xff])
    }
}
