//! What a client may ask, by its first byte. What is not listed is refused.

use crate::Error;
use crate::reading::Fields;

/// A command.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Command<'a> {
    /// Goodbye.
    Quit,
    /// Another database from now on (`USE`).
    InitDb(&'a [u8]),
    /// Run this.
    Query(&'a [u8]),
    /// The columns of a table.
    FieldList(&'a [u8]),
    /// A line about the server.
    Statistics,
    /// Whether the server is there.
    Ping,
    /// Forget everything of the session.
    ResetConnection,
    /// Prepare this.
    Prepare(&'a [u8]),
    /// Run a prepared statement; its parameters follow.
    Execute {
        /// The number of the statement.
        statement: u32,
        /// Whether the rows are fetched later, and so on.
        flags: u8,
        /// What follows, as [`super::Value`]s once the types are known.
        parameters: &'a [u8],
    },
    /// A part of a long parameter. It is not answered.
    LongData {
        /// The number of the statement.
        statement: u32,
        /// The number of the parameter.
        parameter: u16,
        /// The part.
        data: &'a [u8],
    },
    /// Forget a prepared statement. It is not answered.
    Close(u32),
    /// Forget long parameters, and an open cursor.
    Reset(u32),
    /// More rows of a cursor.
    Fetch(u32),
    /// Allow several statements in one text, or forbid them again.
    SetOption(u16),
    /// Everything else: changing users, killing, shutting down, replication, and what nobody knows.
    Other(u8),
}

/// What is done with a command.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Handling {
    /// It changes and reveals nothing that a verdict is about.
    Pass,
    /// It waits for a verdict.
    Judge,
    /// It does not cross.
    Refuse,
}

impl<'a> Command<'a> {
    /// Reads a command's whole payload.
    ///
    /// # Errors
    ///
    /// Nothing, or fields that do not fill it exactly.
    pub fn parse(payload: &'a [u8]) -> Result<Self, Error> {
        let mut fields = Fields::of(payload, "command");
        let command = match fields.u8()? {
            0x01 => Self::Quit,
            0x02 => Self::InitDb(fields.rest()),
            0x03 => Self::Query(fields.rest()),
            0x04 => Self::FieldList(fields.rest()),
            0x09 => Self::Statistics,
            0x0e => Self::Ping,
            0x16 => Self::Prepare(fields.rest()),
            0x17 => Self::execute(&mut fields)?,
            0x18 => Self::LongData {
                statement: fields.u32_le()?,
                parameter: fields.u16_le()?,
                data: fields.rest(),
            },
            0x19 => Self::Close(fields.u32_le()?),
            0x1a => Self::Reset(fields.u32_le()?),
            0x1b => Self::SetOption(fields.u16_le()?),
            0x1c => {
                let statement = fields.u32_le()?;
                // How many rows.
                fields.u32_le()?;
                Self::Fetch(statement)
            }
            0x1f => Self::ResetConnection,
            other => {
                fields.rest();
                Self::Other(other)
            }
        };
        fields.end()?;
        Ok(command)
    }

    fn execute(fields: &mut Fields<'a>) -> Result<Self, Error> {
        let (statement, flags) = (fields.u32_le()?, fields.u8()?);
        // How often: the protocol knows 1 only. Flags above cursors change the form of what follows.
        if fields.u32_le()? != 1 || flags > 7 {
            return Err(fields.malformed());
        }
        Ok(Self::Execute { statement, flags, parameters: fields.rest() })
    }

    /// What is done with it.
    #[must_use]
    pub fn handling(&self) -> Handling {
        match self {
            // Preparing runs nothing; what is prepared is judged with its parameters when it is run.
            Self::Quit | Self::Ping | Self::Prepare(_) | Self::LongData { .. } => Handling::Pass,
            Self::Close(_) | Self::Reset(_) | Self::Fetch(_) => Handling::Pass,
            // 0 would allow several statements in one text.
            Self::SetOption(1) => Handling::Pass,
            Self::InitDb(_) | Self::Query(_) | Self::FieldList(_) | Self::Execute { .. } => Handling::Judge,
            // It gives up the transaction, temporary tables, locks and every setting.
            Self::ResetConnection | Self::Statistics => Handling::Judge,
            Self::SetOption(_) | Self::Other(_) => Handling::Refuse,
        }
    }

    /// Whether the server answers at all.
    pub(super) fn is_answered(&self) -> bool {
        !matches!(self, Self::Quit | Self::LongData { .. } | Self::Close(_))
    }
}
