//! What receivers outside are told: one announcement for each thing that happened, in plain fields and without secrets.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

/// Somebody outside who is told what happened, as the configuration names them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Receiver {
    /// Name in the configuration and in quorums' `tell`.
    pub name: String,
    /// The events that are wanted ([`EVENTS`]); none is all of them.
    pub events: Option<BTreeSet<String>>,
    /// Whether whole commands may go there. Without it, their effects and the first program's name do.
    pub commands: bool,
}

impl Receiver {
    /// Whether it is told of that. A declared emergency is told to everybody.
    pub fn wants(&self, event: &str) -> bool {
        event == EMERGENCY || self.events.as_ref().is_none_or(|wanted| wanted.contains(event))
    }
}

const EMERGENCY: &str = "emergency-declared";

/// The word of every event, as configurations and notices say it.
pub const EVENTS: [&str; 12] = [
    "request-made",
    "request-decided",
    "request-ended",
    "permit-began",
    "permit-ended",
    EMERGENCY,
    "emergency-reviewed",
    "alert",
    "person-suspended",
    "key-enrolled",
    "session-killed",
    "login-locked-out",
];

/// Something that happened, with the fields of its notice. Times are RFC 3339. What people wrote may stand here as they
/// wrote it: whoever shows it makes it harmless.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "kebab-case")]
pub enum Announcement {
    /// A request waits for signatures.
    RequestMade {
        /// Which.
        #[serde(flatten)]
        about: AboutRequest,
        /// Any one of these suffices.
        quorums: Vec<String>,
        /// When it lapses.
        expires: String,
    },
    /// An approver's signature was counted.
    RequestDecided {
        /// Which.
        #[serde(flatten)]
        about: AboutRequest,
        /// Who signed.
        by: String,
        /// `approve` or `deny`.
        answer: String,
    },
    /// A request is over: `used` when it was granted and the act started, else `denied`, `expired`, `abandoned`, `refused`.
    RequestEnded {
        /// Which.
        #[serde(flatten)]
        about: AboutRequest,
        /// How.
        state: String,
    },
    /// Time-limited access, runs of a script or looks at a recording began.
    PermitBegan {
        /// Which.
        #[serde(flatten)]
        about: AboutPermit,
    },
    /// A permit ended.
    PermitEnded {
        /// Which.
        #[serde(flatten)]
        about: AboutPermit,
        /// `lapsed`, `returned`, `revoked`, `suspended`.
        why: String,
        /// Who ended it; none when its time was over.
        by: Option<String>,
    },
    /// Somebody broke the glass.
    EmergencyDeclared {
        /// Which.
        #[serde(flatten)]
        about: AboutPermit,
        /// Why, as they wrote it.
        reason: String,
    },
    /// Somebody else closed the review of an emergency.
    EmergencyReviewed {
        /// Which.
        #[serde(flatten)]
        about: AboutPermit,
        /// Who reviewed.
        by: String,
    },
    /// Something that the ledger does not explain, or that failed, was found.
    Alert {
        /// What.
        what: String,
    },
    /// A person can no longer enter nor sign.
    PersonSuspended {
        /// Login name.
        person: String,
        /// Who did it.
        by: String,
    },
    /// A key can enter and sign for a person from now on.
    KeyEnrolled {
        /// Login name.
        person: String,
        /// `SHA256:…`.
        fingerprint: String,
        /// Who did it.
        by: String,
    },
    /// A session was ended by somebody else.
    SessionKilled {
        /// Which.
        session: String,
        /// Whose.
        person: String,
        /// Where.
        target: String,
        /// Who ended it.
        by: String,
    },
    /// An administrator tries a receiver out.
    Test {},
    /// Too many wrong guesses in a row: no further one is taken for a time.
    LoginLockedOut {
        /// The login name, if it is anybody's; what else was typed is nobody's business.
        person: Option<String>,
        /// Address of the last guess.
        source: String,
        /// Until when.
        until: String,
    },
}

/// What every notice about a request says of it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct AboutRequest {
    /// Its number.
    pub request: i64,
    /// `action`, `access`, `runbook`, `change`, `replay`.
    pub kind: String,
    /// Login name of who asks.
    pub requester: String,
    /// Where; empty when it concerns no target, or several.
    pub target: String,
    /// The target's labels.
    pub labels: BTreeMap<String, String>,
    /// As whom there; empty without a target.
    pub account: String,
    /// What it would do.
    pub effects: BTreeSet<String>,
    /// Name of the first program that would run.
    pub program: Option<String>,
    /// What would run, whole: only for receivers that may see commands.
    pub command: Option<String>,
    /// What is asked for in words, when it is no command.
    pub summary: Option<String>,
}

/// What every notice about a permit says of it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct AboutPermit {
    /// Its number.
    pub permit: i64,
    /// `access`, `runbook`, `emergency`, `replay`.
    pub kind: String,
    /// Login name of whose it is.
    pub holder: String,
    /// What it covers: a target's name, or labels.
    pub scope: String,
    /// As whom there; empty when it names none.
    pub account: String,
    /// Until when.
    pub until: String,
    /// The request that it follows from.
    pub request: Option<i64>,
}

impl Announcement {
    /// Its word, one of [`EVENTS`].
    pub fn event(&self) -> &'static str {
        match self {
            Self::RequestMade { .. } => "request-made",
            Self::RequestDecided { .. } => "request-decided",
            Self::RequestEnded { .. } => "request-ended",
            Self::PermitBegan { .. } => "permit-began",
            Self::PermitEnded { .. } => "permit-ended",
            Self::EmergencyDeclared { .. } => EMERGENCY,
            Self::EmergencyReviewed { .. } => "emergency-reviewed",
            Self::Alert { .. } => "alert",
            Self::PersonSuspended { .. } => "person-suspended",
            Self::KeyEnrolled { .. } => "key-enrolled",
            Self::SessionKilled { .. } => "session-killed",
            Self::LoginLockedOut { .. } => "login-locked-out",
            Self::Test {} => "test",
        }
    }

    /// The same for a receiver that must not see whole commands.
    #[must_use]
    pub fn without_command(mut self) -> Self {
        match &mut self {
            Self::RequestMade { about, .. }
            | Self::RequestDecided { about, .. }
            | Self::RequestEnded { about, .. } => about.command = None,
            _ => {}
        }
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::entry::canonical;

    fn made() -> Announcement {
        let about = AboutRequest {
            request: 42,
            program: Some("rm".into()),
            command: Some("'rm' '-rf' 'data'".into()),
            ..AboutRequest::default()
        };
        Announcement::RequestMade { about, quorums: vec!["two".into()], expires: "soon".into() }
    }

    #[test]
    fn an_announcement_reads_back_as_written_under_its_own_word() {
        let alert = Announcement::Alert { what: "a row".into() };
        for one in [made(), alert] {
            let text = canonical(&one);
            assert!(text.contains(&format!("\"event\":\"{}\"", one.event())), "{text}");
            assert!(EVENTS.contains(&one.event()));
            assert_eq!(serde_json::from_str::<Announcement>(&text).unwrap(), one);
        }
    }

    #[test]
    fn a_receiver_that_may_not_see_commands_learns_only_the_program() {
        let text = canonical(&made().without_command());
        assert!(text.contains("\"program\":\"rm\"") && !text.contains("data"), "{text}");
    }

    #[test]
    fn an_emergency_is_told_to_everybody() {
        let events = Some(BTreeSet::from(["alert".to_owned()]));
        let receiver = Receiver { name: "oncall".into(), events, commands: false };
        assert!(receiver.wants("emergency-declared") && receiver.wants("alert"));
        assert!(!receiver.wants("request-made"));
    }
}
