//! The one road: identify → judge → await approval → record → grant, for every door of the gateway.

mod acts;
mod announce;
mod asking;
mod certificates;
mod changes;
mod circumstances;
mod claim;
mod consent;
mod decisions;
mod desk;
mod desk_lists;
mod desk_show;
mod door;
mod door_guesses;
mod door_people;
mod emergencies;
mod ending;
mod enrolment;
mod enrolment_codes;
mod footing;
mod grant;
mod holds;
mod inspect;
mod judged;
mod keys;
mod kill;
mod looking;
mod permit_standing;
mod permits;
mod proof;
mod recovery;
mod replays;
mod reports;
mod reports_written;
mod retention;
mod retention_shown;
mod runbooks;
mod sessions;
mod setting;
mod standing_now;
mod state;
mod staying;
mod tickets;
mod unattended;

use std::collections::BTreeSet;
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, Mutex, PoisonError, RwLock};

use identity::{Devices, lockout};
use policy::Policies;
use recording::Recorder;

pub use acts::Step;
pub use certificates::ClientCertificates;
pub use consent::ConsentNotice;
pub use desk::DeskAnswer;
pub use desk_show::Watched;
pub use door::Entered;
pub use enrolment::{Confirmed, EnrolmentAsked, Newcomer};
pub(crate) use enrolment_codes::enrolment_record;
pub use grant::{Grant, Start};
pub use holds::{Pending, Progress};
pub use judged::{Foreseen, OpenTransaction};
pub(crate) use permits::permit_kind;
pub use sessions::{Session, TargetCredential, credential_owner};
pub use setting::{Rehearsal, Setting, Supposed};
pub use standing_now::Standing;
pub(crate) use state::StateChange;
pub(crate) use unattended::Draft;

use crate::announcement::Receiver;
use crate::entry::{Entry, Event};
use crate::error::{Refusal, RoadError};
use crate::model::{PermitId, Timestamp};
use crate::ports::{Archive, Clock, Entropy, Journal, Store};
use crate::register::Register;
use crate::text::{Language, Line};
use crate::vault::Vault;

/// What the binary hands to the road.
pub struct Parts {
    /// State that outlives the process.
    pub store: Arc<dyn Store>,
    /// The ledger.
    pub journal: Arc<dyn Journal>,
    /// The same ledger, read back.
    pub archive: Arc<dyn Archive>,
    /// What the ledger says of rows, in step with `journal`.
    pub register: Arc<Register>,
    /// The session recorder of this node.
    pub recorder: Arc<Recorder>,
    /// The clock.
    pub clock: Arc<dyn Clock>,
    /// Randomness.
    pub entropy: Arc<dyn Entropy>,
    /// Secrets at rest.
    pub vault: Vault,
    /// What signs clients' certificates; none when no client can show one.
    pub client_certificates: Option<ClientCertificates>,
    /// Numbers and language from the configuration.
    pub settings: Settings,
}

/// The road's part of the configuration.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Language of what people read.
    pub language: Language,
    /// How long a passed second factor is remembered, seconds.
    pub remember_seconds: u64,
    /// How long a code for enrolment can be used, seconds.
    pub enrolment_seconds: u64,
    /// Back-off and lockout.
    pub lockout: lockout::Limits,
    /// The notice about recording that everybody has to accept; none when nobody has to.
    pub consent: Option<ConsentNotice>,
    /// Whom the organisation trusts to say that a key is bound to a device.
    pub devices: Devices,
    /// Salt of commitments that belong to no person or session (names that were tried, addresses).
    pub node_salt: [u8; 16],
    /// Who is told what happened.
    pub receivers: Vec<Receiver>,
    /// How long sessions go on while the store does not answer, seconds.
    pub grace_seconds: u64,
}

/// The road. Cheap to clone; every door holds one.
#[derive(Clone)]
pub struct Road(Arc<Inner>);

struct Inner {
    parts: Parts,
    policies: RwLock<Arc<Policies>>,
    /// Whose old failures are being forgotten at this moment.
    forgetting: Mutex<BTreeSet<String>>,
    /// Permits whose end is being entered at this moment.
    ending: Mutex<BTreeSet<PermitId>>,
    /// Since when the store has not answered; none while it does.
    silent_since: Mutex<Option<Timestamp>>,
    /// Whether the last notice could not be put into the outbox.
    outbox_failing: AtomicBool,
}

impl Road {
    /// A road over those parts, with those policies in force.
    pub fn new(parts: Parts, policies: Policies) -> Self {
        let policies = RwLock::new(Arc::new(policies));
        Self(Arc::new(Inner {
            parts,
            policies,
            forgetting: Mutex::default(),
            ending: Mutex::default(),
            silent_since: Mutex::default(),
            outbox_failing: AtomicBool::new(false),
        }))
    }

    /// Whether a new session could be recorded.
    pub fn may_serve(&self) -> Result<(), Refusal> {
        self.recorder_works().map_err(|fault| self.tell(&fault))
    }

    /// Replaces the policies for everything judged from now on, as long as the bootstrap lasts; the entry is durable
    /// first.
    pub async fn replace_policies(&self, policies: Policies) -> Result<(), RoadError> {
        if self.register().ceremony_held() {
            return Err(RoadError::Inconsistent("policies that nobody approved".to_owned()));
        }
        self.note(Event::Policy { policy: policies.version().to_owned() }).await?;
        self.put_in_force(policies);
        Ok(())
    }

    /// Judges by these policies from now on. Their entry is durable.
    pub(crate) fn put_in_force(&self, policies: Policies) {
        *self.0.policies.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(policies);
    }

    /// Digest of the policies in force.
    pub fn policy_version(&self) -> String {
        self.policies().version().to_owned()
    }

    /// The language of what people read.
    pub fn language(&self) -> Language {
        self.0.parts.settings.language
    }

    /// The store, for lists that need no judgement.
    pub fn store(&self) -> &dyn Store {
        &*self.0.parts.store
    }

    /// Now.
    pub fn now(&self) -> Timestamp {
        self.0.parts.clock.now()
    }

    /// Appends one entry of this moment; durable on return.
    pub async fn note(&self, event: Event) -> Result<u64, RoadError> {
        self.append(Entry::new(self.now(), event)).await
    }

    pub(crate) async fn append(&self, entry: Entry) -> Result<u64, RoadError> {
        self.append_all(vec![entry]).await
    }

    /// Appends, and lets the register follow once the entries are durable. There is no other way into the ledger.
    async fn append_all(&self, entries: Vec<Entry>) -> Result<u64, RoadError> {
        let first = self.0.parts.journal.append(entries.clone()).await?;
        entries.iter().for_each(|entry| self.register().follow(entry));
        Ok(first)
    }

    pub(crate) fn archive(&self) -> &dyn Archive {
        &*self.0.parts.archive
    }

    pub(crate) fn settings(&self) -> &Settings {
        &self.0.parts.settings
    }

    pub(crate) fn vault(&self) -> &Vault {
        &self.0.parts.vault
    }

    pub(super) fn client_certificates(&self) -> Option<&ClientCertificates> {
        self.0.parts.client_certificates.as_ref()
    }

    pub(crate) fn entropy(&self) -> &dyn Entropy {
        &*self.0.parts.entropy
    }

    pub(crate) fn recorder(&self) -> &Recorder {
        &self.0.parts.recorder
    }

    pub(crate) fn policies(&self) -> Arc<Policies> {
        self.0.policies.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub(crate) fn random<const N: usize>(&self) -> [u8; N] {
        let mut bytes = [0; N];
        self.entropy().fill(&mut bytes);
        bytes
    }

    fn local(&self, at: Timestamp) -> (u16, u8) {
        self.0.parts.clock.local(at)
    }

    pub(crate) fn recorder_works(&self) -> Result<(), RoadError> {
        self.recorder().failed().map_or(Ok(()), |why| Err(RoadError::Recorder(why)))
    }

    pub(crate) fn refusal(&self, line: &Line, values: &[(&str, &str)]) -> Refusal {
        Refusal::new(line, self.language(), values)
    }

    pub(crate) fn tell(&self, fault: &RoadError) -> Refusal {
        fault.tell(self.language())
    }
}
