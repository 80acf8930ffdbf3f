//! SIGKILL at any moment loses no byte that crossed, and the gateway starts again by itself.

use std::time::Duration;

use end_to_end::{Bastion, Running, eventually, run};

/// Rounds of the loop; each kills at another moment of the traffic.
const ROUNDS: u64 = 8;

/// Moments without a pattern, the same in every run.
fn moment(round: u64) -> Duration {
    let mixed = round.wrapping_add(3).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    Duration::from_millis(50 + (mixed >> 48) % 1200)
}

/// A command that prints numbered lines without end, in bursts.
const COUNTER: &str =
    "i=0; while :; do i=$((i+1)); echo \"a line $i\"; [ $((i % 40)) = 0 ] && sleep 0.02; done";

#[test]
fn no_byte_that_crossed_is_lost_whenever_it_dies() {
    let mut bastion = Bastion::start();
    for round in 0..ROUNDS {
        let mut client = Running::start(bastion.ssh("alice", "web-1").arg(COUNTER));
        let mut jumping = Running::start(bastion.jump("erin", "web-1").arg(COUNTER));
        client.until_stdout("line 1\n");
        jumping.until_stdout("line 1\n");
        std::thread::sleep(moment(round));
        bastion.kill9();
        let (got, through) = (client.wait().text(), jumping.wait().text());
        bastion.verify();
        bastion.restart();
        bastion.verify();
        let rows = bastion.sessions();
        let of =
            |person: &str| rows.iter().find(|row| row[2] == person).expect("its session is listed").clone();
        for (person, seen) in [("alice", got), ("erin", through)] {
            let row = of(person);
            assert!(row.join(" ").ends_with("interrupted"), "round {round}: {row:?}");
            let recorded = bastion.replayed(&row[0]).replace('\r', "");
            let same = seen.bytes().zip(recorded.bytes()).take_while(|(one, other)| one == other).count();
            let near = |text: &str| text.chars().skip(same.saturating_sub(20)).take(60).collect::<String>();
            assert!(
                same == seen.len(),
                "round {round}: {person} saw {} bytes, {} are recorded; after {same} {:?} was seen, {:?} is recorded",
                seen.len(),
                recorded.len(),
                near(&seen),
                near(&recorded)
            );
            assert!(seen.len() > 10, "something crossed");
        }
    }
    let closed = bastion.entries_of("session-close");
    let interrupted = closed.iter().filter(|entry| entry["outcome"] == "interrupted");
    assert!(interrupted.count() as u64 >= 2 * ROUNDS, "{closed:#?}");
}

#[test]
fn what_the_client_sent_and_the_target_got_is_recorded_too() {
    let mut bastion = Bastion::start();
    let mut client = Running::start(bastion.ssh("alice", "web-1").arg("cat > got; sleep 60"));
    client.write(&[b'x'; 50_000]);
    let got = bastion.home().join("got");
    eventually("the upload", || (std::fs::metadata(&got).ok()?.len() == 50_000).then_some(()));
    bastion.kill9();
    bastion.restart();
    let id = bastion.newest_session();
    let closed = bastion.until_entry("session-close", |entry| entry["session"] == id.as_str());
    assert!(closed["bytes"].as_u64().unwrap() >= 50_000, "{closed}");
}

#[test]
fn a_held_request_dies_with_the_gateway_and_never_runs() {
    let mut bastion = Bastion::start();
    let (mut waiting, number) = bastion.held("alice", "db-1", "rm -rf production-data");
    bastion.approve(number, "bob");
    bastion.kill9();
    waiting.wait().refused();
    bastion.restart();
    let ended = bastion.until_entry("request-end", |_| true);
    assert_eq!((&ended["state"], ended["request"].as_u64()), (&"abandoned".into(), Some(number)));
    assert!(bastion.answer(number, "approve", "carol").refused().contains("abandoned"));
    assert!(bastion.home().join("production-data/customers.csv").exists());
}

#[test]
fn a_kill_between_the_last_signature_and_the_run_runs_it_once_or_never() {
    for delay in [0, 100, 180, 230, 300] {
        let mut bastion = Bastion::start();
        let (mut waiting, number) = bastion.held("alice", "db-1", "rmdir production-data/empty");
        std::fs::create_dir(bastion.home().join("production-data/empty")).unwrap();
        bastion.approve(number, "bob");
        bastion.approve(number, "carol");
        std::thread::sleep(Duration::from_millis(delay));
        bastion.kill9();
        waiting.wait();
        eventually("the command's end", || bastion.host.processes().is_empty().then_some(()));
        let ran = !bastion.home().join("production-data/empty").exists();
        bastion.restart();
        let granted = bastion.entries_of("grant").len();
        assert!(granted >= usize::from(ran), "it ran without a grant on the record");
        let told = bastion.answer(number, "approve", "bob").refused();
        assert!(told.contains("used") || told.contains("abandoned") || told.contains("answered"), "{told}");
        bastion.verify();
    }
}

#[test]
fn killing_it_while_it_starts_does_no_harm() {
    let mut bastion = Bastion::start();
    for _ in 0..3 {
        let mut client = Running::start(bastion.ssh("alice", "web-1").arg(COUNTER));
        client.until_stdout("line 1\n");
        bastion.kill9();
        for delay in [5, 20, 40, 60, 90] {
            let mut starting = Running::start(&mut bastion.countersign(["serve", "--before-ceremony"]));
            std::thread::sleep(Duration::from_millis(delay));
            starting.kill();
            starting.wait();
            bastion.verify();
        }
        bastion.restart();
    }
    let rows = bastion.sessions();
    assert!(rows.iter().all(|row| row.join(" ").ends_with("interrupted")), "{rows:?}");
}

#[test]
fn killing_it_during_logins_and_changes_does_no_harm() {
    let mut bastion = Bastion::start();
    bastion.log_in("alice");
    for round in 0..4 {
        let name = format!("extra{round}");
        let mut login = Running::start(bastion.ssh("alice", "web-1").arg("true"));
        let mut change =
            Running::start(&mut bastion.countersign(["admin", "person", "add", &name, "--group", "ops"]));
        std::thread::sleep(Duration::from_millis(20 + 40 * round));
        bastion.kill9();
        login.wait();
        let told = change.wait();
        bastion.restart();
        let known = run(&mut bastion.countersign(["admin", "person", "list"])).ok().contains(&name);
        assert!(known || !told.status.success(), "it said done, and it is not");
        let changes = bastion.entries_of("admin");
        let entered = changes.iter().filter(|entry| entry["change"] == "person-add").count();
        let listed = run(&mut bastion.countersign(["admin", "person", "list"])).ok();
        let people = listed.lines().filter(|line| !line.starts_with(' ')).count();
        assert!(entered >= people, "{people} people, {entered} entries: {changes:#?}");
    }
}
