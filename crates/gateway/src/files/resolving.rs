//! Where a path leads on the target, and whether it still leads there: links count as what they lead to, never as
//! what they are called.
//!
//! The protocol has no handle for a folder, so between a look and an act somebody on the target may put a link in the
//! way. What is opened is looked at again, by name and through its handle; a swap there and back again by somebody
//! who also matches owner, mode, size and time of the file remains unseen.

use bytes::Bytes;

use super::attributes::Attributes;
use super::conversation::Conversation;
use super::far::{Far, Gone};
use super::path;
use super::reply::{Answer, code};
use super::request::Request;

/// Why an operation ends before its end.
#[derive(Debug)]
pub(super) enum Stop {
    /// The client gets this answer.
    Answer(Answer),
    Gone,
}

impl From<Gone> for Stop {
    fn from(_: Gone) -> Self {
        Self::Gone
    }
}

impl From<Answer> for Stop {
    fn from(answer: Answer) -> Self {
        Self::Answer(answer)
    }
}

/// Whether the last name of a path is followed when it is a link.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Last {
    Followed,
    Itself,
}

/// A plain path none of whose folders is a link, and what is there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Place {
    pub path: String,
    pub there: Option<Attributes>,
}

impl Place {
    /// The path as a request carries it.
    pub(super) fn bytes(&self) -> Bytes {
        self.path.clone().into()
    }
}

/// One operation at work.
pub(crate) struct Operating<'a, F> {
    pub(super) talk: &'a mut Conversation,
    pub(super) far: &'a mut F,
}

impl<F: Far> Operating<'_, F> {
    /// Asks the target one thing.
    pub(super) async fn ask(&mut self, request: Request) -> Result<Answer, Stop> {
        let answer = self.far.ask(vec![request]).await?.pop();
        answer.ok_or_else(|| self.talk.words.strange().into())
    }

    /// Asks for something that is done or not.
    pub(super) async fn demand(&mut self, request: Request) -> Result<Answer, Stop> {
        let answer = self.ask(request).await?;
        match answer.code() {
            Some(_) => Ok(answer),
            None => Err(self.talk.words.strange().into()),
        }
    }

    /// Where a client's path leads, and what is there.
    pub(super) async fn resolve(&mut self, path: &[u8], last: Last) -> Result<Place, Stop> {
        let path = self.readable(path)?;
        let absolute = path::absolute(&self.talk.home, &path);
        let plain = match (last, path::split(&absolute)) {
            (Last::Itself, Some((folder, name))) => path::join(&self.real(folder).await?, name),
            (Last::Itself, None) => self.real(&absolute).await?,
            (Last::Followed, split) => self.followed(&absolute, split).await?,
        };
        let there = self.inspect(&plain).await?;
        if last == Last::Followed && there.is_some_and(|there| there.is_link()) {
            return Err(self.talk.words.unresolved(&plain).into());
        }
        Ok(Place { path: plain, there })
    }

    pub(super) fn readable(&self, path: &[u8]) -> Result<String, Stop> {
        path::readable(path).map(str::to_owned).ok_or_else(|| self.talk.words.unreadable().into())
    }

    /// Some servers resolve only what exists; then the folder is resolved, and nothing may be there.
    async fn followed(&mut self, absolute: &str, split: Option<(&str, &str)>) -> Result<String, Stop> {
        match (self.real(absolute).await, split) {
            (Err(Stop::Answer(answer)), Some((folder, name)))
                if answer.code() == Some(code::NO_SUCH_FILE) =>
            {
                Ok(path::join(&self.real(folder).await?, name))
            }
            (outcome, _) => outcome,
        }
    }

    /// The target's own reading of a path.
    async fn real(&mut self, path: &str) -> Result<String, Stop> {
        let answer = self.ask(Request::RealPath { path: path.to_owned().into() }).await?;
        if answer.code().is_some() {
            return Err(answer.into());
        }
        let name = answer.only_name().ok_or_else(|| self.talk.words.strange())?;
        let real = self.readable(&name)?;
        if path::is_plain(&real) { Ok(real) } else { Err(self.talk.words.unresolved(&real).into()) }
    }

    /// What is at a plain path; every folder on the way must be one and no link.
    async fn inspect(&mut self, plain: &str) -> Result<Option<Attributes>, Stop> {
        let answers = self.far.ask(looks(plain)).await?;
        self.seen(plain, answers)
    }

    fn seen(&self, plain: &str, mut answers: Vec<Answer>) -> Result<Option<Attributes>, Stop> {
        let last = answers.pop();
        for answer in answers {
            match answer {
                Answer::Attributes(folder) if folder.is_folder() => {}
                Answer::Attributes(_) => return Err(self.talk.words.unresolved(plain).into()),
                Answer::Status(_) => return Err(answer.into()),
                _ => return Err(self.talk.words.strange().into()),
            }
        }
        match last {
            Some(Answer::Attributes(there)) if there.permissions.is_some() => Ok(Some(there)),
            Some(Answer::Status(status)) if status.code == code::NO_SUCH_FILE => Ok(None),
            Some(status @ Answer::Status(_)) => Err(status.into()),
            _ => Err(self.talk.words.strange().into()),
        }
    }

    /// Refuses unless the folders on the way are what they were.
    pub(super) async fn is_still(&mut self, place: &Place) -> Result<(), Stop> {
        match self.inspect(&place.path).await {
            Err(Stop::Answer(_)) => Err(self.talk.words.moved(&place.path).into()),
            outcome => outcome.map(drop),
        }
    }

    /// Refuses unless what was opened is what the place leads to, and returns what it is. The file may have grown in
    /// between, so a look that differs is taken again.
    pub(super) async fn is_what_was_opened(
        &mut self,
        place: &Place,
        handle: &Bytes,
    ) -> Result<Attributes, Stop> {
        for _ in 0..3 {
            let mut requests = vec![Request::FStat { handle: handle.clone() }];
            requests.extend(looks(&place.path));
            let mut answers = self.far.ask(requests).await?;
            let opened = if answers.is_empty() { None } else { Some(answers.remove(0)) };
            let named = self.seen(&place.path, answers);
            if let (Some(Answer::Attributes(opened)), Ok(Some(named))) = (opened, named)
                && opened.is_seen_as(place.there.as_ref(), &named)
            {
                return Ok(opened);
            }
        }
        Err(self.talk.words.moved(&place.path).into())
    }
}

/// Requests that look at every folder on the way to a plain path, and at itself.
fn looks(plain: &str) -> Vec<Request> {
    let paths = path::folders(plain).into_iter().chain([plain]);
    paths.map(|path| Request::LStat { path: path.to_owned().into() }).collect()
}
