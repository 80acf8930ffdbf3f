//! `countersign ledger verify`: every entry, every recording, offline, with nothing but the folder and the public key.

use std::collections::BTreeSet;
use std::io::Write as _;
use std::path::Path;

use access::audit::{Audit, SessionFacts};
use access::recording::{
    SegmentsVerified, SessionId, has_key_file, sessions_on_disk, verify_segments, verify_wal,
};
use anyhow::{Context as _, Result, anyhow, bail};
use ledger::{Checkpoint, Expected, Fault, NoteVerifier};

use crate::node::SIBLINGS;

/// How often a verification of a ledger that is being written to is started again.
const ATTEMPTS: u32 = 5;

/// Checks the ledger and the recordings in `dir`, and says what was checked.
pub fn verify(dir: &Path, key: &Path, since: Option<&Path>) -> Result<()> {
    let key = read_key(key)?;
    let since = since.map(|path| read_checkpoint(path, &key)).transpose()?;
    let report = check_patiently(dir, &key, since.as_ref())?;
    Ok(writeln!(std::io::stdout(), "{report}")?)
}

/// Reads a ledger's public key.
pub fn read_key(path: &Path) -> Result<NoteVerifier> {
    let text = std::fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?;
    NoteVerifier::parse(text.trim()).with_context(|| format!("{} is not a verifier key", path.display()))
}

/// Reads a signed head of the ledger with that key.
pub fn read_checkpoint(path: &Path, key: &NoteVerifier) -> Result<Checkpoint> {
    let note = std::fs::read(path).with_context(|| format!("cannot read {}", path.display()))?;
    Checkpoint::parse(&note, key)
        .with_context(|| format!("{} is not a checkpoint of this ledger", path.display()))
}

/// A running gateway may seal a segment between our look at the ledger and our look at the files. Then the ledger has
/// grown; a fault in a ledger that has not grown is a fault.
fn check_patiently(dir: &Path, key: &NoteVerifier, since: Option<&Checkpoint>) -> Result<String> {
    let mut attempt = 1;
    loop {
        let before = std::fs::read(dir.join("checkpoint")).ok();
        match check(dir, key, since) {
            Ok(report) => return Ok(report),
            Err(fault) => {
                let grown = std::fs::read(dir.join("checkpoint")).ok() != before;
                if !grown || attempt == ATTEMPTS {
                    return Err(fault);
                }
            }
        }
        attempt += 1;
    }
}

fn check(dir: &Path, key: &NoteVerifier, since: Option<&Checkpoint>) -> Result<String> {
    let mut audit = Audit::default();
    let mut totals = SegmentsVerified::default();
    // A tombstone further on may explain what is wrong with a recording.
    let mut doubtful = Vec::new();
    let verified = {
        let expected = Expected { since, siblings: SIBLINGS };
        let mut visit = |index: u64, leaf: &[u8]| {
            let closed = audit.take(index, leaf).map_err(|wrong| fault("tile/entries", &wrong))?;
            doubtful.extend(closed.filter(|facts| check_session(dir, facts, &mut totals).is_err()));
            Ok(())
        };
        ledger::verify(dir, key, expected, &mut visit).map_err(|fault| wrong(&fault))?
    };
    check_the_rest(dir, &audit, doubtful, &mut totals).map_err(|fault| wrong(&fault))?;
    check_folders(dir, &audit)?;
    let unsealed = verify_wal(dir).map_err(|fault| anyhow!("FAILED: {fault}"))?;
    let open = audit.open_sessions().count();
    if open > 0 && unsealed.bytes == 0 {
        bail!("FAILED: wal: {open} sessions are open, and their write-ahead file is gone");
    }
    let erased = erasures(dir, &audit);
    Ok(format!(
        "OK: {} entries, {} sessions ({open} open{erased}), {} segments with {} bytes of recording, \
         {} frames not sealed yet\n\
         log {}, root {}",
        verified.size,
        audit.sessions(),
        totals.files,
        totals.bytes,
        unsealed.frames,
        verified.origin,
        verified.root
    ))
}

/// How many recordings have a tombstone, and whether a key is still there that the gateway has yet to take away.
fn erasures(dir: &Path, audit: &Audit) -> String {
    let erased = audit.erased();
    let left = erased.iter().filter(|id| has_key_file(dir, id)).count();
    match (erased.len(), left) {
        (0, _) => String::new(),
        (erased, 0) => format!(", {erased} erased"),
        (erased, left) => {
            format!(", {erased} erased, of which {left} still have their key: start the gateway")
        }
    }
}

/// Recordings that only a tombstone explains, and those of open sessions.
fn check_the_rest(
    dir: &Path,
    audit: &Audit,
    doubtful: Vec<SessionFacts>,
    totals: &mut SegmentsVerified,
) -> Result<(), Fault> {
    for mut facts in doubtful {
        facts.files.erased = audit.is_erased(&facts.id);
        check_session(dir, &facts, totals)?;
    }
    audit.open_sessions().try_for_each(|facts| check_session(dir, facts, totals))
}

fn check_session(dir: &Path, facts: &SessionFacts, totals: &mut SegmentsVerified) -> Result<(), Fault> {
    let found = verify_segments(dir, &facts.id, &facts.files)
        .map_err(|wrong| Fault { file: wrong.file, what: wrong.what })?;
    totals.files += found.files;
    totals.bytes = totals.bytes.saturating_add(found.bytes);
    Ok(())
}

/// A recording that the ledger does not know was never opened on the record, unless it is being opened right now.
fn check_folders(dir: &Path, audit: &Audit) -> Result<()> {
    let on_disk: BTreeSet<SessionId> = sessions_on_disk(dir)?.into_iter().collect();
    for id in on_disk {
        if !audit.knows(&id) && !is_being_opened(dir, &id) {
            bail!("FAILED: segments/{id}: the ledger knows no such session");
        }
    }
    Ok(())
}

/// Between `begin` and its session-open entry a session has a key file and nothing else.
fn is_being_opened(dir: &Path, id: &SessionId) -> bool {
    let names = std::fs::read_dir(dir.join("segments").join(id.to_string()));
    names.is_ok_and(|names| names.flatten().all(|entry| entry.file_name() == "key"))
}

fn fault(file: &str, what: &impl std::fmt::Display) -> Fault {
    Fault { file: file.into(), what: what.to_string() }
}

fn wrong(fault: &Fault) -> anyhow::Error {
    anyhow!("FAILED: {fault}")
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;
    use std::sync::{Arc, Mutex};

    use access::entry::{Entry, Event};
    use access::model::{Outcome, Timestamp};
    use access::recording::{Direction, Frame, Kind, NodeVault, Options, Recorder, SealedSegment, Sealing};
    use ledger::{Log, NoteSigner};
    use tempfile::TempDir;

    use super::*;
    use crate::secrets::recorder_random;

    const DAY: i64 = 86_400_000_000;

    struct Writer(Mutex<Log>);

    impl Writer {
        fn enter(&self, at: i64, event: Event) {
            self.0.lock().unwrap().append(&[Entry::new(Timestamp(at), event).encode()]).unwrap();
        }
    }

    impl Sealing for Writer {
        fn sealed(&self, segment: &SealedSegment) -> Result<(), String> {
            self.enter(2, Event::segment(segment));
            Ok(())
        }
    }

    /// A log with one closed session, whose recorder is still open.
    struct Scene {
        dir: TempDir,
        key: NoteVerifier,
        log: Arc<Writer>,
        recorder: Recorder,
        session: SessionId,
    }

    impl Scene {
        fn new() -> Self {
            let dir = tempfile::tempdir().unwrap();
            let signer = NoteSigner::from_seed("example.org/log", [7; 32]).unwrap();
            let (key, session) = (signer.verifier().clone(), SessionId([1; 16]));
            let log = Arc::new(Writer(Mutex::new(Log::create(dir.path(), signer).unwrap())));
            let vault = Arc::new(NodeVault::new(&[3; 32], recorder_random()));
            let (options, sealing) = (Options::default(), log.clone());
            let recorder =
                Recorder::open(dir.path(), options, vault, sealing, &|_| None, recorder_random()).unwrap().0;
            let scene = Self { dir, key, log, recorder, session };
            scene.record();
            scene
        }

        fn record(&self) {
            let (session, person) = (self.session, "p-01".to_owned());
            let login = Event::Login { person: person.clone(), how: "key".into(), source: "s".into() };
            self.log.enter(1, login);
            let recording = self.recorder.begin(session).unwrap();
            self.log.enter(
                1,
                Event::SessionOpen {
                    session: session.to_string(),
                    person,
                    target: "db-1".into(),
                    account: "root".into(),
                    way: "direct".into(),
                    source: "s".into(),
                    key_commitment: access::blind::hex(&recording.key_commitment),
                    key_digest: access::blind::hex(&recording.key_digest),
                    policy: "p".into(),
                    permits: vec![],
                },
            );
            let (direction, kind) = (Direction::ToClient, Kind::Data);
            let frame = Frame { session, channel: 0, at_us: 1, direction, kind, bytes: "hello".into() };
            recording.record(frame, Box::new(|_| {}));
            let totals = recording.close().unwrap();
            self.log.enter(2, Event::session_close(&session, Outcome::Finished, &totals));
        }

        fn entomb(&self, days: i64) {
            let session = self.session.to_string();
            self.log.enter(2 + days * DAY, Event::Erased { session, days: 184 });
        }

        fn key_file(&self) -> PathBuf {
            self.dir.path().join("segments").join(self.session.to_string()).join("key")
        }

        fn told(&self) -> String {
            check(self.dir.path(), &self.key, None).unwrap_or_else(|fault| format!("{fault:#}"))
        }
    }

    #[test]
    fn an_erased_recording_is_told_from_one_that_was_taken_away() {
        let scene = Scene::new();
        assert!(scene.told().contains("(0 open)"), "{}", scene.told());
        let wrapped = std::fs::read(scene.key_file()).unwrap();
        scene.recorder.erase(&scene.session).unwrap();
        assert!(scene.told().starts_with("FAILED") && scene.told().contains("key: it is missing"));
        scene.entomb(184);
        assert!(scene.told().contains("(0 open, 1 erased)"), "{}", scene.told());
        for left in [wrapped.clone(), vec![0; wrapped.len()]] {
            std::fs::write(scene.key_file(), left).unwrap();
            assert!(scene.told().contains("1 still have their key"), "{}", scene.told());
        }
        std::fs::remove_file(scene.key_file()).unwrap();
        let segment = scene.key_file().with_file_name("000001.seg");
        std::fs::remove_file(segment).unwrap();
        assert!(scene.told().contains("000001.seg: it is missing"), "{}", scene.told());
    }

    #[test]
    fn a_tombstone_that_came_too_early_explains_nothing() {
        let scene = Scene::new();
        scene.entomb(183);
        assert!(scene.told().contains("erased before it was kept for 184 days"), "{}", scene.told());
    }
}
