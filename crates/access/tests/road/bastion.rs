//! A whole bastion without a network: four people, two targets, the shipped policies. Whatever a test does to it, its
//! ledger must tell one consistent story in the end, and its recordings must be what the ledger says.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use access::Ask;
use access::administer::{Change, First, Secret};
use access::audit::Audit;
use access::entry::{Entry, Event};
use access::explained::Explained;
use access::identity::totp::Secret as Seed;
use access::identity::{ClientAuthority, Destination, VerifiedIdentity, lockout};
use access::model::{Answer, RequestId, RequestState, Way};
use access::policy::{Policies, Sources};
use access::ports::{Entropy, Journal, Store};
use access::recording::{
    Direction, Frame, Kind, NodeVault, Options, Random, Recorder, SealedSegment, Sealing, verify_segments,
};
use access::register::{self, Register};
use access::road::{ClientCertificates, ConsentNotice, DeskAnswer, Entered, Parts, Settings};
use access::text::Language;
use access::vault::Vault;
use access::{Grant, Pending, Refusal, Road, Session, Step};
use tempfile::TempDir;
use testkit::sample::{NOW, SOURCE};
use testkit::{FailingJournal, ManualClock, SeededEntropy};

use crate::interlude::Interlude;
use crate::keys::Key;

/// Where people come from unless a test says otherwise.
pub const HOME: IpAddr = SOURCE;
/// The command that waits for two database leads.
pub const REMOVAL: &str = "rm -rf production-data";
/// What would run of it.
pub const REMOVAL_RUN: &str = "'rm' '-rf' 'production-data'";
/// Appends that it takes to set the bastion up.
pub const SETTING_UP: u64 = 16;

const PEOPLE: [(&str, &str); 4] =
    [("alice", "ops"), ("bob", "dba-leads"), ("carol", "dba-leads"), ("dave", "auditors")];
/// Of the system, of security, of audit, once a ceremony was held.
pub const ADMINISTRATORS: [&str; 3] = ["sam", "sue", "abe"];
const NEVER: u64 = u64::MAX;

pub struct Bastion {
    pub road: Road,
    pub store: Arc<Interlude>,
    pub journal: Arc<FailingJournal>,
    pub clock: Arc<ManualClock>,
    pub sealing: Arc<Sealed>,
    pub dir: TempDir,
    seeds: BTreeMap<String, Seed>,
    /// Files of the policy folder beside the shipped ones.
    pub more_policies: BTreeMap<String, String>,
    /// Entries that setting up has made.
    set_up: usize,
}

/// Puts sealed segments into the ledger, until it is told not to.
pub struct Sealed {
    journal: Arc<FailingJournal>,
    pub refuses: AtomicBool,
}

impl Sealing for Sealed {
    fn sealed(&self, segment: &SealedSegment) -> Result<(), String> {
        if self.refuses.load(Ordering::SeqCst) {
            return Err("no space left on the test's device".into());
        }
        let entry = Entry { at: NOW.0, event: Event::segment(segment) };
        let runtime = tokio::runtime::Builder::new_current_thread().build().map_err(|e| e.to_string())?;
        runtime.block_on(self.journal.append(vec![entry])).map(drop).map_err(|e| e.to_string())
    }
}

/// A bastion whose ledger fails from the `n`-th append after setting up.
pub async fn failing_from(n: u64) -> Bastion {
    Bastion::build(Language::English, policies(|_| ()), SETTING_UP + n).await
}

impl Bastion {
    pub async fn start() -> Self {
        Self::build(Language::English, policies(|_| ()), NEVER).await
    }

    /// One whose identifiers, salts and nonces are all different.
    pub async fn another() -> Self {
        Self::built_from(7, Language::English, policies(|_| ()), NEVER).await
    }

    /// The same, with those policies.
    pub async fn another_with(policies: Policies) -> Self {
        Self::built_from(7, Language::English, policies, NEVER).await
    }

    pub async fn speaking(language: Language) -> Self {
        Self::build(language, policies(|_| ()), NEVER).await
    }

    /// One where everybody has to accept that notice.
    pub async fn with_notice(notice: ConsentNotice) -> Self {
        Self::built(1, Language::English, policies(|_| ()), NEVER, Some(notice)).await
    }

    pub async fn with_policies(policies: Policies) -> Self {
        Self::build(Language::English, policies, NEVER).await
    }

    async fn build(language: Language, policies: Policies, fails_from: u64) -> Self {
        Self::built_from(1, language, policies, fails_from).await
    }

    async fn built_from(seed: u64, language: Language, policies: Policies, fails_from: u64) -> Self {
        Self::built(seed, language, policies, fails_from, None).await
    }

    async fn built(
        seed: u64,
        language: Language,
        policies: Policies,
        fails_from: u64,
        consent: Option<ConsentNotice>,
    ) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let journal = Arc::new(FailingJournal::from_append(fails_from));
        let store = Arc::<Interlude>::default();
        let clock = Arc::new(ManualClock::at(NOW));
        let sealing = Arc::new(Sealed { journal: journal.clone(), refuses: AtomicBool::new(false) });
        let parts = Parts {
            store: store.clone(),
            journal: journal.clone(),
            archive: journal.clone(),
            register: Arc::default(),
            recorder: Arc::new(recorder(dir.path(), sealing.clone())),
            clock: clock.clone(),
            entropy: Arc::new(SeededEntropy::new(seed)),
            client_certificates: Some(client_certificates()),
            vault: Vault::new(&[5; 32]).unwrap(),
            settings: settings(language, consent),
        };
        let road = Road::new(parts, policies);
        let mut bastion = Self {
            road,
            store,
            journal,
            clock,
            sealing,
            dir,
            seeds: BTreeMap::new(),
            more_policies: BTreeMap::new(),
            set_up: 0,
        };
        bastion.populate().await;
        bastion.set_up = bastion.journal.entries().len();
        bastion
    }

    async fn populate(&mut self) {
        for (name, group) in PEOPLE {
            self.person(name, &[group]).await;
        }
        for (name, tier, level) in [("web-1", "app", "recorded"), ("db-1", "core-data", "command-gated")] {
            self.target(name, tier, level).await;
        }
    }

    /// Adds a person with a key of that name and a TOTP seed.
    pub async fn person(&mut self, name: &str, members: &[&str]) {
        self.change(Change::PersonAdd { name: name.into(), groups: groups(members) }).await;
        self.change(Change::KeyAdd { name: name.into(), key: Key::of(name).line() }).await;
        let made = self.road.administer("root", &Change::PersonTotp { name: name.into() }).await.unwrap();
        let seed = Seed::from_base32(&made.totp_secret.unwrap().0).unwrap();
        self.seeds.insert(name.into(), seed);
    }

    /// Adds a production host with the account `root`.
    pub async fn target(&self, name: &str, tier: &str, level: &str) {
        self.change(Change::TargetAdd {
            name: name.into(),
            host: format!("{name}.example.org"),
            port: 22,
            labels: BTreeMap::from([("env".into(), "prod".into()), ("tier".into(), tier.into())]),
            level: level.into(),
            host_key: Key::of(name).line(),
        })
        .await;
        self.account(name).await;
    }

    /// Adds or replaces the account `root`.
    pub async fn account(&self, target: &str) {
        let private_key = Secret(Key::of("credential").private().into());
        let (target, login) = (target.into(), "root".into());
        self.change(Change::AccountAdd { target, login, private_key, password: Secret::default() }).await;
    }

    /// Makes an administrative change.
    pub async fn change(&self, change: Change) {
        self.road.administer("root", &change).await.unwrap();
    }

    /// Puts somebody into groups that only a ceremony and other administrators give; the ledger is not asked.
    pub async fn appoint(&self, name: &str, members: &[&str]) {
        let person = self.store.person(name).await.unwrap().unwrap();
        self.store.set_groups(&person.id, &groups(members)).await.unwrap();
    }

    /// Enrols sam, sue and abe as administrators of targets, people and records. From here on nobody changes anything alone.
    pub async fn ceremony(&mut self) {
        self.road.offer_policies(&shipped_files()).await.unwrap();
        let three = ["sam", "sue", "abe"].map(|name| First { name: name.into(), key: Key::of(name).line() });
        let made = self.road.hold_ceremony("root", &three).await.unwrap();
        for (first, made) in three.iter().zip(made) {
            let seed = Seed::from_base32(&made.totp_secret.unwrap().0).unwrap();
            self.seeds.insert(first.name.clone(), seed);
        }
    }

    pub async fn suspend(&self, name: &str) {
        self.change(Change::PersonSuspend { name: name.into() }).await;
    }

    pub async fn revoke(&self, name: &str, key: &str) {
        let fingerprint = Key::of(key).fingerprint();
        self.change(Change::KeyRemove { name: name.into(), fingerprint }).await;
    }

    pub async fn regroup(&self, name: &str, members: &[&str]) {
        self.change(Change::PersonGroups { name: name.into(), groups: groups(members) }).await;
    }

    /// The one-time code that a person's authenticator shows now.
    pub fn code(&self, name: &str) -> String {
        self.seeds[name].code_at(self.clock_seconds()).to_string()
    }

    fn clock_seconds(&self) -> u64 {
        self.road.now().seconds()
    }

    /// Enters the policies in force, as a node does at its start.
    pub async fn enter_policies(&self) {
        let shipped = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../config/policies");
        let named = |name: &str| (name.to_owned(), std::fs::read_to_string(shipped.join(name)).unwrap());
        let names =
            ["production.cedar", "command-gated.cedar", "schema.cedarschema", "quorums.toml", "areas.toml"];
        let mut files: BTreeMap<_, _> = names.map(named).into();
        files.extend(self.more_policies.clone());
        let record = register::policies(&files);
        self.store.keep_record(&record).await.unwrap();
        let (of, id, after) = (record.kind, record.id, Some(record.digest));
        self.road.note(Event::State { of, id, before: None, after, request: None }).await.unwrap();
    }

    /// Ends the bootstrap: sam, sue and abe administer system, security and audit.
    pub async fn hold_ceremony(&mut self) {
        self.enter_policies().await;
        let three = ADMINISTRATORS.map(|name| First { name: name.into(), key: Key::of(name).line() });
        let made = self.road.hold_ceremony("root", &three).await.unwrap();
        for (name, made) in ADMINISTRATORS.into_iter().zip(made) {
            let seed = Seed::from_base32(&made.totp_secret.unwrap().0).unwrap();
            self.seeds.insert(name.into(), seed);
        }
    }

    /// The same bastion as another process would find it: only what the ledger explains is shown to its road.
    pub fn explained(&self, register: Arc<Register>, policies: Policies) -> Road {
        let store = Explained::new(self.store.clone(), register.clone());
        let dir = self.dir.path().join(format!("again-{}", self.journal.entries().len()));
        std::fs::create_dir_all(&dir).unwrap();
        let parts = Parts {
            store: Arc::new(store),
            register,
            journal: self.journal.clone(),
            archive: self.journal.clone(),
            recorder: Arc::new(recorder(&dir, self.sealing.clone())),
            clock: self.clock.clone(),
            entropy: Arc::new(SeededEntropy::new(9)),
            client_certificates: Some(client_certificates()),
            vault: Vault::new(&[5; 32]).unwrap(),
            settings: settings(Language::English, None),
        };
        Road::new(parts, policies)
    }

    /// The same bastion, its road as a node has it after a restart.
    pub fn into_node(mut self, policies: Policies) -> Self {
        self.road = self.explained(self.audit().register(), policies);
        self
    }

    /// A login with the key of that name, and a code if one is asked for.
    pub async fn enter(&self, name: &str) -> VerifiedIdentity {
        self.try_enter(name).await.unwrap()
    }

    pub async fn try_enter(&self, name: &str) -> Result<VerifiedIdentity, Refusal> {
        match self.road.enter_with_key(name, &Key::of(name).public(), HOME).await? {
            Entered::Complete(who) => Ok(who),
            Entered::NeedsCode(first) => self.road.second_factor(first, &self.code(name), HOME).await,
        }
    }

    /// A session of that person.
    pub async fn session(&self, name: &str, target: &str) -> Session {
        let who = self.enter(name).await;
        self.road.open(&who, &root_at(target), Way::Direct).await.unwrap()
    }

    /// A removal by alice on db-1 that waits.
    pub async fn held(&self) -> Pending {
        let session = self.session("alice", "db-1").await;
        held(self.road.submit(&session, 0, exec(REMOVAL)).await)
    }

    /// The same, with both database leads' signatures.
    pub async fn met(&self) -> Pending {
        let pending = self.held().await;
        for name in ["bob", "carol"] {
            self.answer(name, pending.id(), Answer::Approve).await.unwrap();
        }
        pending
    }

    /// What the desk prints for signing, as the person sees it.
    pub async fn statement(&self, name: &str, id: RequestId, answer: Answer) -> String {
        let line = format!("show {id} --statement {}", answer.as_str());
        let told = self.ask_desk(name, &line, b"").await;
        assert_eq!(told.status, 0, "{told:?}");
        told.stdout
    }

    pub async fn ask_desk(&self, name: &str, line: &str, stdin: &[u8]) -> DeskAnswer {
        let who = self.enter(name).await;
        self.road.desk(&who, line, stdin).await
    }

    /// Signs with the person's own key and answers.
    pub async fn answer(&self, name: &str, id: RequestId, answer: Answer) -> Result<String, Refusal> {
        self.answer_with(name, name, id, answer).await
    }

    /// Signs with another key and answers.
    pub async fn answer_with(
        &self,
        name: &str,
        key: &str,
        id: RequestId,
        answer: Answer,
    ) -> Result<String, Refusal> {
        let signature = Key::of(key).sign("countersign", self.statement(name, id, answer).await.as_bytes());
        let who = self.enter(name).await;
        self.road.decide(&who, id, answer, &signature).await
    }

    /// The claim is refused, and no grant is on the record. Returns what the requester is told.
    pub async fn cannot_claim(&self, pending: Pending) -> String {
        let before = self.count("grant");
        let told = self.road.claim(pending).await.unwrap_err().to_string();
        assert_eq!(self.count("grant"), before, "{told}");
        told
    }

    pub async fn state(&self, id: RequestId) -> RequestState {
        self.store.request(id).await.unwrap().unwrap().state
    }

    /// The kinds of all entries after setting up, in order.
    pub fn story(&self) -> Vec<String> {
        self.entries().iter().map(kind).collect()
    }

    /// All entries after setting up.
    pub fn entries(&self) -> Vec<Entry> {
        self.journal.entries().split_off(self.set_up)
    }

    /// How many entries of that kind there are.
    pub fn count(&self, wanted: &str) -> usize {
        self.journal.entries().iter().filter(|entry| kind(entry) == wanted).count()
    }

    /// The ledger so far, read as at a start.
    pub fn audit(&self) -> Audit {
        let mut audit = Audit::default();
        for (entry, index) in self.journal.entries().iter().zip(0..) {
            drop(audit.take(index, &entry.encode()).unwrap());
        }
        audit
    }

    /// Reads the whole ledger as `ledger verify` does.
    fn verify(&self) {
        let mut audit = Audit::default();
        let mut recorded = Vec::new();
        for (entry, index) in self.journal.entries().iter().zip(0..) {
            match audit.take(index, &entry.encode()) {
                Ok(closed) => recorded.extend(closed),
                Err(wrong) => panic!("the ledger contradicts itself: {wrong}\n{entry:#?}"),
            }
        }
        for mut closed in recorded {
            closed.files.erased = audit.is_erased(&closed.id);
            verify_segments(self.dir.path(), &closed.id, &closed.files).unwrap();
        }
    }
}

impl Drop for Bastion {
    fn drop(&mut self) {
        if !std::thread::panicking() {
            self.verify();
        }
    }
}

/// What signs the certificates of clients.
fn client_certificates() -> ClientCertificates {
    let pem = rcgen::KeyPair::generate().unwrap().serialize_pem();
    let authority = ClientAuthority::from_pem(&pem, NOW.seconds()).unwrap();
    ClientCertificates { authority, gateway: Some("the gateway's authority\n".into()) }
}

/// The word of an entry's kind.
pub fn kind(entry: &Entry) -> String {
    let leaf = String::from_utf8(entry.encode()).unwrap();
    let (_, rest) = leaf.split_once("\"kind\":\"").unwrap();
    rest.split('"').next().unwrap().to_owned()
}

pub fn groups(names: &[&str]) -> BTreeSet<String> {
    names.iter().map(|name| (*name).to_owned()).collect()
}

pub fn exec(command: &str) -> Ask {
    Ask::Exec(command.as_bytes().to_vec())
}

pub fn root_at(target: &str) -> Destination {
    Destination::parse(&format!("root@{target}")).unwrap()
}

#[track_caller]
pub fn held(step: Step) -> Pending {
    match step {
        Step::Held(pending) => *pending,
        Step::Run(grant) => panic!("ran: {grant:?}"),
        Step::Refused(refusal) => panic!("refused: {refusal}"),
    }
}

#[track_caller]
pub fn allowed(step: Step) -> Grant {
    match step {
        Step::Run(grant) => grant,
        Step::Held(pending) => panic!("held: {}", pending.notice()),
        Step::Refused(refusal) => panic!("refused: {refusal}"),
    }
}

#[track_caller]
pub fn refused(step: Step) -> String {
    match step {
        Step::Refused(refusal) => refusal.to_string(),
        Step::Held(pending) => panic!("held: {}", pending.notice()),
        Step::Run(grant) => panic!("ran: {grant:?}"),
    }
}

/// Something that a target has printed.
pub fn output(session: &Session, text: &'static str) -> Frame {
    Frame {
        session: session.id(),
        channel: 0,
        at_us: NOW.0 as u64,
        direction: Direction::ToClient,
        kind: Kind::Data,
        bytes: text.into(),
    }
}

/// The shipped policies of this bastion, as a folder has them.
fn shipped_files() -> BTreeMap<String, String> {
    let shipped = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../config/policies");
    let names =
        ["production.cedar", "command-gated.cedar", "schema.cedarschema", "quorums.toml", "areas.toml"];
    names.map(|name| (name.to_owned(), std::fs::read_to_string(shipped.join(name)).unwrap())).into()
}

/// The shipped policies, with their texts changed.
pub fn policies(change: impl FnOnce(&mut Sources)) -> Policies {
    let shipped = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../config/policies");
    let named = |name: &str| (name.to_owned(), std::fs::read_to_string(shipped.join(name)).unwrap());
    let mut sources = Sources {
        policies: vec![named("production.cedar"), named("command-gated.cedar")],
        schema: named("schema.cedarschema"),
        quorums: named("quorums.toml"),
        areas: named("areas.toml"),
        commands: vec![],
    };
    change(&mut sources);
    Policies::parse(&sources).unwrap()
}

/// The shipped policies with other clauses for the quorum of two.
pub fn quorum(clauses: &str) -> Policies {
    policies(|sources| recount(sources, clauses))
}

/// Other clauses for the quorum of two database leads; the other quorums stay.
pub fn recount(sources: &mut Sources, clauses: &str) {
    let (two, other) = (r#"[{ of = "dba-leads", n = 2 }]"#, format!("[{clauses}]"));
    assert!(sources.quorums.1.contains(two));
    sources.quorums.1 = sources.quorums.1.replace(two, &other);
}

fn settings(language: Language, consent: Option<ConsentNotice>) -> Settings {
    Settings {
        language,
        remember_seconds: 8 * 3600,
        enrolment_seconds: 24 * 3600,
        grace_seconds: 300,
        lockout: lockout::Limits::PERSON,
        node_salt: [4; 16],
        receivers: crate::announcing::receivers(),
        consent,
        devices: Default::default(),
    }
}

fn recorder(dir: &Path, sealing: Arc<Sealed>) -> Recorder {
    let entropy = SeededEntropy::new(2);
    let random: Random = Arc::new(move |bytes: &mut [u8]| entropy.fill(bytes));
    let vault = Arc::new(NodeVault::new(&[3; 32], random.clone()));
    let options = Options { wal_file_bytes: 2 << 20, ..Options::default() };
    Recorder::open(dir, options, vault, sealing, &|_| None, random).unwrap().0
}
