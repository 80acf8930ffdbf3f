//! Operations that only look: names, attributes and where links lead. Each is judged; none has an entry of its own.

use access::policy::FileOperation;
use bytes::Bytes;

use super::extension::Extension;
use super::far::Far;
use super::reply::{Answer, limited};
use super::request::Request;
use super::resolving::{Last, Operating, Place, Stop};

impl<F: Far> Operating<'_, F> {
    async fn looked_at(&mut self, path: &[u8], last: Last) -> Result<Place, Stop> {
        let place = self.resolve(path, last).await?;
        self.permitted(FileOperation::List { path: place.path.clone() }).await?;
        Ok(place)
    }

    /// STAT and LSTAT, whose answer is known once the path is resolved.
    pub(super) async fn attributes(&mut self, path: &[u8], last: Last) -> Result<Answer, Stop> {
        let place = self.looked_at(path, last).await?;
        let there = place.there.ok_or_else(|| self.talk.words.missing(&place.path))?;
        Ok(Answer::Attributes(there))
    }

    pub(super) async fn real_path(&mut self, path: &[u8]) -> Result<Answer, Stop> {
        Ok(Answer::name(&self.looked_at(path, Last::Followed).await?.path))
    }

    pub(super) async fn read_link(&mut self, path: &[u8]) -> Result<Answer, Stop> {
        let place = self.looked_at(path, Last::Itself).await?;
        match self.ask(Request::ReadLink { path: place.bytes() }).await? {
            answer @ (Answer::Names(_) | Answer::Status(_)) => Ok(answer),
            _ => Err(self.talk.words.strange().into()),
        }
    }

    pub(super) async fn file_system(&mut self, path: &[u8]) -> Result<Answer, Stop> {
        let place = self.looked_at(path, Last::Followed).await?;
        self.told(Extension::StatVfs { path: place.bytes() }).await
    }

    pub(super) async fn limits(&mut self) -> Result<Answer, Stop> {
        let Answer::Extended(raw) = self.told(Extension::Limits).await? else {
            return Err(self.talk.words.strange().into());
        };
        limited(&raw, super::handle::MOST as u64).ok_or_else(|| self.talk.words.strange().into())
    }

    /// `expand-path` and `home-directory`: the target names a path, which is looked at like any other.
    pub(super) async fn expanded(&mut self, extension: Extension, word: &Bytes) -> Result<Answer, Stop> {
        self.readable(word)?;
        let answer = self.ask(Request::Extended(extension)).await?;
        match answer.only_name() {
            Some(path) => self.real_path(&path).await,
            None if answer.code().is_some() => Ok(answer),
            None => Err(self.talk.words.strange().into()),
        }
    }

    /// Names of users and groups come out of the target's own lists.
    pub(super) async fn names_of(&mut self, users: Bytes, groups: Bytes) -> Result<Answer, Stop> {
        for path in ["/etc/passwd", "/etc/group"] {
            self.permitted(FileOperation::List { path: path.to_owned() }).await?;
        }
        self.told(Extension::UsersGroupsById { users, groups }).await
    }

    async fn told(&mut self, extension: Extension) -> Result<Answer, Stop> {
        match self.ask(Request::Extended(extension)).await? {
            answer @ (Answer::Extended(_) | Answer::Status(_)) => Ok(answer),
            _ => Err(self.talk.words.strange().into()),
        }
    }
}
