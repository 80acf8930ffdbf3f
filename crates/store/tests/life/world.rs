//! Two roads over one database and one ledger, which die and are opened again over what is left. The people are four
//! database leads, of whom alice works on hosts herself and erin asks for access.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use access::administer::{Change, Secret};
use access::audit::Audit;
use access::entry::{Entry, Event};
use access::explained::Explained;
use access::identity::totp::Secret as Seed;
use access::identity::{Destination, VerifiedIdentity, lockout};
use access::model::{Answer, PersonId, Request, Way};
use access::policy::{Policies, Sources};
use access::ports::{Entropy, Store};
use access::recording::{Interrupted, NodeVault, Options, Random, Recorder};
use access::road::{Entered, Parts, Settings};
use access::statement::{NAMESPACE, statement};
use access::text::Language;
use access::vault::Vault;
use access::{Pending, Road, Session};
use store::{Postgres, Sqlite};
use tempfile::TempDir;
use testkit::keys::Key;
use testkit::sample::{NOW, SOURCE};
use testkit::{ManualClock, MemoryJournal, SeededEntropy};

use crate::mortal::{Life, MortalEngine, MortalJournal};

pub const PEOPLE: [&str; 4] = ["alice", "erin", "bob", "carol"];
/// Waits for two database leads.
pub const REMOVAL: &str = "rm -rf production-data";

/// What erin may ask for; the shipped policies say the rest.
const ASKING: &str = r#"
@id("guests-ask")
@description("Guests ask for access")
permit (principal in Group::"guests", action == Action::"request-access", resource);

@id("two-leads-agree")
@description("Two database leads must agree")
forbid (principal, action == Action::"request-access", resource)
unless { context.quorums.contains(Quorum::"two-dba-leads") };
"#;

/// Which database.
pub enum Place {
    File(PathBuf),
    Server(String),
}

impl Place {
    async fn open(&self, life: &Arc<Life>) -> Arc<dyn Store> {
        let life = life.clone();
        match self {
            Self::File(path) => {
                let file = Sqlite::open(path).await.unwrap();
                Arc::new(file.through(|inner| MortalEngine { inner, life }))
            }
            Self::Server(url) => {
                let server = Postgres::open(url).await.unwrap();
                Arc::new(server.through(|inner| MortalEngine { inner, life }))
            }
        }
    }
}

pub struct World {
    pub nodes: Vec<Road>,
    pub ledger: Arc<MemoryJournal>,
    pub clock: Arc<ManualClock>,
    pub life: Arc<Life>,
    pub people: BTreeMap<&'static str, VerifiedIdentity>,
    /// The acts that wait in alice's sessions, by the numbers of their requests.
    pub pending: BTreeMap<i64, Pending>,
    /// The rows as they are, whoever explains them.
    pub eye: Arc<dyn Store>,
    pub ids: BTreeMap<&'static str, PersonId>,
    /// How often the process has died in the middle of something.
    pub deaths: usize,
    /// Which policies have which version.
    versions: BTreeMap<String, usize>,
    place: Place,
    entropy: Arc<SeededEntropy>,
    folder: TempDir,
    session: Option<Session>,
}

impl World {
    pub async fn new(place: impl FnOnce(&Path) -> Place) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let place = place(folder.path());
        let eye = place.open(&Life::new()).await;
        let mut world = Self {
            nodes: Vec::new(),
            ledger: Arc::default(),
            clock: Arc::new(ManualClock::at(NOW)),
            life: Life::new(),
            people: BTreeMap::new(),
            pending: BTreeMap::new(),
            eye,
            ids: BTreeMap::new(),
            deaths: 0,
            versions: BTreeMap::new(),
            place,
            entropy: Arc::new(SeededEntropy::new(1)),
            folder,
            session: None,
        };
        world.begin().await;
        world.populate().await;
        world
    }

    /// The process is gone; another one begins with what is left.
    pub async fn restart(&mut self) {
        self.session = None;
        self.pending.clear();
        self.nodes.clear();
        self.begin().await;
    }

    /// Opens everything in the order in which `serve` does.
    async fn begin(&mut self) {
        self.life = Life::new();
        let audit = self.audit();
        let sealing = Arc::new(MortalJournal { ledger: self.ledger.clone(), life: self.life.clone() });
        let (recorder, sealed) = self.recorder(&audit, sealing.clone());
        let (recorder, register) = (Arc::new(recorder), audit.register());
        for _ in 0..2 {
            let database = self.place.open(&self.life).await;
            let parts = Parts {
                store: Arc::new(Explained::new(database, register.clone())),
                journal: sealing.clone(),
                archive: self.ledger.clone(),
                register: register.clone(),
                recorder: recorder.clone(),
                clock: self.clock.clone(),
                entropy: self.entropy.clone(),
                client_certificates: None,
                vault: Vault::new(&[5; 32]).unwrap(),
                settings: settings(),
            };
            self.nodes.push(Road::new(parts, policies(self.policies_in_force())));
        }
        repair(&self.nodes[0], &audit, sealed).await;
    }

    fn recorder(&self, audit: &Audit, sealing: Arc<MortalJournal>) -> (Recorder, Vec<Interrupted>) {
        let entropy = self.entropy.clone();
        let random: Random = Arc::new(move |bytes: &mut [u8]| entropy.fill(bytes));
        let vault = Arc::new(NodeVault::new(&[3; 32], random.clone()));
        let options = Options { wal_file_bytes: 2 << 20, ..Options::default() };
        let committed = |id: &_| audit.committed(id);
        Recorder::open(self.folder.path(), options, vault, sealing, &committed, random).unwrap()
    }

    async fn populate(&mut self) {
        let target = |name: &str| Change::TargetAdd {
            name: name.into(),
            host: format!("{name}.example.org"),
            port: 22,
            labels: [("env", "prod"), ("tier", "core-data")].map(|(a, b)| (a.into(), b.into())).into(),
            level: "command-gated".into(),
            host_key: Key::of(name).line(),
        };
        self.change(target("db-1")).await;
        let private_key = Secret(Key::of("credential").private().into());
        self.change(Change::AccountAdd {
            target: "db-1".into(),
            login: "root".into(),
            private_key,
            password: Default::default(),
        })
        .await;
        for name in PEOPLE {
            let groups = groups(name, true);
            self.change(Change::PersonAdd { name: name.into(), groups }).await;
            self.change(Change::KeyAdd { name: name.into(), key: Key::of(name).line() }).await;
            let who = self.login(name).await;
            self.people.insert(name, who);
            self.ids.insert(name, self.eye.person(name).await.unwrap().unwrap().id);
        }
    }

    async fn login(&self, name: &str) -> VerifiedIdentity {
        let road = &self.nodes[0];
        let made = road.administer("root", &Change::PersonTotp { name: name.into() }).await.unwrap();
        let seed = Seed::from_base32(&made.totp_secret.unwrap().0).unwrap();
        match road.enter_with_key(name, &Key::of(name).public(), SOURCE).await.unwrap() {
            Entered::Complete(who) => who,
            Entered::NeedsCode(first) => {
                let code = seed.code_at(road.now().seconds());
                road.second_factor(first, &code, SOURCE).await.unwrap()
            }
        }
    }

    pub async fn change(&self, change: Change) {
        self.nodes[0].administer("root", &change).await.unwrap();
    }

    /// Alice's session on db-1, opened when it is needed.
    pub async fn session(&mut self) -> Option<Session> {
        if self.session.is_none() {
            let to = Destination::parse("root@db-1").unwrap();
            self.session = self.nodes[0].open(&self.people["alice"], &to, Way::Direct).await.ok();
        }
        self.session.clone()
    }

    /// What that person's key says to a request.
    pub fn signed(&self, name: &str, request: &Request, answer: Answer) -> Vec<u8> {
        let text = statement(request.id, &request.canonical, &request.digest, answer);
        Key::of(name).sign(NAMESPACE, text.as_bytes())
    }

    /// Number of the newest request.
    pub async fn newest(&self) -> i64 {
        self.eye.requests(1).await.unwrap().first().map_or(0, |request| request.id.0)
    }

    /// Which policies are in force, as the ledger says.
    pub fn policies_in_force(&self) -> usize {
        let version = |entry: &Entry| match &entry.event {
            Event::Policy { policy } => Some(self.versions[policy]),
            _ => None,
        };
        self.ledger.entries().iter().rev().find_map(version).unwrap_or(0)
    }

    /// The next policies, which are not in force yet.
    pub fn next_policies(&mut self) -> usize {
        let number = self.policies_in_force() + 1;
        self.versions.insert(policies(number).version().to_owned(), number);
        number
    }

    /// The ledger read from its beginning: it must tell one story.
    pub fn audit(&self) -> Audit {
        let mut audit = Audit::default();
        for (entry, index) in self.ledger.entries().iter().zip(0..) {
            drop(audit.take(index, &entry.encode()).unwrap());
        }
        audit
    }
}

/// What `serve` does at its start for what an earlier process left.
async fn repair(road: &Road, audit: &Audit, sealed: Vec<Interrupted>) {
    let mut left: Vec<_> =
        sealed.into_iter().filter(|found| audit.open_session(&found.session).is_some()).collect();
    for open in audit.open_sessions() {
        if !left.iter().any(|found| found.session == open.id) {
            left.push(Interrupted { session: open.id, totals: open.totals });
        }
    }
    road.close_interrupted(&left).await.unwrap();
    road.abandon_orphans().await.unwrap();
    road.inspect(true).await.unwrap();
    road.resume(&audit.unfinished()).await.unwrap();
}

/// The groups of that person, in or out of the approvers.
pub fn groups(name: &str, lead: bool) -> std::collections::BTreeSet<String> {
    let own = match name {
        "alice" => Some("ops"),
        "erin" => Some("guests"),
        _ => None,
    };
    own.into_iter().chain(lead.then_some("dba-leads")).map(str::to_owned).collect()
}

/// The shipped policies, and one that says nothing but its number.
pub fn policies(number: usize) -> Policies {
    let shipped = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../config/policies");
    let named = |name: &str| (name.to_owned(), std::fs::read_to_string(shipped.join(name)).unwrap());
    let asking = ("asking.cedar".to_owned(), format!("{ASKING}\n// {number}\n"));
    let sources = Sources {
        policies: vec![named("production.cedar"), named("command-gated.cedar"), asking],
        schema: named("schema.cedarschema"),
        quorums: named("quorums.toml"),
        areas: named("areas.toml"),
        commands: vec![],
    };
    Policies::parse(&sources).unwrap()
}

fn settings() -> Settings {
    Settings {
        language: Language::English,
        remember_seconds: 8 * 3600,
        grace_seconds: 300,
        enrolment_seconds: 24 * 3600,
        lockout: lockout::Limits::PERSON,
        node_salt: [4; 16],
        receivers: vec![],
        consent: None,
        devices: Default::default(),
    }
}
