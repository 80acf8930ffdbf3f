//! Targets whose protocol nobody speaks at the gateway: redis-cli, curl and openssl reach what they name in the handshake, with
//! a certificate and as long as their person may; nobody else learns whether it is there.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use end_to_end::{Bastion, Done, Plan, Running, eventually, free_port, number_after, run, run_with_input};

const CLOSED: &str = "# postgres = \"0.0.0.0:5432\"";
const NO_SUFFIX: &str = "# target_suffix = \"gw.example\"";

/// What operations engineers may reach: the caches at once, the vault when a database lead signs, the loan while it is lent.
const POLICIES: &str = r#"
@id("ops-reach-caches")
permit (principal in Group::"ops", action in [Action::"connect", Action::"forward"], resource)
when { resource.level == Level::"counted" && resource.hasTag("tier") && resource.getTag("tier") == "cache" };

@id("ops-reach-the-vault")
permit (principal in Group::"ops", action in [Action::"connect", Action::"forward"], resource)
when { resource.level == Level::"counted" && resource.hasTag("tier") && resource.getTag("tier") == "vault" };

@id("the-vault-needs-a-dba-lead")
forbid (principal, action == Action::"forward", resource)
when { resource.hasTag("tier") && resource.getTag("tier") == "vault" }
unless { context.quorums.contains(Quorum::"one-dba-lead") };

@id("what-is-lent")
permit (principal in Group::"ops", action in [Action::"connect", Action::"forward"], resource)
when { resource.level == Level::"counted" && resource.hasTag("tier") && resource.getTag("tier") == "loan" && context.granted };
"#;

/// A gateway before a Redis that speaks in clear and inside TLS.
struct Shop {
    bastion: Bastion,
    _redis: Running,
    port: u16,
    folder: tempfile::TempDir,
}

impl Shop {
    fn start() -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        testkit::certify(folder.path());
        let [port, clear, tls] = [free_port(), free_port(), free_port()];
        let plan = Plan::shipped().config(CLOSED, &format!("postgres = \"127.0.0.1:{port}\""));
        let plan = plan.config(NO_SUFFIX, "target_suffix = \"gw.example\"");
        let bastion = plan.adding("policies/counted.cedar", POLICIES).start();
        let shop = Self { bastion, _redis: redis(folder.path(), clear, tls), port, folder };
        let authority = shop.folder.path().join("ca.crt");
        for (name, tier, port, authority) in [
            ("cache", "cache", clear, None),
            ("secure", "cache", tls, Some(&authority)),
            ("vault", "vault", clear, None),
            ("loan", "loan", clear, None),
            ("others", "others", clear, None),
        ] {
            shop.add(name, tier, port, authority.map(PathBuf::as_path));
        }
        shop
    }

    fn add(&self, name: &str, tier: &str, port: u16, authority: Option<&Path>) {
        // Access to production can be asked for; who connects to the rest only these policies say.
        let environment = if tier == "loan" { "env=prod" } else { "env=lab" };
        let (port, tier) = (port.to_string(), format!("tier={tier}"));
        let mut line =
            vec!["tls", "add", name, "--host", "127.0.0.1", "--port", &port, "--label", environment];
        line.extend(["--label", &tier]);
        let authority = authority.map(|file| file.to_string_lossy());
        line.extend(authority.iter().flat_map(|file| ["--authority", file]));
        self.bastion.admin(&line);
    }

    /// Where a person's `countersign login` has left its files.
    #[track_caller]
    fn logged_in(&self, person: &str) -> PathBuf {
        self.bastion.log_in(person);
        let folder = self.bastion.scratch().join(format!("login-{person}"));
        let mut login = self.bastion.countersign(["login", &format!("{person}@gateway"), "-F"]);
        login.arg(self.bastion.ssh_config()).arg("--folder").arg(&folder).env_remove("SSH_AUTH_SOCK");
        run(&mut login).ok();
        folder
    }

    /// `redis-cli` that asks for that name.
    fn redis(&self, files: &Path, name: &str) -> Command {
        let mut client = Command::new("redis-cli");
        client.args(["-h", "127.0.0.1", "-p", &self.port.to_string(), "--tls", "--sni", name]);
        client.arg("--cacert").arg(files.join("server-ca.crt"));
        client.arg("--cert").arg(files.join("client.crt")).arg("--key").arg(files.join("client.key"));
        client
    }

    /// `openssl s_client` without a certificate, which says what it receives and nothing else.
    fn stranger(&self, name: Option<&str>) -> Command {
        let mut client = Command::new("openssl");
        client.args(["s_client", "-quiet", "-connect", &format!("127.0.0.1:{}", self.port)]);
        client.arg("-CAfile").arg(self.bastion.node().join("tls_ca.pem"));
        match name {
            Some(name) => client.args(["-servername", name]),
            None => client.arg("-noservername"),
        };
        client
    }

    /// The same with the certificate in those files.
    fn openssl(&self, files: &Path, name: Option<&str>) -> Command {
        let mut client = self.stranger(name);
        client.arg("-cert").arg(files.join("client.crt")).arg("-key").arg(files.join("client.key"));
        client
    }

    /// A connection to `cache` that is open and has crossed.
    #[track_caller]
    fn open(&self, files: &Path, name: &str) -> Running {
        let mut client = Running::start(&mut self.openssl(files, Some(name)));
        client.write(b"PING\r\n");
        client.until_stdout("+PONG");
        client
    }

    fn refusals(&self, what: &str) -> usize {
        self.bastion.entries_of("refusal").iter().filter(|entry| entry["what"] == what).count()
    }

    fn sessions_of(&self, target: &str) -> Vec<String> {
        let opened = self.bastion.entries_of("session-open").into_iter();
        let there = opened.filter(|entry| entry["target"] == target && entry["way"] == "tls");
        there.map(|entry| entry["session"].as_str().expect("an identifier").to_owned()).collect()
    }
}

fn redis(folder: &Path, clear: u16, tls: u16) -> Running {
    let mut server = Command::new("redis-server");
    server.args(["--port", &clear.to_string(), "--tls-port", &tls.to_string(), "--bind", "127.0.0.1"]);
    server.args(["--save", "", "--tls-auth-clients", "no", "--dir"]).arg(folder);
    server.arg("--tls-cert-file").arg(folder.join("server.crt"));
    server.arg("--tls-key-file").arg(folder.join("server.key"));
    server.arg("--tls-ca-cert-file").arg(folder.join("ca.crt"));
    let mut running = Running::start(&mut server);
    running.until_stdout("Ready to accept connections");
    running
}

/// What a client that was let in nowhere has seen: nothing.
#[track_caller]
fn nothing(client: &mut Command) -> Done {
    let done = run_with_input(client, b"PING\r\n");
    assert_eq!(done.text(), "", "{client:?}");
    done
}

#[test]
fn clients_reach_what_they_name_and_only_numbers_are_kept() {
    let shop = Shop::start();
    let files = shop.logged_in("alice");
    let long = "x".repeat(3 << 20);
    for name in ["cache", "cache.gw.example", "secure.gw.example"] {
        assert_eq!(run(shop.redis(&files, name).arg("PING")).ok(), "PONG\n", "{name}");
        let mut set = shop.redis(&files, name);
        run_with_input(set.args(["-x", "SET", "secretword"]), long.as_bytes()).ok();
        assert_eq!(run(shop.redis(&files, name).args(["GET", "secretword"])).ok(), long.clone() + "\n");
    }
    let session = shop.sessions_of("cache").pop().expect("a session");
    let decision = shop.bastion.until_entry("decision", |entry| entry["session"] == *session);
    assert_eq!((&decision["act"], &decision["verdict"]), (&"forward".into(), &"allow".into()));
    shop.bastion.until_entry("session-close", |entry| entry["session"] == *session);
    let told = shop.bastion.replayed(&session);
    assert!(told.contains("bytes to it") && told.contains("each connection is judged"), "{told}");
    assert!(!told.contains("secretword") && !told.contains("xxxxxxxx"), "its bytes are recorded");
    assert!(shop.bastion.desk("alice", "targets").ok().contains("tls@cache  counted"));
    // curl verifies the name below the suffix, and offers protocols of its own.
    let web = shop.folder.path().join("web");
    fs::create_dir(&web).expect("a folder");
    fs::write(web.join("page"), "a page").expect("a file");
    let port = free_port();
    let mut server = Command::new("/usr/bin/python3");
    server.args(["-um", "http.server", "--bind", "127.0.0.1", &port.to_string(), "--directory"]).arg(&web);
    let mut server = Running::start(&mut server);
    server.until_stdout("Serving HTTP");
    shop.add("pages", "cache", port, None);
    let mut curl = Command::new("curl");
    curl.args(["-sS", "--noproxy", "*", "--resolve", &format!("pages.gw.example:{}:127.0.0.1", shop.port)]);
    curl.arg("--cacert").arg(files.join("server-ca.crt")).arg("--cert").arg(files.join("client.crt"));
    curl.arg("--key").arg(files.join("client.key"));
    assert_eq!(run(curl.arg(format!("https://pages.gw.example:{}/page", shop.port))).ok(), "a page");
}

#[test]
fn whoever_may_not_learns_nothing_and_is_entered() {
    let shop = Shop::start();
    let (files, other) = (shop.logged_in("alice"), shop.logged_in("bob"));
    // No certificate, one of nobody's authority, and the gateway's own.
    let told = nothing(&mut shop.stranger(Some("cache")));
    assert!(told.stderr.contains("alert"), "{}", told.stderr);
    let foreign = shop.bastion.scratch().join("foreign");
    fs::create_dir(&foreign).expect("a folder");
    let mut made = Command::new("openssl");
    made.current_dir(&foreign).args([
        "req",
        "-x509",
        "-newkey",
        "rsa:2048",
        "-nodes",
        "-keyout",
        "client.key",
    ]);
    run(made.args(["-out", "client.crt", "-days", "1", "-subj", "/CN=alice"])).ok();
    let told = nothing(&mut shop.openssl(&foreign, Some("cache")));
    assert!(told.stderr.contains("alert"), "{}", told.stderr);
    let strangers = || {
        let refused = shop.bastion.entries_of("login-refused");
        refused.iter().filter(|entry| entry["why"] == "certificate").count()
    };
    eventually("two entries", || (strangers() == 2).then_some(()));
    // Somebody who is known sees the same whether a target is not there, not theirs, no TLS target, or not named.
    let names = [Some("nowhere"), Some("others"), Some("web-1"), Some("nowhere.gw.example"), None];
    let seen: Vec<_> = names.map(|name| nothing(&mut shop.openssl(&files, name)).stderr).into();
    let plain = |told: &String| {
        told.lines().filter(|line| !line.starts_with("depth") && !line.starts_with("verify")).count()
    };
    assert!(seen.iter().all(|told| plain(told) == plain(&seen[0])), "{seen:?}");
    for (target, times) in [("nowhere", 2), ("others", 1), ("web-1", 1)] {
        assert_eq!(shop.refusals(&format!("connect to {target}")), times, "{target}");
    }
    assert_eq!(shop.refusals("TLS to no target"), 1);
    // Another person's certificate is that person's, who may not.
    nothing(&mut shop.openssl(&other, Some("cache")));
    assert_eq!(shop.refusals("connect to cache"), 1);
    assert_eq!(shop.sessions_of("cache"), Vec::<String>::new());
    // Neither way in leads there without TLS, nor do tickets.
    let mut ssh = shop.bastion.client("ssh");
    run(ssh.args(["alice+tls@cache@gateway", "true"])).refused();
    shop.bastion.desk("alice", "ticket cache --account tls").refused();
    // What a server must prove is its authority's: another one is not spoken to.
    let port = free_port();
    let strange = shop.folder.path().join("strange");
    fs::create_dir(&strange).expect("a folder");
    testkit::certify(&strange);
    let _server = redis(&strange, free_port(), port);
    shop.add("posing", "cache", port, Some(&shop.folder.path().join("ca.crt")));
    nothing(&mut shop.openssl(&files, Some("posing")));
    let session = shop.sessions_of("posing").pop().expect("a session");
    let closed = shop.bastion.until_entry("session-close", |entry| entry["session"] == *session);
    assert_eq!(closed["outcome"], "lost");
}

#[test]
fn a_connection_lasts_as_long_as_its_person_may() {
    let mut shop = Shop::start();
    let files = shop.logged_in("alice");
    // What is lent ends with the permit, while it is open.
    nothing(&mut shop.openssl(&files, Some("loan")));
    let asked =
        shop.bastion.desk("alice", "request access loan --account tls --for 1h --reason upgrade").ok();
    shop.bastion.approve(number_after("request ", &asked), "bob");
    let permit = shop.bastion.until_entry("permit", |_| true)["permit"].to_string();
    let mut lent = shop.open(&files, "loan");
    shop.bastion.desk("alice", &format!("revoke {permit}")).ok();
    lent.wait();
    nothing(&mut shop.openssl(&files, Some("loan")));
    // So does everything with the certificate, and with the person.
    let mut of_certificate = shop.open(&files, "cache");
    let listed = shop.bastion.desk("alice", "certificates").ok();
    let id = listed.lines().nth(1).and_then(|row| row.split_whitespace().next()).expect("a row").to_owned();
    shop.bastion.desk("alice", &format!("certificate revoke {id}")).ok();
    of_certificate.wait();
    nothing(&mut shop.openssl(&files, Some("cache")));
    let files = shop.logged_in("erin");
    let mut of_person = shop.open(&files, "secure");
    shop.bastion.admin(&["person", "suspend", "erin"]);
    of_person.wait();
    nothing(&mut shop.openssl(&files, Some("cache")));
    shop.bastion.admin(&["person", "resume", "erin"]);
    // Who may end any session ends it alone.
    shop.bastion.hold_ceremony();
    let files = shop.logged_in("alice");
    let mut killed = shop.open(&files, "cache");
    let session = shop.sessions_of("cache").pop().expect("a session");
    shop.bastion.desk("erin", &format!("kill {session} --reason mine")).refused();
    shop.bastion.desk("sue", &format!("kill {session} --reason 'looks wrong'")).ok();
    killed.wait();
    let closed = shop.bastion.until_entry("session-close", |entry| entry["session"] == *session);
    assert_eq!(closed["outcome"], "ended");
}

#[test]
fn a_held_connection_waits_for_its_quorum_and_goes_with_its_client() {
    let shop = Shop::start();
    let files = shop.logged_in("alice");
    let waiting = || {
        let mut client = Running::start(&mut shop.openssl(&files, Some("vault")));
        client.write(b"PING\r\n");
        let request = eventually("a request", || {
            let listed = shop.bastion.desk("bob", "requests").ok();
            listed.lines().find(|row| row.contains("vault") && row.contains("waiting")).map(str::to_owned)
        });
        let number = request.split_whitespace().next().and_then(|word| word.parse::<u64>().ok());
        (client, number.expect("a number"))
    };
    let (mut client, number) = waiting();
    shop.bastion.answer(number, "approve", "alice").refused();
    assert_eq!(client.stdout(), b"");
    shop.bastion.approve(number, "bob");
    // What it said while it waited has not been lost.
    client.until_stdout("+PONG");
    drop(client);
    // A denial, and a client that leaves.
    let (mut client, number) = waiting();
    shop.bastion.answer(number, "deny", "carol").ok();
    client.wait();
    let (mut client, number) = waiting();
    client.kill();
    shop.bastion
        .until_entry("request-end", |entry| entry["request"] == number && entry["state"] == "abandoned");
    shop.bastion.answer(number, "approve", "bob").refused();
}

#[test]
fn a_target_of_this_kind_has_one_account_and_a_name_that_certificates_cover() {
    let shop = Shop::start();
    let refused = |line: &[&str]| {
        run(shop.bastion.countersign(["admin"]).args(line)).refused();
    };
    for name in ["two.labels", "under_score", "ends-"] {
        refused(&["tls", "add", name, "--host", "127.0.0.1", "--port", "1"]);
    }
    refused(&["tls", "add", "metadata", "--host", "169.254.169.254", "--port", "80"]);
    refused(&["account", "add", "cache", "root"]);
    refused(&["account", "remove", "cache", "tls"]);
    shop.bastion.admin(&["tls", "set-authority", "cache", "--authority", &{
        shop.folder.path().join("ca.crt").to_string_lossy().into_owned()
    }]);
    let files = shop.logged_in("alice");
    shop.bastion.admin(&["target", "remove", "cache"]);
    nothing(&mut shop.openssl(&files, Some("cache")));
    assert_eq!(shop.refusals("connect to cache"), 1);
}
