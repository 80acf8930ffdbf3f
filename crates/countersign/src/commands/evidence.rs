//! `countersign evidence N` fetches the evidence of a request; `countersign evidence verify` checks it with nothing but
//! the file and the ledger's public key.

use std::fs::OpenOptions;
use std::io::{Read as _, Write as _, stdout};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;
use std::process::ExitCode;

use access::evidence::{Failure, Said, SignedTree, Verified, verify};
use access::statement::visible;
use access::text::{self, Language};
use anyhow::{Context as _, Result, bail, ensure};
use ledger::{Checkpoint, Hash, NoteVerifier, leaf_hash, verify_inclusion};

use super::gateway::Gateway;
use super::ledger::read_key;
use crate::cli::{Evidence, EvidenceCommand};

/// Longest file that is read.
const MAX_FILE: u64 = 256 << 20;

/// Fetches or checks.
pub fn evidence(options: Evidence) -> Result<ExitCode> {
    match options {
        Evidence { verify: Some(EvidenceCommand::Verify { file, key, language }), .. } => {
            check(&file, &key, spoken(language.as_deref())?)
        }
        Evidence { request: Some(request), output, gateway, .. } => {
            let gateway = gateway.named().context("name the gateway: --gateway NAME@HOST")?;
            make(&gateway, request, output.as_deref()).map(|()| ExitCode::SUCCESS)
        }
        Evidence { .. } => {
            bail!("name a request and a gateway (evidence N --gateway NAME@HOST), or verify and a file")
        }
    }
}

fn spoken(wanted: Option<&str>) -> Result<Language> {
    match wanted {
        Some(word) => Language::parse(word).context("the languages are en and zh-CN"),
        None => Ok(Language::of_locale(&std::env::var("LANG").unwrap_or_default())),
    }
}

fn make(gateway: &Gateway, request: i64, output: Option<&Path>) -> Result<()> {
    let made = gateway.ask(&format!("evidence {request}"), b"")?;
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

fn check(file: &Path, key: &Path, language: Language) -> Result<ExitCode> {
    let read = read_key(key).and_then(|key| Ok((key, read_file(file)?)));
    let found = match &read {
        Ok((key, bytes)) => verify(bytes, |note| Head::open(note, key)),
        Err(fault) => Err(Failure::Unreadable(format!("{fault:#}"))),
    };
    let (report, status) = match found {
        Ok(verified) => (valid(&verified, language), 0),
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

fn valid(verified: &Verified, language: Language) -> String {
    let sections = [
        listed("ok  ", &verified.checks, language),
        listed("", &verified.story, language),
        text::EVIDENCE_VALID.say(language, &[]) + "\n",
        listed("  ", &verified.limits, language),
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

/// A head of the ledger, signed with the key that the reader trusts.
struct Head(Checkpoint);

impl Head {
    fn open(note: &str, key: &NoteVerifier) -> Result<Self, String> {
        let head = Checkpoint::parse(note.as_bytes(), key).map_err(|fault| fault.to_string())?;
        // Lines of other signers mean nothing here, so that somebody could exchange them.
        if note.lines().count() != 5 {
            return Err("the checkpoint has more lines than the ledger itself writes".to_owned());
        }
        Ok(Self(head))
    }
}

impl SignedTree for Head {
    fn origin(&self) -> &str {
        self.0.origin()
    }

    fn size(&self) -> u64 {
        self.0.size()
    }

    fn includes(&self, index: u64, leaf: &[u8], path: &[String]) -> Result<(), String> {
        let path: Option<Vec<_>> = path.iter().map(|hash| Hash::from_base64(hash)).collect();
        let path = path.ok_or_else(|| "its proof holds something else than hashes".to_owned())?;
        verify_inclusion(index, self.0.size(), &leaf_hash(leaf), &path, self.0.root())
            .map_err(|fault| fault.to_string())
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

    #[tokio::test]
    async fn what_the_archive_proves_the_head_bears_out() {
        let (dir, key) = log(300);
        let archive = LedgerArchive::of(dir.path(), key.clone());
        let found = archive.find(Box::new(|event| matches!(event, Event::Stop {}))).await.unwrap();
        assert_eq!(found.len(), 300);
        let proven = archive.prove(found.iter().map(|(index, _)| *index).collect()).await.unwrap();
        let head = Head::open(&proven.checkpoint, &key).unwrap();
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
        assert!(Head::open(&note, &key).is_ok());
        let signature = note.lines().last().unwrap();
        assert!(Head::open(&note.replace("test/log\n1", "test/log\n2"), &key).is_err());
        assert!(Head::open(&format!("{note}{}\n", signature.replace("test/log", "other")), &key).is_err());
        let stranger = NoteSigner::from_seed("test/log", [2; 32]).unwrap();
        assert!(Head::open(&note, stranger.verifier()).is_err());
    }
}
