//! The configuration: one TOML file, read strictly. What is unknown, out of range or readable by others is refused
//! with its line.

mod databases;
mod notifications;
mod people;

use std::fmt::Display;
use std::net::SocketAddr;
use std::ops::RangeInclusive;
use std::path::{Path, PathBuf};
use std::time::Duration;

use access::identity::Devices;
use access::policy::environment;
use access::road::ConsentNotice;
use access::text::Language;
use anyhow::{Context as _, Result, anyhow};
use jiff::tz::TimeZone;
use serde::Deserialize;
use toml::Spanned;

pub use databases::{DatabaseDoor, DoorCertificate};
pub use notifications::Receiver;

use crate::secrets;
use crate::state::StatePlace;

/// The file as written, section by section.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    language: Option<Spanned<String>>,
    time_zone: Option<Spanned<String>>,
    ssh: Ssh,
    store: Spanned<Store>,
    ledger: Ledger,
    secrets: Secrets,
    policies: Policies,
    control: Control,
    #[serde(default)]
    authentication: Authentication,
    #[serde(default)]
    recording: Recording,
    #[serde(default)]
    notifications: notifications::Notifications,
    #[serde(default)]
    consent: people::Consent,
    #[serde(default)]
    devices: people::Trusted,
    databases: Option<Spanned<databases::Databases>>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Ssh {
    listen: Spanned<SocketAddr>,
    host_key: Spanned<PathBuf>,
    host_ca: Spanned<PathBuf>,
    spool: Spanned<PathBuf>,
    login_grace_seconds: Option<Spanned<u64>>,
    max_startups: Option<Spanned<u64>>,
    max_connections: Option<Spanned<u64>>,
    max_channels: Option<Spanned<u64>>,
    max_forwards: Option<Spanned<u64>>,
    #[serde(default)]
    environment: Vec<Spanned<String>>,
    idle_minutes: Option<Spanned<u64>>,
    drain_seconds: Option<Spanned<u64>>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Store {
    sqlite: Option<Spanned<PathBuf>>,
    postgres_url_file: Option<Spanned<PathBuf>>,
    grace_seconds: Option<Spanned<u64>>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Ledger {
    dir: Spanned<PathBuf>,
    name: Spanned<String>,
    key: Spanned<PathBuf>,
    compare_seconds: Option<Spanned<u64>>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Secrets {
    node_key: Spanned<PathBuf>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Policies {
    dir: Spanned<PathBuf>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Control {
    socket: Spanned<PathBuf>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Authentication {
    remember_code_minutes: Option<Spanned<u64>>,
    enrolment_code_minutes: Option<Spanned<u64>>,
    lock_after_failures: Option<Spanned<u64>>,
    lock_minutes: Option<Spanned<u64>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Recording {
    segment_kib: Option<Spanned<u64>>,
    segment_seconds: Option<Spanned<u64>>,
    patience_seconds: Option<Spanned<u64>>,
}

/// The configuration, checked.
#[derive(Debug)]
pub struct Config {
    /// Language of what people read.
    pub language: Language,
    /// Zone of hours and weekdays in policies.
    pub zone: TimeZone,
    /// Where SSH is served.
    pub listen: SocketAddr,
    /// The gateway's host key file.
    pub host_key: PathBuf,
    /// The host CA's key file.
    pub host_ca: PathBuf,
    /// Folder of the spool files.
    pub spool: PathBuf,
    /// SSH numbers.
    pub ssh: SshNumbers,
    /// Environment variables that may cross besides the harmless ones.
    pub environment: Vec<String>,
    /// The database.
    pub store: StatePlace,
    /// The ledger's folder; recordings lie in it too.
    pub ledger: PathBuf,
    /// The ledger's name in its checkpoints.
    pub ledger_name: String,
    /// The ledger's signing key file.
    pub ledger_key: PathBuf,
    /// How often the database is compared with the ledger.
    pub compare: Duration,
    /// The file of the key that seals secrets and wraps data keys.
    pub node_key: PathBuf,
    /// Folder of the policies.
    pub policies: PathBuf,
    /// Socket for `countersign admin`.
    pub control: PathBuf,
    /// How long a passed code is remembered, seconds.
    pub remember_seconds: u64,
    /// How long a code for enrolment can be used, seconds.
    pub enrolment_seconds: u64,
    /// How long sessions go on while the database does not answer, seconds.
    pub grace_seconds: u64,
    /// Failures after which a name is locked.
    pub lock_after: u32,
    /// How long, seconds.
    pub lock_seconds: u64,
    /// The notice that everybody has to accept, if there is one.
    pub consent: Option<ConsentNotice>,
    /// Who is trusted to say that a key is bound to a device.
    pub devices: Devices,
    /// Bytes of a segment.
    pub segment_bytes: usize,
    /// Age of a segment, seconds.
    pub segment_seconds: u64,
    /// How long a recorder that cannot write is waited for, seconds.
    pub patience_seconds: u64,
    /// Where clients of databases connect, if they can.
    pub databases: Option<DatabaseDoor>,
    /// Who is told what happens.
    pub receivers: Vec<Receiver>,
}

/// Limits of the SSH door.
#[derive(Debug)]
pub struct SshNumbers {
    /// Seconds to log in.
    pub login_grace: u64,
    /// Connections that log in at once.
    pub max_startups: usize,
    /// Connections at once.
    pub max_connections: usize,
    /// Channels of one connection.
    pub max_channels: usize,
    /// Forwarded channels of one session.
    pub max_forwards: usize,
    /// Seconds of silence after which a terminal ends.
    pub idle: u64,
    /// Seconds that running sessions have when the gateway is told to stop.
    pub drain: u64,
}

impl Config {
    /// Reads the file and checks every value, and that no secret it names can be read by others.
    pub fn read(path: &Path) -> Result<Self> {
        reading(path, |reader, file| reader.check(file))
    }
}

/// What judging without a gateway needs of the configuration. Secrets are not looked at, so whoever may read the
/// policies can use it.
#[derive(Debug)]
pub struct Offline {
    /// Language of what people read.
    pub language: Language,
    /// Zone of hours and weekdays in policies.
    pub zone: TimeZone,
    /// The database.
    pub store: StatePlace,
    /// Folder of the policies.
    pub policies: PathBuf,
}

impl Offline {
    /// Reads the file and checks the values that it returns.
    pub fn read(path: &Path) -> Result<Self> {
        reading(path, |reader, file| {
            Ok(Self {
                language: reader.language(file.language.as_ref())?,
                zone: reader.zone(file.time_zone.as_ref())?,
                store: reader.state(&file.store)?,
                policies: reader.place(&file.policies.dir),
            })
        })
    }
}

fn reading<T>(path: &Path, check: impl FnOnce(&Reader, &File) -> Result<T>) -> Result<T> {
    let text = std::fs::read_to_string(path)
        .with_context(|| format!("cannot read the configuration {}", path.display()))?;
    let file: File = toml::from_str(&text).map_err(|fault| anyhow!("{}: {fault}", path.display()))?;
    let folder = path.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."));
    check(&Reader { path, text: &text, folder: std::path::absolute(folder)? }, &file)
}

struct Reader<'a> {
    path: &'a Path,
    text: &'a str,
    folder: PathBuf,
}

impl Reader<'_> {
    fn check(&self, file: &File) -> Result<Config> {
        let File { ssh, authentication, recording, .. } = file;
        Ok(Config {
            language: self.language(file.language.as_ref())?,
            zone: self.zone(file.time_zone.as_ref())?,
            listen: *ssh.listen.get_ref(),
            host_key: self.secret(&ssh.host_key)?,
            host_ca: self.secret(&ssh.host_ca)?,
            spool: self.place(&ssh.spool),
            ssh: self.numbers(ssh)?,
            environment: ssh.environment.iter().map(|name| self.variable(name)).collect::<Result<_>>()?,
            store: self.private_state(&file.store)?,
            ledger: self.place(&file.ledger.dir),
            ledger_name: file.ledger.name.get_ref().clone(),
            ledger_key: self.secret(&file.ledger.key)?,
            compare: Duration::from_secs(self.number(&file.ledger.compare_seconds, 60, 1..=3600)?),
            node_key: self.secret(&file.secrets.node_key)?,
            policies: self.place(&file.policies.dir),
            control: self.place(&file.control.socket),
            grace_seconds: self.number(&file.store.get_ref().grace_seconds, 300, 0..=86_400)?,
            remember_seconds: 60 * self.number(&authentication.remember_code_minutes, 480, 0..=1440)?,
            enrolment_seconds: 60 * self.number(&authentication.enrolment_code_minutes, 1440, 1..=10_080)?,
            lock_after: u32::try_from(self.number(&authentication.lock_after_failures, 10, 4..=100)?)?,
            lock_seconds: 60 * self.number(&authentication.lock_minutes, 15, 1..=1440)?,
            segment_bytes: usize::try_from(self.number(&recording.segment_kib, 256, 16..=4096)? << 10)?,
            segment_seconds: self.number(&recording.segment_seconds, 10, 1..=60)?,
            patience_seconds: self.number(&recording.patience_seconds, 10, 0..=60)?,
            receivers: self.receivers(&file.notifications)?,
            consent: self.consent(&file.consent)?,
            devices: self.devices(&file.devices)?,
            databases: self.databases(file.databases.as_ref())?,
        })
    }

    fn numbers(&self, ssh: &Ssh) -> Result<SshNumbers> {
        Ok(SshNumbers {
            login_grace: self.number(&ssh.login_grace_seconds, 60, 5..=600)?,
            max_startups: self.count(&ssh.max_startups, 64, 1..=10_000)?,
            max_connections: self.count(&ssh.max_connections, 4096, 1..=100_000)?,
            max_channels: self.count(&ssh.max_channels, 64, 1..=1000)?,
            max_forwards: self.count(&ssh.max_forwards, 32, 0..=1000)?,
            idle: 60 * self.number(&ssh.idle_minutes, 15, 1..=1440)?,
            drain: self.number(&ssh.drain_seconds, 30, 0..=3600)?,
        })
    }

    /// A variable's name or `APP_*`, if such a variable could ever cross.
    fn variable(&self, pattern: &Spanned<String>) -> Result<String> {
        let text = pattern.get_ref();
        let (like, ours) = (text.replace('*', "X"), [text.clone()]);
        if environment::is_permitted(&like, "x", &ours) {
            return Ok(text.clone());
        }
        Err(self.wrong(
            pattern,
            format!("environment: {text:?} can never cross: write a name or APP_*, and none that could change what runs"),
        ))
    }

    fn language(&self, word: Option<&Spanned<String>>) -> Result<Language> {
        let Some(word) = word else { return Ok(Language::English) };
        Language::parse(word.get_ref())
            .ok_or_else(|| self.wrong(word, format!("language {:?} is not en or zh-CN", word.get_ref())))
    }

    fn zone(&self, name: Option<&Spanned<String>>) -> Result<TimeZone> {
        let Some(name) = name else { return Ok(TimeZone::UTC) };
        TimeZone::get(name.get_ref()).map_err(|fault| self.wrong(name, format!("time_zone: {fault}")))
    }

    fn count(&self, value: &Option<Spanned<u64>>, default: u64, range: RangeInclusive<u64>) -> Result<usize> {
        Ok(usize::try_from(self.number(value, default, range)?)?)
    }

    fn number(&self, value: &Option<Spanned<u64>>, default: u64, range: RangeInclusive<u64>) -> Result<u64> {
        let Some(value) = value else { return Ok(default) };
        let number = *value.get_ref();
        if range.contains(&number) {
            return Ok(number);
        }
        let (low, high) = range.into_inner();
        Err(self.wrong(value, format!("{number} is out of range: from {low} to {high}")))
    }

    /// A path, relative to the configuration's folder.
    fn place(&self, path: &Spanned<PathBuf>) -> PathBuf {
        self.folder.join(path.get_ref())
    }

    /// Exactly one database.
    fn state(&self, section: &Spanned<Store>) -> Result<StatePlace> {
        let Store { sqlite, postgres_url_file, .. } = section.get_ref();
        match (sqlite, postgres_url_file) {
            (Some(file), None) => Ok(StatePlace::Sqlite(self.place(file))),
            (None, Some(file)) => Ok(StatePlace::Postgres(self.place(file))),
            (Some(_), Some(second)) => {
                Err(self.wrong(second, "[store] takes either sqlite or postgres_url_file, not both"))
            }
            (None, None) => Err(self.wrong(section, "[store] needs sqlite or postgres_url_file")),
        }
    }

    /// The same, and nobody else can read the URL.
    fn private_state(&self, section: &Spanned<Store>) -> Result<StatePlace> {
        section.get_ref().postgres_url_file.as_ref().map(|file| self.secret(file)).transpose()?;
        self.state(section)
    }

    fn secret(&self, path: &Spanned<PathBuf>) -> Result<PathBuf> {
        let place = self.place(path);
        secrets::check_private(&place).map_err(|fault| self.wrong(path, fault))?;
        Ok(place)
    }

    fn wrong<T>(&self, value: &Spanned<T>, what: impl Display) -> anyhow::Error {
        let before = self.text.get(..value.span().start).unwrap_or_default();
        let line = before.matches('\n').count() + 1;
        anyhow!("{}: line {line}: {what}", self.path.display())
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::commands::init::{LEDGER_NAME, init};

    pub(super) fn read(change: impl FnOnce(String) -> String) -> Result<Config> {
        let folder = tempfile::tempdir()?;
        init(folder.path(), "127.0.0.1:2222".parse()?, LEDGER_NAME)?;
        let path = folder.path().join("countersign.toml");
        std::fs::write(&path, change(std::fs::read_to_string(&path)?))?;
        Config::read(&path)
    }

    pub(super) fn refusal(change: impl FnOnce(String) -> String) -> String {
        format!("{:#}", read(change).unwrap_err())
    }

    #[test]
    fn the_shipped_example_is_accepted_and_its_values_are_the_defaults() {
        let config = read(|text| text).unwrap();
        assert_eq!((config.remember_seconds, config.lock_after, config.ssh.idle), (28_800, 10, 900));
        let bare = read(|text| {
            let keep = |line: &&str| !line.contains("minutes") && !line.contains("failures");
            text.lines().filter(keep).collect::<Vec<_>>().join("\n")
        });
        assert_eq!(bare.unwrap().remember_seconds, 28_800);
    }

    #[test]
    fn the_state_lies_in_one_database() {
        let with = |lines: &str| read(|text| text.replace("sqlite = \"state.db\"", lines));
        let url = with("postgres_url_file = \"secrets/node.key\"").unwrap().store;
        assert!(matches!(&url, StatePlace::Postgres(file) if file.ends_with("secrets/node.key")), "{url:?}");
        let both = with("sqlite = \"state.db\"\npostgres_url_file = \"secrets/node.key\"").unwrap_err();
        assert!(
            format!("{both:#}").contains("line ") && format!("{both:#}").contains("not both"),
            "{both:#}"
        );
        let none = with("").unwrap_err();
        assert!(
            format!("{none:#}").contains("line ") && format!("{none:#}").contains("needs sqlite"),
            "{none:#}"
        );
        let open = format!("{:#}", with("postgres_url_file = \"countersign.toml\"").unwrap_err());
        assert!(open.contains("line ") && open.contains("chmod 600"), "{open}");
    }

    #[test]
    fn an_unknown_key_is_refused_with_its_line() {
        let told = refusal(|text| format!("surprise = 1\n{text}"));
        assert!(told.contains("line 1") && told.contains("surprise"), "{told}");
    }

    #[test]
    fn a_value_out_of_range_is_refused_with_its_line_and_range() {
        let told = refusal(|text| text.replace("idle_minutes = 15", "idle_minutes = 0"));
        assert!(told.contains("line ") && told.contains("from 1 to 1440"), "{told}");
    }

    #[test]
    fn a_secret_that_others_can_read_is_refused_with_its_line() {
        let folder = tempfile::tempdir().unwrap();
        init(folder.path(), "127.0.0.1:2222".parse().unwrap(), LEDGER_NAME).unwrap();
        let secret = folder.path().join("secrets/node.key");
        std::fs::set_permissions(&secret, std::os::unix::fs::PermissionsExt::from_mode(0o644)).unwrap();
        let told = format!("{:#}", Config::read(&folder.path().join("countersign.toml")).unwrap_err());
        assert!(told.contains("line ") && told.contains("chmod 600"), "{told}");
    }

    #[test]
    fn variables_that_can_never_cross_are_refused_with_their_line() {
        let with = |names: &str| {
            let names = names.to_owned();
            read(move |text| text.replace("environment = []", &format!("environment = [{names}]")))
        };
        assert_eq!(with(r#""APP_*", "REGION""#).unwrap().environment, ["APP_*", "REGION"]);
        for name in
            ["LD_*", "PATH", "*", "A*", "BASH_ENV", "GIT_SSH_COMMAND", "APP-*", "A_*_B", "", "PS4", "PG*"]
        {
            let told = format!("{:#}", with(&format!("{name:?}")).unwrap_err());
            assert!(told.contains("line ") && told.contains("can never cross"), "{name}: {told}");
        }
    }

    #[test]
    fn words_that_mean_nothing_are_refused() {
        let told = refusal(|text| text.replace("language = \"en\"", "language = \"fr\""));
        assert!(told.contains("line 5") && told.contains("zh-CN"), "{told}");
        let told = refusal(|text| text.replace("\"UTC\"", "\"Mars/Olympus\""));
        assert!(told.contains("line 8") && told.contains("Mars/Olympus"), "{told}");
    }
}
