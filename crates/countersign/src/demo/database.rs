//! The production databases of the demo: a private PostgreSQL and a private MariaDB on loopback under users of their own. Rows
//! are made anew at each start, and gone at its end; ports, passwords and authorities stay in the demo's folder.

use std::path::{Path, PathBuf};
use std::process::Stdio;

use access::blind::hex;
use access::model::Protocol;
use anyhow::{Context as _, Result, bail};
use tokio::io::{AsyncBufReadExt as _, BufReader};
use tokio::process::{Child, Command};
use zeroize::Zeroizing;

use super::port::port;
use crate::config::DoorCertificate;
use crate::{secrets, surroundings, tls};

/// Name of the database on each server.
pub const DATABASE: &str = "orders";
/// The accounts on each server: the owner of the tables, and one that only reads.
pub const ACCOUNTS: [&str; 2] = ["orders_app", "orders_read"];

/// Both.
pub const ALL: [&Example; 2] = [&POSTGRES, &MARIADB];

/// The one that clients of PostgreSQL reach.
pub const POSTGRES: Example = Example {
    name: "orders-pg",
    protocol: Protocol::Postgres,
    keeper: concat!(include_str!("servers/postgres.sh"), include_str!("servers/keep.sh")),
    port_variable: "PGPORT",
    setup: include_str!("servers/orders-pg.sql"),
};

/// The one that clients of MySQL reach.
pub const MARIADB: Example = Example {
    name: "orders-my",
    protocol: Protocol::Mysql,
    keeper: concat!(include_str!("servers/mariadb.sh"), include_str!("servers/keep.sh")),
    port_variable: "MYSQL_TCP_PORT",
    setup: include_str!("servers/orders-my.sql"),
};

/// What one of them is made of.
pub struct Example {
    /// Name of the target.
    pub name: &'static str,
    /// What it speaks.
    pub protocol: Protocol,
    /// The script that runs the server.
    keeper: &'static str,
    /// Where the script looks for its port.
    port_variable: &'static str,
    /// The SQL with which it begins, before passwords.
    setup: &'static str,
}

/// A running server. It ends with this value, or with this program: its keeper reads from it.
pub struct DemoDatabase {
    /// What it was made of.
    pub example: &'static Example,
    folder: PathBuf,
    port: u16,
    _keeper: Child,
}

impl DemoDatabase {
    /// Starts the server with what lies in a folder of its own inside `data`, making what is not there yet.
    pub async fn start(example: &'static Example, data: &Path) -> Result<Self> {
        let folder = data.join(example.name);
        secrets::folder(&folder)?;
        furnish(example, &folder)?;
        let port = port(earlier_port(&folder)).await?;
        std::fs::write(folder.join("port"), format!("{port}\n"))?;
        let mut keeper = spawn(example, &folder, port)?;
        let answers = keeper.stdout.take().context("the server's keeper says nothing")?;
        if BufReader::new(answers).lines().next_line().await?.is_none() {
            bail!("the demo's database {} does not start: see above", example.name);
        }
        Ok(Self { example, folder, port, _keeper: keeper })
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
fn furnish(example: &Example, folder: &Path) -> Result<()> {
    let key = folder.join("ca.key");
    if !folder.join("setup.sql").exists() {
        tls::make_authority(&folder.join("ca.crt"), &key)?;
        secrets::write(&folder.join("setup.sql"), &setup(example, folder)?)?;
    }
    let names = vec!["127.0.0.1".to_owned()];
    let made = tls::certificate(&DoorCertificate::Own { key, names }, folder)?;
    std::fs::rename(made.chain, folder.join("server.crt"))?;
    Ok(std::fs::rename(made.key, folder.join("server.key"))?)
}

fn setup(example: &Example, folder: &Path) -> Result<Zeroizing<String>> {
    let mut text = Zeroizing::new(example.setup.to_owned());
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
fn spawn(example: &Example, folder: &Path, port: u16) -> Result<Child> {
    Command::new("sh")
        .args(["-c", example.keeper, "keeper"])
        .arg(folder)
        .env(example.port_variable, port.to_string())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .process_group(0)
        .spawn()
        .context("sh cannot be started")
}
