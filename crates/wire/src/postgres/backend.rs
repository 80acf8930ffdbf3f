//! What a server says, as far as somebody between it and the client has to understand it.

use super::frame::Frame;
use super::frontend::is_binary;
use super::report::Report;
use super::startup::{CancelKey, Version};
use crate::Error;
use crate::reading::Fields;
use bytes::Bytes;

/// A server's message. Rows, COPY data and results of function calls are not among them: they pass as a [`super::Run`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Backend<'a> {
    /// What the server wants to see before it believes who is there.
    Authentication(Authentication<'a>),
    /// What cancels statements of this connection.
    KeyData(CancelKey),
    /// A setting that clients must know has this value now.
    ParameterStatus {
        /// Its name.
        name: &'a [u8],
        /// Its value.
        value: &'a [u8],
    },
    /// The server waits for the next query.
    Ready(Status),
    /// What was asked has failed.
    Error(Report),
    /// Worth knowing.
    Notice(Report),
    /// The columns that come.
    RowDescription(Vec<Column<'a>>),
    /// A statement is done.
    CommandComplete(Tag<'a>),
    /// There was no statement.
    EmptyQuery,
    /// Parse is done.
    ParseComplete,
    /// Bind is done.
    BindComplete,
    /// Close is done.
    CloseComplete,
    /// What was described gives no rows.
    NoData,
    /// Execute has reached its number of rows.
    PortalSuspended,
    /// The types of a statement's parameters.
    ParameterDescription(Vec<u32>),
    /// The client is to send COPY data.
    CopyIn(CopyFormat),
    /// COPY data follows.
    CopyOut(CopyFormat),
    /// COPY data goes both ways (replication).
    CopyBoth(CopyFormat),
    /// The end of the server's COPY data.
    CopyDone,
    /// Somebody has used NOTIFY.
    Notification {
        /// The process of who it was.
        process: u32,
        /// The channel.
        channel: &'a [u8],
        /// What was said.
        payload: &'a [u8],
    },
    /// The server speaks an older version, or does not know these options.
    NegotiateProtocolVersion {
        /// The newest that it speaks.
        version: Version,
        /// What it does not know.
        unknown: Vec<&'a [u8]>,
    },
}

/// What a server wants to see.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Authentication<'a> {
    /// Nothing more.
    Ok,
    /// The password itself.
    Cleartext,
    /// MD5 of it with this salt.
    Md5([u8; 4]),
    /// One of these SASL mechanisms.
    Sasl(Vec<&'a [u8]>),
    /// A SASL challenge.
    SaslContinue(&'a [u8]),
    /// The server's own proof.
    SaslFinal(&'a [u8]),
    /// Something that is not spoken here (Kerberos, GSSAPI, SSPI).
    Other(u32),
}

/// How a connection stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Status {
    /// No transaction.
    Idle,
    /// In a transaction.
    InTransaction,
    /// In a transaction that has failed.
    Failed,
}

impl Status {
    pub(super) fn letter(self) -> u8 {
        match self {
            Self::Idle => b'I',
            Self::InTransaction => b'T',
            Self::Failed => b'E',
        }
    }
}

/// A column of a result.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Column<'a> {
    /// Its name in the result.
    pub name: &'a [u8],
    /// The table that it comes from; 0 if from none.
    pub table: u32,
    /// Its number in that table.
    pub number: u16,
    /// Its type.
    pub kind: u32,
    /// Whether its values come in binary form.
    pub is_binary: bool,
}

/// What a COPY transfers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CopyFormat {
    /// Binary, or lines of text.
    pub is_binary: bool,
    /// How many columns.
    pub columns: usize,
}

/// What CommandComplete says: `DELETE 3`, `INSERT 0 1`, `CREATE TABLE`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tag<'a>(pub &'a [u8]);

impl Tag<'_> {
    /// The command without its numbers.
    #[must_use]
    pub fn command(&self) -> &[u8] {
        let numbers = |byte: &u8| byte.is_ascii_digit() || *byte == b' ';
        let end = self.0.iter().rposition(|byte| !numbers(byte)).map_or(0, |last| last + 1);
        self.0.get(..end).unwrap_or_default()
    }

    /// How many rows it was, for commands that count them.
    #[must_use]
    pub fn rows(&self) -> Option<u64> {
        let last = self.0.rsplit(|byte| *byte == b' ').next()?;
        std::str::from_utf8(last).ok()?.parse().ok()
    }
}

impl<'a> Backend<'a> {
    /// The fields of a message.
    ///
    /// # Errors
    ///
    /// Fields that do not fill the message exactly, counts and codes that cannot be.
    pub fn parse(frame: &'a Frame) -> Result<Self, Error> {
        let mut fields = Fields::of(frame.body(), "message of the server");
        let message = Self::read(frame.tag(), &mut fields)?;
        fields.end()?;
        Ok(message)
    }

    fn read(tag: u8, fields: &mut Fields<'a>) -> Result<Self, Error> {
        Ok(match tag {
            b'1' => Self::ParseComplete,
            b'2' => Self::BindComplete,
            b'3' => Self::CloseComplete,
            b'I' => Self::EmptyQuery,
            b'n' => Self::NoData,
            b's' => Self::PortalSuspended,
            b'c' => Self::CopyDone,
            b'C' => Self::CommandComplete(Tag(fields.text()?)),
            b'Z' => Self::Ready(status(fields)?),
            b'E' => Self::Error(Report::parse(fields.rest())?),
            b'N' => Self::Notice(Report::parse(fields.rest())?),
            b'S' => Self::ParameterStatus { name: fields.text()?, value: fields.text()? },
            b'T' => Self::RowDescription(fields.counted(column)?),
            b't' => Self::ParameterDescription(fields.counted(Fields::u32)?),
            b'G' => Self::CopyIn(copy_format(fields)?),
            b'H' => Self::CopyOut(copy_format(fields)?),
            b'W' => Self::CopyBoth(copy_format(fields)?),
            b'A' => Self::Notification {
                process: fields.u32()?,
                channel: fields.text()?,
                payload: fields.text()?,
            },
            b'R' => Self::Authentication(authentication(fields)?),
            b'K' => Self::KeyData(key_data(fields)?),
            b'v' => negotiation(fields)?,
            tag => return Err(Error::Unexpected(tag.into())),
        })
    }
}

fn status(fields: &mut Fields) -> Result<Status, Error> {
    match fields.u8()? {
        b'I' => Ok(Status::Idle),
        b'T' => Ok(Status::InTransaction),
        b'E' => Ok(Status::Failed),
        _ => Err(fields.malformed()),
    }
}

fn column<'a>(fields: &mut Fields<'a>) -> Result<Column<'a>, Error> {
    let (name, table, number, kind) = (fields.text()?, fields.u32()?, fields.u16()?, fields.u32()?);
    // The type's size and modifier.
    fields.bytes(6)?;
    Ok(Column { name, table, number, kind, is_binary: is_binary(fields)? })
}

fn copy_format(fields: &mut Fields) -> Result<CopyFormat, Error> {
    let is_binary_overall = match fields.u8()? {
        0 => false,
        1 => true,
        _ => return Err(fields.malformed()),
    };
    let columns = fields.counted(is_binary)?.len();
    Ok(CopyFormat { is_binary: is_binary_overall, columns })
}

fn authentication<'a>(fields: &mut Fields<'a>) -> Result<Authentication<'a>, Error> {
    Ok(match fields.u32()? {
        0 => Authentication::Ok,
        3 => Authentication::Cleartext,
        5 => Authentication::Md5(fields.array()?),
        10 => Authentication::Sasl(mechanisms(fields)?),
        11 => Authentication::SaslContinue(fields.rest()),
        12 => Authentication::SaslFinal(fields.rest()),
        other => {
            fields.rest();
            Authentication::Other(other)
        }
    })
}

/// Names, ended by an empty one.
fn mechanisms<'a>(fields: &mut Fields<'a>) -> Result<Vec<&'a [u8]>, Error> {
    let mut all = Vec::new();
    loop {
        match fields.text()? {
            [] => return Ok(all),
            name => all.push(name),
        }
    }
}

fn key_data(fields: &mut Fields) -> Result<CancelKey, Error> {
    Ok(CancelKey { process: fields.u32()?, secret: Bytes::copy_from_slice(fields.rest()) })
}

fn negotiation<'a>(fields: &mut Fields<'a>) -> Result<Backend<'a>, Error> {
    let version = Version(fields.u16()?, fields.u16()?);
    let count = fields.u32()?;
    let mut unknown = Vec::new();
    for _ in 0..count {
        unknown.push(fields.text()?);
    }
    Ok(Backend::NegotiateProtocolVersion { version, unknown })
}
