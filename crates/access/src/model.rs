//! What the road remembers between actions: people, targets, sessions, requests and decisions, as plain records.
//!
//! Rows of a store parse into these or are reported as inconsistent; nothing here grants anything by itself.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

use policy::Level;
use recording::SessionId;

/// Microseconds since the Unix epoch, UTC.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp(pub i64);

impl Timestamp {
    /// Whole seconds since the Unix epoch; times before it count as zero.
    pub fn seconds(self) -> u64 {
        u64::try_from(self.0.div_euclid(1_000_000)).unwrap_or(0)
    }

    /// This moment, `seconds` later.
    pub fn plus_seconds(self, seconds: u64) -> Self {
        let micros = i64::try_from(seconds.saturating_mul(1_000_000)).unwrap_or(i64::MAX);
        Self(self.0.saturating_add(micros))
    }
}

/// A person's random identifier (`p-` and 16 hex digits): what ledger entries carry instead of a name.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PersonId(pub String);

/// The number that people use for a request (`ssh gateway show 42`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RequestId(pub i64);

impl std::fmt::Display for RequestId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.fmt(f)
    }
}

/// A named human.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Person {
    /// Random, never reused.
    pub id: PersonId,
    /// Login name, unique.
    pub name: String,
    /// Groups that policies and quorums speak of.
    pub groups: BTreeSet<String>,
    /// The team that the person works in; quorums may ask for somebody of another one.
    pub team: Option<String>,
    /// When the account ends by itself; none is never.
    pub expires: Option<Timestamp>,
    /// A suspended person can neither enter nor sign.
    pub suspended: bool,
    /// Argon2id hash in PHC form, if the person has a password.
    pub password: Option<String>,
    /// TOTP seed, sealed by the [`crate::vault::Vault`].
    pub totp: Option<Vec<u8>>,
    /// Step of the last TOTP code that was accepted: a code works once.
    pub totp_last_step: Option<u64>,
    /// Random salt of the commitments that hide this person in the ledger.
    pub salt: [u8; 16],
}

/// A public key that the ledger knows as belonging to a person.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PersonKey {
    /// Whose.
    pub person: PersonId,
    /// `SHA256:…`, unique over all people.
    pub fingerprint: String,
    /// One line in `authorized_keys` form, without options.
    pub line: String,
    /// Ledger index of the entry that enrolled it.
    pub enrolled_at: u64,
    /// Why the key counts as bound to a device; none when it may lie in any file.
    pub device: Option<Device>,
    /// When it ends by itself; none is never.
    pub expires: Option<Timestamp>,
    /// When it last let somebody in or signed; not part of what the ledger vouches for.
    pub last_used: Option<Timestamp>,
}

/// Why a key counts as bound to a device.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Device {
    /// A security key whose attestation was checked at enrolment.
    SecurityKey,
    /// The device authority has certified it.
    Certified,
}

impl Device {
    /// The word in rows, lists and entries.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::SecurityKey => "security-key",
            Self::Certified => "certified",
        }
    }

    /// The device that [`Self::as_str`] names.
    pub fn parse(word: &str) -> Option<Self> {
        [Self::SecurityKey, Self::Certified].into_iter().find(|device| device.as_str() == word)
    }
}

/// A host behind the gateway.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Target {
    /// Name in logins (`alice+root@NAME`).
    pub name: String,
    /// Host name or address to dial.
    pub host: String,
    /// TCP port.
    pub port: u16,
    /// What policies see, e.g. `env = prod`.
    pub labels: BTreeMap<String, String>,
    /// How much of what runs there is enforced.
    pub level: Level,
    /// The pinned host key, one line in `known_hosts` key form (`ssh-ed25519 AAAA…`).
    pub host_key: String,
}

/// A login on a target; its credential is the gateway's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Account {
    /// Target that it is on.
    pub target: String,
    /// Login name there.
    pub login: String,
    /// OpenSSH private key, sealed by the [`crate::vault::Vault`].
    pub credential: Vec<u8>,
}

/// How a client came in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    /// `ssh person+account@target@gateway`.
    Direct,
    /// `ssh -J person@gateway account@target`.
    Jump,
}

impl Way {
    /// The word in entries and rows.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Direct => "direct",
            Self::Jump => "jump",
        }
    }
}

/// How a session ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// Both sides were done.
    Finished,
    /// The client or the target went away.
    Lost,
    /// The recorder could not write, so the gateway ended it.
    RecordingFailed,
    /// The gateway was stopped or killed; found at the next start.
    Interrupted,
    /// Somebody ended it, or what it rested on was taken away or over.
    Ended,
}

impl Outcome {
    /// The word in entries and rows.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Finished => "finished",
            Self::Lost => "lost",
            Self::RecordingFailed => "recording-failed",
            Self::Interrupted => "interrupted",
            Self::Ended => "ended",
        }
    }

    /// The outcome that [`Self::as_str`] names.
    pub fn parse(word: &str) -> Option<Self> {
        [Self::Finished, Self::Lost, Self::RecordingFailed, Self::Interrupted, Self::Ended]
            .into_iter()
            .find(|outcome| outcome.as_str() == word)
    }
}

/// One authenticated connection to one target, as lists show it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SessionRow {
    /// Random identifier.
    pub id: SessionId,
    /// Who.
    pub person: PersonId,
    /// Login name of the person at that time.
    pub person_name: String,
    /// Where.
    pub target: String,
    /// As whom.
    pub account: String,
    /// `direct` or `jump`.
    pub way: String,
    /// Address that the client came from.
    pub source: IpAddr,
    /// Salt of this session's commitments in the ledger.
    pub salt: [u8; 16],
    /// When it began.
    pub opened: Timestamp,
    /// When and how it ended, once it has.
    pub closed: Option<(Timestamp, Outcome)>,
}

/// Where a request stands. Only [`RequestState::Waiting`] can change.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RequestState {
    /// Decisions are being gathered.
    Waiting,
    /// The grant was consumed: the act was started, once.
    Used,
    /// An approver said no.
    Denied,
    /// Nobody answered in time.
    Expired,
    /// The requester left or gave up.
    Abandoned,
    /// Policy, people or target changed so that approval no longer helps.
    Refused,
}

impl RequestState {
    const ALL: [Self; 6] =
        [Self::Waiting, Self::Used, Self::Denied, Self::Expired, Self::Abandoned, Self::Refused];

    /// The word in rows, lists and entries.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Used => "used",
            Self::Denied => "denied",
            Self::Expired => "expired",
            Self::Abandoned => "abandoned",
            Self::Refused => "refused",
        }
    }

    /// The state that [`Self::as_str`] names.
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.as_str() == word)
    }
}

/// What a request asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RequestKind {
    /// One command, statement, file operation or forwarding in a running session.
    Action,
    /// Access to targets for a time.
    Access,
    /// A script that may be run again and again for a time.
    Runbook,
    /// An administrative change.
    Change,
    /// A look at the recording of a session.
    Replay,
}

impl RequestKind {
    const ALL: [Self; 5] = [Self::Action, Self::Access, Self::Runbook, Self::Change, Self::Replay];

    /// The word in rows, lists, statements and entries.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Action => "action",
            Self::Access => "access",
            Self::Runbook => "runbook",
            Self::Change => "change",
            Self::Replay => "replay",
        }
    }

    /// The kind that [`Self::as_str`] names.
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == word)
    }
}

/// A request that waits for decisions. `digest` binds everything else.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Request {
    /// Number that people use.
    pub id: RequestId,
    /// What it asks for.
    pub kind: RequestKind,
    /// Random, so that two equal acts have different digests. 32 hex digits.
    pub nonce: String,
    /// Session in which an action would run; none for every other kind.
    pub session: Option<SessionId>,
    /// Channel in that session; 0 without one.
    pub channel: u32,
    /// Who asked.
    pub requester: PersonId,
    /// Target name; empty when it concerns none, or several.
    pub target: String,
    /// Account on it; empty without a target.
    pub account: String,
    /// What was submitted, byte for byte: a command, a script, or the terms or the change as canonical JSON.
    pub text: Vec<u8>,
    /// What would run or happen, in one piece: for a command the regenerated text, else a summary.
    pub run: String,
    /// A secret that the change needs when it is applied, sealed by the [`crate::vault::Vault`].
    pub sealed: Option<Vec<u8>>,
    /// Canonical JSON of everything that the digest covers ([`crate::statement`]).
    pub canonical: String,
    /// SHA-256 of `canonical`, lower hex.
    pub digest: String,
    /// Names of the quorums of which any one suffices.
    pub quorums: Vec<String>,
    /// Effects, as words.
    pub effects: BTreeSet<String>,
    /// Version of the policies that held it.
    pub policy_version: String,
    /// When it was made.
    pub created: Timestamp,
    /// When it lapses, without consent.
    pub expires: Timestamp,
    /// Where it stands.
    pub state: RequestState,
    /// Compare-and-swap counter.
    pub version: i64,
}

/// What one approver answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Answer {
    /// Yes, exactly this act.
    Approve,
    /// No.
    Deny,
}

impl Answer {
    /// The word in statements, rows and commands.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Approve => "approve",
            Self::Deny => "deny",
        }
    }

    /// The answer that [`Self::as_str`] names.
    pub fn parse(word: &str) -> Option<Self> {
        [Self::Approve, Self::Deny].into_iter().find(|answer| answer.as_str() == word)
    }
}

/// One approver's signed answer, as kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Decision {
    /// Which request.
    pub request: RequestId,
    /// Who signed.
    pub person: PersonId,
    /// Yes or no.
    pub answer: Answer,
    /// Key that signed.
    pub fingerprint: String,
    /// The statement that was signed, byte for byte.
    pub statement: String,
    /// The armored SSHSIG.
    pub signature: String,
    /// When it arrived.
    pub at: Timestamp,
    /// Seconds since the approver's second factor then; none when that is not known.
    pub mfa_age_seconds: Option<u64>,
}

/// A passed second factor that is remembered for one person, key and address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RememberedFactor {
    /// Who.
    pub person: PersonId,
    /// The first factor: `publickey SHA256:…` or `password`.
    pub first: String,
    /// Address that the client came from.
    pub source: IpAddr,
    /// When the code was checked.
    pub passed: Timestamp,
}

/// Failed attempts of one name or one address.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Attempts {
    /// Consecutive failures.
    pub failures: u32,
    /// When the last one happened, seconds since the epoch.
    pub last: u64,
}

/// The number that people use for a permit (`ssh gateway revoke 7`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PermitId(pub i64);

impl std::fmt::Display for PermitId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.fmt(f)
    }
}

/// What a permit permits for a time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PermitKind {
    /// Sessions on targets.
    Access,
    /// Runs of one script.
    Runbook,
    /// What policies allow in a declared emergency.
    Emergency,
    /// Looks at one recording.
    Replay,
}

impl PermitKind {
    const ALL: [Self; 4] = [Self::Access, Self::Runbook, Self::Emergency, Self::Replay];

    /// The word in rows, lists and entries.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Access => "access",
            Self::Runbook => "runbook",
            Self::Emergency => "emergency",
            Self::Replay => "replay",
        }
    }

    /// The kind that [`Self::as_str`] names.
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == word)
    }
}

/// What a met quorum, or a declared emergency, yields for a time. It ends by itself; nothing lengthens it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Permit {
    /// Number that people use.
    pub id: PermitId,
    /// What it permits.
    pub kind: PermitKind,
    /// The request that it follows from; none for an emergency, which is declared.
    pub request: Option<RequestId>,
    /// Whose it is.
    pub holder: PersonId,
    /// What exactly, as canonical JSON: what the approvers signed.
    pub terms: String,
    /// From when.
    pub from: Timestamp,
    /// Until when, exclusive.
    pub until: Timestamp,
    /// When and why it ended before that, once it has.
    pub ended: Option<(Timestamp, String)>,
    /// Who closed the review of an emergency; none while it is open, and for every other kind.
    pub reviewed: Option<PersonId>,
    /// Compare-and-swap counter.
    pub version: i64,
}

/// Whole content of a row that matters, as the ledger vouches for it. Kept for ever, so that every before and after
/// can be shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
    /// What it is of: `person`, `credentials`, `key`, `target`, `account`, `permit`, `policies`, `setting`.
    pub kind: String,
    /// Which one: an identifier or a name.
    pub id: String,
    /// SHA-256 of `content`, lower hex: what the ledger says.
    pub digest: String,
    /// RFC 8785 JSON.
    pub content: String,
}

/// A one-time code that lets a person enrol a key, kept as a hash.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Enrolment {
    /// Whose key will be enrolled.
    pub person: PersonId,
    /// Argon2id hash of the code in PHC form.
    pub hash: String,
    /// When the code lapses.
    pub expires: Timestamp,
}

/// A notice that waits for delivery.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Notice {
    /// In order of arrival; 0 before it is stored.
    pub id: i64,
    /// Name of the receiver in the configuration.
    pub receiver: String,
    /// What happened, e.g. `request`, `alert`.
    pub event: String,
    /// The notice's fields as a JSON object, without secrets.
    pub body: String,
    /// When it happened.
    pub created: Timestamp,
    /// Not to be tried before.
    pub due: Timestamp,
    /// How often it was tried.
    pub attempts: u32,
}
