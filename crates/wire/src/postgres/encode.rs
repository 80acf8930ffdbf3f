//! The messages that a gateway sends itself: to clients as if it were the server, to servers as if it were a client.

use bytes::{BufMut, Bytes, BytesMut};

use super::backend::Status;
use super::frontend::Subject;
use super::startup::{CancelKey, Version};
use crate::Error;

/// A message under construction; its length is filled in at the end.
#[derive(Debug)]
pub(super) struct Building {
    bytes: BytesMut,
    /// Where the length stands.
    length_at: usize,
}

impl Building {
    pub(super) fn new(tag: u8) -> Self {
        let mut bytes = BytesMut::with_capacity(64);
        bytes.put_u8(tag);
        bytes.put_u32(0);
        Self { bytes, length_at: 1 }
    }

    /// One of the messages that begin a connection.
    pub(super) fn untyped() -> Self {
        let mut bytes = BytesMut::with_capacity(64);
        bytes.put_u32(0);
        Self { bytes, length_at: 0 }
    }

    pub(super) fn u8(mut self, value: u8) -> Self {
        self.bytes.put_u8(value);
        self
    }

    pub(super) fn u16(mut self, value: u16) -> Self {
        self.bytes.put_u16(value);
        self
    }

    pub(super) fn u32(mut self, value: u32) -> Self {
        self.bytes.put_u32(value);
        self
    }

    pub(super) fn raw(mut self, value: &[u8]) -> Self {
        self.bytes.put_slice(value);
        self
    }

    /// Text with its zero byte, so there may be none inside.
    pub(super) fn text(self, value: &[u8]) -> Result<Self, Error> {
        if value.contains(&0) { Err(Error::Zero("text")) } else { Ok(self.raw(value).u8(0)) }
    }

    /// Text that is shown to people; a zero byte inside becomes a replacement character.
    pub(super) fn shown(self, value: &str) -> Self {
        self.raw(value.replace('\0', "\u{fffd}").as_bytes()).u8(0)
    }

    /// A count and each of them. What does not fit a count is not sent.
    pub(super) fn counted<T>(self, all: &[T], each: impl Fn(Self, &T) -> Self) -> Result<Self, Error> {
        let count = u16::try_from(all.len()).map_err(|_| Error::Excess("fields of a message"))?;
        Ok(all.iter().fold(self.u16(count), each))
    }

    pub(super) fn finish(mut self) -> Bytes {
        // Nothing is built here that is longer than what was received or configured, far below 2³¹ bytes.
        let length = u32::try_from(self.bytes.len() - self.length_at).unwrap_or(u32::MAX);
        if let Some(place) = self.bytes.get_mut(self.length_at..self.length_at + 4) {
            place.copy_from_slice(&length.to_be_bytes());
        }
        self.bytes.freeze()
    }
}

/// AuthenticationOk.
#[must_use]
pub fn authentication_ok() -> Bytes {
    Building::new(b'R').u32(0).finish()
}

/// AuthenticationCleartextPassword: a ticket or password, inside TLS.
#[must_use]
pub fn authentication_cleartext_password() -> Bytes {
    Building::new(b'R').u32(3).finish()
}

/// BackendKeyData.
#[must_use]
pub fn backend_key_data(key: &CancelKey) -> Bytes {
    Building::new(b'K').u32(key.process).raw(&key.secret).finish()
}

/// NegotiateProtocolVersion: what is spoken instead, and which options nobody knows.
#[must_use]
pub fn negotiate_protocol_version(version: Version, unknown: &[&str]) -> Bytes {
    // At most what fits a startup message.
    let count = u32::try_from(unknown.len()).unwrap_or(u32::MAX);
    let building = Building::new(b'v').u32(version.code()).u32(count);
    unknown.iter().fold(building, |building, name| building.shown(name)).finish()
}

/// ParameterStatus.
#[must_use]
pub fn parameter_status(name: &str, value: &str) -> Bytes {
    Building::new(b'S').shown(name).shown(value).finish()
}

/// ReadyForQuery.
#[must_use]
pub fn ready_for_query(status: Status) -> Bytes {
    Building::new(b'Z').u8(status.letter()).finish()
}

/// PasswordMessage: a password in clear, or what [`super::scram::md5_answer`] makes of it.
///
/// # Errors
///
/// A zero byte in it.
pub fn password(password: &[u8]) -> Result<Bytes, Error> {
    Ok(Building::new(b'p').text(password)?.finish())
}

/// SASLInitialResponse.
///
/// # Errors
///
/// A zero byte in the mechanism's name, or an impossible length.
pub fn sasl_initial_response(mechanism: &str, first: &[u8]) -> Result<Bytes, Error> {
    let length = u32::try_from(first.len()).map_err(|_| Error::Excess("authentication"))?;
    Ok(Building::new(b'p').text(mechanism.as_bytes())?.u32(length).raw(first).finish())
}

/// SASLResponse.
#[must_use]
pub fn sasl_response(response: &[u8]) -> Bytes {
    Building::new(b'p').raw(response).finish()
}

/// Query.
///
/// # Errors
///
/// A zero byte in it.
pub fn query(text: &[u8]) -> Result<Bytes, Error> {
    Ok(Building::new(b'Q').text(text)?.finish())
}

/// Parse.
///
/// # Errors
///
/// A zero byte in a text, or more types than a count can say.
pub fn parse(statement: &[u8], text: &[u8], types: &[u32]) -> Result<Bytes, Error> {
    let building = Building::new(b'P').text(statement)?.text(text)?;
    Ok(building.counted(types, |building, oid| building.u32(*oid))?.finish())
}

/// Bind with parameters in text form, results in text form.
///
/// # Errors
///
/// A zero byte in a name, or more values than a count can say.
pub fn bind(portal: &[u8], statement: &[u8], values: &[Option<&[u8]>]) -> Result<Bytes, Error> {
    bind_as(portal, statement, &[], values)
}

/// The same with parameters each in its own form, binary or text.
///
/// # Errors
///
/// A zero byte in a name, or more values than a count can say.
pub(super) fn bind_as(
    portal: &[u8],
    statement: &[u8],
    are_binary: &[bool],
    values: &[Option<&[u8]>],
) -> Result<Bytes, Error> {
    let building = Building::new(b'B').text(portal)?.text(statement)?;
    let building = building.counted(are_binary, |building, binary| building.u16((*binary).into()))?;
    Ok(building.counted(values, value)?.u16(0).finish())
}

/// What does not fit a length cannot have been received either; it would be sent as an empty message that servers refuse.
fn value(building: Building, value: &Option<&[u8]>) -> Building {
    match value {
        None => building.u32(u32::MAX),
        Some(value) => building.u32(u32::try_from(value.len()).unwrap_or(u32::MAX - 1)).raw(value),
    }
}

/// Describe.
///
/// # Errors
///
/// A zero byte in the name.
pub fn describe(subject: Subject<'_>) -> Result<Bytes, Error> {
    named(b'D', subject)
}

/// Close.
///
/// # Errors
///
/// A zero byte in the name.
pub fn close(subject: Subject<'_>) -> Result<Bytes, Error> {
    named(b'C', subject)
}

fn named(tag: u8, subject: Subject<'_>) -> Result<Bytes, Error> {
    let (kind, name) = match subject {
        Subject::Statement(name) => (b'S', name),
        Subject::Portal(name) => (b'P', name),
    };
    Ok(Building::new(tag).u8(kind).text(name)?.finish())
}

/// Execute; 0 rows are all rows.
///
/// # Errors
///
/// A zero byte in the name.
pub fn execute(portal: &[u8], rows: u32) -> Result<Bytes, Error> {
    Ok(Building::new(b'E').text(portal)?.u32(rows).finish())
}

/// Flush.
#[must_use]
pub fn flush() -> Bytes {
    Building::new(b'H').finish()
}

/// Sync.
#[must_use]
pub fn sync() -> Bytes {
    Building::new(b'S').finish()
}

/// CopyFail.
#[must_use]
pub fn copy_fail(reason: &str) -> Bytes {
    Building::new(b'f').shown(reason).finish()
}

/// Terminate.
#[must_use]
pub fn terminate() -> Bytes {
    Building::new(b'X').finish()
}

/// SSLRequest, with which a connection to a server begins.
#[must_use]
pub fn ssl_request() -> Bytes {
    Building::untyped().u16(1234).u16(5679).finish()
}
