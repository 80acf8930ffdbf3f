//! Access ends on running sessions: by its time with two warnings, and at once when somebody ends it. How long each took
//! is printed; the bound that is asserted is generous.

use std::process::Command;
use std::thread::sleep;
use std::time::{Duration, Instant};

use end_to_end::{Bastion, Plan, Running, eventually, number_after};
use serde_json::json;

/// It says within a second or so; a busy machine may take longer.
const SOON: Duration = Duration::from_secs(20);

/// What an SFTP client begins with; the program `sftp` itself would not notice the end before its next command.
const SFTP_INIT: &[u8] = &[0, 0, 0, 5, 1, 0, 0, 0, 3];
/// Packet type and version in the answer.
const SFTP_VERSION: &str = "\u{2}\0\0\0\u{3}";

/// Everything that somebody can have open, each shown to be.
struct Open(Vec<(&'static str, Running)>);

impl Open {
    /// Channels of every kind into `web-1`, and the managed shell of `db-1`.
    fn at_targets(bastion: &Bastion) -> Self {
        const ECHO: &[u8] = b"echo rea''dy\r";
        let (web, db) = (|| bastion.ssh("alice", "web-1"), || bastion.ssh("alice", "db-1"));
        let runs = "echo ready; sleep 600";
        // One after the other, so that the last one is the newest session.
        Self(vec![
            ("a command", opened(web().arg(runs), b"", "ready")),
            ("a command through -J", opened(bastion.jump("alice", "web-1").arg(runs), b"", "ready")),
            ("a shell on a terminal", opened(web().arg("-tt"), ECHO, "ready")),
            ("the managed shell", opened(db().arg("-tt"), ECHO, "ready")),
            ("sftp", opened(web().args(["-s", "sftp"]), SFTP_INIT, SFTP_VERSION)),
        ])
    }

    /// What is open at the gateway itself: the menu, and a look at a request.
    fn at_the_desk(bastion: &Bastion, request: u64) -> Self {
        let desk = || bastion.client("ssh");
        let number = request.to_string();
        Self(vec![
            ("the menu", opened(desk().args(["-tt", "alice@gateway"]), b"", "Quit")),
            ("watch", opened(desk().args(["alice@gateway", &format!("watch {number}")]), b"", &number)),
        ])
    }

    fn kinds(&self) -> Vec<&str> {
        self.0.iter().map(|(kind, _)| *kind).collect()
    }

    /// Waits for every end, prints how long after `since` it came, and returns what each was told.
    fn end(mut self, since: Instant) -> Vec<(&'static str, String)> {
        let mut told = Vec::new();
        while !self.0.is_empty() {
            assert!(since.elapsed() < SOON, "still open: {:?}", self.kinds());
            for (kind, mut client) in std::mem::take(&mut self.0) {
                if !client.has_ended() {
                    self.0.push((kind, client));
                    continue;
                }
                eprintln!("{kind} ended after {:.1?}", since.elapsed());
                let done = client.wait();
                assert!(!done.status.success(), "{kind} ended as if nothing were wrong");
                told.push((kind, done.text() + &done.stderr));
            }
            sleep(Duration::from_millis(5));
        }
        told
    }
}

/// A client that has shown what it shows once it is open.
fn opened(client: &mut Command, input: &[u8], shows: &str) -> Running {
    let mut client = Running::start(client);
    client.write(input);
    client.until_stdout(shows);
    client
}

/// At night alice is on targets by access for a time alone; the permit's number.
fn access(bastion: &Bastion, target: &str, time: &str) -> u64 {
    let login = bastion.login();
    let asked = format!("request access {target} --account {login} --for {time} --reason incident");
    let number = number_after("request ", &bastion.desk("alice", &asked).ok());
    number_after("permit ", &bastion.approve(number, "bob"))
}

#[test]
fn access_for_a_time_warns_and_then_cuts_what_runs() {
    let bastion = Plan::shipped().at_night().start();
    for person in ["alice", "bob"] {
        bastion.log_in(person);
    }
    access(&bastion, "web-1", "75s");
    let began = Instant::now();
    let mut shell = Running::start(bastion.ssh("alice", "web-1").arg("-tt"));
    let mut command = Running::start(bastion.jump("alice", "web-1").arg("echo ready; sleep 600"));
    shell.write(b"echo rea''dy\n");
    shell.until_stdout("ready");
    eventually("the first warning", || all_shown(&shell).contains("ends in 2 min").then_some(()));
    eventually("the last warning", || all_shown(&shell).contains("ends in 1 min").then_some(()));
    eprintln!("the last warning came {:.1?} after the access began", began.elapsed());
    assert!(!shell.has_ended() && !command.has_ended(), "a warning ends nothing");
    let cut = shell.wait();
    eprintln!("the shell was cut {:.1?} after the access began", began.elapsed());
    assert!(began.elapsed() < Duration::from_secs(75) + SOON);
    let told = cut.text() + &cut.stderr;
    assert!(told.contains("is over") && !cut.status.success(), "{told}");
    let told = command.wait().refused();
    assert!(told.contains("ends in 1 min") && told.contains("is over"), "{told}");
    bastion.until_entry("permit-end", |entry| entry["why"] == "lapsed");
    bastion.run("alice", "web-1", "true").refused();
}

fn all_shown(client: &Running) -> String {
    String::from_utf8_lossy(&client.stdout()).into_owned() + &client.stderr()
}

#[test]
fn revoking_access_ends_every_kind_of_channel() {
    let bastion = Plan::shipped().at_night().start();
    let permits = ["web-1", "db-1"].map(|target| access(&bastion, target, "1h"));
    let open = Open::at_targets(&bastion);
    let since = Instant::now();
    for permit in permits {
        bastion.desk("bob", &format!("revoke {permit}")).ok();
    }
    for (kind, told) in open.end(since) {
        assert!(told.contains("is over"), "{kind}: {told}");
    }
    bastion.run("alice", "web-1", "true").refused();
}

#[test]
fn suspending_a_person_ends_everything_of_theirs_and_nothing_of_others() {
    let mut bastion = Bastion::start();
    bastion.hold_ceremony();
    let mut other = Running::start(bastion.ssh("erin", "web-1").arg("echo ready; sleep 600"));
    other.until_stdout("ready");
    let asked = format!("request access web-1 --account {} --for 1h --reason x", bastion.login());
    let request = number_after("request ", &bastion.desk("alice", &asked).ok());
    let mut open = Open::at_targets(&bastion);
    open.0.extend(Open::at_the_desk(&bastion, request).0);
    bastion.log_in("sue");
    let since = Instant::now();
    let suspend = json!({ "change": "person-suspend", "name": "alice" });
    bastion.desk_with("sue", "change", suspend.to_string().as_bytes()).ok();
    for (kind, told) in open.end(since) {
        assert!(told.contains("suspended"), "{kind}: {told}");
    }
    assert!(!other.has_ended(), "somebody else's session goes on");
    bastion.answer(request, "approve", "bob").refused();
}

#[test]
fn killing_a_session_ends_it_alone() {
    let mut bastion = Bastion::start();
    bastion.hold_ceremony();
    let mut open = Open::at_targets(&bastion);
    let running = bastion.sessions().into_iter().filter(|row| row.last().is_some_and(|word| word == "open"));
    let ids: Vec<_> = running.map(|row| row[0].clone()).collect();
    assert_eq!(ids.len(), open.0.len(), "{ids:?}");
    bastion.log_in("sue");
    bastion.desk("erin", &format!("kill {} --reason mine", ids[0])).refused();
    let since = Instant::now();
    // The newest is listed first, and sftp came last.
    bastion.desk("sue", &format!("kill {} --reason 'looks wrong'", ids[0])).ok();
    let (kind, mut killed) = open.0.pop().expect("five clients");
    let told = killed.wait();
    eprintln!("{kind} was killed after {:.1?}", since.elapsed());
    assert!(since.elapsed() < SOON && !told.status.success(), "{}", told.stderr);
    for (kind, client) in &mut open.0 {
        assert!(!client.has_ended(), "{kind} ended too");
    }
    bastion.until_entry("killed", |entry| entry["session"] == *ids[0]);
}
