//! Recorded sessions are listed, and shown as they happened; that somebody looked is an entry.

use std::process::Command;
use std::time::Instant;

use end_to_end::{Bastion, Done, Terminal, run};
use serde_json::Value;

/// A session on a terminal of 24 by 80 that lasts about four seconds.
fn record(bastion: &Bastion) -> String {
    let plain = bastion.ssh("alice", "web-1");
    let mut ssh = Command::new(plain.get_program());
    ssh.arg("-tt").args(plain.get_args()).arg("echo first; sleep 2; echo second; sleep 2; echo third");
    Terminal::run(&ssh, "wait(b'first')\nsize(30, 100)\nrest()");
    bastion.newest_session()
}

fn replay(bastion: &Bastion, session: &str, options: &[&str]) -> Done {
    run(bastion.countersign(["replay", session]).args(options))
}

#[test]
fn a_replay_shows_everything_with_its_own_timing() {
    let bastion = Bastion::start();
    let session = record(&bastion);
    let started = Instant::now();
    let shown = replay(&bastion, &session, &[]).ok();
    for word in ["is recorded", "first", "second", "third"] {
        assert!(shown.contains(word), "{word} is not in {shown:?}");
    }
    // Never faster than it was; how much slower depends on the machine.
    assert!(started.elapsed().as_secs_f64() > 3.5, "{:?}", started.elapsed());
}

#[test]
fn a_replay_can_be_faster_and_start_later() {
    let bastion = Bastion::start();
    let session = record(&bastion);
    let fast = replay(&bastion, &session, &["--speed", "1000"]).ok();
    assert!(fast.contains("first") && fast.contains("third"));
    let late = replay(&bastion, &session, &["--speed", "1000", "--from", "3.5"]).ok();
    assert!(late.contains("third"), "{late:?}");
    let events = late.matches("third").count();
    assert_eq!(events, 1, "{late:?}");
}

#[test]
fn an_asciicast_is_what_players_read() {
    let bastion = Bastion::start();
    let session = record(&bastion);
    let printed = replay(&bastion, &session, &["--asciicast"]).ok();
    let lines: Vec<Value> = printed.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(
        (&lines[0]["version"], &lines[0]["width"], &lines[0]["height"]),
        (&2.into(), &80.into(), &24.into())
    );
    let times: Vec<f64> = lines[1..].iter().map(|event| event[0].as_f64().unwrap()).collect();
    assert!(times.is_sorted() && *times.last().unwrap() > 3.5, "{times:?}");
    assert!(lines[1..].iter().any(|event| event[1] == "r" && event[2] == "100x30"), "{printed}");
}

#[test]
fn looking_is_an_entry_before_anything_is_shown() {
    let mut bastion = Bastion::start();
    let session = record(&bastion);
    replay(&bastion, &session, &["--speed", "1000"]).ok();
    assert_eq!(bastion.entries_of("replay-viewed").len(), 1);
    bastion.stop();
    replay(&bastion, &session, &["--asciicast"]).ok();
    let viewed = bastion.entries_of("replay-viewed");
    assert_eq!(viewed.len(), 2, "also while no gateway runs");
    assert!(viewed.iter().all(|entry| entry["session"] == session.as_str()));
}

#[test]
fn a_session_that_does_not_exist_is_told() {
    let bastion = Bastion::start();
    for id in ["00000000000000000000000000000000", "../../etc", "nonsense", ""] {
        let told = replay(&bastion, id, &[]).refused();
        assert!(told.contains("session"), "{id:?}: {told}");
    }
    assert!(bastion.entries_of("replay-viewed").is_empty());
}

#[test]
fn sessions_are_listed_newest_first() {
    let bastion = Bastion::start();
    bastion.run("alice", "web-1", "true").ok();
    bastion.run("erin", "db-1", "ls").ok();
    let rows = bastion.sessions();
    let seen: Vec<_> = rows.iter().map(|row| (row[2].as_str(), row[3].clone())).collect();
    let login = bastion.login();
    assert_eq!(seen, [("erin", format!("{login}@db-1")), ("alice", format!("{login}@web-1"))]);
    let limited = run(&mut bastion.countersign(["sessions", "--limit", "1"])).ok();
    assert_eq!(limited.lines().count(), 2);
}

#[test]
fn each_channel_of_a_connection_can_be_seen() {
    let bastion = Bastion::start();
    bastion.log_in("alice");
    let socket = bastion.scratch().join("master");
    let control = format!("ControlPath={}", socket.display());
    let place = bastion.place("alice", "web-1");
    let mut first = bastion.client("ssh");
    let options = ["-o", "ControlMaster=auto", "-o", "ControlPersist=20", "-o", &control, &place];
    // A master that stays in the background would hold our pipes open.
    let quiet = |word: &str| format!("echo {word}");
    let mut shell = Command::new("bash");
    let words: Vec<_> = options.iter().map(|word| format!("'{word}'")).collect();
    let line = format!(
        "ssh -F '{}' {} '{}' 2>/dev/null >/dev/null",
        bastion.ssh_config().display(),
        words.join(" "),
        quiet("one")
    );
    run(shell.args(["-c", &line])).ok();
    run(first.args(options).arg(quiet("two"))).ok();
    run(bastion.client("ssh").args(["-o", &control, "-O", "exit", &place])).ok();
    let session = bastion.newest_session();
    assert_eq!(bastion.sessions().len(), 1);
    let shown = |channel: &str| replay(&bastion, &session, &["--speed", "1000", "--channel", channel]).ok();
    let all: Vec<_> = ["0", "1", "2", "3"].into_iter().map(shown).collect();
    assert!(
        all.iter().any(|text| text.trim() == "one") && all.iter().any(|text| text.trim() == "two"),
        "{all:?}"
    );
}
