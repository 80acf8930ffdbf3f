//! OPEN and OPENDIR: judged by what really is there, opened so that it stays true, and looked at again once open.

use access::policy::{FileOperation, Obligations, Writing};
use access::recording::SessionEvent;
use bytes::Bytes;

use super::attributes::Attributes;
use super::far::{Far, Ruling};
use super::handle::{File, Open};
use super::reply::{Answer, code};
use super::request::Request;
use super::resolving::{Last, Operating, Place, Stop};
use super::transfer::Flow;

const READ: u32 = 1;
const WRITE: u32 = 2;
const APPEND: u32 = 4;
const CREATE: u32 = 8;
const TRUNCATE: u32 = 16;
const EXCLUSIVE: u32 = 32;

/// How a file is to be opened (`pflags`).
#[derive(Clone, Copy)]
struct Flags(u32);

impl Flags {
    fn has(self, flag: u32) -> bool {
        self.0 & flag != 0
    }

    /// What becomes of what is there; none when nothing is written.
    fn writing(self, place: &Place) -> Option<Writing> {
        let wants = self.has(WRITE) || self.has(CREATE) && place.there.is_none();
        let writing = match place.there {
            None => Writing::Creates,
            Some(_) if self.has(APPEND) && !self.has(TRUNCATE) => Writing::Extends,
            Some(_) => Writing::Replaces,
        };
        wants.then_some(writing)
    }

    /// What the target is asked: a new file must be new, and an old one is cut only once it is known to be the one.
    fn asked(self, writing: Option<Writing>) -> u32 {
        let kept = self.0 & (READ | WRITE | APPEND);
        if writing == Some(Writing::Creates) { kept | WRITE | CREATE | EXCLUSIVE } else { kept }
    }
}

/// What was granted for one open file.
struct Granted {
    place: Place,
    writing: Option<Writing>,
    read: Option<Obligations>,
    write: Option<Obligations>,
}

impl<F: Far> Operating<'_, F> {
    pub(super) async fn open(
        &mut self,
        path: &[u8],
        flags: u32,
        attributes: Attributes,
    ) -> Result<Answer, Stop> {
        let flags = Flags(flags);
        if flags.0 & !0x3f != 0 || !flags.has(READ | WRITE) {
            return Err(self.talk.words.unsupported("open with these flags").into());
        }
        if self.talk.handles.is_full() {
            return Err(self.talk.words.too_many().into());
        }
        let place = self.openable(path, flags).await?;
        let granted = self.grant(place, flags, path).await?;
        let handle = self.opened(Request::Open {
            path: granted.place.bytes(),
            flags: flags.asked(granted.writing),
            attributes: attributes.of_new(),
        });
        let handle = handle.await?;
        let file = self.checked(granted, flags, &handle).await;
        match file {
            Ok(file) => Ok(self.take_in(file)),
            Err(stop) => self.let_go(handle, stop).await,
        }
    }

    /// Where it leads: to a regular file, or to nothing that may be made.
    async fn openable(&mut self, path: &[u8], flags: Flags) -> Result<Place, Stop> {
        let exclusive = flags.has(CREATE) && flags.has(EXCLUSIVE);
        let place = self.resolve(path, if exclusive { Last::Itself } else { Last::Followed }).await?;
        let words = &self.talk.words;
        match place.there {
            None if flags.has(CREATE) => Ok(place),
            None => Err(words.missing(&place.path).into()),
            Some(_) if exclusive => Err(words.exists(&place.path).into()),
            Some(there) if !there.is_regular() => Err(words.not_regular(&place.path).into()),
            Some(_) => Ok(place),
        }
    }

    /// Asks the road for each direction. After a wait for others the path is resolved afresh and must be the same.
    async fn grant(&mut self, place: Place, flags: Flags, path: &[u8]) -> Result<Granted, Stop> {
        let writing = flags.writing(&place);
        let (mut read, mut write, mut late) = (None, None, false);
        if flags.has(READ) {
            let (obligations, waited) =
                self.permitted(FileOperation::Read { path: place.path.clone() }).await?;
            (read, late) = (Some(obligations), waited);
        }
        if let Some(writing) = writing {
            let operation = FileOperation::Write { path: place.path.clone(), writing };
            let (obligations, waited) = self.permitted(operation).await?;
            (write, late) = (Some(obligations), late || waited);
        }
        let place = if late { self.as_before(place, flags, path).await? } else { place };
        Ok(Granted { place, writing, read, write })
    }

    async fn as_before(&mut self, before: Place, flags: Flags, path: &[u8]) -> Result<Place, Stop> {
        let place = self.openable(path, flags).await?;
        if place.path == before.path && place.there.is_some() == before.there.is_some() {
            return Ok(place);
        }
        Err(self.talk.words.moved(&before.path).into())
    }

    /// Asks the road; an operation that is not granted ends here.
    pub(super) async fn permitted(&mut self, operation: FileOperation) -> Result<(Obligations, bool), Stop> {
        let (asked, looks) = (operation.clone(), matches!(operation, FileOperation::List { .. }));
        match self.far.judge(operation).await? {
            Ruling::Granted { operation, obligations, waited } if operation == asked => {
                Ok((obligations, waited))
            }
            Ruling::Granted { .. } => Err(self.talk.words.strange().into()),
            Ruling::Refused(line) => {
                let answer = Answer::status(code::PERMISSION_DENIED, line);
                Err(if looks { answer } else { answer.aloud() }.into())
            }
        }
    }

    async fn opened(&mut self, request: Request) -> Result<Bytes, Stop> {
        match self.ask(request).await? {
            Answer::Handle(handle) => Ok(handle),
            refused @ Answer::Status(_) => Err(refused.into()),
            _ => Err(self.talk.words.strange().into()),
        }
    }

    /// Looks again at what was opened, and cuts it if it is to be cut.
    async fn checked(&mut self, granted: Granted, flags: Flags, handle: &Bytes) -> Result<File, Stop> {
        let Granted { place, writing, read, write } = granted;
        let opened = self.is_what_was_opened(&place, handle).await?;
        let cut = flags.has(TRUNCATE) && writing == Some(Writing::Replaces);
        if cut {
            self.cut(handle).await?;
        }
        let length = if cut { 0 } else { opened.size.unwrap_or_default() };
        let flow = |obligations: Obligations| Flow::new(obligations.max_bytes, obligations.keep_copy);
        Ok(File {
            far: handle.clone(),
            number: self.talk.handles.next_number(),
            path: place.path,
            reading: read.map(flow),
            writing: write.map(flow).filter(|_| flags.has(WRITE)),
            floor: if writing == Some(Writing::Extends) { length } else { 0 },
            replaceable: matches!(writing, Some(Writing::Creates | Writing::Replaces)),
            length,
            end: None,
        })
    }

    async fn cut(&mut self, handle: &Bytes) -> Result<(), Stop> {
        let attributes = Attributes { size: Some(0), ..Attributes::default() };
        let answer = self.demand(Request::FSetStat { handle: handle.clone(), attributes }).await?;
        if answer.code() == Some(code::OK) { Ok(()) } else { Err(answer.into()) }
    }

    fn take_in(&mut self, file: File) -> Answer {
        self.far.note(SessionEvent::FileOpened {
            file: file.number,
            path: file.path.clone(),
            read: file.reading.is_some(),
            write: file.writing.is_some(),
        });
        Answer::Handle(self.talk.handles.insert(Open::File(Box::new(file))))
    }

    /// Closes what was opened on the target and turned out to be something else.
    async fn let_go(&mut self, handle: Bytes, stop: Stop) -> Result<Answer, Stop> {
        if !matches!(stop, Stop::Gone) {
            self.demand(Request::Close { handle }).await?;
        }
        Err(stop)
    }

    pub(super) async fn open_folder(&mut self, path: &[u8]) -> Result<Answer, Stop> {
        if self.talk.handles.is_full() {
            return Err(self.talk.words.too_many().into());
        }
        let place = self.resolve(path, Last::Followed).await?;
        self.permitted(FileOperation::List { path: place.path.clone() }).await?;
        match place.there {
            None => return Err(self.talk.words.missing(&place.path).into()),
            Some(there) if !there.is_folder() => return Err(self.talk.words.not_folder(&place.path).into()),
            Some(_) => {}
        }
        let far = self.opened(Request::OpenDir { path: place.bytes() }).await?;
        match self.is_still_folder(&place).await {
            Ok(()) => Ok(Answer::Handle(self.talk.handles.insert(Open::Folder { far }))),
            Err(stop) => self.let_go(far, stop).await,
        }
    }

    /// A folder has no attributes through its handle; so its name is looked at again.
    async fn is_still_folder(&mut self, place: &Place) -> Result<(), Stop> {
        let now = self.resolve(place.path.as_bytes(), Last::Itself).await?;
        let same = now.path == place.path && now.there.is_some_and(|there| there.is_folder());
        if same { Ok(()) } else { Err(self.talk.words.moved(&place.path).into()) }
    }

    /// Ends a file or folder; what crossed of a file is summed up.
    pub(super) async fn close(&mut self, handle: &[u8]) -> Result<Answer, Stop> {
        let open = self.talk.handles.remove(handle).ok_or_else(|| self.talk.words.bad_handle())?;
        let answer = self.demand(Request::Close { handle: open.far().clone() }).await?;
        if let Open::File(mut file) = open {
            if answer.code() != Some(code::OK) {
                file.writing.iter_mut().for_each(Flow::spoil);
            }
            file.summaries().into_iter().for_each(|event| self.far.note(event));
        }
        Ok(answer)
    }
}
