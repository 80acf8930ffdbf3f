//! What an entry says, kind by kind.

use std::collections::BTreeSet;

use recording::SessionId;
use serde::{Deserialize, Serialize};

use crate::blind::{hex, sha256_hex};
use crate::model::{Decision, Outcome, PersonId, RequestId, RequestState};

/// What an entry says. Names of people are identifiers; free text and addresses are commitments ([`crate::blind`]).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum Event {
    /// A node began to serve.
    Start {
        /// Version of the program.
        version: String,
        /// Digest of the policies in force.
        policy: String,
        /// Whether it serves before the three administrators are enrolled.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        bootstrap: bool,
    },
    /// A node stopped in order.
    Stop {},
    /// Policies were replaced.
    Policy {
        /// Digest of the policies now in force.
        policy: String,
    },
    /// Someone proved who they are.
    Login {
        /// Who.
        person: String,
        /// Which factors, e.g. `publickey SHA256:… + totp`.
        how: String,
        /// Commitment to the client's address.
        source: String,
    },
    /// Someone did not.
    LoginRefused {
        /// Commitment to the name that was tried, under the node's salt.
        name: String,
        /// Commitment to the client's address, under the node's salt.
        source: String,
        /// `key`, `password`, `code`, `code-reused`, `suspended`, `expired`.
        why: String,
    },
    /// Too many failures: the name is locked for a time.
    Lockout {
        /// Commitment to the name, under the node's salt.
        name: String,
        /// Until when, microseconds since the epoch.
        until: i64,
    },
    /// A session began; durable before the first byte is forwarded.
    SessionOpen {
        /// Random identifier.
        session: String,
        /// Who.
        person: String,
        /// Where.
        target: String,
        /// As whom.
        account: String,
        /// `direct` or `jump`.
        way: String,
        /// Commitment to the client's address.
        source: String,
        /// Commitment to the data key that seals its segments.
        key_commitment: String,
        /// SHA-256 of the session's `key` file.
        key_digest: String,
        /// Digest of the policies in force.
        policy: String,
        /// The person's permits and emergencies that cover this place then.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        permits: Vec<i64>,
    },
    /// A sealed piece of a session's recording is durable.
    Segment {
        /// Which session.
        session: String,
        /// From 1, without gaps.
        number: u32,
        /// First frame in it.
        first_frame: u64,
        /// Last frame in it.
        last_frame: u64,
        /// Time of the first frame, microseconds since the epoch.
        first_us: u64,
        /// Time of the last frame.
        last_us: u64,
        /// Bytes before sealing.
        plain_bytes: u64,
        /// Size of the file.
        file_bytes: u64,
        /// SHA-256 of the file.
        digest: String,
        /// SHA-256 of the previous chain value and `digest`.
        chain: String,
    },
    /// A session ended; the totals show a truncation.
    SessionClose {
        /// Which session.
        session: String,
        /// `finished`, `lost`, `recording-failed`, `interrupted`.
        outcome: String,
        /// Number of segments.
        segments: u32,
        /// Number of frames.
        frames: u64,
        /// Bytes recorded.
        bytes: u64,
        /// Chain value of the last segment.
        chain: String,
    },
    /// An act was judged; durable before its effect starts.
    Decision {
        /// In which session.
        session: String,
        /// On which channel.
        channel: u32,
        /// The Cedar action: `connect`, `shell`, `exec`, `sftp`, `read-file`, `forward` and so on.
        act: String,
        /// Commitment to the text that was submitted.
        text: String,
        /// What it would do.
        effects: BTreeSet<String>,
        /// `allow`, `hold`, `deny`.
        verdict: String,
        /// The policies that decided.
        rules: Vec<String>,
        /// Digest of the policies in force.
        policy: String,
        /// The request it became, when held.
        request: Option<i64>,
        /// The permit whose runbook it is a run of.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        permit: Option<i64>,
    },
    /// A request waits for decisions.
    Request {
        /// Its number.
        request: i64,
        /// In which session; none unless it asks for one action there.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        session: Option<String>,
        /// What it asks for, when that is not one action in one session: `access`, `runbook`, `change`, `replay`, or
        /// `action` in any session of the requester.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        asks: Option<String>,
        /// Who asks, when there is no session to tell.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        requester: Option<String>,
        /// SHA-256 of the canonical act that approvers sign.
        digest: String,
        /// Which quorums suffice, each alone.
        quorums: Vec<String>,
        /// When it lapses, microseconds since the epoch.
        expires: i64,
    },
    /// An approver's signature was verified and counted.
    Approval {
        /// Which request.
        request: i64,
        /// Who.
        person: String,
        /// `approve` or `deny`.
        answer: String,
        /// Key that signed.
        key: String,
        /// SHA-256 of the statement that was signed.
        statement: String,
        /// SHA-256 of the armored signature.
        signature: String,
        /// Seconds since the approver's second factor.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        mfa_age: Option<u64>,
        /// Minute of the day and day of the week in the configured zone, 1 is Monday.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        local: Option<(u16, u8)>,
    },
    /// A decision was offered and not counted.
    ApprovalRefused {
        /// Which request.
        request: i64,
        /// Who offered it.
        person: String,
        /// Why not.
        why: String,
    },
    /// A met quorum was consumed: the act starts now, once.
    Grant {
        /// Which request.
        request: i64,
        /// In which session; none unless it is for one action.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        session: Option<String>,
        /// Digest re-derived at this moment.
        digest: String,
        /// Which quorum.
        quorum: String,
        /// Who approved.
        approvers: Vec<String>,
    },
    /// A request ended without running.
    RequestEnd {
        /// Which request.
        request: i64,
        /// `denied`, `expired`, `abandoned`, `refused`.
        state: String,
    },
    /// Something was asked that is not on offer.
    Refusal {
        /// In which session, if there was one.
        session: Option<String>,
        /// Who.
        person: String,
        /// What, e.g. `local forwarding`.
        what: String,
    },
    /// A key was enrolled for or taken from a person.
    Key {
        /// Whose.
        person: String,
        /// `SHA256:…`.
        fingerprint: String,
        /// `enrolled` or `revoked`.
        change: String,
    },
    /// An administrative change.
    Admin {
        /// What changed, e.g. `person-add`.
        change: String,
        /// Identifier of the person, or name of the target.
        subject: String,
        /// Commitment to who did it (the local account), under the node's salt.
        by: String,
        /// SHA-256 of the change in canonical form, secrets left out.
        digest: String,
    },
    /// The content of a row that matters changed; from now on only a row with that content is honoured.
    State {
        /// What: `person`, `credentials`, `key`, `target`, `account`, `permit`, `policies`, `setting`.
        of: String,
        /// Which one: an identifier or a name.
        id: String,
        /// SHA-256 of its content until now; none when it is new.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        before: Option<String>,
        /// SHA-256 of its content from now on; none when it is gone.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        after: Option<String>,
        /// The request that it follows from; none for what needs nobody else, and before the ceremony.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        request: Option<i64>,
    },
    /// The first three administrators are enrolled: from now on nobody changes anything alone.
    Ceremony {
        /// The system administrator.
        system: String,
        /// The security administrator.
        security: String,
        /// The audit administrator.
        audit: String,
    },
    /// A time-limited permit began.
    Permit {
        /// Its number.
        permit: i64,
        /// `access`, `runbook`, `emergency`, `replay`.
        permits: String,
        /// The request that it follows from; none for an emergency.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        request: Option<i64>,
        /// Whose it is.
        holder: String,
        /// SHA-256 of its terms.
        terms: String,
        /// Until when, microseconds since the epoch.
        until: i64,
    },
    /// A permit ended: by its time, by its holder, or because somebody took it away.
    PermitEnd {
        /// Which permit.
        permit: i64,
        /// `lapsed`, `returned`, `revoked`, `suspended`.
        why: String,
        /// Who ended it; none when its time was over.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        by: Option<String>,
    },
    /// Somebody else than its holder closed the review of an emergency.
    EmergencyReviewed {
        /// Which permit.
        permit: i64,
        /// Who reviewed.
        by: String,
        /// Commitment to the finding, under the permit holder's salt.
        finding: String,
    },
    /// A person accepted the notice about recording.
    Consent {
        /// Who.
        person: String,
        /// SHA-256 of the notice, both languages.
        version: String,
    },
    /// A session was ended by somebody else.
    Killed {
        /// Which session.
        session: String,
        /// Who ended it.
        by: String,
        /// SHA-256 of the record that holds the reason, lower hex.
        reason: String,
    },
    /// Something that the ledger does not explain was found.
    Alert {
        /// What, e.g. `person p-01 is not what the ledger says`.
        what: String,
    },
    /// Somebody was handed the evidence of a request, or of a permit without one, sealed by this entry.
    Evidence {
        /// Which request.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        request: Option<i64>,
        /// Which permit, when no request led to it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        permit: Option<i64>,
        /// Who asked for it.
        by: String,
        /// SHA-256 of what was handed out, in canonical form, without checkpoint and proofs.
        digest: String,
    },
    /// The recording of a session is made unreadable for good: what it was kept for is over. Durable before its key goes.
    Erased {
        /// Which session.
        session: String,
        /// For how many days recordings were kept.
        days: u32,
    },
    /// A node serves, and nothing else has happened for a day.
    Quiet {},
    /// Somebody was handed a report on everybody.
    Reported {
        /// Who asked for it.
        by: String,
        /// Which: `access`.
        report: String,
        /// SHA-256 of the report as canonical JSON.
        digest: String,
    },
    /// Someone looked at a recording.
    ReplayViewed {
        /// Which session.
        session: String,
        /// Commitment to the local account that looked, under the node's salt; none when a person did.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        by: Option<String>,
        /// The person who looked, by the gateway.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        person: Option<String>,
        /// The permit without which they might not have.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        permit: Option<i64>,
    },
}

impl Event {
    /// The entry for a request that ended without running.
    pub fn request_end(id: RequestId, state: RequestState) -> Self {
        Self::RequestEnd { request: id.0, state: state.as_str().to_owned() }
    }

    /// The entry for a decision that was not counted.
    pub fn approval_refused(id: RequestId, person: &PersonId, why: &str) -> Self {
        Self::ApprovalRefused { request: id.0, person: person.0.clone(), why: why.to_owned() }
    }

    /// The entry for a verified signature.
    pub fn approval(decision: &Decision, local: (u16, u8)) -> Self {
        Self::Approval {
            request: decision.request.0,
            person: decision.person.0.clone(),
            answer: decision.answer.as_str().to_owned(),
            key: decision.fingerprint.clone(),
            statement: sha256_hex(decision.statement.as_bytes()),
            signature: sha256_hex(decision.signature.as_bytes()),
            mfa_age: decision.mfa_age_seconds,
            local: Some(local),
        }
    }

    /// The entry for a session's end.
    pub fn session_close(session: &SessionId, outcome: Outcome, totals: &recording::Totals) -> Self {
        Self::SessionClose {
            session: session.to_string(),
            outcome: outcome.as_str().to_owned(),
            segments: totals.segments,
            frames: totals.frames,
            bytes: totals.bytes,
            chain: hex(&totals.chain),
        }
    }

    /// The entry for a sealed segment.
    pub fn segment(s: &recording::SealedSegment) -> Self {
        Self::Segment {
            session: s.session.to_string(),
            number: s.number,
            first_frame: s.first_frame,
            last_frame: s.last_frame,
            first_us: s.first_us,
            last_us: s.last_us,
            plain_bytes: s.plain_bytes,
            file_bytes: s.file_bytes,
            digest: hex(&s.digest),
            chain: hex(&s.chain),
        }
    }
}
