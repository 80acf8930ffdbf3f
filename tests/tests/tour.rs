//! The five-minute tour that the demo prints: every command as printed, in a shell, in order.

use std::path::Path;
use std::process::Command;
use std::thread::sleep;
use std::time::{Duration, Instant};

use end_to_end::{Done, LIMIT, Running, countersign, eventually, run};
use serde_json::Value;

struct Demo {
    folder: tempfile::TempDir,
    running: Running,
    lines: Vec<String>,
}

impl Demo {
    fn start() -> Self {
        // A name that does not begin with a dot, which would make every file in it a hidden one.
        let folder = tempfile::Builder::new().prefix("tour-").tempdir().expect("a temporary folder");
        let mut running = Running::start(&mut command(folder.path()));
        wait_until_ready(folder.path(), &mut running);
        let printed = running.until_stdout("7. Check the record");
        let lines = printed.lines().filter_map(|line| line.strip_prefix("  ")).map(str::to_owned).collect();
        Self { folder, running, lines }
    }

    fn ready(&self) -> Value {
        let text = std::fs::read_to_string(self.folder.path().join("ready.json")).expect("the ready file");
        serde_json::from_str(&text).expect("it is JSON")
    }

    /// The printed commands that contain `part`.
    fn printed(&self, part: &str) -> Vec<&str> {
        let found: Vec<_> =
            self.lines.iter().map(String::as_str).filter(|line| line.contains(part)).collect();
        assert!(!found.is_empty(), "the tour prints nothing with {part:?}: {:#?}", self.lines);
        found
    }

    /// A shell in which the first printed line was run, as the tour says.
    fn shell(&self, line: &str) -> Command {
        let mut bash = Command::new("bash");
        bash.arg("-c").arg(format!("{} && {line}", self.printed("cd ")[0]));
        bash.env_remove("SSH_AUTH_SOCK")
            .env("SSH_ASKPASS", self.askpass())
            .env("SSH_ASKPASS_REQUIRE", "force");
        bash
    }

    /// Types the code that the tour has the person print first.
    fn askpass(&self) -> std::path::PathBuf {
        let path = self.folder.path().join("askpass");
        if !path.exists() {
            let script = "#!/bin/sh\nexec countersign totp --secret-file people/$PERSON/totp\n";
            std::fs::write(&path, script).expect("a file");
            run(Command::new("chmod").arg("700").arg(&path)).ok();
        }
        path
    }

    fn follow(&self, person: &str, line: &str) -> Done {
        run(self.shell(line).env("PERSON", person))
    }
}

/// A demo that is killed leaves its host running, so it is asked to stop.
impl Drop for Demo {
    fn drop(&mut self) {
        self.running.signal("INT");
        let deadline = Instant::now() + LIMIT;
        while !self.running.has_ended() && Instant::now() < deadline {
            sleep(Duration::from_millis(20));
        }
    }
}

fn command(folder: &Path) -> Command {
    let mut demo = Command::new(countersign());
    demo.arg("demo").arg("--data").arg(folder.join("data"));
    demo.arg("--ready-file").arg(folder.join("ready.json"));
    demo
}

fn wait_until_ready(folder: &Path, running: &mut Running) {
    eventually("the demo", || {
        assert!(!running.has_ended(), "the demo ended: {}", running.stderr());
        folder.join("ready.json").exists().then_some(())
    });
}

#[test]
fn every_printed_command_does_what_the_tour_says() {
    let demo = Demo::start();
    let mut done = 1; // the cd line, which every shell below runs
    let mut follow = |person: &str, part: &str| {
        let lines = demo.printed(part);
        done += lines.len();
        lines.into_iter().map(|line| demo.follow(person, line)).collect::<Vec<_>>()
    };
    for person in ["alice", "bob", "carol"] {
        let code = follow(person, &format!("totp --secret-file people/{person}/totp"));
        assert_eq!(code.into_iter().next().unwrap().ok().trim().len(), 6);
    }
    let listing = follow("alice", "ls -l production-data").pop().unwrap().ok();
    assert!(listing.contains("customers.csv"), "{listing}");
    assert!(follow("alice", " -J ").pop().unwrap().ok().contains("load average"));

    let shell = demo.printed("alice+").into_iter().find(|line| line.ends_with("@gateway")).unwrap();
    let mut shell = Running::start(demo.shell(shell).env("PERSON", "alice"));
    shell.write(b"cd production-data\nls *.csv\nexit\n");
    assert!(shell.finish().ok().contains("customers.csv"));
    let copies = follow("alice", "scp ");
    assert!(copies[0].status.success(), "{}", copies[0].stderr);
    assert!(copies[1].stderr.contains("no-downloads-of-core-data"), "{}", copies[1].stderr);
    assert!(demo.folder.path().join("data/host/home/ledger.pub").exists());
    assert!(!demo.folder.path().join("data/customers.csv").exists());

    let deletion = demo.printed("gateway rm -rf production-data")[0];
    let mut waiting = Running::start(demo.shell(deletion).env("PERSON", "alice"));
    let notice = waiting.until_stderr("until");
    assert!(notice.contains("HELD as request 1") && notice.contains("bob, carol"), "{notice}");
    assert!(follow("bob", "bob@gateway requests").pop().unwrap().ok().contains("production-data"));
    let shown = demo.printed("bob@gateway show 1").into_iter().find(|line| line.ends_with("show 1")).unwrap();
    assert!(demo.follow("bob", shown).ok().contains("data.destroy"));
    assert!(follow("bob", "ssh-keygen -Y sign").pop().unwrap().ok().contains("Still needed"));
    let approve = demo.printed("countersign approve 1")[0];
    assert!(signs(&demo, approve, "approve").contains("quorum is met"));
    let ended = waiting.finish();
    assert!(ended.stderr.contains("approved by bob, carol"), "{}", ended.stderr);
    ended.ok();
    assert!(!demo.folder.path().join("data/host/home/production-data").exists());

    let lists: Vec<_> = demo.lines.iter().filter(|line| *line == "countersign sessions").collect();
    assert_eq!(lists.len(), 1);
    let sessions = demo.follow("alice", lists[0]).ok();
    assert_eq!(sessions.lines().count(), 1 + 6, "{sessions}");
    for person in ["abe", "sue"] {
        follow(person, &format!("totp --secret-file people/{person}/totp")).pop().unwrap().ok();
    }
    let replay = demo.printed("countersign replay")[0];
    let told = demo.follow("abe", replay).refused();
    assert!(told.contains("others must agree"), "{told}");
    demo.follow("abe", demo.printed("countersign request replay")[0]).ok();
    assert!(signs(&demo, demo.printed("countersign approve 2")[0], "approve").contains("permit"));
    demo.follow("abe", replay).ok();
    let explained = follow("alice", "policy explain").pop().unwrap().ok();
    assert!(explained.contains("hold") && explained.contains("two-dba-leads"), "{explained}");

    let alone = demo.printed("admin person groups")[0];
    assert!(demo.follow("sue", alone).refused().contains("--gateway"));
    let proposed = follow("sue", "admin --gateway").pop().unwrap().ok();
    assert!(proposed.contains("request 3") && proposed.contains("audit-administrators"), "{proposed}");
    let statements = demo.printed("PGPASSWORD=");
    assert!(demo.follow("alice", statements[0]).ok().contains("returned |  50000"));
    let mut emptying = Running::start(demo.shell(statements[1]).env("PERSON", "alice"));
    emptying.until_stderr("HELD as request 4");
    let shown = follow("carol", "carol@gateway show 4").pop().unwrap().ok();
    assert!(shown.contains("DELETE FROM orders"), "{shown}");
    for line in demo.printed("countersign approve 4") {
        signs(&demo, line, "approve");
    }
    assert!(emptying.finish().ok().contains("DELETE 1000000"));
    let mut dropping = Running::start(demo.shell(statements[2]).env("PERSON", "alice"));
    dropping.until_stderr("HELD as request 5");
    signs(&demo, demo.printed("countersign deny 5")[0], "deny");
    assert!(dropping.finish().refused().contains("bob"));

    let statements = demo.printed("MYSQL_PWD=");
    assert!(demo.follow("alice", statements[0]).ok().contains("returned\t50000"));
    let emptying = Running::start(demo.shell(statements[1]).env("PERSON", "alice"));
    eventually("the request", || {
        let shown = demo.follow("bob", "ssh -F ssh_config bob@gateway requests").ok();
        shown.contains("UPDATE customers").then_some(())
    });
    for line in demo.printed("countersign approve 6") {
        signs(&demo, line, "approve");
    }
    let emptied = emptying.finish().ok();
    assert!(emptied.contains("10000 rows affected"), "{emptied}");

    let verify = demo.printed("ledger verify")[0];
    let report = demo.follow("alice", verify).ok();
    assert!(report.starts_with("OK: ") && report.contains("11 sessions"), "{report}");
    assert!(follow("alice", "printf X").pop().unwrap().status.success());
    let fault = demo.follow("alice", verify).refused();
    assert!(fault.contains("segments/") && fault.contains("000001.seg"), "it names the file: {fault}");
    // Counted by hand: the shell, the deletion, show 1, approve twice, sessions, request replay, replay, admin, three
    // statements, approve twice, deny, two statements, approve twice, verify twice.
    assert_eq!(done + 21, commands_of(&demo), "a printed command was not tried: {:#?}", demo.lines);
}

/// Whoever the line names reads the statement and signs it.
fn signs(demo: &Demo, line: &str, answer: &str) -> String {
    let person = ["bob", "carol", "sue"].into_iter().find(|name| line.contains(&format!("{name}@gateway")));
    let mut signing = Running::start(demo.shell(line).env("PERSON", person.expect("it names who signs")));
    signing.until_stderr(&format!("Type {answer} to sign"));
    signing.write(format!("{answer}\n").as_bytes());
    signing.finish().ok()
}

fn commands_of(demo: &Demo) -> usize {
    let starts = ["cd ", "countersign ", "ssh ", "scp ", "printf ", "PGPASSWORD=", "MYSQL_PWD="];
    demo.lines.iter().filter(|line| starts.iter().any(|start| line.starts_with(start))).count()
}

#[test]
fn the_ready_file_describes_everything_to_scripts() {
    let demo = Demo::start();
    let ready = demo.ready();
    assert_eq!(ready["version"], 1);
    assert_eq!(ready["people"]["alice"]["groups"][0], "ops");
    assert_eq!(ready["people"]["dave"]["groups"][0], "auditors");
    for person in ["alice", "bob", "carol", "dave"] {
        let facts = &ready["people"][person];
        assert!(Path::new(facts["ssh_key"].as_str().unwrap()).exists());
        assert!(facts["password"].as_str().unwrap().len() >= 12 && facts["totp_secret"].is_string());
    }
    for (name, role) in [("sam", "system"), ("sue", "security"), ("abe", "audit")] {
        let facts = &ready["administrators"][name];
        assert_eq!(facts["role"], role);
        assert!(Path::new(facts["ssh_key"].as_str().unwrap()).exists() && facts["totp_secret"].is_string());
    }
    assert_eq!(ready["targets"]["db-1"]["level"], "command-gated");
    assert_eq!(ready["targets"]["db-1"]["labels"]["tier"], "core-data");
    assert_eq!(ready["targets"]["web-1"]["level"], "recorded");
    for name in ["orders-pg", "orders-my"] {
        let orders = &ready["databases"][name];
        assert_eq!((&orders["database"], &orders["account"]), (&"orders".into(), &"orders_app".into()));
        let address = format!("{}:{}", orders["host"].as_str().unwrap(), orders["port"]);
        std::net::TcpStream::connect(address).unwrap();
        assert!(
            std::fs::read_to_string(orders["ca"].as_str().unwrap()).unwrap().contains("BEGIN CERTIFICATE")
        );
    }
    for key in ["host_key", "host_ca"] {
        assert!(ready["gateway"][key].as_str().unwrap().starts_with("ssh-ed25519 "));
    }
    let address = ready["gateway"]["ssh"].as_str().unwrap();
    std::net::TcpStream::connect(address).unwrap();
    assert!(Path::new(ready["ledger"]["dir"].as_str().unwrap()).join("checkpoint").exists());
    assert!(Path::new(ready["ledger"]["public_key"].as_str().unwrap()).exists());
    let mode = std::os::unix::fs::PermissionsExt::mode(
        &std::fs::metadata(demo.folder.path().join("ready.json")).unwrap().permissions(),
    );
    assert_eq!(mode & 0o077, 0, "it holds passwords");
}

#[test]
fn a_later_start_keeps_what_was_there() {
    let mut demo = Demo::start();
    demo.follow("alice", demo.printed("ls -l production-data")[0]).ok();
    demo.running.signal("INT");
    assert!(demo.running.wait().status.success(), "{}", demo.running.stderr());
    std::fs::remove_file(demo.folder.path().join("ready.json")).unwrap();
    let started = Instant::now();
    demo.running = Running::start(&mut command(demo.folder.path()));
    wait_until_ready(demo.folder.path(), &mut demo.running);
    // The figure is for the reader; a busy machine may take longer, but never as long as a step's limit.
    eprintln!("a later start took {:?}", started.elapsed());
    assert!(started.elapsed() < LIMIT);
    let printed = demo.running.until_stdout("7. Check the record");
    demo.lines = printed.lines().filter_map(|line| line.strip_prefix("  ")).map(str::to_owned).collect();
    demo.follow("alice", demo.printed("ls -l production-data")[0]).ok();
    let sessions = demo.follow("alice", "countersign sessions").ok();
    assert_eq!(sessions.lines().count(), 1 + 2, "{sessions}");
    demo.follow("alice", demo.printed("ledger verify")[0]).ok();
}

#[test]
fn a_demo_that_was_killed_starts_again() {
    let mut demo = Demo::start();
    demo.follow("alice", demo.printed("ls -l production-data")[0]).ok();
    demo.running.kill();
    std::fs::remove_file(demo.folder.path().join("ready.json")).unwrap();
    demo.running = Running::start(&mut command(demo.folder.path()));
    wait_until_ready(demo.folder.path(), &mut demo.running);
    demo.follow("alice", demo.printed("ledger verify")[0]).ok();
}

#[test]
fn the_temporary_folder_of_a_demo_goes_away_and_so_do_its_servers() {
    let folder = tempfile::tempdir().unwrap();
    let ready = folder.path().join("ready.json");
    let mut demo = Command::new(countersign());
    demo.args(["demo", "--ready-file"]).arg(&ready).env("TMPDIR", folder.path());
    let mut demo = Running::start(&mut demo);
    wait_until_ready(folder.path(), &mut demo);
    let text = std::fs::read_to_string(&ready).unwrap();
    let facts: Value = serde_json::from_str(&text).unwrap();
    let data = Path::new(facts["data_dir"].as_str().unwrap()).to_owned();
    assert!(data.starts_with(folder.path()) && data.exists());
    let sshd = std::fs::read_to_string(data.join("host/sshd.pid")).unwrap();
    let databases = ["orders-pg", "orders-my"].map(|name| {
        let port = std::fs::read_to_string(data.join(name).join("port")).unwrap();
        (std::net::Ipv4Addr::LOCALHOST, port.trim().parse().unwrap())
    });
    databases.iter().for_each(|database| drop(std::net::TcpStream::connect(database).unwrap()));
    demo.signal("INT");
    assert!(demo.wait().status.success());
    assert!(!data.exists(), "the folder stays");
    eventually("the host's end", || {
        let line = std::fs::read(format!("/proc/{}/cmdline", sshd.trim())).unwrap_or_default();
        (!String::from_utf8_lossy(&line).contains("sshd_config")).then_some(())
    });
    for database in databases {
        eventually("a database's end", || std::net::TcpStream::connect(database).is_err().then_some(()));
    }
}
