//! What the road needs from outside: a store, the ledger, a clock, randomness. The binary hands them in.

use async_trait::async_trait;
use recording::SessionId;

use crate::entry::{Entry, Event};
use crate::model::*;

/// The store could not answer. `what` never contains a secret.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The database failed or is unreachable.
    #[error("the database did not answer: {0}")]
    Unavailable(String),
    /// A row does not parse into a state.
    #[error("inconsistent row in {table}: {what}")]
    Inconsistent {
        /// Table of the row.
        table: &'static str,
        /// Key and fault.
        what: String,
    },
    /// A unique name is taken.
    #[error("{0} exists already")]
    Exists(String),
    /// There is nothing of that name.
    #[error("{0} does not exist")]
    Missing(String),
}

/// State that outlives the process. Every change of a request is compare-and-swap on its version.
#[async_trait]
pub trait Store: Send + Sync {
    /// Adds a person. [`StoreError::Exists`] when the name or id is taken.
    async fn add_person(&self, person: &Person) -> Result<(), StoreError>;
    /// The person of that login name.
    async fn person(&self, name: &str) -> Result<Option<Person>, StoreError>;
    /// The person of that identifier.
    async fn person_by_id(&self, id: &PersonId) -> Result<Option<Person>, StoreError>;
    /// All people, by name.
    async fn people(&self) -> Result<Vec<Person>, StoreError>;
    /// Replaces the person's groups.
    async fn set_groups(
        &self,
        id: &PersonId,
        groups: &std::collections::BTreeSet<String>,
    ) -> Result<(), StoreError>;
    /// Suspends or re-admits a person.
    async fn set_suspended(&self, id: &PersonId, suspended: bool) -> Result<(), StoreError>;
    /// Replaces the password hash.
    async fn set_password(&self, id: &PersonId, hash: Option<&str>) -> Result<(), StoreError>;
    /// Replaces the sealed TOTP seed and forgets the last step.
    async fn set_totp(&self, id: &PersonId, sealed: Option<&[u8]>) -> Result<(), StoreError>;
    /// Marks a TOTP step as used, if it is later than the last one. `false`: it was not, so the code must be refused.
    async fn use_totp_step(&self, id: &PersonId, step: u64) -> Result<bool, StoreError>;

    /// Enrols a key. [`StoreError::Exists`] when any person has it.
    async fn add_key(&self, key: &PersonKey) -> Result<(), StoreError>;
    /// Removes a key. [`StoreError::Missing`] when the person does not have it.
    async fn remove_key(&self, id: &PersonId, fingerprint: &str) -> Result<(), StoreError>;
    /// The keys of a person.
    async fn keys(&self, id: &PersonId) -> Result<Vec<PersonKey>, StoreError>;
    /// The key of that fingerprint, whoever has it.
    async fn key(&self, fingerprint: &str) -> Result<Option<PersonKey>, StoreError>;

    /// Adds a target.
    async fn add_target(&self, target: &Target) -> Result<(), StoreError>;
    /// Replaces a target's record (host, port, labels, level, host key).
    async fn set_target(&self, target: &Target) -> Result<(), StoreError>;
    /// Removes a target and its accounts.
    async fn remove_target(&self, name: &str) -> Result<(), StoreError>;
    /// The target of that name.
    async fn target(&self, name: &str) -> Result<Option<Target>, StoreError>;
    /// All targets, by name.
    async fn targets(&self) -> Result<Vec<Target>, StoreError>;
    /// Adds or replaces an account with its sealed credential.
    async fn put_account(&self, account: &Account) -> Result<(), StoreError>;
    /// Removes an account.
    async fn remove_account(&self, target: &str, login: &str) -> Result<(), StoreError>;
    /// The account of that login on that target.
    async fn account(&self, target: &str, login: &str) -> Result<Option<Account>, StoreError>;
    /// The accounts on a target, by login.
    async fn accounts(&self, target: &str) -> Result<Vec<Account>, StoreError>;

    /// A remembered second factor.
    async fn remembered(
        &self,
        person: &PersonId,
        first: &str,
        source: std::net::IpAddr,
    ) -> Result<Option<RememberedFactor>, StoreError>;
    /// Remembers a passed second factor, replacing an older one.
    async fn remember(&self, factor: &RememberedFactor) -> Result<(), StoreError>;
    /// Forgets all that a person had passed.
    async fn forget(&self, person: &PersonId) -> Result<(), StoreError>;

    /// Failed attempts under that key (a hash of a name, or an address).
    async fn attempts(&self, key: &str) -> Result<Attempts, StoreError>;
    /// Counts one more failure, atomically, and returns the new state.
    async fn count_failure(&self, key: &str, at: u64) -> Result<Attempts, StoreError>;
    /// Forgets the failures under that key.
    async fn clear_failures(&self, key: &str) -> Result<(), StoreError>;

    /// Adds an open session.
    async fn add_session(&self, session: &SessionRow) -> Result<(), StoreError>;
    /// Marks a session as ended, unless it already is.
    async fn close_session(&self, id: &SessionId, at: Timestamp, outcome: Outcome) -> Result<(), StoreError>;
    /// The session of that id.
    async fn session(&self, id: &SessionId) -> Result<Option<SessionRow>, StoreError>;
    /// The newest `limit` sessions, newest first.
    async fn sessions(&self, limit: u32) -> Result<Vec<SessionRow>, StoreError>;

    /// Takes the next request number. Numbers are never reused.
    async fn next_request_id(&self) -> Result<RequestId, StoreError>;
    /// Adds a waiting request.
    async fn add_request(&self, request: &Request) -> Result<(), StoreError>;
    /// The request of that number.
    async fn request(&self, id: RequestId) -> Result<Option<Request>, StoreError>;
    /// Requests that wait, oldest first.
    async fn waiting_requests(&self) -> Result<Vec<Request>, StoreError>;
    /// The newest `limit` requests in any state, newest first.
    async fn requests(&self, limit: u32) -> Result<Vec<Request>, StoreError>;
    /// Moves a waiting request to another state if its version still is `version`. `false`: it was not.
    async fn settle_request(
        &self,
        id: RequestId,
        version: i64,
        state: RequestState,
    ) -> Result<bool, StoreError>;
    /// Adds a decision to a waiting request. [`StoreError::Exists`] when that person already answered;
    /// [`StoreError::Missing`] when the request does not wait.
    async fn add_decision(&self, decision: &Decision) -> Result<(), StoreError>;
    /// The decisions on a request, in order of arrival.
    async fn decisions(&self, id: RequestId) -> Result<Vec<Decision>, StoreError>;

    /// Replaces a person's record but for the last TOTP step. [`StoreError::Missing`] when there is none of that id,
    /// [`StoreError::Exists`] when another person has the name.
    async fn set_person(&self, person: &Person) -> Result<(), StoreError>;
    /// Adds a key, or replaces the record of the same fingerprint and person; a use that was noted stays unless a new
    /// one is given. [`StoreError::Exists`] when another person has it.
    async fn put_key(&self, key: &PersonKey) -> Result<(), StoreError>;
    /// Notes that a key was used at that moment, unless a later use is known; nothing when it is gone.
    async fn touch_key(&self, fingerprint: &str, at: Timestamp) -> Result<(), StoreError>;
    /// All keys of all people.
    async fn all_keys(&self) -> Result<Vec<PersonKey>, StoreError>;
    /// Sessions without an end, oldest first.
    async fn open_sessions(&self) -> Result<Vec<SessionRow>, StoreError>;

    /// Keeps a record's content, for ever; keeping the same again does nothing.
    async fn keep_record(&self, record: &Record) -> Result<(), StoreError>;
    /// The content that has that digest.
    async fn record(&self, kind: &str, id: &str, digest: &str) -> Result<Option<Record>, StoreError>;

    /// A setting's value, e.g. of `retention-days`.
    async fn setting(&self, name: &str) -> Result<Option<String>, StoreError>;
    /// All settings, by name.
    async fn settings(&self) -> Result<std::collections::BTreeMap<String, String>, StoreError>;
    /// Sets a setting, or removes it.
    async fn put_setting(&self, name: &str, value: Option<&str>) -> Result<(), StoreError>;

    /// Takes the next permit number. Numbers are never reused.
    async fn next_permit_id(&self) -> Result<PermitId, StoreError>;
    /// Adds a permit. [`StoreError::Exists`] when its number, or a permit of the same request, is there.
    async fn add_permit(&self, permit: &Permit) -> Result<(), StoreError>;
    /// The permit of that number.
    async fn permit(&self, id: PermitId) -> Result<Option<Permit>, StoreError>;
    /// All permits that have not ended and whose time is not over at `now`, and emergencies without a review; by number.
    async fn live_permits(&self, now: Timestamp) -> Result<Vec<Permit>, StoreError>;
    /// The newest `limit` permits, newest first.
    async fn permits(&self, limit: u32) -> Result<Vec<Permit>, StoreError>;
    /// Replaces `ended` and `reviewed` of a permit and counts its version up, if that still is `permit.version`.
    /// `false`: it was not. `ended`, once there, does not change.
    async fn set_permit(&self, permit: &Permit) -> Result<bool, StoreError>;

    /// Puts a person's enrolment code, replacing an older one; none takes it away.
    async fn put_enrolment(&self, person: &PersonId, code: Option<&Enrolment>) -> Result<(), StoreError>;
    /// A person's enrolment code.
    async fn enrolment(&self, person: &PersonId) -> Result<Option<Enrolment>, StoreError>;
    /// Takes exactly that code away, atomically. `false`: somebody else was faster.
    async fn use_enrolment(&self, code: &Enrolment) -> Result<bool, StoreError>;
    /// Replaces a person's recovery codes, given as hashes.
    async fn put_recovery(&self, person: &PersonId, hashes: &[String]) -> Result<(), StoreError>;
    /// The hashes of a person's recovery codes that are left.
    async fn recovery(&self, person: &PersonId) -> Result<Vec<String>, StoreError>;
    /// Takes one recovery code away, atomically. `false`: it was not there.
    async fn use_recovery(&self, person: &PersonId, hash: &str) -> Result<bool, StoreError>;
    /// Notes that a person accepted that version of the notice about recording; the first acceptance stays.
    async fn add_consent(&self, person: &PersonId, version: &str, at: Timestamp) -> Result<(), StoreError>;
    /// When the person accepted that version, if ever.
    async fn consent(&self, person: &PersonId, version: &str) -> Result<Option<Timestamp>, StoreError>;

    /// Adds a ticket. [`StoreError::Exists`] when its identifier is taken.
    async fn add_ticket(&self, ticket: &Ticket) -> Result<(), StoreError>;
    /// The ticket of that identifier, lapsed or not.
    async fn ticket(&self, id: &str) -> Result<Option<Ticket>, StoreError>;
    /// Takes one use of a ticket, atomically. `false`: none was left.
    async fn use_ticket(&self, id: &str) -> Result<bool, StoreError>;
    /// The tickets that have lapsed at `now`.
    async fn lapsed_tickets(&self, now: Timestamp) -> Result<Vec<Ticket>, StoreError>;
    /// Takes a ticket away; nothing when it is gone.
    async fn drop_ticket(&self, id: &str) -> Result<(), StoreError>;

    /// Adds a client certificate. [`StoreError::Exists`] when it is there already.
    async fn add_certificate(&self, certificate: &Certificate) -> Result<(), StoreError>;
    /// The certificate of that digest, lapsed or not.
    async fn certificate(&self, id: &str) -> Result<Option<Certificate>, StoreError>;
    /// A person's certificates, those that lapse last first.
    async fn certificates(&self, person: &PersonId) -> Result<Vec<Certificate>, StoreError>;
    /// The certificates that have lapsed at `now`, and those of suspended persons.
    async fn lapsed_certificates(&self, now: Timestamp) -> Result<Vec<Certificate>, StoreError>;
    /// Takes a certificate away; nothing when it is gone.
    async fn drop_certificate(&self, id: &str) -> Result<(), StoreError>;

    /// Puts notices into the outbox, all or none.
    async fn post(&self, notices: &[Notice]) -> Result<(), StoreError>;
    /// The first `limit` notices for that receiver that are due at `now`, in order of arrival.
    async fn due(&self, receiver: &str, now: Timestamp, limit: u32) -> Result<Vec<Notice>, StoreError>;
    /// Takes a delivered notice out; nothing when it is gone.
    async fn delivered(&self, id: i64) -> Result<(), StoreError>;
    /// Puts a notice off and counts its attempts up, if they still are so many. `false`: somebody else has it.
    async fn postpone(&self, id: i64, attempts: u32, due: Timestamp) -> Result<bool, StoreError>;

    /// A number that grows with [`Store::stir`]: unchanged means that nobody was told to look again.
    async fn stirred(&self) -> Result<i64, StoreError>;
    /// Makes every node look again at who may still be here.
    async fn stir(&self) -> Result<(), StoreError>;
}

/// The ledger refused or failed: nothing may follow.
#[derive(Clone, Debug, thiserror::Error)]
#[error("the ledger cannot be written: {0}")]
pub struct JournalError(pub String);

/// The append-only ledger. On return the entries are durable, under a signed head.
#[async_trait]
pub trait Journal: Send + Sync {
    /// Appends entries in order; returns the index of the first.
    async fn append(&self, entries: Vec<Entry>) -> Result<u64, JournalError>;
}

/// The ledger could not be read back.
#[derive(Clone, Debug, thiserror::Error)]
#[error("the ledger cannot be read: {0}")]
pub struct ArchiveError(pub String);

/// Picks entries by what they say.
pub type Wanted = Box<dyn FnMut(&Event) -> bool + Send>;

/// Proofs that entries are in the ledger, all under one signed head.
#[derive(Clone, Debug)]
pub struct Proven {
    /// The signed note of the head.
    pub checkpoint: String,
    /// For each entry its audit path, leaf side first, in standard base64.
    pub paths: Vec<Vec<String>>,
}

/// The ledger, read back.
#[async_trait]
pub trait Archive: Send + Sync {
    /// The entries that are `wanted`, in order, each with its index.
    async fn find(&self, wanted: Wanted) -> Result<Vec<(u64, Entry)>, ArchiveError>;
    /// Proofs of the entries of those indices, which are committed.
    async fn prove(&self, indices: Vec<u64>) -> Result<Proven, ArchiveError>;
}

/// What a recording holds, frame by frame, in order.
pub type Frames = Box<dyn Iterator<Item = Result<recording::Frame, recording::RecordingError>> + Send>;

/// The recordings of this node, to be read back. Reading blocks the thread.
pub trait Recordings: Send + Sync {
    /// The frames of a session as they are shown: what no terminal showed is told in lines.
    fn frames(&self, session: &SessionId) -> Result<Frames, recording::RecordingError>;

    /// The frames as they were recorded, for whoever looks for something in them.
    fn recorded(&self, session: &SessionId) -> Result<Frames, recording::RecordingError>;
}

/// The wall clock, owned by the binary.
pub trait Clock: Send + Sync {
    /// Now.
    fn now(&self) -> Timestamp;
    /// Minute of the day (0–1439) and weekday (1 = Monday) of `at` in the configured zone.
    fn local(&self, at: Timestamp) -> (u16, u8);
}

/// Randomness, owned by the binary.
pub trait Entropy: Send + Sync {
    /// Fills the buffer with bytes from the operating system.
    fn fill(&self, buffer: &mut [u8]);
}
