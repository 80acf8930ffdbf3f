//! A whole bastion: `init`, `serve`, `admin`, a host behind it and people in front of it, in one temporary folder.

use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::net::{Ipv4Addr, TcpStream};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Mutex, PoisonError};

use serde_json::Value;
use tempfile::TempDir;

use crate::binary::countersign;
use crate::host::{Host, free_port};
use crate::ledger::entries_in;
use crate::people::{ADMINISTRATORS, GROUPS, PEOPLE, askpass, keygen};
use crate::plan::Plan;
use crate::running::{Done, Running, eventually, run, run_with_input};

/// See the module. When it is dropped the ledger must verify, and everything is stopped.
pub struct Bastion {
    /// The production host behind the targets `web-1` and `db-1`.
    pub host: Host,
    dir: TempDir,
    port: u16,
    login: String,
    gateway: Option<Running>,
    logged_in: Mutex<BTreeSet<String>>,
    damaged: bool,
    ceremony: bool,
}

impl Bastion {
    /// One with everything as shipped.
    pub fn start() -> Self {
        Self::start_as(&Plan::default())
    }

    pub(crate) fn start_as(plan: &Plan) -> Self {
        let dir = tempfile::Builder::new().prefix("bastion-").tempdir().expect("a temporary folder");
        let port = free_port();
        let node = dir.path().join("node");
        run(Command::new(countersign())
            .arg("init")
            .arg(&node)
            .args(["--listen", &format!("127.0.0.1:{port}")]))
        .ok();
        plan.apply(&node);
        let host = Host::start(&dir.path().join("host"));
        let login = run(Command::new("id").arg("-un")).ok().trim().to_owned();
        let logged_in = Mutex::default();
        let mut bastion =
            Self { host, dir, port, login, gateway: None, logged_in, damaged: false, ceremony: false };
        bastion.restart();
        bastion.furnish();
        bastion
    }

    /// The node's folder.
    pub fn node(&self) -> PathBuf {
        self.dir.path().join("node")
    }

    /// The ledger's folder.
    pub fn ledger(&self) -> PathBuf {
        self.node().join("ledger")
    }

    /// A folder for what a test makes.
    pub fn scratch(&self) -> PathBuf {
        let folder = self.dir.path().join("scratch");
        std::fs::create_dir_all(&folder).expect("a folder");
        folder
    }

    /// The login directory on the host.
    pub fn home(&self) -> PathBuf {
        self.host.home()
    }

    /// The account on the targets: whoever runs the tests.
    pub fn login(&self) -> &str {
        &self.login
    }

    /// The gateway's port on 127.0.0.1.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// A person's folder with `id_ed25519`, `totp` and, once set, `password`.
    pub fn person(&self, name: &str) -> PathBuf {
        self.dir.path().join("people").join(name)
    }

    /// The client's `ssh_config`: the lines that `admin ssh-config` printed, and each person's key.
    pub fn ssh_config(&self) -> PathBuf {
        self.dir.path().join("ssh_config")
    }

    /// `countersign` with this node's configuration.
    pub fn countersign<S: AsRef<OsStr>>(&self, args: impl IntoIterator<Item = S>) -> Command {
        let mut command = Command::new(countersign());
        command.arg("--config").arg(self.node().join("countersign.toml")).args(args);
        command
    }

    /// Runs `countersign admin …`, which must succeed, and returns what it printed.
    #[track_caller]
    pub fn admin(&self, line: &[&str]) -> String {
        run(self.countersign(["admin"]).args(line)).ok()
    }

    /// Sets a person's password.
    pub fn set_password(&self, name: &str, password: &str) {
        std::fs::write(self.person(name).join("password"), format!("{password}\n")).expect("a file");
        run_with_input(&mut self.countersign(["admin", "person", "password", name]), password.as_bytes())
            .ok();
    }

    /// Gives a person a fresh verification seed, so that the next code has not been used.
    pub fn renew_totp(&self, name: &str) {
        let printed = self.admin(&["person", "totp", name]);
        let secret = printed.lines().next().expect("the seed is printed");
        std::fs::write(self.person(name).join("totp"), secret).expect("a file");
    }

    /// `alice+root@db-1@gateway`: what a person types to reach a target.
    pub fn place(&self, person: &str, target: &str) -> String {
        format!("{person}+{}@{target}@gateway", self.login)
    }

    /// An OpenSSH client with this bastion's configuration and nothing of the machine's; it asks nobody anything.
    pub fn client(&self, program: &str) -> Command {
        let mut command = self.asking_client(program);
        command.args(["-o", "BatchMode=yes"]);
        command
    }

    /// An OpenSSH client whose questions are answered for `PERSON`; see [`Bastion::asks`].
    pub fn asking_client(&self, program: &str) -> Command {
        let mut command = Command::new(program);
        command.arg("-F").arg(self.ssh_config());
        command.env_remove("SSH_AUTH_SOCK").env_remove("DISPLAY").env("LC_ALL", "C.UTF-8");
        command
    }

    /// Lets a client answer prompts as that person: the code of now, and the password.
    pub fn asks(&self, command: &mut Command, person: &str) {
        command.env("SSH_ASKPASS", self.dir.path().join("askpass")).env("SSH_ASKPASS_REQUIRE", "force");
        command.env("PERSON", self.person(person)).args(["-o", "NumberOfPasswordPrompts=1"]);
    }

    /// Logs a person in with key and code, so that the code is remembered. Once per person.
    #[track_caller]
    pub fn log_in(&self, person: &str) {
        if !self.logged_in.lock().unwrap_or_else(PoisonError::into_inner).insert(person.to_owned()) {
            return;
        }
        self.enter(person).ok();
    }

    /// Logs a person in who has to give a code again, with a fresh seed.
    #[track_caller]
    pub fn log_in_again(&self, person: &str) {
        self.renew_totp(person);
        self.enter(person).ok();
    }

    /// Tries to log in with key and code.
    #[track_caller]
    pub fn enter(&self, person: &str) -> Done {
        let mut ssh = self.asking_client("ssh");
        self.asks(&mut ssh, person);
        run(ssh.args([&format!("{person}@gateway"), "help"]))
    }

    /// `ssh` of a logged-in person to a target; the caller adds the command.
    #[track_caller]
    pub fn ssh(&self, person: &str, target: &str) -> Command {
        self.log_in(person);
        let mut command = self.client("ssh");
        command.arg(self.place(person, target));
        command
    }

    /// Runs a command on a target to its end.
    #[track_caller]
    pub fn run(&self, person: &str, target: &str, line: &str) -> Done {
        run(self.ssh(person, target).arg(line))
    }

    /// `ssh -J` of a logged-in person to a target.
    #[track_caller]
    pub fn jump(&self, person: &str, target: &str) -> Command {
        self.log_in(person);
        let mut command = self.client("ssh");
        command.args(["-J", &format!("{person}@gateway"), &format!("{}@{target}", self.login)]);
        command
    }

    /// Runs a command at the gateway's desk.
    #[track_caller]
    pub fn desk(&self, person: &str, line: &str) -> Done {
        self.desk_with(person, line, b"")
    }

    /// Runs a command at the gateway's desk with that input.
    #[track_caller]
    pub fn desk_with(&self, person: &str, line: &str, input: &[u8]) -> Done {
        self.log_in(person);
        run_with_input(self.client("ssh").args([&format!("{person}@gateway"), line]), input)
    }

    /// Starts a command that must be held; returns it waiting, with the number of its request.
    #[track_caller]
    pub fn held(&self, person: &str, target: &str, line: &str) -> (Running, u64) {
        let mut waiting = Running::start(self.ssh(person, target).arg(line));
        let notice = waiting.until_stderr("HELD as request ");
        (waiting, number_in(&notice))
    }

    /// What `show N --statement ANSWER` prints to a person: the text to sign.
    #[track_caller]
    pub fn statement(&self, person: &str, number: u64, answer: &str) -> String {
        self.desk(person, &format!("show {number} --statement {answer}")).ok()
    }

    /// Signs with a key file in a namespace, as `ssh-keygen -Y sign` does.
    #[track_caller]
    pub fn sign(&self, key: &Path, namespace: &str, text: &str) -> String {
        let mut keygen = Command::new("ssh-keygen");
        keygen.args(["-q", "-Y", "sign", "-n", namespace, "-f"]).arg(key);
        run_with_input(&mut keygen, text.as_bytes()).ok()
    }

    /// Answers a request as the documentation says: show, sign, hand in.
    #[track_caller]
    pub fn answer(&self, number: u64, answer: &str, person: &str) -> Done {
        let statement = self.statement(person, number, answer);
        let signature = self.sign(&self.person(person).join("id_ed25519"), "countersign", &statement);
        self.desk_with(person, &format!("{answer} {number}"), signature.as_bytes())
    }

    /// Approves a request, which must count.
    #[track_caller]
    pub fn approve(&self, number: u64, person: &str) -> String {
        self.answer(number, "approve", person).ok()
    }

    /// Runs `ledger verify`, which must find nothing wrong, and returns its report.
    #[track_caller]
    pub fn verify(&self) -> String {
        self.verification().ok()
    }

    /// Runs `ledger verify`.
    #[track_caller]
    pub fn verification(&self) -> Done {
        let mut command = Command::new(countersign());
        command
            .args(["ledger", "verify"])
            .arg(self.ledger())
            .arg("--key")
            .arg(self.node().join("ledger.pub"));
        run(&mut command)
    }

    /// The ledger's entries, read without the product.
    pub fn entries(&self) -> Vec<Value> {
        entries_in(&self.ledger())
    }

    /// The entries of one kind.
    pub fn entries_of(&self, kind: &str) -> Vec<Value> {
        self.entries().into_iter().filter(|entry| entry["kind"] == kind).collect()
    }

    /// The rows of `countersign sessions`, newest first, word by word: id, opened, who, where, way, ended…
    pub fn sessions(&self) -> Vec<Vec<String>> {
        let printed = run(&mut self.countersign(["sessions"])).ok();
        printed.lines().skip(1).map(|line| line.split_whitespace().map(str::to_owned).collect()).collect()
    }

    /// The id of the newest session.
    pub fn newest_session(&self) -> String {
        self.sessions().first().and_then(|row| row.first().cloned()).expect("there is a session")
    }

    /// What a recording shows: `countersign replay ID --asciicast` without its head and times.
    #[track_caller]
    pub fn replayed(&self, session: &str) -> String {
        let printed = run(&mut self.countersign(["replay", session, "--asciicast"])).ok();
        let events = printed.lines().skip(1).map(serde_json::from_str::<Value>);
        let events = events.map(|event| event.expect("an event is JSON"));
        events
            .filter(|event| event[1] == "o")
            .filter_map(|event| event[2].as_str().map(str::to_owned))
            .collect()
    }

    /// Waits until the ledger has an entry of that kind that `wanted` accepts.
    #[track_caller]
    pub fn until_entry(&self, kind: &str, wanted: impl Fn(&Value) -> bool) -> Value {
        eventually(&format!("an entry {kind}"), || self.entries_of(kind).into_iter().find(&wanted))
    }

    /// The gateway's process, while it runs.
    pub fn gateway(&self) -> Option<&Running> {
        self.gateway.as_ref()
    }

    /// Ends the gateway with SIGKILL.
    pub fn kill9(&mut self) {
        if let Some(mut gateway) = self.gateway.take() {
            gateway.kill();
        }
    }

    /// Ends the gateway with SIGTERM and returns how it ended and what it logged.
    #[track_caller]
    pub fn stop(&mut self) -> Option<Done> {
        let gateway = self.gateway.take()?;
        gateway.signal("TERM");
        Some(gateway.finish())
    }

    /// Holds the ceremony: `sam`, `sue` and `abe` are the first administrators, and the gateway serves as it should.
    #[track_caller]
    pub fn hold_ceremony(&mut self) {
        self.stop();
        let seeds = self.scratch().join("seeds");
        let mut init = Command::new(countersign());
        init.arg("init").arg(self.node()).arg("--totp-dir").arg(&seeds);
        for (name, role) in ADMINISTRATORS {
            std::fs::create_dir_all(self.person(name)).expect("a folder");
            let key = self.person(name).join("id_ed25519");
            keygen(&key, "ed25519");
            init.arg(format!("--{role}")).arg(format!("{name}={}", key.with_extension("pub").display()));
        }
        run(&mut init).ok();
        for (name, _) in ADMINISTRATORS {
            std::fs::copy(seeds.join(name), self.person(name).join("totp")).expect("a seed");
        }
        self.ceremony = true;
        self.restart();
    }

    /// Starts the gateway, and returns once it answers.
    #[track_caller]
    pub fn restart(&mut self) {
        let mut serve = self.serving();
        self.serve(&mut serve);
    }

    /// Starts the gateway with everything that it can log.
    #[track_caller]
    pub fn restart_with_logs(&mut self) {
        let mut serve = self.serving();
        self.serve(serve.env("RUST_LOG", "trace"));
    }

    fn serving(&self) -> Command {
        let before = (!self.ceremony).then_some("--before-ceremony");
        self.countersign(["serve"].into_iter().chain(before))
    }

    #[track_caller]
    fn serve(&mut self, serve: &mut Command) {
        let gateway = self.gateway.insert(Running::start(serve));
        gateway.until_stderr("serving SSH");
        let socket = self.node().join("run/control.sock");
        eventually("the gateway", || {
            let answers = TcpStream::connect((Ipv4Addr::LOCALHOST, self.port)).is_ok();
            (answers && socket.exists()).then_some(())
        });
    }

    /// The test damages the ledger on purpose: it need not verify at the end.
    pub fn damages_the_ledger(&mut self) {
        self.damaged = true;
    }

    fn furnish(&self) {
        for (name, group) in PEOPLE.into_iter().zip(GROUPS) {
            self.enrol(name, group);
        }
        for (target, tier, level) in [("web-1", "app", "recorded"), ("db-1", "core-data", "command-gated")] {
            self.add_target(target, tier, level);
        }
        let script = self.dir.path().join("askpass");
        std::fs::write(&script, askpass(countersign())).expect("a file");
        std::fs::set_permissions(script, std::fs::Permissions::from_mode(0o700)).expect("its mode");
        self.write_client_files();
    }

    fn enrol(&self, name: &str, group: &str) {
        std::fs::create_dir_all(self.person(name)).expect("a folder");
        let key = self.person(name).join("id_ed25519");
        keygen(&key, "ed25519");
        self.admin(&["person", "add", name, "--group", group]);
        self.enrol_key(name, &key.with_extension("pub"));
        self.renew_totp(name);
    }

    /// Enrols one more public key for a person.
    pub fn enrol_key(&self, name: &str, public_key: &Path) {
        self.admin(&["key", "add", name, &public_key.to_string_lossy()]);
    }

    /// Makes a key pair of that type in the scratch folder.
    pub fn new_key(&self, name: &str, kind: &str) -> PathBuf {
        let file = self.scratch().join(name);
        keygen(&file, kind);
        file
    }

    fn add_target(&self, name: &str, tier: &str, level: &str) {
        let (port, key) = (self.host.port().to_string(), self.host.public_key());
        let tier = format!("tier={tier}");
        let mut line = vec!["target", "add", name, "--host", "127.0.0.1", "--port", &port];
        line.extend(["--label", "env=prod", "--label", &tier, "--level", level, "--host-key"]);
        let key = key.to_string_lossy();
        line.push(&key);
        self.admin(&line);
        let printed = self.admin(&["account", "add", name, &self.login]);
        self.host.authorize(printed.lines().next().expect("the credential's public half is printed"));
    }

    /// `ssh_config` and `known_hosts` out of the lines that the product prints.
    fn write_client_files(&self) {
        let printed = self.admin(&["ssh-config"]);
        let (config, known) = printed.split_once("# ~/.ssh/known_hosts\n").expect("both parts are printed");
        let known_hosts = self.dir.path().join("known_hosts");
        let mut text = format!("Host *\n  UserKnownHostsFile {}\n", known_hosts.display());
        text += "  GlobalKnownHostsFile /dev/null\n";
        text += config;
        for name in PEOPLE.into_iter().chain(ADMINISTRATORS.map(|(name, _)| name)) {
            let key = self.person(name).join("id_ed25519");
            text += &format!(
                "Match originalhost gateway user {name},{name}+*\n  IdentityFile {}\n",
                key.display()
            );
        }
        std::fs::write(self.ssh_config(), text).expect("a file");
        std::fs::write(known_hosts, known).expect("a file");
    }

    fn stop_for_good(&mut self) {
        if let Some(mut gateway) = self.gateway.take() {
            gateway.signal("TERM");
            let deadline = std::time::Instant::now() + std::time::Duration::from_secs(10);
            while !gateway.has_ended() && std::time::Instant::now() < deadline {
                std::thread::sleep(std::time::Duration::from_millis(20));
            }
        }
    }
}

impl Drop for Bastion {
    fn drop(&mut self) {
        let failed = std::thread::panicking();
        let verified = (!failed && !self.damaged).then(|| self.verification());
        if failed && let Some(gateway) = &self.gateway {
            eprintln!("the gateway logged:\n{}", gateway.stderr());
        }
        self.stop_for_good();
        if let Some(verified) = verified {
            verified.ok();
            self.verify();
        }
    }
}

fn number_in(notice: &str) -> u64 {
    let after = notice.split("HELD as request ").nth(1).expect("the notice names the request");
    let digits: String = after.chars().take_while(char::is_ascii_digit).collect();
    digits.parse().expect("a request has a number")
}
