//! A whole bastion on loopback: a private sshd, the road over a store in memory, a real recorder, and the gateway.

use std::collections::{BTreeMap, BTreeSet};
use std::net::{IpAddr, Ipv4Addr, TcpListener as StdListener};
use std::path::{Path, PathBuf};
use std::process::{Output, Stdio};
use std::sync::Arc;
use std::time::Duration;

use access::Road;
use access::identity::proof::Credential;
use access::identity::{HostCa, PublicKey, lockout};
use access::model::{Account, Person, PersonId, PersonKey, RememberedFactor, Service, Target, Timestamp};
use access::policy::{Level, Policies, Sources};
use access::ports::{Clock, Entropy, Store};
use access::recording::{Frame, NodeVault, Options, Reader, Recorder, SealedSegment, Sealing};
use access::road::{Parts, Settings, credential_owner};
use access::text::Language;
use access::vault::Vault;
use gateway::SshOptions;
use tempfile::TempDir;
use testkit::{MemoryJournal, MemoryStore, SeededEntropy};
use tokio::net::TcpListener;
use tokio::process::{Child, Command};
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use tokio::time::timeout;

/// No single command of a test takes longer.
pub const LIMIT: Duration = Duration::from_secs(120);

const LOOPBACK: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);

struct SystemClock;

impl Clock for SystemClock {
    #[expect(clippy::disallowed_methods, reason = "this test is the outermost layer, which owns the clock")]
    fn now(&self) -> Timestamp {
        let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
        Timestamp(since.unwrap().as_micros() as i64)
    }

    fn local(&self, at: Timestamp) -> (u16, u8) {
        ((at.seconds() / 60 % 1440) as u16, 1)
    }
}

/// A ledger for segments that only says yes.
struct Sealed;

impl Sealing for Sealed {
    fn sealed(&self, _: &SealedSegment) -> Result<(), String> {
        Ok(())
    }
}

/// The pieces of a running bastion.
pub struct Bastion {
    pub dir: TempDir,
    pub port: u16,
    pub store: Arc<MemoryStore>,
    pub journal: Arc<MemoryJournal>,
    target_port: u16,
    sshd: Child,
    stop: Option<oneshot::Sender<()>>,
    serving: Option<JoinHandle<()>>,
}

impl Bastion {
    /// With the default options.
    pub async fn start() -> Self {
        Self::start_with(|_| ()).await
    }

    /// With options changed by `change`.
    pub async fn start_with(change: impl FnOnce(&mut SshOptions)) -> Self {
        Self::start_recording(recording(), change).await
    }

    /// With one more policy beside the shipped ones.
    pub async fn start_under(policy: &str, change: impl FnOnce(&mut SshOptions)) -> Self {
        Self::start_all(recording(), policy, change).await
    }

    /// With a recorder of that kind.
    pub async fn start_recording(recording: Options, change: impl FnOnce(&mut SshOptions)) -> Self {
        Self::start_all(recording, "", change).await
    }

    async fn start_all(recording: Options, policy: &str, change: impl FnOnce(&mut SshOptions)) -> Self {
        let dir = tempfile::tempdir().unwrap();
        for name in ["sshd_host", "gateway_host", "credential", "alice", "bob", "carol", "stranger"] {
            keygen(dir.path(), name).await;
        }
        let target_port = free_port();
        let sshd = start_sshd(dir.path(), target_port).await;
        let (store, journal) = (Arc::<MemoryStore>::default(), Arc::<MemoryJournal>::default());
        let road = road(dir.path(), recording, policies(policy), store.clone(), journal.clone());
        populate(dir.path(), &*store, target_port).await;
        let ca = Arc::new(HostCa::generate(&mut |bytes| bytes.fill(9)).unwrap());
        let trusted = ca.known_hosts_line("*").unwrap();
        let key = read(dir.path(), "gateway_host");
        let mut options =
            SshOptions::new(russh::keys::PrivateKey::from_openssh(key).unwrap(), ca, dir.path().into());
        change(&mut options);
        let listener = TcpListener::bind((LOOPBACK, 0)).await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let own = read(dir.path(), "gateway_host.pub");
        std::fs::write(dir.path().join("known_hosts"), format!("[127.0.0.1]:{port} {own}\n{trusted}\n"))
            .unwrap();
        let (stop, stopped) = oneshot::channel::<()>();
        let shutdown = async { drop(stopped.await) };
        let serving = tokio::spawn(async move {
            gateway::serve(road, options, listener, shutdown).await.unwrap();
        });
        let (stop, serving) = (Some(stop), Some(serving));
        Self { dir, port, store, journal, target_port, sshd, stop, serving }
    }

    /// `ssh` to the gateway as `user`, with alice's key.
    pub fn ssh(&self, user: &str) -> Command {
        self.ssh_with_key("alice", user)
    }

    /// `ssh` to the gateway as `user` with somebody's key.
    pub fn ssh_with_key(&self, key: &str, user: &str) -> Command {
        let mut command = self.client("ssh", key);
        command.args(["-p", &self.port.to_string(), "-l", user, "127.0.0.1"]);
        command
    }

    /// The code that everybody's second factor shows now.
    pub fn code() -> String {
        let secret = access::identity::totp::Secret::from_bytes(&[7; 20]).unwrap();
        secret.code_at(SystemClock.now().seconds()).to_string()
    }

    /// `ssh` to the target itself, for comparison.
    pub fn direct(&self) -> Command {
        let mut command = Command::new("ssh");
        command.args([
            "-F",
            "/dev/null",
            "-o",
            "StrictHostKeyChecking=no",
            "-o",
            "UserKnownHostsFile=/dev/null",
        ]);
        command
            .args(["-o", "BatchMode=yes", "-o", "LogLevel=ERROR", "-i"])
            .arg(self.dir.path().join("credential"));
        command.args(["-p", &self.target_port.to_string(), "-l", &account(), "127.0.0.1"]);
        command
    }

    /// An OpenSSH program with the options that keep it inside this test.
    pub fn client(&self, program: &str, key: &str) -> Command {
        let mut command = Command::new(program);
        command.args(["-F", "/dev/null", "-i"]).arg(self.dir.path().join(key));
        for option in self.client_options() {
            command.args(["-o", &option]);
        }
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).kill_on_drop(true);
        command.env_remove("SSH_AUTH_SOCK");
        command
    }

    pub fn client_options(&self) -> Vec<String> {
        let hosts = self.dir.path().join("known_hosts");
        vec![
            format!("UserKnownHostsFile={}", hosts.display()),
            "GlobalKnownHostsFile=/dev/null".into(),
            "StrictHostKeyChecking=yes".into(),
            "IdentitiesOnly=yes".into(),
            "BatchMode=yes".into(),
            "ConnectTimeout=20".into(),
            "LogLevel=INFO".into(),
        ]
    }

    /// Runs one command on the recorded target.
    pub async fn run(&self, command: &str) -> Output {
        output(self.ssh(&self.web()).arg(command)).await
    }

    /// The user name for the recorded target.
    pub fn web(&self) -> String {
        format!("alice+{}@web-1", account())
    }

    /// The user name for the command-gated target.
    pub fn gated(&self) -> String {
        format!("alice+{}@db-1", account())
    }

    /// Opens a master connection; other clients use it with `-S`.
    pub async fn master(&self, user: &str) -> (Child, PathBuf) {
        let socket = self.dir.path().join("master");
        let mut command = self.client("ssh", "alice");
        command.args(["-M", "-N", "-S"]).arg(&socket);
        command.args(["-p", &self.port.to_string(), "-l", user, "127.0.0.1"]);
        let child = command.spawn().unwrap();
        eventually("the master's socket", || socket.exists()).await;
        (child, socket)
    }

    /// `ssh` over a master's socket.
    pub fn over(&self, socket: &Path) -> Command {
        let mut command = Command::new("ssh");
        command.args(["-F", "/dev/null", "-S"]).arg(socket).arg("127.0.0.1");
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).kill_on_drop(true);
        command
    }

    /// Connections that the target's sshd serves now.
    pub fn target_connections(&self) -> usize {
        let port = format!("{:04X}", self.target_port);
        let table = std::fs::read_to_string("/proc/net/tcp").unwrap();
        let established = |line: &&str| {
            let fields: Vec<_> = line.split_whitespace().collect();
            fields.len() > 3 && fields[1].ends_with(&port) && fields[3] == "01"
        };
        table.lines().filter(established).count()
    }

    /// Commands, shells and subsystems that the target's sshd has started so far.
    pub fn target_starts(&self) -> usize {
        let log = std::fs::read_to_string(self.dir.path().join("sshd.log")).unwrap();
        log.lines().filter(|line| line.starts_with("Starting session:")).count()
    }

    /// Points the recorded target at another port or host key.
    pub async fn move_target(&self, change: impl FnOnce(&mut Target)) {
        let mut target = self.store.target("web-1").await.unwrap().unwrap();
        change(&mut target);
        self.store.set_target(&target).await.unwrap();
    }

    /// The ledger's entries as text, one a line.
    pub fn ledger(&self) -> String {
        self.journal.entries().iter().map(|entry| format!("{entry:?}\n")).collect()
    }

    /// Every frame of every recording; the gateway must have stopped.
    pub fn frames(&self) -> Vec<Frame> {
        let recordings = self.dir.path().join("recordings");
        let random: access::recording::Random = Arc::new(|bytes: &mut [u8]| bytes.fill(0));
        let vault = NodeVault::new(&[3; 32], random);
        let sessions = access::recording::sessions_on_disk(&recordings).unwrap();
        let frames = |session| Reader::open(&recordings, &session, &vault).unwrap().map(Result::unwrap);
        sessions.into_iter().flat_map(frames).collect()
    }

    /// Stops the gateway in order.
    pub async fn stop(&mut self) {
        drop(self.stop.take());
        if let Some(serving) = self.serving.take() {
            timeout(LIMIT, serving).await.unwrap().unwrap();
        }
    }
}

impl Drop for Bastion {
    fn drop(&mut self) {
        let _ = self.sshd.start_kill();
    }
}

/// A test ends by removing its folder: what is still being closed then must not be waited for.
fn recording() -> Options {
    Options { patience: Duration::from_millis(500), ..Options::default() }
}

/// The account on the target: whoever runs the test.
pub fn account() -> String {
    std::env::var("USER").unwrap_or_else(|_| "root".into())
}

/// Runs to the end, within the limit.
pub async fn output(command: &mut Command) -> Output {
    timeout(LIMIT, command.output()).await.expect("the command hangs").unwrap()
}

/// Runs `sh -c` with `"$@"` being the command.
pub fn piped(script: &str, command: &Command) -> Command {
    let inner = command.as_std();
    let mut shell = Command::new("bash");
    shell.args(["-c", script, "test"]).arg(inner.get_program()).args(inner.get_args());
    shell.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).kill_on_drop(true);
    shell
}

pub fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// Waits until something is so.
pub async fn eventually(what: &str, so: impl Fn() -> bool) {
    for _ in 0..300 {
        if so() {
            return;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("not within 15 s: {what}");
}

/// This process's resident memory, bytes: gateway and harness.
pub fn resident() -> usize {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find(|line| line.starts_with("VmRSS:")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse::<usize>().unwrap() * 1024
}

async fn keygen(dir: &Path, name: &str) {
    let mut command = Command::new("ssh-keygen");
    command.args(["-q", "-t", "ed25519", "-N", "", "-C", name, "-f"]).arg(dir.join(name));
    assert!(command.status().await.unwrap().success());
}

fn read(dir: &Path, name: &str) -> String {
    std::fs::read_to_string(dir.join(name)).unwrap().trim_end().to_owned() + "\n"
}

pub fn free_port() -> u16 {
    StdListener::bind((LOOPBACK, 0)).unwrap().local_addr().unwrap().port()
}

async fn start_sshd(dir: &Path, port: u16) -> Child {
    let _ = std::fs::create_dir_all("/run/sshd");
    std::fs::copy(dir.join("credential.pub"), dir.join("authorized_keys")).unwrap();
    let at = |name: &str| dir.join(name).display().to_string();
    let config = format!(
        "ListenAddress 127.0.0.1\nPort {port}\nHostKey {}\nAuthorizedKeysFile {}\nPidFile {}\nUsePAM no\n\
         StrictModes no\nLogLevel VERBOSE\nPrintMotd no\nPrintLastLog no\nPermitRootLogin yes\nAcceptEnv LANG LC_* NO_COLOR\n\
         Subsystem sftp internal-sftp\n",
        at("sshd_host"),
        at("authorized_keys"),
        at("sshd.pid"),
    );
    std::fs::write(dir.join("sshd_config"), config).unwrap();
    let mut command = Command::new("/usr/sbin/sshd");
    command.args(["-D", "-e", "-f"]).arg(dir.join("sshd_config"));
    let log = std::fs::File::create(dir.join("sshd.log")).unwrap();
    let child = command.stdin(Stdio::null()).stderr(log).kill_on_drop(true).spawn().unwrap();
    eventually("sshd listens", || std::net::TcpStream::connect((LOOPBACK, port)).is_ok()).await;
    child
}

fn road(
    dir: &Path,
    options: Options,
    policies: Policies,
    store: Arc<MemoryStore>,
    journal: Arc<MemoryJournal>,
) -> Road {
    let entropy = Arc::new(SeededEntropy::new(1));
    let random = entropy.clone();
    let fill: access::recording::Random = Arc::new(move |bytes: &mut [u8]| random.fill(bytes));
    let keys = Arc::new(NodeVault::new(&[3; 32], fill.clone()));
    let recordings = dir.join("recordings");
    std::fs::create_dir(&recordings).unwrap();
    let opened = Recorder::open(&recordings, options, keys, Arc::new(Sealed), &|_| None, fill).unwrap();
    let parts = Parts {
        store,
        archive: journal.clone(),
        journal,
        register: Arc::default(),
        recorder: Arc::new(opened.0),
        clock: Arc::new(SystemClock),
        entropy,
        vault: vault(),
        client_certificates: None,
        settings: Settings {
            language: Language::English,
            remember_seconds: 3600,
            enrolment_seconds: 24 * 3600,
            grace_seconds: 300,
            lockout: lockout::Limits::PERSON,
            node_salt: [4; 16],
            receivers: vec![],
            consent: None,
            devices: Default::default(),
        },
    };
    Road::new(parts, policies)
}

fn vault() -> Vault {
    Vault::new(&[5; 32]).unwrap()
}

fn policies(more: &str) -> Policies {
    let shipped = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../config/policies");
    let named = |name: &str| (name.to_owned(), std::fs::read_to_string(shipped.join(name)).unwrap());
    let sources = Sources {
        policies: vec![
            named("production.cedar"),
            named("command-gated.cedar"),
            ("more.cedar".into(), more.into()),
        ],
        schema: named("schema.cedarschema"),
        quorums: named("quorums.toml"),
        areas: named("areas.toml"),
        commands: vec![],
    };
    Policies::parse(&sources).unwrap()
}

async fn populate(dir: &Path, store: &dyn Store, port: u16) {
    for name in ["alice", "bob", "carol"] {
        add_person(dir, store, name).await;
    }
    for (name, level) in [("web-1", Level::Recorded), ("db-1", Level::CommandGated)] {
        let host_key = read(dir, "sshd_host.pub");
        let host_key = host_key.split_whitespace().take(2).collect::<Vec<_>>().join(" ");
        let labels = BTreeMap::from([("env".into(), "prod".into())]);
        let target = Target {
            name: name.into(),
            host: "127.0.0.1".into(),
            port,
            labels,
            level,
            service: Service::Ssh { host_key },
        };
        store.add_target(&target).await.unwrap();
        let secret = std::fs::read(dir.join("credential")).unwrap();
        let owner = credential_owner(name, &account());
        let credential = vault().seal("credential", &owner, &secret, &SeededEntropy::new(2)).unwrap();
        store
            .put_account(&Account { target: name.into(), login: account(), credential, reader: None })
            .await
            .unwrap();
    }
}

async fn add_person(dir: &Path, store: &dyn Store, name: &str) {
    let id = PersonId(format!("p-{name}"));
    let groups = if name == "alice" { ["ops"] } else { ["dba-leads"] };
    let seed = vault().seal("totp", &id.0, &[7; 20], &SeededEntropy::new(3)).unwrap();
    let person = Person {
        id: id.clone(),
        name: name.into(),
        groups: BTreeSet::from(groups.map(str::to_owned)),
        team: None,
        expires: None,
        suspended: false,
        password: None,
        totp: Some(seed),
        totp_last_step: None,
        salt: [6; 16],
    };
    store.add_person(&person).await.unwrap();
    let line = read(dir, &format!("{name}.pub")).trim_end().to_owned();
    let fingerprint = PublicKey::parse(&line).unwrap().fingerprint().clone();
    let key = PersonKey {
        person: id.clone(),
        fingerprint: fingerprint.as_str().into(),
        line,
        enrolled_at: 0,
        device: None,
        expires: None,
        last_used: None,
    };
    store.add_key(&key).await.unwrap();
    let (passed, first) = (SystemClock.now(), Credential::Key(fingerprint).to_string());
    store.remember(&RememberedFactor { person: id, first, source: LOOPBACK, passed }).await.unwrap();
}
