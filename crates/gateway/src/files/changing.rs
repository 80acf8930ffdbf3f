//! Operations that change names and attributes: each is judged with the path that the target resolved.

use access::policy::FileOperation;

use super::attributes::Attributes;
use super::conversation::{Conversation, named};
use super::extension::{Copying, Extension};
use super::far::Far;
use super::reply::{Answer, code};
use super::request::Request;
use super::resolving::{Last, Operating, Place, Stop};
use super::transfer::Flow;

impl<F: Far> Operating<'_, F> {
    /// Asks the road, and if that took others, looks whether all is as it was.
    async fn permitted_at(&mut self, operation: FileOperation, places: &[&Place]) -> Result<(), Stop> {
        let (_, waited) = self.permitted(operation).await?;
        for place in places.iter().filter(|_| waited) {
            let now = self.resolve(place.path.as_bytes(), Last::Itself).await?;
            let kind = |place: &Place| place.there.and_then(|there| there.permissions.map(|bits| bits >> 12));
            if now.path != place.path || kind(&now) != kind(place) {
                return Err(self.talk.words.moved(&place.path).into());
            }
        }
        Ok(())
    }

    /// Does it, and says so if a folder on the way was exchanged meanwhile.
    async fn done_at(&mut self, request: Request, places: &[&Place]) -> Result<Answer, Stop> {
        let answer = self.demand(request).await?;
        for place in places {
            self.is_still(place).await?;
        }
        Ok(answer)
    }

    fn there(&self, place: &Place) -> Result<Attributes, Stop> {
        place.there.ok_or_else(|| self.talk.words.missing(&place.path).into())
    }

    fn nothing_there(&self, place: &Place) -> Result<(), Stop> {
        if place.there.is_some() { Err(self.talk.words.exists(&place.path).into()) } else { Ok(()) }
    }

    pub(super) async fn remove(&mut self, path: &[u8]) -> Result<Answer, Stop> {
        let place = self.resolve(path, Last::Itself).await?;
        if self.there(&place)?.is_folder() {
            return Err(self.talk.words.not_regular(&place.path).into());
        }
        self.permitted_at(FileOperation::Remove { path: place.path.clone() }, &[&place]).await?;
        self.done_at(Request::Remove { path: place.bytes() }, &[&place]).await
    }

    pub(super) async fn remove_folder(&mut self, path: &[u8]) -> Result<Answer, Stop> {
        let place = self.resolve(path, Last::Itself).await?;
        if !self.there(&place)?.is_folder() {
            return Err(self.talk.words.not_folder(&place.path).into());
        }
        self.permitted_at(FileOperation::RemoveDirectory { path: place.path.clone() }, &[&place]).await?;
        self.done_at(Request::RemoveDir { path: place.bytes() }, &[&place]).await
    }

    pub(super) async fn make_folder(&mut self, path: &[u8], attributes: Attributes) -> Result<Answer, Stop> {
        let place = self.resolve(path, Last::Itself).await?;
        self.nothing_there(&place)?;
        self.permitted_at(FileOperation::MakeDirectory { path: place.path.clone() }, &[&place]).await?;
        let attributes = attributes.of_new();
        self.done_at(Request::MakeDir { path: place.bytes(), attributes }, &[&place]).await
    }

    /// `replaces`: asked for as POSIX defines it. Where nothing is there the target is asked to replace nothing, so
    /// that what appears meanwhile is not lost.
    pub(super) async fn rename(&mut self, from: &[u8], to: &[u8], replaces: bool) -> Result<Answer, Stop> {
        let (from, to) = (self.resolve(from, Last::Itself).await?, self.resolve(to, Last::Itself).await?);
        self.there(&from)?;
        if !replaces {
            self.nothing_there(&to)?;
        }
        let replaces = to.there.is_some();
        let operation = FileOperation::Rename { path: from.path.clone(), to: to.path.clone(), replaces };
        self.permitted_at(operation, &[&from, &to]).await?;
        let (old, new) = (from.bytes(), to.bytes());
        let request = match replaces {
            true => Request::Extended(Extension::PosixRename { from: old, to: new }),
            false => Request::Rename { from: old, to: new },
        };
        self.done_at(request, &[&from, &to]).await
    }

    pub(super) async fn symbolic_link(&mut self, to: &[u8], path: &[u8]) -> Result<Answer, Stop> {
        if !self.talk.offered.links_as_openssh() {
            return Err(self
                .talk
                .words
                .unsupported("symlink, whose order of arguments is not known here")
                .into());
        }
        let to = self.readable(to)?;
        let place = self.resolve(path, Last::Itself).await?;
        self.nothing_there(&place)?;
        let operation = FileOperation::Link { path: place.path.clone(), to: to.clone(), symbolic: true };
        self.permitted_at(operation, &[&place]).await?;
        self.done_at(Request::SymLink { to: to.into(), path: place.bytes() }, &[&place]).await
    }

    /// Systems differ in what a second name for a symbolic link is, so only regular files get one.
    pub(super) async fn hard_link(&mut self, from: &[u8], path: &[u8]) -> Result<Answer, Stop> {
        let (old, new) = (self.resolve(from, Last::Itself).await?, self.resolve(path, Last::Itself).await?);
        if !self.there(&old)?.is_regular() {
            return Err(self.talk.words.not_regular(&old.path).into());
        }
        self.nothing_there(&new)?;
        let (path, to) = (new.path.clone(), old.path.clone());
        self.permitted_at(FileOperation::Link { path, to, symbolic: false }, &[&old, &new]).await?;
        let request = Extension::HardLink { from: old.bytes(), to: new.bytes() };
        self.done_at(Request::Extended(request), &[&old, &new]).await
    }

    /// SETSTAT, and LSETSTAT for a link itself. What is so already needs no judgement and no change: clients say again
    /// which mode a directory has that they have just made.
    pub(super) async fn set_attributes(
        &mut self,
        path: &[u8],
        attributes: Attributes,
        last: Last,
    ) -> Result<Answer, Stop> {
        let place = self.resolve(path, last).await?;
        let there = self.there(&place)?;
        let attributes = attributes.different_from(&there);
        if attributes == Attributes::default() {
            return Ok(Answer::ok());
        }
        self.changes(&place.path, attributes, false, Some(&place)).await?;
        let (path, links) = (place.bytes(), self.talk.offered.has(b"lsetstat@openssh.com"));
        // The path is resolved, so nothing is to be followed; asking for that closes the gap where it can be asked.
        let request = match links && attributes.size.is_none() {
            true => Request::Extended(Extension::LSetStat { path, attributes }),
            false if there.is_link() => {
                return Err(self.talk.words.unsupported("lsetstat@openssh.com").into());
            }
            false => Request::SetStat { path, attributes },
        };
        self.done_at(request, &[&place]).await
    }

    pub(super) async fn set_attributes_of(
        &mut self,
        handle: &[u8],
        attributes: Attributes,
    ) -> Result<Answer, Stop> {
        let file = self.talk.handles.file(handle).ok_or(Stop::Answer(self.talk.words.bad_handle()))?;
        let (far, path) = (file.far.clone(), file.path.clone());
        let replaceable = file.replaceable && file.writing.is_some();
        let Answer::Attributes(there) = self.ask(Request::FStat { handle: far.clone() }).await? else {
            return Err(self.talk.words.strange().into());
        };
        let attributes = attributes.different_from(&there);
        if attributes == Attributes::default() {
            return Ok(Answer::ok());
        }
        self.within_limit(handle, attributes.size)?;
        self.changes(&path, attributes, replaceable, None).await?;
        let answer = self.demand(Request::FSetStat { handle: far, attributes }).await?;
        if let (Some(code::OK), Some(size), Some(file)) =
            (answer.code(), attributes.size, self.talk.handles.file(handle))
        {
            file.resized(size);
        }
        Ok(answer)
    }

    /// A file is not made longer than what may be written to it.
    fn within_limit(&mut self, handle: &[u8], size: Option<u64>) -> Result<(), Stop> {
        let Conversation { handles, words, .. } = &mut *self.talk;
        let Some((file, size)) = handles.file(handle).zip(size) else { return Ok(()) };
        match file.writing.as_ref().and_then(Flow::limit).filter(|limit| size > *limit) {
            Some(limit) => Err(words.limit(&file.path, limit).into()),
            None => Ok(()),
        }
    }

    /// Asks the road for each attribute that is to change. A file that may be replaced may also be cut.
    async fn changes(
        &mut self,
        path: &str,
        attributes: Attributes,
        replaceable: bool,
        place: Option<&Place>,
    ) -> Result<(), Stop> {
        if attributes.extended {
            return Err(self.talk.words.unsupported("extended attributes").into());
        }
        for change in named(attributes).filter(|change| !replaceable || change.size.is_none()) {
            let Some(operation) = operation(path, change) else { continue };
            self.permitted_at(operation, place.as_slice()).await?;
        }
        Ok(())
    }

    /// Both files are open, each under its own grant; what is copied counts in both.
    pub(super) async fn copy(&mut self, copying: Copying) -> Result<Answer, Stop> {
        let bad = || self.talk.words.bad_handle();
        let bad = bad();
        let source = self.talk.handles.file(&copying.from).ok_or_else(|| bad.clone())?;
        let flow = source.reading.as_mut().ok_or_else(|| bad.clone())?;
        let (from, room) = (source.far.clone(), flow.room_for(u64::MAX));
        let limit = (source.path.clone(), flow.limit());
        let sink = self.talk.handles.file(&copying.to).ok_or_else(|| bad.clone())?;
        let flow = sink.writing.as_mut().ok_or(bad)?;
        if copying.to_offset < sink.floor {
            return Err(self.talk.words.extends_only(&sink.path).into());
        }
        let length = if copying.length == 0 { u64::MAX } else { copying.length };
        let limited = [limit, (sink.path.clone(), flow.limit())];
        let exceeded =
            [room, flow.room_for(u64::MAX)].into_iter().zip(limited).find(|(room, _)| *room < length);
        if let Some((_, (path, Some(limit)))) = exceeded {
            return Err(self.talk.words.limit(&path, limit).into());
        }
        flow.moved(copying.length);
        let request = Copying { from, to: sink.far.clone(), ..copying.clone() };
        if let Some(flow) = self.talk.handles.file(&copying.from).and_then(|file| file.reading.as_mut()) {
            flow.moved(copying.length);
        }
        self.demand(Request::Extended(Extension::CopyData(request))).await
    }
}

/// The operation that changes one attribute.
fn operation(path: &str, change: Attributes) -> Option<FileOperation> {
    let path = path.to_owned();
    Some(match change {
        Attributes { size: Some(size), .. } => FileOperation::Resize { path, size },
        Attributes { owner: Some((user, group)), .. } => FileOperation::ChangeOwner { path, user, group },
        Attributes { permissions: Some(bits), .. } => FileOperation::ChangeMode { path, mode: bits & 0o7777 },
        Attributes { times: Some(_), .. } => FileOperation::ChangeTimes { path },
        _ => return None,
    })
}
