//! Getting in takes two factors, and whoever does not belong learns nothing.

use std::path::Path;
use std::process::Command;

use end_to_end::{Bastion, Done, Plan, eventually, run};

/// `ssh` of a person whose prompts are answered, with chosen methods, keys and code.
struct Attempt<'a> {
    bastion: &'a Bastion,
    person: &'a str,
    options: Vec<String>,
    code: Option<String>,
}

impl<'a> Attempt<'a> {
    fn of(bastion: &'a Bastion, person: &'a str) -> Self {
        Self { bastion, person, options: Vec::new(), code: None }
    }

    fn password(mut self) -> Self {
        self.options = vec!["-o".into(), "PreferredAuthentications=password,keyboard-interactive".into()];
        self
    }

    fn code(mut self, code: &str) -> Self {
        self.code = Some(code.to_owned());
        self
    }

    fn run(self) -> Done {
        let mut ssh = self.bastion.asking_client("ssh");
        ssh.args(&self.options);
        self.bastion.asks(&mut ssh, self.person);
        if let Some(code) = &self.code {
            ssh.env("CODE", code);
        }
        run(ssh.args([&format!("{}@gateway", self.person), "help"]))
    }
}

fn code_of(bastion: &Bastion, person: &str) -> String {
    let mut totp = bastion.countersign(["totp", "--secret-file"]);
    run(totp.arg(bastion.person(person).join("totp"))).ok().trim().to_owned()
}

/// A code that is surely not the one of now nor of its neighbours.
fn wrong_code(right: &str) -> String {
    let first = right.as_bytes()[0] - b'0';
    format!("{}{}", (first + 5) % 10, &right[1..])
}

#[test]
fn a_key_alone_is_half_a_login() {
    let bastion = Bastion::start();
    let mut ssh = bastion.client("ssh");
    let told = run(ssh.args(["alice@gateway", "help"])).refused();
    assert!(told.contains("Permission denied (keyboard-interactive)"), "{told}");
}

#[test]
fn a_key_and_a_code_are_a_login_that_is_remembered_for_that_key() {
    let bastion = Bastion::start();
    Attempt::of(&bastion, "alice").run().ok();
    run(bastion.client("ssh").args(["alice@gateway", "help"])).ok();
    let other = bastion.new_key("other", "ed25519");
    bastion.enrol_key("alice", &other.with_extension("pub"));
    let config = only_this_key(&bastion, &other);
    let mut ssh = Command::new("ssh");
    run(ssh.args(["-F", &config, "-o", "BatchMode=yes", "alice@gateway", "help"])).refused();
    let logins = bastion.entries_of("login");
    assert!(logins[0]["how"].as_str().unwrap().contains("totp"), "{logins:?}");
}

/// An ssh_config in which the person has that key and no other.
fn only_this_key(bastion: &Bastion, key: &Path) -> String {
    let text = std::fs::read_to_string(bastion.ssh_config()).expect("a file");
    let own = bastion.person("alice").join("id_ed25519");
    let text = text.replace(&*own.to_string_lossy(), &key.to_string_lossy());
    let path = bastion.scratch().join("ssh_config");
    std::fs::write(&path, text).expect("a file");
    path.to_string_lossy().into_owned()
}

#[test]
fn every_key_type_lets_in() {
    for kind in ["ecdsa", "rsa", "ed25519"] {
        let bastion = Bastion::start();
        let key = bastion.new_key(kind, kind);
        bastion.enrol_key("alice", &key.with_extension("pub"));
        let config = only_this_key(&bastion, &key);
        let mut ssh = Command::new("ssh");
        ssh.args(["-F", &config]).env_remove("SSH_AUTH_SOCK");
        bastion.asks(&mut ssh, "alice");
        run(ssh.args(["alice@gateway", "help"])).ok();
    }
}

#[test]
fn a_sha1_signature_is_refused_although_the_rsa_key_is_enrolled() {
    let bastion = Bastion::start();
    let key = bastion.new_key("rsa", "rsa");
    bastion.enrol_key("alice", &key.with_extension("pub"));
    let config = only_this_key(&bastion, &key);
    let mut ssh = Command::new("ssh");
    ssh.args(["-F", &config, "-o", "PubkeyAcceptedAlgorithms=ssh-rsa"]).env_remove("SSH_AUTH_SOCK");
    bastion.asks(&mut ssh, "alice");
    run(ssh.args(["alice@gateway", "help"])).refused();
}

#[test]
fn a_password_and_a_code_are_a_login() {
    let bastion = Bastion::start();
    bastion.set_password("alice", "correct horse battery staple");
    Attempt::of(&bastion, "alice").password().run().ok();
    let how = bastion.entries_of("login")[0]["how"].as_str().unwrap().to_owned();
    assert!(how.contains("password") && how.contains("totp"), "{how}");
}

#[test]
fn a_wrong_password_is_refused_also_with_the_right_code() {
    let bastion = Bastion::start();
    bastion.set_password("alice", "correct horse battery staple");
    std::fs::write(bastion.person("alice").join("password"), "correct horse battery stable\n").unwrap();
    Attempt::of(&bastion, "alice").password().run().refused();
    bastion.until_entry("login-refused", |entry| entry["why"] == "password");
}

#[test]
fn a_wrong_code_is_refused_and_a_used_one_too() {
    let bastion = Plan::shipped().config("remember_code_minutes = 480", "remember_code_minutes = 0").start();
    let code = code_of(&bastion, "alice");
    Attempt::of(&bastion, "alice").code(&wrong_code(&code)).run().refused();
    bastion.until_entry("login-refused", |entry| entry["why"] == "code");
    let code = code_of(&bastion, "alice");
    Attempt::of(&bastion, "alice").code(&code).run().ok();
    Attempt::of(&bastion, "alice").code(&code).run().refused();
    bastion.until_entry("login-refused", |entry| entry["why"] == "code-reused");
}

#[test]
fn a_code_that_is_not_remembered_is_asked_for_every_time() {
    let bastion = Plan::shipped().config("remember_code_minutes = 480", "remember_code_minutes = 0").start();
    Attempt::of(&bastion, "alice").run().ok();
    run(bastion.client("ssh").args(["alice@gateway", "help"])).refused();
    bastion.renew_totp("alice");
    Attempt::of(&bastion, "alice").run().ok();
}

#[test]
fn a_remembered_code_is_forgotten_after_the_configured_time() {
    let bastion = Plan::shipped().config("remember_code_minutes = 480", "remember_code_minutes = 1").start();
    Attempt::of(&bastion, "alice").run().ok();
    run(bastion.client("ssh").args(["alice@gateway", "help"])).ok();
    eventually("the end of the minute", || {
        let done = run(bastion.client("ssh").args(["alice@gateway", "help"]));
        std::thread::sleep(std::time::Duration::from_secs(2));
        (!done.status.success()).then_some(())
    });
    bastion.renew_totp("alice");
    Attempt::of(&bastion, "alice").run().ok();
}

#[test]
fn a_code_is_remembered_for_one_address() {
    let bastion = Bastion::start();
    Attempt::of(&bastion, "alice").run().ok();
    run(bastion.client("ssh").args(["alice@gateway", "help"])).ok();
    run(bastion.client("ssh").args(["-b", "127.0.0.2", "alice@gateway", "help"])).refused();
}

#[test]
fn a_remembered_code_outlives_a_restart() {
    let mut bastion = Bastion::start();
    Attempt::of(&bastion, "alice").run().ok();
    bastion.kill9();
    bastion.restart();
    run(bastion.client("ssh").args(["alice@gateway", "help"])).ok();
}

#[test]
fn people_who_do_not_exist_get_the_answer_of_people_who_do() {
    let bastion = Bastion::start();
    bastion.set_password("alice", "correct horse battery staple");
    let answer = |person: &str, options: &[&str]| {
        let mut ssh = bastion.asking_client("ssh");
        ssh.args(options);
        bastion.asks(&mut ssh, "bob");
        std::fs::write(bastion.person("bob").join("password"), "a wrong guess\n").unwrap();
        let told = run(ssh.args(["-v", &format!("{person}@gateway"), "help"])).refused();
        let kept =
            |line: &&str| line.contains("Authentications that can continue") || line.contains("denied");
        told.lines().filter(kept).map(|line| line.replace(person, "X")).collect::<Vec<_>>()
    };
    let stranger = bastion.new_key("stranger", "ed25519");
    let password = ["-o", "PreferredAuthentications=password"];
    assert_eq!(answer("alice", &password), answer("nobody", &password));
    let key = ["-o", "PreferredAuthentications=publickey", "-i", &*stranger.to_string_lossy()];
    // Another login name than alice's own Match line, so that only the stranger's key is offered.
    assert_eq!(answer("alice+x@db-1", &password), answer("nobody+x@db-1", &password));
    assert_eq!(answer("nobody", &key), answer("nobody2", &key));
}

#[test]
fn guessing_locks_a_name_and_the_lock_is_on_the_record() {
    let bastion = Plan::shipped().config("lock_after_failures = 10", "lock_after_failures = 4").start();
    bastion.set_password("alice", "correct horse battery staple");
    std::fs::write(bastion.person("alice").join("password"), "a wrong guess\n").unwrap();
    eventually("the lock", || {
        Attempt::of(&bastion, "alice").password().run().refused();
        bastion.entries_of("lockout").pop()
    });
    std::fs::write(bastion.person("alice").join("password"), "correct horse battery staple\n").unwrap();
    Attempt::of(&bastion, "alice").password().run().refused();
    Attempt::of(&bastion, "bob").run().ok();
}

#[test]
fn a_suspended_person_is_refused_until_resumed() {
    let bastion = Bastion::start();
    Attempt::of(&bastion, "alice").run().ok();
    bastion.admin(&["person", "suspend", "alice"]);
    run(bastion.client("ssh").args(["alice@gateway", "help"])).refused();
    bastion.set_password("alice", "correct horse battery staple");
    Attempt::of(&bastion, "alice").password().run().refused();
    bastion.until_entry("login-refused", |entry| entry["why"] == "suspended");
    bastion.admin(&["person", "resume", "alice"]);
    bastion.log_in_again("alice");
}

#[test]
fn a_suspension_ends_what_an_open_connection_may_do() {
    let bastion = Bastion::start();
    bastion.log_in("alice");
    let socket = bastion.scratch().join("master");
    let control = format!("ControlPath={}", socket.display());
    let mut master = end_to_end::Running::start(bastion.client("ssh").args([
        "-M",
        "-N",
        "-o",
        &control,
        &bastion.place("alice", "web-1"),
    ]));
    eventually("the master", || socket.exists().then_some(()));
    let mut again = bastion.client("ssh");
    again.args(["-o", &control, &bastion.place("alice", "web-1"), "true"]);
    run(&mut again).ok();
    bastion.admin(&["person", "suspend", "alice"]);
    let told = run(&mut again).refused();
    assert!(told.contains("suspended"), "{told}");
    master.kill();
}

#[test]
fn a_removed_key_lets_nobody_in_any_more() {
    let bastion = Bastion::start();
    Attempt::of(&bastion, "alice").run().ok();
    let mut keygen = Command::new("ssh-keygen");
    let listed = run(keygen.arg("-lf").arg(bastion.person("alice").join("id_ed25519.pub"))).ok();
    bastion.admin(&["key", "remove", "alice", listed.split_whitespace().nth(1).unwrap()]);
    run(bastion.client("ssh").args(["alice@gateway", "help"])).refused();
    bastion.until_entry("key", |entry| entry["change"] == "revoked");
}

#[test]
fn a_key_that_is_not_enrolled_is_refused_also_with_a_right_code() {
    let bastion = Bastion::start();
    let stranger = bastion.new_key("stranger", "ed25519");
    let config = only_this_key(&bastion, &stranger);
    let mut ssh = Command::new("ssh");
    ssh.args(["-F", &config]).env_remove("SSH_AUTH_SOCK");
    bastion.asks(&mut ssh, "alice");
    let told =
        run(ssh.args(["-o", "PreferredAuthentications=publickey,keyboard-interactive", "alice@gateway"]))
            .refused();
    assert!(told.contains("Permission denied (publickey,password)"), "{told}");
}

#[test]
fn somebody_elses_key_does_not_make_them_me() {
    let bastion = Bastion::start();
    let config = only_this_key(&bastion, &bastion.person("bob").join("id_ed25519"));
    let mut ssh = Command::new("ssh");
    ssh.args(["-F", &config]).env_remove("SSH_AUTH_SOCK");
    bastion.asks(&mut ssh, "alice");
    run(ssh.args(["alice@gateway", "help"])).refused();
}
