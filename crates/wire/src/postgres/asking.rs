//! The gateway's own questions to a server: one text with parameters at a time, and its rows as text.

use bytes::{Bytes, BytesMut};

use super::act::Parameter;
use super::backend::Backend;
use super::encode;
use super::frame::{Frame, Piece, Run};
use super::frontend::Subject;
use super::names::Prepared;
use super::report::Report;
use super::startup::CancelKey;
use crate::Error;
use crate::asking::{Bounds, Gathering, Rows};
use crate::reading::Fields;

/// What came of a question.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    /// The server has greeted; ask.
    Ready,
    /// Its rows.
    Rows(Rows),
    /// More than the bounds.
    TooMuch,
    /// The server's error. Unless it is final, the next question may be asked.
    Failed(Report),
}

/// A connection between login and end, for questions of the gateway's own.
#[derive(Debug)]
pub struct Asking {
    bounds: Bounds,
    state: State,
    key: Option<CancelKey>,
    /// The beginning of a row.
    partial: BytesMut,
}

#[derive(Debug)]
enum State {
    Greeting,
    Idle,
    Asked(Gathering),
    /// It has failed; the server is not ready yet.
    Failed(Report),
}

const OUT_OF_STEP: Error = Error::OutOfStep("an answer to something that was not asked");

impl Asking {
    /// Begins behind the server's AuthenticationOk. [`Answer::Ready`] comes by itself.
    #[must_use]
    pub fn new(bounds: Bounds) -> Self {
        Self { bounds, state: State::Greeting, key: None, partial: BytesMut::new() }
    }

    /// Goes on with a connection at which everything is answered.
    #[must_use]
    pub fn settled(bounds: Bounds) -> Self {
        Self { state: State::Idle, ..Self::new(bounds) }
    }

    /// What cancels at this connection, if it has greeted and said so.
    #[must_use]
    pub fn key(&self) -> Option<&CancelKey> {
        self.key.as_ref()
    }

    /// What to send for a prepared statement to be there, instead of what had its name: the answer has no rows.
    ///
    /// # Errors
    ///
    /// The last question is not answered.
    pub fn prepare(&mut self, name: &[u8], statement: Option<&Prepared>) -> Result<Bytes, Error> {
        let close = encode::close(Subject::Statement(name))?;
        let made = match statement {
            None => Bytes::new(),
            Some(one) if one.by_sql => running(&one.text, &[])?,
            Some(one) => encode::parse(name, &one.text, &one.declared)?,
        };
        self.asked([close, made, encode::sync()].concat().into())
    }

    fn asked(&mut self, messages: Bytes) -> Result<Bytes, Error> {
        if !matches!(self.state, State::Idle) {
            return Err(OUT_OF_STEP);
        }
        self.state = State::Asked(Gathering::new(self.bounds));
        Ok(messages)
    }

    /// What to send for a question. Types of parameters that the server cannot tell belong into the text (`$1::oid`).
    ///
    /// # Errors
    ///
    /// The last question is not answered; a zero byte in this one.
    pub fn ask(&mut self, text: &str, parameters: &[Option<&str>]) -> Result<Bytes, Error> {
        let values: Vec<Option<&[u8]>> = parameters.iter().map(|value| value.map(str::as_bytes)).collect();
        self.asked([running(text.as_bytes(), &values)?, encode::sync()].concat().into())
    }

    /// The same with parameters as a client has sent them, of the types that it declared.
    ///
    /// # Errors
    ///
    /// As for [`Self::ask`].
    pub fn ask_as(&mut self, text: &str, types: &[u32], parameters: &[Parameter]) -> Result<Bytes, Error> {
        let are_binary: Vec<bool> = parameters.iter().map(|one| one.is_binary).collect();
        let values: Vec<Option<&[u8]>> = parameters.iter().map(|one| one.value.as_deref()).collect();
        let messages = [
            encode::parse(b"", text.as_bytes(), types)?,
            encode::bind_as(b"", b"", &are_binary, &values)?,
            encode::execute(b"", 0)?,
            encode::sync(),
        ];
        self.asked(messages.concat().into())
    }

    /// The server has sent this; the answer, once it is complete.
    ///
    /// # Errors
    ///
    /// It makes no sense, or is no answer to what was asked. The connection ends.
    pub fn server(&mut self, piece: Piece) -> Result<Option<Answer>, Error> {
        match piece {
            Piece::Run(run) => self.streamed(&run).map(|()| None),
            Piece::Whole(frame) => self.answered(&frame),
        }
    }

    fn answered(&mut self, frame: &Frame) -> Result<Option<Answer>, Error> {
        match (Backend::parse(frame)?, &self.state) {
            (Backend::Ready(_), _) => return self.ready().map(Some),
            (Backend::Error(report), State::Asked(_)) if !report.is_final() => {
                self.state = State::Failed(report);
            }
            (Backend::Error(report), _) if report.is_final() => return Ok(Some(Answer::Failed(report))),
            (Backend::KeyData(key), State::Greeting) => self.key = Some(key),
            (Backend::Notice(_) | Backend::ParameterStatus { .. } | Backend::Notification { .. }, _)
            | (
                Backend::ParseComplete
                | Backend::BindComplete
                | Backend::CloseComplete
                | Backend::CommandComplete(_)
                | Backend::EmptyQuery,
                State::Asked(_),
            ) => {}
            _ => return Err(OUT_OF_STEP),
        }
        Ok(None)
    }

    fn ready(&mut self) -> Result<Answer, Error> {
        match std::mem::replace(&mut self.state, State::Idle) {
            State::Greeting => Ok(Answer::Ready),
            State::Asked(gathering) => Ok(gathering.finish().map_or(Answer::TooMuch, Answer::Rows)),
            State::Failed(report) => Ok(Answer::Failed(report)),
            State::Idle => Err(OUT_OF_STEP),
        }
    }

    fn streamed(&mut self, run: &Run) -> Result<(), Error> {
        let State::Asked(gathering) = &mut self.state else { return Err(OUT_OF_STEP) };
        if run.tag() != b'D' {
            return Err(OUT_OF_STEP);
        }
        if !gathering.has_room(run.raw().len()) {
            self.partial.clear();
            return Ok(());
        }
        let mut contents = run.contents().peekable();
        while let Some(content) = contents.next() {
            self.partial.extend_from_slice(content);
            let goes_on = run.is_open() && contents.peek().is_none();
            if !goes_on {
                gathering.add(row(&self.partial.split())?);
            }
        }
        Ok(())
    }
}

/// What runs a text.
fn running(text: &[u8], values: &[Option<&[u8]>]) -> Result<Bytes, Error> {
    let messages =
        [encode::parse(b"", text, &[])?, encode::bind(b"", b"", values)?, encode::execute(b"", 0)?];
    Ok(messages.concat().into())
}

fn row(content: &[u8]) -> Result<Vec<Option<String>>, Error> {
    let mut fields = Fields::of(content, "row");
    let row = fields.counted(|fields| fields.value()?.map(|value| readable(value, fields)).transpose())?;
    fields.end()?;
    Ok(row)
}

fn readable(value: &[u8], fields: &Fields) -> Result<String, Error> {
    String::from_utf8(value.to_vec()).map_err(|_| fields.malformed())
}
