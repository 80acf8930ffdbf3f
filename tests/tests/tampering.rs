//! Whatever is done to the files of a real run, `ledger verify` fails and names the file.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use end_to_end::{Bastion, Done, countersign, eventually, run};

/// A ledger with sessions, a held and approved act, a refusal and more than one segment; the gateway is stopped.
struct Sample {
    bastion: Bastion,
    /// A copy from an earlier moment of the same ledger.
    older: PathBuf,
}

impl Sample {
    fn take() -> Self {
        let mut bastion = Bastion::start();
        bastion.run("alice", "web-1", "seq 1 2000").ok();
        bastion.run("alice", "db-1", "ls production-data").ok();
        let older = bastion.scratch().join("older");
        bastion.until_entry("session-close", |_| true);
        eventually("both sessions' end", || (bastion.entries_of("session-close").len() == 2).then_some(()));
        copy(&bastion.ledger(), &older);
        bastion.run("alice", "web-1", "head -c 900000 /dev/urandom | base64").ok();
        let (waiting, number) = bastion.held("alice", "db-1", "rm -rf production-data");
        bastion.approve(number, "bob");
        bastion.approve(number, "carol");
        waiting.finish().ok();
        bastion.stop();
        Self { bastion, older }
    }

    /// Every file of the ledger's folder that has a content, relative to it.
    fn files(&self) -> Vec<PathBuf> {
        let found = run(Command::new("find")
            .arg(self.bastion.ledger())
            .args(["-type", "f", "-size", "+0", "-printf", "%P\\n"]))
        .ok();
        let mut files: Vec<_> =
            found.lines().map(PathBuf::from).filter(|file| *file != Path::new("lock")).collect();
        files.sort();
        files
    }

    /// Verifies a copy that `damage` was done to.
    fn verdict(&self, damage: impl FnOnce(&Path)) -> Done {
        let place = self.bastion.scratch().join("damaged");
        let _ = fs::remove_dir_all(&place);
        copy(&self.bastion.ledger(), &place);
        damage(&place);
        let mut verify = Command::new(countersign());
        verify
            .args(["ledger", "verify"])
            .arg(&place)
            .arg("--key")
            .arg(self.bastion.node().join("ledger.pub"));
        run(&mut verify)
    }

    #[track_caller]
    fn names(&self, file: &Path, what: &str, damage: impl FnOnce(&Path)) {
        let done = self.verdict(|place| damage(&place.join(file)));
        assert!(!done.status.success(), "{what} of {} goes unnoticed: {}", file.display(), done.text());
        assert!(
            done.stderr.contains(&*file.to_string_lossy()),
            "{what} of {}: {}",
            file.display(),
            done.stderr
        );
    }
}

fn copy(from: &Path, to: &Path) {
    run(Command::new("cp").arg("-a").args([from, to])).ok();
}

fn flip(file: &Path, at: usize) {
    let mut bytes = fs::read(file).expect("the file is read");
    bytes[at] ^= 0x10;
    fs::write(file, bytes).expect("the file is written");
}

fn length(sample: &Sample, file: &Path) -> usize {
    usize::try_from(fs::metadata(sample.bastion.ledger().join(file)).expect("it exists").len())
        .expect("a size")
}

#[test]
fn an_untouched_copy_verifies_anywhere() {
    let sample = Sample::take();
    let report = sample.verdict(|_| ()).ok();
    assert!(report.starts_with("OK: ") && report.contains("4 sessions"), "{report}");
    let kinds: std::collections::BTreeSet<_> = sample.files().iter().map(|file| kind(file)).collect();
    assert_eq!(kinds.into_iter().collect::<Vec<_>>(), ["checkpoint", "key", "segment", "tile"]);
}

fn kind(file: &Path) -> &'static str {
    match file.file_name().and_then(|name| name.to_str()) {
        Some("checkpoint") => "checkpoint",
        Some("key") => "key",
        _ if file.starts_with("segments") => "segment",
        _ if file.starts_with("tile") => "tile",
        _ => "other",
    }
}

#[test]
fn a_flipped_bit_in_any_file_is_found_and_named() {
    let sample = Sample::take();
    for file in sample.files() {
        let length = length(&sample, &file);
        for at in [0, length / 3, length / 2, length - 1] {
            sample.names(&file, &format!("a flipped bit at {at}"), |path| flip(path, at));
        }
    }
}

#[test]
fn a_deleted_or_emptied_or_cut_or_grown_file_is_found_and_named() {
    let sample = Sample::take();
    for file in sample.files() {
        sample.names(&file, "the removal", |path| fs::remove_file(path).unwrap());
        sample.names(&file, "the emptying", |path| fs::write(path, "").unwrap());
        let whole = fs::read(sample.bastion.ledger().join(&file)).unwrap();
        sample
            .names(&file, "the last byte's loss", |path| fs::write(path, &whole[..whole.len() - 1]).unwrap());
        sample.names(&file, "the loss of half", |path| fs::write(path, &whole[..whole.len() / 2]).unwrap());
        sample.names(&file, "one more byte", |path| fs::write(path, [&whole[..], b"x"].concat()).unwrap());
    }
}

#[test]
fn files_that_changed_places_are_found() {
    let sample = Sample::take();
    let segments: Vec<_> = sample.files().into_iter().filter(|file| kind(file) == "segment").collect();
    let keys: Vec<_> = sample.files().into_iter().filter(|file| kind(file) == "key").collect();
    for files in [&segments, &keys] {
        for pair in files.windows(2) {
            let done = sample.verdict(|place| {
                let (one, other) = (place.join(&pair[0]), place.join(&pair[1]));
                let (first, second) = (fs::read(&one).unwrap(), fs::read(&other).unwrap());
                fs::write(one, second).unwrap();
                fs::write(other, first).unwrap();
            });
            assert!(done.refused().contains("segments/"), "{pair:?}");
        }
    }
}

#[test]
fn a_session_that_was_taken_away_whole_is_found() {
    let sample = Sample::take();
    for row in sample.bastion.sessions() {
        let folder = Path::new("segments").join(&row[0]);
        sample.names(&folder, "the removal", |path| fs::remove_dir_all(path).unwrap());
    }
}

#[test]
fn a_file_of_an_older_moment_is_found() {
    let sample = Sample::take();
    for name in ["checkpoint", "tile"] {
        let older = sample.older.join(name);
        let done = sample.verdict(|place| {
            let _ = fs::remove_file(place.join(name));
            let _ = fs::remove_dir_all(place.join(name));
            copy(&older, &place.join(name));
        });
        let told = done.refused();
        assert!(
            told.contains("checkpoint") || told.contains("tile") || told.contains("segments"),
            "{name}: {told}"
        );
    }
}

#[test]
fn a_whole_older_ledger_verifies_alone_but_not_since_a_kept_checkpoint() {
    let sample = Sample::take();
    let newest = sample.bastion.ledger().join("checkpoint");
    let verify = |since: Option<&Path>| {
        let mut verify = Command::new(countersign());
        verify.args(["ledger", "verify"]).arg(&sample.older);
        verify.arg("--key").arg(sample.bastion.node().join("ledger.pub"));
        if let Some(checkpoint) = since {
            verify.arg("--since").arg(checkpoint);
        }
        run(&mut verify)
    };
    verify(None).ok();
    assert!(verify(Some(&newest)).refused().contains("checkpoint"));
    assert!(verify(Some(&sample.older.join("checkpoint"))).status.success());
}

#[test]
fn a_forged_entry_is_found() {
    let sample = Sample::take();
    let bundle = sample.files().into_iter().find(|file| file.starts_with("tile/entries")).unwrap();
    // The approver of the deletion is swapped for somebody else; the length stays.
    sample.names(&bundle, "a forged entry", |path| {
        let text = fs::read(path).unwrap();
        let at = text.windows(8).position(|window| window == b"approval").unwrap();
        flip(path, at + 20);
    });
    let another = Bastion::start();
    let done = sample.verdict(|place| {
        fs::copy(another.ledger().join("checkpoint"), place.join("checkpoint")).unwrap();
    });
    assert!(done.refused().contains("checkpoint"));
}

#[test]
fn another_ledgers_key_verifies_nothing() {
    let sample = Sample::take();
    let another = Bastion::start();
    let mut verify = Command::new(countersign());
    verify.args(["ledger", "verify"]).arg(sample.bastion.ledger());
    run(verify.arg("--key").arg(another.node().join("ledger.pub"))).refused();
}

#[test]
fn a_file_that_nobody_recorded_is_found() {
    let sample = Sample::take();
    let session = sample.bastion.newest_session();
    for stranger in
        [format!("segments/{session}/000099.seg"), "tile/0/999".to_owned(), "segments/another".to_owned()]
    {
        sample.names(Path::new(&stranger), "an added file", |path| fs::write(path, "x").unwrap());
    }
}

#[test]
fn a_tampered_ledger_is_not_served() {
    let mut bastion = Bastion::start();
    bastion.run("alice", "web-1", "true").ok();
    bastion.until_entry("session-close", |_| true);
    bastion.stop();
    let found =
        run(Command::new("find").arg(bastion.ledger().join("tile/entries")).args(["-type", "f"])).ok();
    let newest = found.lines().max().unwrap().to_owned();
    flip(Path::new(&newest), 40);
    bastion.damages_the_ledger();
    let told = run(&mut bastion.countersign(["serve", "--before-ceremony"])).refused();
    assert!(told.contains("entries") || told.contains("ledger"), "{told}");
}

#[test]
fn the_live_write_ahead_log_is_checked_too() {
    let mut bastion = Bastion::start();
    let line = "head -c 100000 /dev/urandom | base64; sleep 60";
    let mut client = end_to_end::Running::start(bastion.ssh("alice", "web-1").arg(line));
    eventually("the output", || (client.stdout().len() > 130_000).then_some(()));
    bastion.kill9();
    client.kill();
    bastion.verify();
    let wal = bastion.ledger().join("wal");
    let files: Vec<_> = fs::read_dir(&wal).unwrap().flatten().map(|entry| entry.path()).collect();
    assert!(!files.is_empty());
    let biggest = files.iter().max_by_key(|file| fs::metadata(file).unwrap().len()).unwrap();
    let bytes = fs::read(biggest).unwrap();
    let last = bytes.iter().rposition(|&byte| byte != 0).unwrap();
    flip(biggest, last / 2);
    let told = bastion.verification().refused();
    assert!(told.contains("wal"), "{told}");
    flip(biggest, last / 2);
    bastion.verify();
}
