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

fn read_checkpoint(path: &Path, key: &NoteVerifier) -> Result<Checkpoint> {
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
    for mut facts in doubtful {
        facts.files.erased = audit.is_erased(&facts.id);
        check_session(dir, &facts, &mut totals).map_err(|fault| wrong(&fault))?;
    }
    for facts in audit.open_sessions() {
        check_session(dir, facts, &mut totals).map_err(|fault| wrong(&fault))?;
    }
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
