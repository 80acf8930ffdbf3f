//! `countersign evidence N` fetches the evidence of a request; `countersign evidence verify` checks it with nothing but
//! the file and the ledger's public key.

use std::cell::Cell;
use std::fs::OpenOptions;
use std::io::{Read as _, Write as _, stdout};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;
use std::process::ExitCode;

use access::evidence::{Failure, Said, SignedTree, Verified, verify};
use access::statement::visible;
use access::text::{self, Language};
use anyhow::{Context as _, Result, bail, ensure};
use ledger::{Checkpoint, Hash, NoteVerifier, Snapshot, leaf_hash, verify_inclusion};

use super::gateway::Gateway;
use super::ledger::{read_checkpoint, read_key};
use crate::cli::{Evidence, EvidenceCommand};

/// Longest file that is read.
const MAX_FILE: u64 = 256 << 20;

/// Fetches or checks.
pub fn evidence(options: Evidence) -> Result<ExitCode> {
    match options {
        Evidence { verify: Some(command), .. } => check(command),
        Evidence { request, permit, output, gateway, .. } => {
            let line = match (request, permit) {
                (Some(request), _) => format!("evidence {request}"),
                (None, Some(permit)) => format!("evidence --permit {permit}"),
                (None, None) => bail!(
                    "name a request and a gateway (evidence N --gateway NAME@HOST), or verify and a file"
                ),
            };
            let gateway = gateway.named().context("name the gateway: --gateway NAME@HOST")?;
            make(&gateway, &line, output.as_deref()).map(|()| ExitCode::SUCCESS)
        }
    }
}

fn spoken(wanted: Option<&str>) -> Result<Language> {
    match wanted {
        Some(word) => Language::parse(word).context("the languages are en and zh-CN"),
        None => Ok(Language::of_locale(&std::env::var("LANG").unwrap_or_default())),
    }
}

fn make(gateway: &Gateway, line: &str, output: Option<&Path>) -> Result<()> {
    let made = gateway.ask(line, b"")?;
    match output {
        Some(path) => {
            // It names people: for its owner alone, and never over another file.
            let file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path);
            let mut file = file.with_context(|| format!("cannot write {}", path.display()))?;
            file.write_all(made.as_bytes())?;
            Ok(file.sync_all()?)
        }
        None => Ok(stdout().write_all(made.as_bytes())?),
    }
}

fn check(
    EvidenceCommand::Verify { file, key, checkpoint, ledger, language }: EvidenceCommand,
) -> Result<ExitCode> {
    let language = spoken(language.as_deref())?;
    let read = Known::read(&key, checkpoint.as_deref(), ledger.as_deref())
        .and_then(|known| Ok((known, read_file(&file)?)));
    let found = match &read {
        Ok((known, bytes)) => verify(bytes, |note| Head::open(note, known)).and_then(|verified| {
            let rests = known.told().map_err(|why| Failure::Unreadable(why.to_owned()))?;
            Ok((verified, rests))
        }),
        Err(fault) => Err(Failure::Unreadable(format!("{fault:#}"))),
    };
    let (report, status) = match found {
        Ok((verified, rests)) => (valid(&verified, &rests, language), 0),
        Err(Failure::Wrong { passed, check, why }) => (invalid(&passed, &check, &why, language), 1),
        Err(Failure::Unreadable(why)) => {
            (text::EVIDENCE_UNREADABLE.say(language, &[("why", &visible(&why))]) + "\n", 2)
        }
    };
    stdout().write_all(report.as_bytes())?;
    Ok(ExitCode::from(status))
}

fn read_file(path: &Path) -> Result<Vec<u8>> {
    let file = std::fs::File::open(path).with_context(|| format!("cannot read {}", path.display()))?;
    let mut bytes = Vec::new();
    file.take(MAX_FILE + 1).read_to_end(&mut bytes)?;
    ensure!(bytes.len() as u64 <= MAX_FILE, "{} is longer than {MAX_FILE} bytes", path.display());
    Ok(bytes)
}

fn valid(verified: &Verified, rests: &[Said], language: Language) -> String {
    let sections = [
        listed("ok  ", &verified.checks, language),
        listed("", &verified.story, language),
        text::EVIDENCE_VALID.say(language, &[]) + "\n",
        listed("  ", rests, language) + &listed("  ", &verified.limits, language),
    ];
    sections.join("\n")
}

fn invalid(passed: &[Said], check: &Said, why: &str, language: Language) -> String {
    let values = [("check", &*check.say(language)), ("why", &visible(why))];
    let sections = [listed("ok  ", passed, language), text::EVIDENCE_INVALID.say(language, &values) + "\n"];
    sections.concat()
}

fn listed(before: &str, lines: &[Said], language: Language) -> String {
    lines.iter().map(|line| format!("{before}{}\n", line.say(language))).collect()
}

/// What the reader knows of the ledger from elsewhere.
struct Known {
    key: NoteVerifier,
    checkpoint: Option<Checkpoint>,
    copy: Option<Snapshot>,
    /// How many entries were compared with the copy.
    compared: Cell<u64>,
}

impl Known {
    fn read(key: &Path, checkpoint: Option<&Path>, copy: Option<&Path>) -> Result<Self> {
        let key = read_key(key)?;
        let checkpoint = checkpoint.map(|path| read_checkpoint(path, &key)).transpose()?;
        let open = |path: &Path| {
            Snapshot::take(path, &key)
                .with_context(|| format!("the copy of the ledger in {}", path.display()))
        };
        let copy = copy.map(open).transpose()?;
        Ok(Self { key, checkpoint, copy, compared: Cell::new(0) })
    }

    /// Whether a head of this ledger does not contradict the checkpoint that was kept.
    fn agrees(&self, head: &Checkpoint) -> Result<(), String> {
        let Some(known) = &self.checkpoint else { return Ok(()) };
        if head.size() != known.size() {
            let (here, there) = (head.size(), known.size());
            return Err(format!(
                "this checkpoint is of {here} entries and yours of {there}, which nothing here compares: give a copy of the ledger (--ledger)"
            ));
        }
        match head.root() == known.root() {
            true => Ok(()),
            false => Err("the checkpoint that you kept is of another history of the same size".to_owned()),
        }
    }

    /// Whether the copy has the same entry, if it goes that far.
    fn has(&self, index: u64, leaf: &[u8]) -> Result<(), String> {
        let Some(copy) = self.copy.as_ref().filter(|copy| index < copy.checkpoint().size()) else {
            return Ok(());
        };
        let there = copy.entry(index).map_err(|fault| format!("the copy of the ledger: {fault}"))?;
        self.compared.set(self.compared.get() + 1);
        match there == leaf {
            true => Ok(()),
            false => Err("the copy of the ledger that you gave has another entry there".to_owned()),
        }
    }

    /// What it was compared with besides the key. A copy that ends before the first entry shows nothing.
    fn told(&self) -> Result<Vec<Said>, &'static str> {
        let mut told = Vec::new();
        if self.checkpoint.is_some() {
            told.push(Said::new(text::RESTS_CHECKPOINT, &[]));
        }
        if self.copy.is_some() {
            let count = self.compared.get();
            if count == 0 {
                return Err("the copy of the ledger is older than every entry of this file");
            }
            told.push(Said::new(text::RESTS_COPY, &[("count", &count.to_string())]));
        }
        Ok(told)
    }
}

/// A head of the ledger, signed with the key that the reader trusts.
struct Head<'k> {
    head: Checkpoint,
    known: &'k Known,
}

impl<'k> Head<'k> {
    fn open(note: &str, known: &'k Known) -> Result<Self, String> {
        let head = Checkpoint::parse(note.as_bytes(), &known.key).map_err(|fault| fault.to_string())?;
        // Lines of other signers mean nothing here, so that somebody could exchange them.
        if note.lines().count() != 5 {
            return Err("the checkpoint has more lines than the ledger itself writes".to_owned());
        }
        known.agrees(&head)?;
        Ok(Self { head, known })
    }
}

impl SignedTree for Head<'_> {
    fn origin(&self) -> &str {
        self.head.origin()
    }

    fn size(&self) -> u64 {
        self.head.size()
    }

    fn includes(&self, index: u64, leaf: &[u8], path: &[String]) -> Result<(), String> {
        let path: Option<Vec<_>> = path.iter().map(|hash| Hash::from_base64(hash)).collect();
        let path = path.ok_or_else(|| "its proof holds something else than hashes".to_owned())?;
        verify_inclusion(index, self.head.size(), &leaf_hash(leaf), &path, self.head.root())
            .map_err(|fault| fault.to_string())?;
        self.known.has(index, leaf)
    }
}

#[cfg(test)]
mod tests {
    use access::entry::{Entry, Event};
    use access::ports::Archive as _;
    use ledger::{Log, NoteSigner};

    use super::*;
    use crate::archive::LedgerArchive;

    fn log(entries: i64) -> (tempfile::TempDir, NoteVerifier) {
        let dir = tempfile::tempdir().unwrap();
        let signer = NoteSigner::from_seed("test/log", [1; 32]).unwrap();
        let key = signer.verifier().clone();
        let mut log = Log::create(dir.path(), signer).unwrap();
        let leaves = (0..entries).map(|at| Entry { at, event: Event::Stop {} }.encode());
        log.append(&leaves.collect::<Vec<_>>()).unwrap();
        (dir, key)
    }

    fn known(key: &NoteVerifier) -> Known {
        Known { key: key.clone(), checkpoint: None, copy: None, compared: Cell::new(0) }
    }

    /// Another history of the same size, signed with the same key.
    fn rewritten(entries: i64) -> tempfile::TempDir {
        let dir = tempfile::tempdir().unwrap();
        let mut log = Log::create(dir.path(), NoteSigner::from_seed("test/log", [1; 32]).unwrap()).unwrap();
        let leaves = (0..entries).map(|at| Entry { at: at + 1, event: Event::Stop {} }.encode());
        log.append(&leaves.collect::<Vec<_>>()).unwrap();
        dir
    }

    #[tokio::test]
    async fn a_history_rewritten_with_the_stolen_key_fails_against_what_was_kept_elsewhere() {
        let ((kept, key), forged) = (log(20), rewritten(20));
        let (index, entry) = (7, Entry { at: 8, event: Event::Stop {} }.encode());
        let made = LedgerArchive::of(forged.path(), key.clone()).prove(vec![index]).await.unwrap();
        let alone = known(&key);
        let head = Head::open(&made.checkpoint, &alone).unwrap();
        head.includes(index, &entry, &made.paths[0]).expect("with nothing but the key it cannot be told");
        let note = std::fs::read(kept.path().join("checkpoint")).unwrap();
        let checkpoint = Some(Checkpoint::parse(&note, &key).unwrap());
        assert!(Head::open(&made.checkpoint, &Known { checkpoint, ..known(&key) }).is_err());
        let copy = Some(Snapshot::take(kept.path(), &key).unwrap());
        let with_copy = Known { copy, ..known(&key) };
        let head = Head::open(&made.checkpoint, &with_copy).unwrap();
        assert!(head.includes(index, &entry, &made.paths[0]).unwrap_err().contains("another entry"));
        let true_entry = Entry { at: 7, event: Event::Stop {} }.encode();
        let made = LedgerArchive::of(kept.path(), key.clone()).prove(vec![index]).await.unwrap();
        let head = Head::open(&made.checkpoint, &with_copy).unwrap();
        head.includes(index, &true_entry, &made.paths[0]).unwrap();
        assert_eq!(with_copy.told().unwrap().len(), 1);
    }

    #[tokio::test]
    async fn what_the_archive_proves_the_head_bears_out() {
        let (dir, key) = log(300);
        let archive = LedgerArchive::of(dir.path(), key.clone());
        let found = archive.find(Box::new(|event| matches!(event, Event::Stop {}))).await.unwrap();
        assert_eq!(found.len(), 300);
        let known = known(&key);
        let proven = archive.prove(found.iter().map(|(index, _)| *index).collect()).await.unwrap();
        let head = Head::open(&proven.checkpoint, &known).unwrap();
        assert_eq!((head.origin(), head.size()), ("test/log", 300));
        for ((index, entry), path) in found.iter().zip(&proven.paths) {
            head.includes(*index, &entry.encode(), path).unwrap();
            assert!(head.includes(*index, b"another", path).is_err());
            assert!(head.includes((*index + 1) % 300, &entry.encode(), path).is_err());
        }
        assert!(archive.prove(vec![300]).await.is_err());
    }

    #[tokio::test]
    async fn a_head_has_the_one_signature_of_the_given_key() {
        let (dir, key) = log(1);
        let note = LedgerArchive::of(dir.path(), key.clone()).prove(vec![0]).await.unwrap().checkpoint;
        let key = known(&key);
        assert!(Head::open(&note, &key).is_ok());
        let signature = note.lines().last().unwrap();
        assert!(Head::open(&note.replace("test/log\n1", "test/log\n2"), &key).is_err());
        assert!(Head::open(&format!("{note}{}\n", signature.replace("test/log", "other")), &key).is_err());
        let stranger = NoteSigner::from_seed("test/log", [2; 32]).unwrap();
        assert!(Head::open(&note, &known(stranger.verifier())).is_err());
    }
}
