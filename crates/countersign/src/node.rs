//! A node, wired: ledger, recorder, store and road from one configuration, after repairing what a kill left behind.

use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;

use access::administer::{approved_policies, parse_policies};
use access::audit::Audit;
use access::entry::Event;
use access::explained::Explained;
use access::identity::lockout;
use access::ports::Store;
use access::recording::{Interrupted, NodeVault, Options, Recorder};
use access::register::Register;
use access::road::{ClientCertificates, Parts, Road, Settings};
use access::vault::Vault;
use anyhow::{Context as _, Result, anyhow, bail};
use ledger::{Log, NoteSigner};

use crate::archive::LedgerArchive;
use crate::config::Config;
use crate::journal::{LedgerJournal, SegmentEntries};
use crate::policies::{policy_files, read_policies};
use crate::secrets::{NodeKeys, read_key, recorder_random};
use crate::state::open_store;
use crate::surroundings::{SystemClock, SystemEntropy};
use crate::tls;

/// Names that lie in the ledger's folder beside the log's own.
pub const SIBLINGS: &[&str] = &["wal", "segments"];

/// A node that could serve. At most one may be open on a ledger; the log's lock sees to that.
pub struct Node {
    /// The road.
    pub road: Road,
    ledger: JoinHandle<()>,
}

impl Node {
    /// Opens everything the configuration names. Sessions that were cut off are closed on the record.
    pub async fn open(config: &Config) -> Result<Self> {
        let keys = NodeKeys::read(&config.node_key)?;
        let signer = NoteSigner::from_seed(&config.ledger_name, *read_key(&config.ledger_key)?)?;
        let archive = LedgerArchive::of(&config.ledger, signer.verifier().clone());
        let log = Log::open(&config.ledger, signer)
            .with_context(|| format!("the ledger in {} cannot be opened", config.ledger.display()))?;
        let audit = read_back(&log)?;
        let (journal, ledger) = LedgerJournal::start(log)?;
        let (recorder, left) = open_recorder(config, &keys, &journal, &audit)?;
        let register = audit.register();
        let store = Explained::new(open_store(&config.store).await?, register.clone());
        let policies = policies_in_force(config, &store, &register).await?;
        let parts = Parts {
            store: Arc::new(store),
            journal: Arc::new(journal),
            archive: Arc::new(archive),
            register,
            recorder: Arc::new(recorder),
            clock: Arc::new(clock(config)),
            entropy: Arc::new(SystemEntropy),
            vault: Vault::new(&keys.vault)?,
            client_certificates: client_certificates(config)?,
            settings: settings(config, &keys),
        };
        let road = Road::new(parts, policies);
        repair(&road, &audit, &left).await?;
        road.inspect(true).await?;
        // Rows are what the ledger says now; what was granted and not done yet is done with them.
        road.resume(&audit.unfinished()).await?;
        Ok(Self { road, ledger })
    }

    /// Notes that this node begins to serve, under the policies that are in force then.
    pub async fn note_start(&self, config: &Config) -> Result<()> {
        offer_folder(&self.road, config).await?;
        let bootstrap = !self.road.register().ceremony_held();
        let version = env!("CARGO_PKG_VERSION").to_owned();
        self.road.note(Event::Start { version, policy: self.road.policy_version(), bootstrap }).await?;
        Ok(())
    }

    /// Seals and commits what is open, and ends the writers. Every clone of the road must be gone.
    pub fn close(self) {
        drop(self.road);
        if self.ledger.join().is_err() {
            tracing::error!("the ledger's writer ended badly; the next start repairs what it left");
        }
    }
}

/// Reads the whole ledger: its entries must tell one story before anything is added to it.
fn read_back(log: &Log) -> Result<Audit> {
    let mut audit = Audit::default();
    for entry in log.entries(0) {
        let (index, leaf) = entry?;
        audit.take(index, &leaf).context("the ledger contradicts itself; run: countersign ledger verify")?;
    }
    Ok(audit)
}

/// The approved set, as it was kept; the folder's while nobody has approved one.
async fn policies_in_force(
    config: &Config,
    store: &dyn Store,
    register: &Register,
) -> Result<access::policy::Policies> {
    match approved_policies(store, register).await? {
        Some(files) if register.ceremony_held() => {
            parse_policies(&files).map_err(|fault| anyhow!("the approved policies cannot be read: {fault}"))
        }
        None if register.ceremony_held() => bail!("the ledger names no approved policies"),
        _ => read_policies(&config.policies),
    }
}

/// Offers the folder's policies. During the bootstrap the folder's policies are taken. Afterwards a folder that holds others changes nothing.
pub async fn offer_folder(road: &Road, config: &Config) -> Result<()> {
    let offered = match policy_files(&config.policies) {
        Ok(files) => road.offer_policies(&files).await.map_err(anyhow::Error::from),
        Err(fault) => Err(fault),
    };
    match offered {
        Err(fault) if road.register().ceremony_held() => {
            tracing::warn!("{fault:#}");
            Ok(())
        }
        other => other,
    }
}

fn open_recorder(
    config: &Config,
    keys: &NodeKeys,
    journal: &LedgerJournal,
    audit: &Audit,
) -> Result<(Recorder, Vec<Interrupted>)> {
    let options = Options {
        segment_bytes: config.segment_bytes,
        segment_age: Duration::from_secs(config.segment_seconds),
        patience: Duration::from_secs(config.patience_seconds),
        // Each direction of each channel may have 1 MiB on its way to the disk; more than all of them never waits.
        session_backlog: (2 * config.ssh.max_channels + 2) << 20,
        ..Options::default()
    };
    let vault = Arc::new(NodeVault::new(&keys.recording, recorder_random()));
    let sealing = Arc::new(SegmentEntries { journal: journal.clone(), clock: clock(config) });
    let committed = |id: &_| audit.committed(id);
    Recorder::open(&config.ledger, options, vault, sealing, &committed, recorder_random())
        .context("the recorder cannot start, so nothing can be recorded and nothing may run")
}

/// Closes what the previous process left open: sessions with frames to seal, sessions without, and requests.
async fn repair(road: &Road, audit: &Audit, sealed: &[Interrupted]) -> Result<()> {
    let open = |id| audit.open_session(id).is_some();
    let mut left: Vec<_> = sealed.iter().filter(|found| open(&found.session)).cloned().collect();
    for facts in audit.open_sessions() {
        if !left.iter().any(|found| found.session == facts.id) {
            left.push(Interrupted { session: facts.id, totals: facts.totals });
        }
    }
    road.close_interrupted(&left).await?;
    let requests = road.abandon_orphans().await?;
    if !left.is_empty() || requests > 0 {
        tracing::warn!(sessions = left.len(), requests, "closed what an interrupted run left open");
    }
    Ok(())
}

fn client_certificates(config: &Config) -> Result<Option<ClientCertificates>> {
    config.databases.as_ref().map(tls::client_certificates).transpose().map(Option::flatten)
}

fn clock(config: &Config) -> SystemClock {
    SystemClock::in_zone(config.zone.clone())
}

fn settings(config: &Config, keys: &NodeKeys) -> Settings {
    Settings {
        language: config.language,
        remember_seconds: config.remember_seconds,
        enrolment_seconds: config.enrolment_seconds,
        grace_seconds: config.grace_seconds,
        lockout: lockout::Limits {
            lock_from: config.lock_after,
            lock_for: config.lock_seconds,
            ..lockout::Limits::PERSON
        },
        node_salt: keys.salt,
        receivers: config.receivers.iter().map(|receiver| receiver.told.clone()).collect(),
        consent: config.consent.clone(),
        devices: config.devices.clone(),
    }
}
