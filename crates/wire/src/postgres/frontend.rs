//! What a client says once it is logged in, field by field and without copying.

use super::frame::Frame;
use crate::Error;
use crate::reading::Fields;

/// A client's message. COPY data is not among them: it passes as a [`super::Run`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Frontend<'a> {
    /// Run these statements.
    Query(&'a [u8]),
    /// Prepare a statement under a name, or without one.
    Parse {
        /// Its name; empty is the unnamed statement.
        statement: &'a [u8],
        /// One statement.
        text: &'a [u8],
        /// Types that the client declares; 0 leaves one to the server.
        types: Vec<u32>,
    },
    /// Make a portal of a statement and parameters.
    Bind(Bind<'a>),
    /// Say what a statement or portal looks like.
    Describe(Subject<'a>),
    /// Run a portal.
    Execute {
        /// Its name.
        portal: &'a [u8],
        /// How many rows at most; 0 is all.
        rows: u32,
    },
    /// Forget a statement or portal.
    Close(Subject<'a>),
    /// Send what is answered.
    Flush,
    /// The end of a group of messages.
    Sync,
    /// COPY data is complete.
    CopyDone,
    /// COPY data is not to be used.
    CopyFail(&'a [u8]),
    /// Call a function by its number.
    FunctionCall(FunctionCall<'a>),
    /// A password or a SASL answer; which of them, only what was asked for tells.
    Secret(&'a [u8]),
    /// Goodbye.
    Terminate,
}

/// What Describe and Close speak of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Subject<'a> {
    /// The statement of that name.
    Statement(&'a [u8]),
    /// The portal of that name.
    Portal(&'a [u8]),
}

/// The Bind message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bind<'a> {
    /// The portal to be made.
    pub portal: &'a [u8],
    /// The statement that it is made of.
    pub statement: &'a [u8],
    /// For each parameter whether it is binary; none at all: all text; one: it holds for all.
    binary: Vec<bool>,
    /// The parameters; `None` is NULL.
    pub values: Vec<Option<&'a [u8]>>,
}

impl Bind<'_> {
    /// Whether the parameter at that place is in binary form.
    #[must_use]
    pub fn is_binary(&self, place: usize) -> bool {
        is_binary_at(&self.binary, place)
    }
}

/// One format is for all values, and none is text.
fn is_binary_at(formats: &[bool], place: usize) -> bool {
    match *formats {
        [one] => one,
        _ => formats.get(place).copied().unwrap_or(false),
    }
}

/// The FunctionCall message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FunctionCall<'a> {
    /// The function's number in the catalogue.
    pub function: u32,
    binary: Vec<bool>,
    /// Its arguments; `None` is NULL.
    pub arguments: Vec<Option<&'a [u8]>>,
}

impl FunctionCall<'_> {
    /// Whether that argument is in binary format.
    #[must_use]
    pub fn is_binary(&self, place: usize) -> bool {
        is_binary_at(&self.binary, place)
    }
}

impl<'a> Frontend<'a> {
    /// The fields of a message.
    ///
    /// # Errors
    ///
    /// Fields that do not fill the message exactly, counts and codes that cannot be.
    pub fn parse(frame: &'a Frame) -> Result<Self, Error> {
        let mut fields = Fields::of(frame.body(), name(frame.tag()));
        let message = match frame.tag() {
            b'Q' => Self::Query(fields.text()?),
            b'P' => Self::Parse {
                statement: fields.text()?,
                text: fields.text()?,
                types: fields.counted(Fields::u32)?,
            },
            b'B' => Self::Bind(Bind::parse(&mut fields)?),
            b'D' => Self::Describe(subject(&mut fields)?),
            b'E' => Self::Execute { portal: fields.text()?, rows: fields.u32()? },
            b'C' => Self::Close(subject(&mut fields)?),
            b'H' => Self::Flush,
            b'S' => Self::Sync,
            b'c' => Self::CopyDone,
            b'f' => Self::CopyFail(fields.text()?),
            b'F' => Self::FunctionCall(FunctionCall::parse(&mut fields)?),
            b'p' => Self::Secret(fields.rest()),
            b'X' => Self::Terminate,
            tag => return Err(Error::Unexpected(tag.into())),
        };
        fields.end()?;
        Ok(message)
    }
}

fn name(tag: u8) -> &'static str {
    match tag {
        b'Q' => "Query",
        b'P' => "Parse",
        b'B' => "Bind",
        b'D' => "Describe",
        b'E' => "Execute",
        b'C' => "Close",
        b'F' => "FunctionCall",
        b'f' => "CopyFail",
        _ => "message",
    }
}

/// A password message's text, without the zero byte at its end.
///
/// # Errors
///
/// No such end, or bytes behind it.
pub fn password(secret: &[u8]) -> Result<&[u8], Error> {
    let mut fields = Fields::of(secret, "PasswordMessage");
    let password = fields.text()?;
    fields.end()?;
    Ok(password)
}

fn subject<'a>(fields: &mut Fields<'a>) -> Result<Subject<'a>, Error> {
    match fields.u8()? {
        b'S' => fields.text().map(Subject::Statement),
        b'P' => fields.text().map(Subject::Portal),
        _ => Err(fields.malformed()),
    }
}

/// A format code: whether it is the binary one.
pub(super) fn is_binary(fields: &mut Fields) -> Result<bool, Error> {
    match fields.u16()? {
        0 => Ok(false),
        1 => Ok(true),
        _ => Err(fields.malformed()),
    }
}

impl<'a> Bind<'a> {
    fn parse(fields: &mut Fields<'a>) -> Result<Self, Error> {
        let (portal, statement) = (fields.text()?, fields.text()?);
        let binary = fields.counted(is_binary)?;
        let values = fields.counted(Fields::value)?;
        fields.counted(is_binary)?;
        check_formats(&binary, values.len(), fields)?;
        Ok(Self { portal, statement, binary, values })
    }
}

impl<'a> FunctionCall<'a> {
    fn parse(fields: &mut Fields<'a>) -> Result<Self, Error> {
        let function = fields.u32()?;
        let binary = fields.counted(is_binary)?;
        let arguments = fields.counted(Fields::value)?;
        is_binary(fields)?;
        check_formats(&binary, arguments.len(), fields)?;
        Ok(Self { function, binary, arguments })
    }
}

fn check_formats(formats: &[bool], values: usize, fields: &Fields) -> Result<(), Error> {
    if formats.len() > 1 && formats.len() != values { Err(fields.malformed()) } else { Ok(()) }
}
