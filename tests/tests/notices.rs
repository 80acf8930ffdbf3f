//! Notices over the whole way: a held command reaches its receivers, whatever becomes of the gateway or of them.

#![expect(clippy::unwrap_used, reason = "clippy knows tests, but not the functions that tests share")]

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use end_to_end::{Bastion, eventually, run};
use serde_json::Value;

const DELETION: &str = "rm -rf production-data";
const SECRET: &str = "s1gning-secret";
const TOKEN: &str = "t0ken";

/// A receiver on this machine that remembers what it was told, or never answers.
struct Webhook {
    told: Arc<Mutex<Vec<String>>>,
}

impl Webhook {
    fn start(port: u16, answers: bool) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", port)).unwrap();
        let told = Arc::<Mutex<Vec<String>>>::default();
        let seen = told.clone();
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let seen = seen.clone();
                thread::spawn(move || hear(stream, &seen, answers));
            }
        });
        Self { told }
    }

    fn bodies(&self) -> Vec<Value> {
        self.told.lock().unwrap().iter().map(|body| serde_json::from_str(body).unwrap()).collect()
    }

    /// Waits for a notice of that event.
    fn until(&self, event: &str) -> Value {
        eventually(event, || self.bodies().into_iter().find(|body| body["event"] == event))
    }
}

fn hear(stream: TcpStream, told: &Mutex<Vec<String>>, answers: bool) {
    let mut stream = BufReader::new(stream);
    let (mut line, mut length) = (String::from("x"), 0);
    while !line.trim_end().is_empty() {
        line.clear();
        stream.read_line(&mut line).unwrap();
        if let Some(value) = line.to_lowercase().strip_prefix("content-length: ") {
            length = value.trim_end().parse().unwrap();
        }
    }
    let mut body = vec![0; length];
    stream.read_exact(&mut body).unwrap();
    told.lock().unwrap().push(String::from_utf8(body).unwrap());
    match answers {
        true => stream.get_mut().write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n").unwrap(),
        false => thread::sleep(Duration::from_secs(600)),
    }
}

fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

/// A bastion that tells these receivers: name, port and further lines of the configuration.
fn bastion_telling(receivers: &[(&str, u16, &str)]) -> Bastion {
    let tables = receivers.iter().map(|(name, _, more)| {
        format!(
            "[[notifications.receiver]]\nname = \"{name}\"\nkind = \"json\"\nurl_file = \"secrets/{name}.url\"\n\
             secret_file = \"secrets/{name}.secret\"\n{more}\n"
        )
    });
    let mut bastion = Bastion::start();
    bastion.stop();
    for (name, port, _) in receivers {
        let secrets = bastion.node().join("secrets");
        private(&secrets.join(format!("{name}.url")), &format!("http://127.0.0.1:{port}/{TOKEN}\n"));
        private(&secrets.join(format!("{name}.secret")), &format!("{SECRET}\n"));
    }
    let config = bastion.node().join("countersign.toml");
    let text = std::fs::read_to_string(&config).unwrap();
    std::fs::write(&config, text + "\n" + &tables.collect::<String>()).unwrap();
    bastion.restart();
    bastion
}

fn private(file: &Path, content: &str) {
    std::fs::write(file, content).unwrap();
    std::fs::set_permissions(file, std::fs::Permissions::from_mode(0o600)).unwrap();
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
    assert!(!log.contains(SECRET) && !log.contains(TOKEN), "a secret is in the log");
    bastion.kill9();
    bastion.restart();
    let leads = Webhook::start(port, true);
    assert_eq!(leads.until("request-made")["request"], number);
    assert_eq!(leads.until("request-ended")["state"], "abandoned");
    assert!(leads.bodies().iter().all(|body| !body.to_string().contains(SECRET)));
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
    assert!(told.contains("leads has not taken the test notice") && !told.contains(TOKEN), "{told}");
    let leads = Webhook::start(port, true);
    let taken = run(&mut bastion.countersign(["notify", "test", "leads"])).ok();
    assert!(taken.starts_with("leads has taken the test notice"), "{taken}");
    assert_eq!(leads.until("test")["text"], "Countersign: this is a test");
    let unknown = run(&mut bastion.countersign(["notify", "test", "nobody"])).refused();
    assert!(unknown.contains("the configuration has: leads"), "{unknown}");
}
