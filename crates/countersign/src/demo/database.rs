//! The production database of the demo: a private PostgreSQL on loopback under a user of its own. Its rows are made anew at
//! each start, and gone at its end; port, passwords and authority stay in the demo's folder.

use std::path::{Path, PathBuf};
use std::process::Stdio;

use access::blind::hex;
use anyhow::{Context as _, Result, bail};
use tokio::io::{AsyncBufReadExt as _, BufReader};
use tokio::process::{Child, Command};
use zeroize::Zeroizing;

use super::port::port;
use crate::config::DoorCertificate;
use crate::{secrets, surroundings, tls};

/// Name of the target.
pub const NAME: &str = "orders-pg";
/// Name of the database on the server.
pub const DATABASE: &str = "orders";
/// Its accounts: the owner of the tables, and one whose transactions only read.
pub const ACCOUNTS: [&str; 2] = ["orders_app", "orders_read"];

const KEEPER: &str = concat!(include_str!("servers/postgres.sh"), include_str!("servers/keep.sh"));
const SETUP: &str = include_str!("servers/orders-pg.sql");

/// The running server. It ends with this value, or with this program: its keeper reads from it.
pub struct DemoDatabase {
    folder: PathBuf,
    port: u16,
    _keeper: Child,
}

impl DemoDatabase {
    /// Starts the server with what lies in `folder`, making what is not there yet.
    pub async fn start(folder: &Path) -> Result<Self> {
        secrets::folder(folder)?;
        furnish(folder)?;
        let port = port(earlier_port(folder)).await?;
        std::fs::write(folder.join("port"), format!("{port}\n"))?;
        let mut keeper = spawn(folder, port)?;
        let answers = keeper.stdout.take().context("the server's keeper says nothing")?;
        if BufReader::new(answers).lines().next_line().await?.is_none() {
            bail!("the demo's database does not start: see above");
        }
        Ok(Self { folder: folder.to_owned(), port, _keeper: keeper })
    }

    /// The server's port on 127.0.0.1.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// The authority of its certificate, as PEM.
    pub fn authority(&self) -> Result<String> {
        Ok(std::fs::read_to_string(self.folder.join("ca.crt"))?)
    }

    /// The password of one of its accounts.
    pub fn password(&self, account: &str) -> Result<Zeroizing<String>> {
        super::people::kept(&self.folder, account)
    }
}

/// Authority, passwords and the SQL with which the server begins; and a certificate of today.
fn furnish(folder: &Path) -> Result<()> {
    let key = folder.join("ca.key");
    if !folder.join("setup.sql").exists() {
        tls::make_authority(&folder.join("ca.crt"), &key)?;
        secrets::write(&folder.join("setup.sql"), &setup(folder)?)?;
    }
    let names = vec!["127.0.0.1".to_owned()];
    let made = tls::certificate(&DoorCertificate::Own { key, names }, folder)?;
    std::fs::rename(made.chain, folder.join("server.crt"))?;
    Ok(std::fs::rename(made.key, folder.join("server.key"))?)
}

fn setup(folder: &Path) -> Result<Zeroizing<String>> {
    let mut text = Zeroizing::new(SETUP.to_owned());
    for account in ACCOUNTS {
        let password = Zeroizing::new(hex(&surroundings::random::<16>()));
        secrets::write(&folder.join(account), &password)?;
        *text = text.replace(&format!("{{{account}}}"), &password);
    }
    Ok(text)
}

fn earlier_port(folder: &Path) -> Option<u16> {
    std::fs::read_to_string(folder.join("port")).ok()?.trim().parse().ok()
}

/// A process group of its own: Ctrl-C is for this program, which then lets go of the keeper.
fn spawn(folder: &Path, port: u16) -> Result<Child> {
    Command::new("sh")
        .args(["-c", KEEPER, "keeper"])
        .arg(folder)
        .env("PGPORT", port.to_string())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .process_group(0)
        .spawn()
        .context("sh cannot be started")
}
