//! `countersign demo`: a complete example with real parts, on loopback, until Ctrl-C.

mod administrators;
mod clients;
mod database;
mod host;
mod people;
mod port;
mod ready;
mod tour;

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use access::administer::{Change, Secret};
use access::road::Road;
use anyhow::{Context as _, Result};
use ssh_key::LineEnding;
use tokio::net::TcpListener;

use crate::cli::Demo;
use crate::commands::doors::Doors;
use crate::commands::{init, serve};
use crate::config::Config;
use crate::node::Node;
use crate::secrets;
use crate::surroundings;
use clients::Entrances;
use database::DemoDatabase;
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
        make_node(folder.path(), address)?;
    }
    let config = configuration(folder.path(), address)?;
    let doors = Doors::beside(listener, &config).await?;
    let entrances = Entrances::of(&doors)?;
    let host = folder.path().join("host");
    let (host, postgres, mariadb) = tokio::try_join!(
        DemoHost::start(&host),
        DemoDatabase::start(&database::POSTGRES, folder.path()),
        DemoDatabase::start(&database::MARIADB, folder.path()),
    )?;
    let databases = [postgres, mariadb];
    let node = Node::open(&config).await?;
    if fresh {
        furnish(&node.road, folder.path(), &host, &databases).await?;
    }
    if !node.road.register().ceremony_held() {
        administrators::hold_ceremony(&node.road, &config, folder.path()).await?;
    }
    clients::write(folder.path(), &config, &entrances)?;
    let people = people::read(folder.path())?;
    let administrators = administrators::read(folder.path())?;
    tour::print(folder.path(), &config, &host, folder.is_removed());
    if let Some(file) = &options.ready_file {
        let facts =
            Facts { folder: folder.path(), config: &config, people, administrators, host: &host, entrances };
        ready::write(file, &facts)?;
    }
    serve::run(node, &config, doors, stop).await
}

/// A node as `init` makes it, which lets clients of databases in.
fn make_node(folder: &Path, address: SocketAddr) -> Result<()> {
    init::init(folder, address, "countersign.example/demo")?;
    let file = folder.join("countersign.toml");
    let shipped = std::fs::read_to_string(&file)?;
    let opened = shipped
        .replace("# postgres = \"0.0.0.0:5432\"", "postgres = \"127.0.0.1:0\"")
        .replace("# mysql = \"0.0.0.0:3306\"", "mysql = \"127.0.0.1:0\"");
    std::fs::write(file, opened)?;
    leave_out(&folder.join("policies"))
}

/// Rules that a demo at any hour, with keys in files, would not pass. The tour says that they are missing.
fn leave_out(policies: &Path) -> Result<()> {
    for name in ["office-hours", "devices"] {
        std::fs::remove_file(policies.join(name).with_extension("cedar"))?;
        std::fs::remove_file(policies.join("cases").join(name).with_extension("toml"))?;
    }
    Ok(())
}

fn configuration(folder: &Path, address: SocketAddr) -> Result<Config> {
    let mut config = Config::read(&folder.join("countersign.toml"))?;
    config.listen = address;
    // Whoever ends a demo does not want to wait for its sessions.
    config.ssh.drain = 1;
    if let Some(door) = &mut config.databases {
        door.drain = 1;
    }
    // Its people are made up.
    config.consent = None;
    Ok(config)
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
async fn furnish(road: &Road, folder: &Path, host: &DemoHost, databases: &[DemoDatabase]) -> Result<()> {
    people::enrol(road, folder).await?;
    let credential =
        access::identity::hostca::ed25519_key(&mut surroundings::fill, "countersign credential")?;
    host.authorize(&credential.public_key().to_openssh()?)?;
    let private_key = Secret(credential.to_openssh(LineEnding::LF)?);
    for (name, tier, level) in TARGETS {
        let change = Change::TargetAdd {
            name: name.to_owned(),
            host: "127.0.0.1".to_owned(),
            port: host.port(),
            labels: labels(tier),
            level: level.to_owned(),
            host_key: host.public_key().to_owned(),
        };
        road.administer(BY, &change).await?;
        let (target, login) = (name.to_owned(), host.login().to_owned());
        let (private_key, password) = (private_key.clone(), Secret::default());
        road.administer(BY, &Change::AccountAdd { target, login, private_key, password }).await?;
    }
    for database in databases {
        add_database(road, database).await?;
    }
    Ok(())
}

async fn add_database(road: &Road, database: &DemoDatabase) -> Result<()> {
    let change = Change::DatabaseAdd {
        name: database.example.name.to_owned(),
        host: "127.0.0.1".to_owned(),
        port: database.port(),
        labels: labels("core-data"),
        protocol: database.example.protocol.as_str().to_owned(),
        database: database::DATABASE.to_owned(),
        authority: database.authority()?,
    };
    road.administer(BY, &change).await?;
    for login in database::ACCOUNTS {
        let password = Secret(database.password(login)?);
        let (target, login) = (database.example.name.to_owned(), login.to_owned());
        let private_key = Secret::default();
        road.administer(BY, &Change::AccountAdd { target, login, private_key, password }).await?;
    }
    Ok(())
}

fn labels(tier: &str) -> BTreeMap<String, String> {
    [("env", "prod"), ("tier", tier)].map(|(key, value)| (key.to_owned(), value.to_owned())).into()
}
