//! The desk: `ssh gateway requests`, `show N`, `approve N`, `deny N`, for people who have nothing but OpenSSH.

use identity::VerifiedIdentity;

use super::Road;
use crate::desk_command::{
    CertificateAct, CertificateWanted, Consent, DeskCommand, Emergency, Report, Unparsed, Wanted,
};
use crate::error::RoadError;
use crate::model::{Answer, RequestId};
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
        let person = match &command {
            // Read and accepted by people who may not do anything else yet.
            DeskCommand::Consent { .. } => self.person_present(who).await?,
            _ => self.person_now(who).await?,
        };
        match command {
            DeskCommand::Requests { all } => self.list_requests(&person, all).await,
            DeskCommand::Show { request, statement: None } => self.show(&person, request).await,
            DeskCommand::Show { request, statement: Some(answer) } => {
                self.to_sign(&person, request, answer).await
            }
            DeskCommand::Approve { request } => self.answer_with(who, request, Answer::Approve, stdin).await,
            DeskCommand::Deny { request } => self.answer_with(who, request, Answer::Deny, stdin).await,
            DeskCommand::Evidence { request: Some(request), .. } => self.evidence(who, request).await,
            DeskCommand::Evidence { request: None, permit: Some(permit) } => {
                self.evidence_of_permit(who, permit).await
            }
            DeskCommand::Kill { session, because } => ended(self.kill(who, &session, &because.text()).await),
            // Whoever sits at the door asks again and again; this is one look.
            DeskCommand::Watch { request } => Ok(self.watch(who, request).await?.lines.join("\n") + "\n"),
            DeskCommand::Sessions { all } => self.list_sessions(&person, all).await,
            DeskCommand::Replay(replay) => {
                let values = [("session", &*replay.session.to_string())];
                Err(self.refusal(&text::REPLAY_AT_DOOR, &values).into())
            }
            DeskCommand::Search(_) => Err(self.refusal(&text::SEARCH_AT_DOOR, &[]).into()),
            DeskCommand::Targets => self.reach(&person, who).await,
            // The definition asks for one of the two, so the second never comes.
            DeskCommand::Help | DeskCommand::Evidence { request: None, permit: None } => {
                Ok(self.say(&text::DESK_HELP, &[("person", &person.name)]) + "\n")
            }
            DeskCommand::Consent { act: None } => self.consent_notice(who).await,
            DeskCommand::Consent { act: Some(Consent::Accept { version }) } => {
                self.accept_consent(who, &version).await
            }
            DeskCommand::Request(Wanted::Access(wanted)) => ended(self.request_access(who, &wanted).await),
            DeskCommand::Request(Wanted::Runbook(wanted)) => {
                ended(self.request_runbook(who, &wanted, stdin).await)
            }
            DeskCommand::Request(Wanted::Replay(wanted)) => ended(self.request_replay(who, &wanted).await),
            DeskCommand::Withdraw { request } => ended(self.withdraw(who, request).await),
            DeskCommand::Grants { all } => self.list_permits(self.permits_seen_by(who, all).await?).await,
            DeskCommand::Revoke { permit } => ended(self.revoke_permit(who, permit).await),
            DeskCommand::Emergency(Emergency::Declare(wanted)) => {
                ended(self.declare_emergency(who, &wanted).await)
            }
            DeskCommand::Emergency(Emergency::Review { permit, because }) => {
                ended(self.review_emergency(who, permit, &because).await)
            }
            DeskCommand::Emergency(Emergency::List) => {
                self.list_permits(self.open_emergencies().await?).await
            }
            DeskCommand::Ticket(wanted) => self.give_ticket(who, &wanted).await,
            DeskCommand::Certificate(CertificateWanted {
                act: Some(CertificateAct::Revoke { id }), ..
            }) => ended(self.revoke_certificate(&person, &id).await),
            DeskCommand::Certificate(wanted) => self.give_certificate(who, &person, &wanted, stdin).await,
            DeskCommand::Certificates => self.list_certificates(&person).await,
            DeskCommand::Keys { act } => self.own_keys(who, &person, act, stdin).await,
            DeskCommand::Change => self.change_command(who, stdin).await,
            DeskCommand::Retention => self.show_retention(&person).await,
            DeskCommand::Holds => self.list_holds(&person).await,
            DeskCommand::Report(Report::Access(wanted)) => self.report_access(who, &person, wanted).await,
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
}

/// What a person is told, with the end of its last line.
fn ended(told: Result<String, RoadError>) -> Result<String, RoadError> {
    told.map(|told| told + "\n")
}
