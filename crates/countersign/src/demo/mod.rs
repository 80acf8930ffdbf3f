//! `countersign demo`: a complete example with real parts, on loopback, until Ctrl-C.

mod administrators;
mod host;
mod people;
mod ready;
mod tour;

use std::path::{Path, PathBuf};

use access::administer::{Change, Secret};
use access::road::Road;
use anyhow::{Context as _, Result};
use ssh_key::LineEnding;
use tokio::net::TcpListener;

use crate::cli::Demo;
use crate::commands::doors::Doors;
use crate::commands::{init, serve, ssh_config};
use crate::config::Config;
use crate::node::Node;
use crate::secrets;
use crate::surroundings;
use host::DemoHost;
use ready::Facts;

/// Who signs the demo's administrative entries.
const BY: &str = "demo";

/// The demo's targets: one host under two policies.
pub(crate) const TARGETS: [(&str, &str, &str); 2] =
    [("web-1", "app", "recorded"), ("db-1", "core-data", "command-gated")];

/// Runs the demo.
pub async fn demo(options: Demo) -> Result<()> {
    let stop = serve::Stop::listen()?;
    let folder = Folder::choose(&options)?;
    let listener = TcpListener::bind(("127.0.0.1", options.ssh_port.unwrap_or(0)))
        .await
        .context("the gateway's port cannot be opened; choose another with --ssh-port")?;
    let address = listener.local_addr()?;
    let fresh = !folder.path().join("countersign.toml").exists();
    if fresh {
        init::init(folder.path(), address, "countersign.example/demo")?;
        leave_out(&folder.path().join("policies"))?;
    }
    let mut config = Config::read(&folder.path().join("countersign.toml"))?;
    config.listen = address;
    // Whoever ends a demo does not want to wait for its sessions.
    config.ssh.drain = 1;
    // Its people are made up.
    config.consent = None;
    let host = DemoHost::start(&folder.path().join("host")).await?;
    let node = Node::open(&config).await?;
    if fresh {
        furnish(&node.road, folder.path(), &host).await?;
    }
    if !node.road.register().ceremony_held() {
        administrators::hold_ceremony(&node.road, &config, folder.path()).await?;
    }
    write_client_files(folder.path(), &config)?;
    let people = people::read(folder.path())?;
    let administrators = administrators::read(folder.path())?;
    tour::print(folder.path(), &config, &host, folder.is_removed());
    if let Some(file) = &options.ready_file {
        let facts = Facts { folder: folder.path(), config: &config, people, administrators, host: &host };
        ready::write(file, &facts)?;
    }
    let doors = Doors::beside(listener, &config).await?;
    serve::run(node, &config, doors, stop).await
}

/// Rules that a demo at any hour, with keys in files, would not pass. The tour says that they are missing.
fn leave_out(policies: &Path) -> Result<()> {
    for name in ["office-hours", "devices"] {
        std::fs::remove_file(policies.join(name).with_extension("cedar"))?;
        std::fs::remove_file(policies.join("cases").join(name).with_extension("toml"))?;
    }
    Ok(())
}

/// Where everything lies; a temporary folder goes away with this value.
enum Folder {
    Given(PathBuf),
    Temporary(tempfile::TempDir),
}

impl Folder {
    fn choose(options: &Demo) -> Result<Self> {
        if let Some(dir) = &options.data {
            secrets::folder(dir)?;
            return Ok(Self::Given(std::path::absolute(dir)?));
        }
        let made = tempfile::Builder::new().prefix("countersign-").tempdir()?;
        Ok(if options.keep { Self::Given(made.keep()) } else { Self::Temporary(made) })
    }

    fn path(&self) -> &Path {
        match self {
            Self::Given(path) => path,
            Self::Temporary(dir) => dir.path(),
        }
    }

    fn is_removed(&self) -> bool {
        matches!(self, Self::Temporary(_))
    }
}

/// People, targets and accounts, each through the same changes that an administrator would make.
async fn furnish(road: &Road, folder: &Path, host: &DemoHost) -> Result<()> {
    people::enrol(road, folder).await?;
    let credential =
        access::identity::hostca::ed25519_key(&mut surroundings::fill, "countersign credential")?;
    host.authorize(&credential.public_key().to_openssh()?)?;
    let private_key = Secret(credential.to_openssh(LineEnding::LF)?);
    for (name, tier, level) in TARGETS {
        let labels = [("env", "prod"), ("tier", tier)];
        let change = Change::TargetAdd {
            name: name.to_owned(),
            host: "127.0.0.1".to_owned(),
            port: host.port(),
            labels: labels.map(|(key, value)| (key.to_owned(), value.to_owned())).into(),
            level: level.to_owned(),
            host_key: host.public_key().to_owned(),
        };
        road.administer(BY, &change).await?;
        let target = name.to_owned();
        let login = host.login().to_owned();
        let private_key = private_key.clone();
        road.administer(BY, &Change::AccountAdd { target, login, private_key, password: Secret::default() })
            .await?;
    }
    Ok(())
}

/// `ssh_config` and `known_hosts` in the folder, so that every command of the tour is short.
fn write_client_files(folder: &Path, config: &Config) -> Result<()> {
    let targets = TARGETS.map(|(name, _, _)| name.to_owned());
    let lines = ssh_config::client_lines(config, "127.0.0.1", config.listen.port(), &targets)?;
    let known_hosts = folder.join("known_hosts");
    let mut text = format!("Host *\n  UserKnownHostsFile {}\n", known_hosts.display());
    text += &lines.ssh_config;
    let administrators = administrators::ADMINISTRATORS.map(|(name, _)| name);
    for name in people::NAMES.into_iter().chain(administrators) {
        let key = people::folder(folder, name).join("id_ed25519");
        text +=
            &format!("Match originalhost gateway user {name},{name}+*\n  IdentityFile {}\n", key.display());
    }
    std::fs::write(folder.join("ssh_config"), text)?;
    Ok(std::fs::write(known_hosts, lines.known_hosts)?)
}
