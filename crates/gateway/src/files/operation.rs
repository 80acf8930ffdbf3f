//! Which operation a request is; what is not understood, or not offered by the target, is told apart here.

use super::conversation::Conversation;
use super::extension::Extension;
use super::far::{Far, Gone};
use super::reply::Answer;
use super::request::Request;
use super::resolving::{Last, Operating, Stop};

/// Carries out one operation while nothing else is under way; the answer is for the client.
pub(crate) async fn operate<F: Far>(
    talk: &mut Conversation,
    far: &mut F,
    request: Request,
) -> Result<Answer, Gone> {
    let mut operating = Operating { talk, far };
    match operating.carry_out(request).await {
        Ok(answer) | Err(Stop::Answer(answer)) => Ok(answer),
        Err(Stop::Gone) => Err(Gone),
    }
}

impl<F: Far> Operating<'_, F> {
    async fn carry_out(&mut self, request: Request) -> Result<Answer, Stop> {
        match request {
            Request::Open { path, flags, attributes } => self.open(&path, flags, attributes).await,
            Request::OpenDir { path } => self.open_folder(&path).await,
            Request::Close { handle } => self.close(&handle).await,
            Request::Stat { path } => self.attributes(&path, Last::Followed).await,
            Request::LStat { path } => self.attributes(&path, Last::Itself).await,
            Request::RealPath { path } => self.real_path(&path).await,
            Request::ReadLink { path } => self.read_link(&path).await,
            Request::Remove { path } => self.remove(&path).await,
            Request::RemoveDir { path } => self.remove_folder(&path).await,
            Request::MakeDir { path, attributes } => self.make_folder(&path, attributes).await,
            Request::Rename { from, to } => self.rename(&from, &to, false).await,
            Request::SymLink { to, path } => self.symbolic_link(&to, &path).await,
            Request::SetStat { path, attributes } => {
                self.set_attributes(&path, attributes, Last::Followed).await
            }
            Request::FSetStat { handle, attributes } => self.set_attributes_of(&handle, attributes).await,
            Request::Extended(extension) => self.extended(extension).await,
            // These go on under the grant of their open file and never come here.
            Request::Read { .. }
            | Request::Write { .. }
            | Request::ReadDir { .. }
            | Request::FStat { .. } => Err(self.talk.words.bad_handle().into()),
        }
    }

    async fn extended(&mut self, extension: Extension) -> Result<Answer, Stop> {
        if !self.talk.offered.has(extension.name()) {
            let name = String::from_utf8_lossy(extension.name()).escape_debug().collect::<String>();
            self.far.turn_down(format!("the SFTP extension {name}")).await?;
            return Err(self.talk.words.unsupported(&name).into());
        }
        match extension {
            Extension::PosixRename { from, to } => self.rename(&from, &to, true).await,
            Extension::HardLink { from, to } => self.hard_link(&from, &to).await,
            Extension::LSetStat { path, attributes } => {
                self.set_attributes(&path, attributes, Last::Itself).await
            }
            Extension::StatVfs { path } => self.file_system(&path).await,
            Extension::Limits => self.limits().await,
            Extension::CopyData(copying) => self.copy(copying).await,
            Extension::UsersGroupsById { users, groups } => self.names_of(users, groups).await,
            Extension::ExpandPath { ref path } => {
                let path = path.clone();
                self.expanded(extension, &path).await
            }
            Extension::HomeDirectory { ref user } => {
                let user = user.clone();
                self.expanded(extension, &user).await
            }
            Extension::FStatVfs { .. } | Extension::FSync { .. } | Extension::Unknown { .. } => {
                Err(self.talk.words.bad_handle().into())
            }
        }
    }
}
