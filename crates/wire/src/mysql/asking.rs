//! The gateway's own questions to a server: one text at a time, and its rows as text.

use bytes::Bytes;

use super::capability;
use super::command::Command;
use super::following::{Following, Step};
use super::packet::{Packet, packets};
use super::reply::{Failure, Progress};
use crate::Error;
use crate::asking::{Bounds, Gathering, Rows};
use crate::reading::Fields;

/// What came of a question.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    /// Its rows; none from a statement that gives none.
    Rows(Rows),
    /// More than the bounds.
    TooMuch,
    /// The server's error; the next question may be asked.
    Failed(Failure),
}

/// A connection between login and end, for questions of the gateway's own.
#[derive(Debug)]
pub struct Asking {
    bounds: Bounds,
    capabilities: u64,
    asked: Option<Asked>,
}

#[derive(Debug)]
struct Asked {
    following: Following,
    gathering: Gathering,
    /// The packet before this one goes on in it.
    continues: bool,
}

const OUT_OF_STEP: Error = Error::OutOfStep("an answer to something that was not asked");

impl Asking {
    /// Begins behind the server's OK to the login, with what was agreed there.
    #[must_use]
    pub fn new(capabilities: u64, bounds: Bounds) -> Self {
        Self { bounds, capabilities, asked: None }
    }

    /// What to send for a question. Values within it are written by [`literal`].
    ///
    /// # Errors
    ///
    /// The last question is not answered.
    pub fn ask(&mut self, text: &str) -> Result<Bytes, Error> {
        if self.asked.is_some() {
            return Err(OUT_OF_STEP);
        }
        let without_eof = self.capabilities & capability::DEPRECATE_EOF != 0;
        let following = Following::of(&Command::Query(text.as_bytes()), without_eof);
        self.asked = Some(Asked { following, gathering: Gathering::new(self.bounds), continues: false });
        Ok(packets(0, &[b"\x03", text.as_bytes()].concat()))
    }

    /// The server has sent this; the answer, once it is complete.
    ///
    /// # Errors
    ///
    /// It makes no sense, or is no answer to what was asked. The connection ends.
    pub fn server(&mut self, packet: &Packet) -> Result<Option<Answer>, Error> {
        let step = self.asked.as_mut().ok_or(OUT_OF_STEP)?.packet(packet)?;
        let answer = match step {
            Step::Goes => return Ok(None),
            Step::Failed(failure) => Answer::Failed(failure),
            Step::Complete(_) => {
                let rows = self.asked.take().and_then(|asked| asked.gathering.finish());
                rows.map_or(Answer::TooMuch, Answer::Rows)
            }
            // Several results for one question, or what a question cannot bring.
            _ => return Err(OUT_OF_STEP),
        };
        self.asked = None;
        Ok(Some(answer))
    }
}

impl Asked {
    fn packet(&mut self, packet: &Packet) -> Result<Step, Error> {
        let may_be_row = self.following.is_at_rows() && !Progress::is(packet.payload());
        let step = self.following.packet(packet)?;
        if may_be_row && step == Step::Goes {
            self.row(packet)?;
        }
        self.continues = packet.is_open();
        Ok(step)
    }

    /// A row that does not fit one packet is more than anybody asked for.
    fn row(&mut self, packet: &Packet) -> Result<(), Error> {
        let is_part = packet.is_open() || self.continues;
        let bytes = if is_part { usize::MAX } else { packet.raw().len() };
        if self.gathering.has_room(bytes) {
            self.gathering.add(row(packet.payload())?);
        }
        Ok(())
    }
}

fn row(payload: &[u8]) -> Result<Vec<Option<String>>, Error> {
    let mut fields = Fields::of(payload, "row");
    let mut row = Vec::new();
    while !fields.is_empty() {
        let value = fields.nullable()?.map(|value| String::from_utf8(value.to_vec()));
        row.push(value.transpose().map_err(|_| fields.malformed())?);
    }
    Ok(row)
}

/// A text as a literal, whatever is in it and however the server reads strings.
#[must_use]
pub fn literal(text: &str) -> String {
    let digits = text.bytes().map(|byte| format!("{byte:02x}"));
    format!("_utf8mb4 X'{}'", digits.collect::<String>())
}
