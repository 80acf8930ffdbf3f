//! The desk: `ssh gateway requests`, `show N`, `approve N`, `deny N`, for people who have nothing but OpenSSH.

use identity::VerifiedIdentity;

use super::Road;
use super::sessions::labels;
use crate::desk_command::{Consent, DeskCommand, Unparsed};
use crate::error::RoadError;
use crate::model::{Answer, Person, Request, RequestId, RequestState};
use crate::statement::{bears_out, rfc3339, statement, visible};
use crate::text;

/// What a desk command prints, and its exit status.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DeskAnswer {
    /// For standard output.
    pub stdout: String,
    /// For standard error.
    pub stderr: String,
    /// 0 done, 1 refused, 2 not a command.
    pub status: u32,
}

impl Road {
    /// Answers one desk command. `stdin` is what the client sent, for the commands that read it.
    pub async fn desk(&self, who: &VerifiedIdentity, line: &str, stdin: &[u8]) -> DeskAnswer {
        match DeskCommand::read(line) {
            Ok(command) => self.desk_does(who, command, stdin).await,
            Err(Unparsed { told, is_help: true }) => DeskAnswer { stdout: told, ..DeskAnswer::default() },
            Err(Unparsed { told, .. }) => DeskAnswer { stderr: told, status: 2, ..DeskAnswer::default() },
        }
    }

    /// Answers one desk command that has been read.
    pub async fn desk_does(&self, who: &VerifiedIdentity, command: DeskCommand, stdin: &[u8]) -> DeskAnswer {
        match self.answer(who, command, stdin).await {
            Ok(stdout) => DeskAnswer { stdout, ..DeskAnswer::default() },
            Err(fault) => {
                let stderr = format!("{}\n", self.tell(&fault));
                DeskAnswer { stderr, status: 1, ..DeskAnswer::default() }
            }
        }
    }

    /// The one place where commands meet what they do. A new one does not compile until it is placed here.
    async fn answer(
        &self,
        who: &VerifiedIdentity,
        command: DeskCommand,
        stdin: &[u8],
    ) -> Result<String, RoadError> {
        // Read and accepted by people who may not do anything else yet.
        if let DeskCommand::Consent { act } = command {
            return match act {
                None => self.consent_notice(who).await,
                Some(Consent::Accept { version }) => self.accept_consent(who, &version).await,
            };
        }
        let person = self.person_now(who).await?;
        match command {
            DeskCommand::Requests { all: _ } => self.list(&person).await,
            DeskCommand::Show { request, statement: None } => self.show(&person, request).await,
            DeskCommand::Show { request, statement: Some(answer) } => {
                self.to_sign(&person, request, answer).await
            }
            DeskCommand::Approve { request } => self.answer_with(who, request, Answer::Approve, stdin).await,
            DeskCommand::Deny { request } => self.answer_with(who, request, Answer::Deny, stdin).await,
            DeskCommand::Evidence { request } => self.evidence(who, request).await,
            DeskCommand::Kill { session, because } => {
                Ok(self.kill(who, &session, &because.text()).await? + "\n")
            }
            DeskCommand::Targets => self.reach(&person, who).await,
            DeskCommand::Help => Ok(self.say(&text::DESK_HELP, &[("person", &person.name)]) + "\n"),
            DeskCommand::Request(_)
            | DeskCommand::Grants { .. }
            | DeskCommand::Revoke { .. }
            | DeskCommand::Watch { .. }
            | DeskCommand::Sessions { .. }
            | DeskCommand::Replay(_)
            | DeskCommand::Emergency(_)
            | DeskCommand::Keys { .. }
            | DeskCommand::Consent { .. }
            | DeskCommand::Change
            | DeskCommand::Report(_) => Err(self.refusal(&text::DESK_NOT_YET, &[]).into()),
        }
    }

    async fn answer_with(
        &self,
        who: &VerifiedIdentity,
        id: RequestId,
        answer: Answer,
        signature: &[u8],
    ) -> Result<String, RoadError> {
        Ok(self.decide(who, id, answer, signature).await? + "\n")
    }

    async fn list(&self, person: &Person) -> Result<String, RoadError> {
        let mut lines = vec![self.say(&text::REQUESTS_HEADER, &[])];
        for request in self.store().waiting_requests().await? {
            if !bears_out(&request) {
                // One altered row must not hide the others from those who could answer them.
                tracing::error!(request = %request.id, "the columns of a request are not what its digest covers");
            } else if self.may_see(person, &request) && self.now() < request.expires {
                lines.push(self.row(&request).await?);
            }
        }
        if lines.len() == 1 {
            lines = vec![self.say(&text::NO_REQUESTS, &[])];
        }
        Ok(lines.join("\n") + "\n")
    }

    async fn row(&self, request: &Request) -> Result<String, RoadError> {
        let who = self.name_of(&request.requester).await?;
        Ok(format!(
            "{:<8} {:<10} {:<9} {:<9} {:<9} {:<24} {}",
            request.id,
            request.state.as_str(),
            request.target,
            request.account,
            who,
            rfc3339(request.expires),
            visible(&request.run),
        ))
    }

    async fn show(&self, person: &Person, id: RequestId) -> Result<String, RoadError> {
        let request = self.seen_by(person, id).await?;
        let mut text = self.describe(&request).await?;
        if request.state == RequestState::Waiting {
            text += &self.say(&text::SHOW_HOW, &[("request", &id.to_string())]);
        }
        Ok(text + "\n")
    }

    async fn describe(&self, request: &Request) -> Result<String, RoadError> {
        let target = self.store().target(&request.target).await?;
        let mut needs = Vec::new();
        for quorum in self.quorums_of(request) {
            needs.push(self.needs(&quorum, &request.requester.0).await?);
        }
        let signed: Vec<_> = self.signers(request).await?.into_iter().map(|(name, _)| name).collect();
        let effects: Vec<_> = request.effects.iter().map(String::as_str).collect();
        Ok(self.say(
            &text::SHOW,
            &[
                ("request", &request.id.to_string()),
                ("state", request.state.as_str()),
                ("target", &request.target),
                ("labels", &target.as_ref().map(labels).unwrap_or_default()),
                ("account", &request.account),
                ("who", &self.name_of(&request.requester).await?),
                ("created", &rfc3339(request.created)),
                ("run", &visible(&request.run)),
                ("effects", &effects.join(", ")),
                ("needs", &needs.join(" / ")),
                ("signed", &signed.join(", ")),
                ("until", &rfc3339(request.expires)),
                ("session", &request.session.map(|session| session.to_string()).unwrap_or_default()),
                ("digest", &request.digest),
            ],
        ))
    }

    async fn to_sign(&self, person: &Person, id: RequestId, answer: Answer) -> Result<String, RoadError> {
        let request = self.seen_by(person, id).await?;
        Ok(statement(id, &request.canonical, &request.digest, answer))
    }

    async fn reach(&self, person: &Person, who: &VerifiedIdentity) -> Result<String, RoadError> {
        let mut lines = Vec::new();
        for target in self.store().targets().await? {
            for account in self.store().accounts(&target.name).await? {
                if self.may_connect(who, person, &target, &account.login).await? {
                    let shown = labels(&target);
                    lines.push(format!("{}@{}  {}  {}", account.login, target.name, target.level, shown));
                }
            }
        }
        Ok(lines.join("\n") + "\n")
    }
}
