//! One client's conversation: which requests go on at once under a grant that was given when a file was opened, and
//! which are operations of their own.

use std::collections::HashMap;

use access::recording::SessionEvent;
use bytes::Bytes;

use super::attributes::Attributes;
use super::extension::{Extension, Offered};
use super::handle::{Handles, Open};
use super::packet::Malformed;
use super::reply::{Answer, code};
use super::request::Request;
use super::transfer::sha256;
use super::words::Words;

/// Requests that may wait for the target's answer at once; more stay in the client's queue.
const MOST_WAITING: usize = 1024;

/// See the module.
pub(crate) struct Conversation {
    pub(super) offered: Offered,
    /// The login directory, as the target resolved it.
    pub(super) home: String,
    pub(super) words: Words,
    pub(super) handles: Handles,
    waiting: HashMap<u32, Waiting>,
    number: u32,
}

/// A request that was passed on.
struct Waiting {
    /// The client's number for it.
    client: u32,
    what: What,
}

enum What {
    Read { file: u32, offset: u64, length: u32 },
    Write { file: u32 },
    Other,
}

/// What is recorded instead of a packet that carries content.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Content {
    /// Which content it is.
    pub event: SessionEvent,
    /// The content itself, if a copy must be kept.
    pub kept: Option<Bytes>,
}

/// An answer on its way to the client.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Reply {
    /// The client's number of the request.
    pub number: u32,
    pub answer: Answer,
    pub content: Option<Content>,
}

/// What follows from a client's packet.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Next {
    /// This packet goes to the target now.
    Forward(Bytes),
    /// The client is answered.
    Answer(Reply),
    /// An operation of its own: it begins when nothing waits any more.
    Operate(u32, Request),
}

impl Conversation {
    /// With a target that offers these extensions.
    pub(crate) fn new(offered: Offered, home: String, words: Words) -> Self {
        Self { offered, home, words, handles: Handles::default(), waiting: HashMap::new(), number: 0 }
    }

    /// Whether another request can be taken.
    pub(crate) fn has_room(&self) -> bool {
        self.waiting.len() < MOST_WAITING
    }

    /// Whether everything that was passed on has been answered.
    pub(crate) fn is_quiet(&self) -> bool {
        self.waiting.is_empty()
    }

    /// Takes a client's packet: what is recorded instead of it if it carries content, and what follows.
    pub(crate) fn take(&mut self, packet: Bytes) -> Result<(Option<Content>, Next), Malformed> {
        let (client, request) = Request::parse(packet)?;
        let content = match &request {
            Request::Write { handle, offset, data } => Some(self.written(handle, *offset, data)),
            _ => None,
        };
        Ok((content, self.place(client, request)))
    }

    /// Takes a target's answer to something that was passed on.
    pub(crate) fn answered(&mut self, packet: Bytes) -> Result<Reply, Malformed> {
        let (number, answer) = Answer::parse(packet)?;
        let waiting = self.waiting.remove(&number).ok_or(Malformed::Stray)?;
        let (content, answer) = match waiting.what {
            What::Read { file, offset, length } => self.read(file, offset, length, answer)?,
            What::Write { file } => (None, self.wrote(file, answer)?),
            What::Other if matches!(answer, Answer::Data(_) | Answer::Handle(_)) => {
                return Err(Malformed::Stray);
            }
            What::Other => (None, answer),
        };
        Ok(Reply { number: waiting.client, answer, content })
    }

    /// Notes for everything that is still open when the channel ends.
    pub(crate) fn wind_up(&mut self) -> Vec<SessionEvent> {
        let open = self.handles.drain();
        open.filter_map(|open| if let Open::File(file) = open { Some(file.summaries()) } else { None })
            .flatten()
            .collect()
    }

    fn place(&mut self, client: u32, request: Request) -> Next {
        let passed = match request {
            Request::Read { handle, offset, length } => self.place_read(&handle, offset, length),
            Request::Write { handle, offset, data } => self.place_write(&handle, offset, data),
            Request::ReadDir { handle } => self.place_listing(&handle),
            Request::FStat { handle } => self.place_other(&handle, |handle| Request::FStat { handle }),
            Request::Extended(Extension::FSync { handle }) if self.offered.has(b"fsync@openssh.com") => {
                self.place_other(&handle, |handle| Request::Extended(Extension::FSync { handle }))
            }
            Request::Extended(Extension::FStatVfs { handle })
                if self.offered.has(b"fstatvfs@openssh.com") =>
            {
                self.place_other(&handle, |handle| Request::Extended(Extension::FStatVfs { handle }))
            }
            other => return Next::Operate(client, other),
        };
        match passed {
            Ok((request, what)) => {
                let number = self.next_number();
                self.waiting.insert(number, Waiting { client, what });
                Next::Forward(request.packet(number))
            }
            Err(answer) => Next::Answer(Reply { number: client, answer, content: None }),
        }
    }

    fn place_read(&mut self, handle: &[u8], offset: u64, length: u32) -> Result<(Request, What), Answer> {
        let Self { handles, words, .. } = self;
        let file = handles.file(handle).ok_or_else(|| words.bad_handle())?;
        // Beyond its limit too: only the target knows whether there is more, and `read` lets none of it cross.
        file.reading.as_ref().ok_or_else(|| words.bad_handle())?;
        let request = Request::Read { handle: file.far.clone(), offset, length };
        Ok((request, What::Read { file: file.number, offset, length }))
    }

    fn place_write(&mut self, handle: &[u8], offset: u64, data: Bytes) -> Result<(Request, What), Answer> {
        let Self { handles, words, .. } = self;
        let file = handles.file(handle).ok_or_else(|| words.bad_handle())?;
        let flow = file.writing.as_mut().ok_or_else(|| words.bad_handle())?;
        if offset < file.floor {
            return Err(words.extends_only(&file.path));
        }
        let length = data.len() as u64;
        if let Some(limit) = flow.limit().filter(|_| flow.room_for(length) < length) {
            return Err(words.limit(&file.path, limit));
        }
        flow.crossed(offset, &data);
        let request = Request::Write { handle: file.far.clone(), offset, data };
        Ok((request, What::Write { file: file.number }))
    }

    fn place_listing(&mut self, handle: &[u8]) -> Result<(Request, What), Answer> {
        let folder = self.handles.folder(handle).ok_or_else(|| self.words.bad_handle())?;
        Ok((Request::ReadDir { handle: folder.clone() }, What::Other))
    }

    fn place_other(
        &mut self,
        handle: &[u8],
        request: impl FnOnce(Bytes) -> Request,
    ) -> Result<(Request, What), Answer> {
        let Self { handles, words, .. } = self;
        let open = handles.find(handle).ok_or_else(|| words.bad_handle())?;
        Ok((request(open.far().clone()), What::Other))
    }

    /// What a client's WRITE carries; also of one that will be refused.
    fn written(&mut self, handle: &[u8], offset: u64, data: &Bytes) -> Content {
        let file = self.handles.file(handle);
        let keep = file.as_ref().and_then(|file| file.writing.as_ref()).is_some_and(|flow| flow.keep);
        content(file.map_or(0, |file| file.number), offset, data, keep)
    }

    /// The answer to a READ: cut before the byte that crosses the limit.
    fn read(
        &mut self,
        file: u32,
        offset: u64,
        length: u32,
        answer: Answer,
    ) -> Result<(Option<Content>, Answer), Malformed> {
        let file = self.handles.file_of(file).ok_or(Malformed::Stray)?;
        let flow = file.reading.as_mut().ok_or(Malformed::Stray)?;
        match answer {
            Answer::Data(data) if data.len() as u64 <= u64::from(length) => {
                let room = flow.room_for(data.len() as u64);
                let data =
                    data.slice(..usize::try_from(room).map_or(data.len(), |room| room.min(data.len())));
                if let Some(limit) = flow.limit().filter(|_| data.is_empty() && length > 0) {
                    return Ok((None, self.words.limit(&file.path, limit)));
                }
                flow.crossed(offset, &data);
                Ok((Some(content(file.number, offset, &data, flow.keep)), Answer::Data(data)))
            }
            Answer::Status(status) => {
                if status.code == code::EOF {
                    file.ended(offset);
                }
                Ok((None, Answer::Status(status)))
            }
            _ => Err(Malformed::Stray),
        }
    }

    /// The answer to a WRITE. What the target did not take is not what the file holds.
    fn wrote(&mut self, file: u32, answer: Answer) -> Result<Answer, Malformed> {
        let flow = self.handles.file_of(file).and_then(|file| file.writing.as_mut());
        match answer.code() {
            None => return Err(Malformed::Stray),
            Some(code::OK) => {}
            Some(_) => flow.into_iter().for_each(super::transfer::Flow::spoil),
        }
        Ok(answer)
    }

    fn next_number(&mut self) -> u32 {
        // Numbers of operations have the upper bit; see the target's side.
        self.number = (self.number + 1) & 0x7fff_ffff;
        self.number
    }
}

/// What is recorded of content that crosses.
fn content(file: u32, offset: u64, data: &Bytes, keep: bool) -> Content {
    let (length, sha256) = (data.len() as u64, sha256(data));
    let event = SessionEvent::FileContent { file, offset, length, sha256, kept: keep };
    Content { event, kept: keep.then(|| data.clone()) }
}

/// Attributes that one change of attributes consists of.
pub(super) fn named(attributes: Attributes) -> impl Iterator<Item = Attributes> {
    let Attributes { size, owner, permissions, times, .. } = attributes;
    let none = Attributes::default();
    let size = size.map(|size| Attributes { size: Some(size), ..none });
    let owner = owner.map(|owner| Attributes { owner: Some(owner), ..none });
    let permissions = permissions.map(|bits| Attributes { permissions: Some(bits), ..none });
    let times = times.map(|times| Attributes { times: Some(times), ..none });
    [size, owner, permissions, times].into_iter().flatten()
}
