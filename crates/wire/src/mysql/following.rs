//! What follows a command: which packets answer it, and which of them is the last. Rows are not looked into.

use super::command::Command;
use super::packet::Packet;
use super::reply::{CURSOR, Done, Failure, MORE_RESULTS, Progress};
use crate::Error;
use crate::reading::Fields;

/// What the packets of an answer mean.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Step {
    /// More follows.
    Goes,
    /// One result is complete, another follows.
    Result(Done),
    /// The answer is complete.
    Complete(Done),
    /// A line of text, and complete.
    Line,
    /// A statement was prepared, and perhaps descriptions follow.
    Prepared { statement: u32, parameters: u16, last: bool },
    /// It has failed, and is complete.
    Failed(Failure),
}

/// Where an answer stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    /// OK, ERR or a number of columns.
    Beginning,
    /// So many descriptions of columns, and then rows.
    Columns(u64),
    /// Descriptions of columns up to an EOF packet, and nothing else.
    OnlyColumns,
    /// The EOF packet between columns and rows.
    BeforeRows,
    Rows,
    /// OK or ERR.
    Verdict,
    Line,
    /// What was prepared.
    Preparation,
    /// Descriptions of so many parameters and columns, each block with its EOF packet where there are such.
    Descriptions(u64),
}

/// Follows one answer.
#[derive(Debug)]
pub(super) struct Following {
    state: State,
    /// No EOF packets; OK packets in their place.
    without_eof: bool,
    /// The payload before this packet goes on in it.
    continues: bool,
    /// How many rows of the present result were sent.
    rows: u64,
}

const OUT_OF_STEP: Error = Error::OutOfStep("an answer to something that was not asked");

impl Following {
    pub(super) fn of(command: &Command, without_eof: bool) -> Self {
        let state = match command {
            Command::Prepare(_) => State::Preparation,
            Command::FieldList(_) => State::OnlyColumns,
            Command::Fetch(_) => State::Rows,
            Command::Statistics => State::Line,
            Command::Query(_) | Command::Execute { .. } => State::Beginning,
            _ => State::Verdict,
        };
        Self { state, without_eof, continues: false, rows: 0 }
    }

    /// Whether a packet that is not the last of its result is a row now.
    pub(super) fn is_at_rows(&self) -> bool {
        self.state == State::Rows
    }

    /// The next packet of the answer.
    pub(super) fn packet(&mut self, packet: &Packet) -> Result<Step, Error> {
        let continues = std::mem::replace(&mut self.continues, packet.is_open());
        let payload = packet.payload();
        if continues || Progress::is(payload) {
            return Ok(Step::Goes);
        }
        if payload.first() == Some(&0xff) && self.state != State::Line {
            return Failure::parse(payload).map(Step::Failed);
        }
        match self.state {
            State::Beginning => self.beginning(payload),
            State::Columns(left) => self.column(left, payload),
            State::BeforeRows => self.before_rows(payload),
            State::Rows | State::OnlyColumns if self.is_end(packet) => self.end_of_rows(payload),
            State::Rows | State::OnlyColumns => {
                self.rows += 1;
                Ok(Step::Goes)
            }
            State::Verdict => self.verdict(payload),
            State::Line => Ok(Step::Line),
            State::Preparation => self.preparation(payload),
            State::Descriptions(left) => Ok(self.description(left)),
        }
    }

    fn beginning(&mut self, payload: &[u8]) -> Result<Step, Error> {
        match payload.first() {
            Some(0x00) => self.complete(Done::ok(payload)?),
            // The server asks for a file of the client, which was not offered to it.
            Some(0xfb) => Err(Error::OutOfStep("a request for a file of the client")),
            _ => {
                let mut fields = Fields::of(payload, "result");
                let columns = fields.number()?;
                fields.end()?;
                self.state = State::Columns(columns);
                if columns == 0 { Err(OUT_OF_STEP) } else { Ok(Step::Goes) }
            }
        }
    }

    fn column(&mut self, left: u64, payload: &[u8]) -> Result<Step, Error> {
        if payload.is_empty() {
            return Err(OUT_OF_STEP);
        }
        self.state = match left.saturating_sub(1) {
            0 if self.without_eof => State::Rows,
            0 => State::BeforeRows,
            left => State::Columns(left),
        };
        Ok(Step::Goes)
    }

    fn before_rows(&mut self, payload: &[u8]) -> Result<Step, Error> {
        if payload.first() != Some(&0xfe) {
            return Err(OUT_OF_STEP);
        }
        let done = Done::eof(payload)?;
        if done.status & CURSOR != 0 {
            return self.complete(done);
        }
        self.state = State::Rows;
        Ok(Step::Goes)
    }

    /// A row that begins with this byte has a field of 16 MiB, so it fills its packet.
    fn is_end(&self, packet: &Packet) -> bool {
        let length = packet.payload().len();
        let short = if self.without_eof { !packet.is_open() } else { length < 9 };
        packet.payload().first() == Some(&0xfe) && short
    }

    fn end_of_rows(&mut self, payload: &[u8]) -> Result<Step, Error> {
        let done = if self.without_eof { Done::ok(payload) } else { Done::eof(payload) }?;
        let returned = Some(std::mem::take(&mut self.rows));
        self.complete(Done { rows: None, returned, ..done })
    }

    fn verdict(&mut self, payload: &[u8]) -> Result<Step, Error> {
        match payload.first() {
            Some(0x00) => self.complete(Done::ok(payload)?),
            Some(0xfe) => {
                self.complete(if payload.len() < 7 { Done::eof(payload) } else { Done::ok(payload) }?)
            }
            _ => Err(OUT_OF_STEP),
        }
    }

    fn complete(&mut self, done: Done) -> Result<Step, Error> {
        if done.status & MORE_RESULTS == 0 {
            return Ok(Step::Complete(done));
        }
        self.state = State::Beginning;
        Ok(Step::Result(done))
    }

    fn preparation(&mut self, payload: &[u8]) -> Result<Step, Error> {
        let mut fields = Fields::of(payload, "prepared statement");
        if fields.u8()? != 0 {
            return Err(fields.malformed());
        }
        let statement = fields.u32_le()?;
        let (columns, parameters) = (fields.u16_le()?, fields.u16_le()?);
        let block = |count: u16| match count {
            0 => 0,
            count => u64::from(count) + u64::from(!self.without_eof),
        };
        let left = block(columns) + block(parameters);
        self.state = State::Descriptions(left);
        Ok(Step::Prepared { statement, parameters, last: left == 0 })
    }

    fn description(&mut self, left: u64) -> Step {
        self.state = State::Descriptions(left.saturating_sub(1));
        if left <= 1 { Step::Line } else { Step::Goes }
    }
}
