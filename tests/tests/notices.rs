//! Notices over the whole way: a held command reaches its receivers, whatever becomes of the gateway or of them.

use std::time::{Duration, Instant};

use end_to_end::{Bastion, WEBHOOK_SECRET, WEBHOOK_TOKEN, Webhook, eventually, free_port, run};

const DELETION: &str = "rm -rf production-data";

/// A bastion that tells these receivers: name, port and further lines of the configuration.
fn bastion_telling(receivers: &[(&str, u16, &str)]) -> Bastion {
    let mut bastion = Bastion::start();
    bastion.tell(receivers);
    bastion
}

#[test]
fn a_held_command_is_told_before_anyone_signs() {
    let (shy, open) = (free_port(), free_port());
    let bastion =
        bastion_telling(&[("leads", shy, ""), ("duty", open, "commands = true\nlanguage = \"zh-CN\"")]);
    let (leads, duty) = (Webhook::start(shy, true), Webhook::start(open, true));
    let (waiting, number) = bastion.held("alice", "db-1", DELETION);
    let told = leads.until("request-made");
    assert_eq!(
        (&told["request"], &told["requester"], &told["target"]),
        (&number.into(), &"alice".into(), &"db-1".into())
    );
    assert_eq!((&told["effects"][0], &told["program"]), (&"data.destroy".into(), &"rm".into()));
    assert!(told["command"].is_null() && !told.to_string().contains("production-data"), "{told}");
    let told = duty.until("request-made");
    assert_eq!(told["command"], "'rm' '-rf' 'production-data'");
    assert!(told["text"].as_str().unwrap().contains("等待签名"), "{told}");
    assert_eq!(bastion.entries_of("approval").len(), 0);
    bastion.approve(number, "bob");
    bastion.approve(number, "carol");
    assert_eq!(waiting.finish().code(), 0);
    assert_eq!(leads.until("request-ended")["state"], "used");
    let events: Vec<_> = leads.bodies().iter().map(|body| body["event"].clone()).collect();
    assert_eq!(events, ["request-made", "request-decided", "request-decided", "request-ended"]);
}

#[test]
fn a_kill_while_the_receiver_is_away_loses_no_notice_and_shows_no_secret() {
    let port = free_port();
    let mut bastion = bastion_telling(&[("leads", port, "")]);
    bastion.stop();
    bastion.restart_with_logs();
    let (_waiting, number) = bastion.held("alice", "db-1", DELETION);
    let refused = || bastion.gateway().unwrap().stderr();
    eventually("a failed delivery", || refused().contains("was not delivered").then_some(()));
    let log = refused();
    assert!(!log.contains(WEBHOOK_SECRET) && !log.contains(WEBHOOK_TOKEN), "a secret is in the log");
    bastion.kill9();
    bastion.restart();
    let leads = Webhook::start(port, true);
    assert_eq!(leads.until("request-made")["request"], number);
    assert_eq!(leads.until("request-ended")["state"], "abandoned");
    assert!(leads.bodies().iter().all(|body| !body.to_string().contains(WEBHOOK_SECRET)));
}

#[test]
fn a_receiver_that_hangs_delays_no_approval_and_no_stop() {
    let (stuck, quick) = (free_port(), free_port());
    let mut bastion = bastion_telling(&[("stuck", stuck, ""), ("quick", quick, "")]);
    let (stuck, quick) = (Webhook::start(stuck, false), Webhook::start(quick, true));
    let (waiting, number) = bastion.held("alice", "db-1", DELETION);
    stuck.until("request-made");
    quick.until("request-made");
    bastion.approve(number, "bob");
    bastion.approve(number, "carol");
    assert_eq!(waiting.finish().code(), 0);
    assert_eq!(quick.until("request-ended")["state"], "used");
    let began = Instant::now();
    assert_eq!(bastion.stop().unwrap().code(), 0);
    assert!(began.elapsed() < Duration::from_secs(10), "{:?}", began.elapsed());
}

#[test]
fn notify_test_says_whether_a_receiver_takes_notices() {
    let port = free_port();
    let bastion = bastion_telling(&[("leads", port, "")]);
    let failed = run(&mut bastion.countersign(["notify", "test", "leads"]));
    let told = failed.refused();
    assert!(told.contains("leads has not taken the test notice") && !told.contains(WEBHOOK_TOKEN), "{told}");
    let leads = Webhook::start(port, true);
    let taken = run(&mut bastion.countersign(["notify", "test", "leads"])).ok();
    assert!(taken.starts_with("leads has taken the test notice"), "{taken}");
    assert_eq!(leads.until("test")["text"], "Countersign: this is a test");
    let unknown = run(&mut bastion.countersign(["notify", "test", "nobody"])).refused();
    assert!(unknown.contains("the configuration has: leads"), "{unknown}");
}
