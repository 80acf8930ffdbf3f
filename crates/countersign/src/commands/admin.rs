//! `countersign admin`: people, keys, targets and accounts, each change on the record.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Read as _;
use std::path::{Path, PathBuf};

use access::administer::{Change, Changed, Secret};
use access::identity::hostca;
use anyhow::{Context as _, Result, bail};
use clap::{Args, Subcommand};
use ssh_key::LineEnding;
use zeroize::Zeroizing;

use super::admin_lists::{list_people, list_targets};
use super::admin_tls::{self, TlsCommand};
use super::admin_values::{Held, Moment, moment};
use super::ssh_config::ssh_config;
use crate::commands::gateway::PerhapsGateway;
use crate::control::{Request, ask};
use crate::policies::policy_files;
use crate::surroundings;

/// A change, and who is asked to make it.
#[derive(Debug, Args)]
pub struct Administration {
    #[command(flatten)]
    gateway: PerhapsGateway,
    #[command(subcommand)]
    command: Admin,
}

/// What can be administered.
#[derive(Debug, Subcommand)]
pub enum Admin {
    /// People
    #[command(subcommand)]
    Person(PersonCommand),
    /// People's SSH public keys
    #[command(subcommand)]
    Key(KeyCommand),
    /// Hosts behind the gateway
    #[command(subcommand)]
    Target(TargetCommand),
    /// Databases behind the gateway
    #[command(subcommand)]
    Database(DatabaseCommand),
    /// Whatever else speaks over TCP, reached inside TLS: connections are judged and counted
    #[command(subcommand)]
    Tls(TlsCommand),
    /// Logins on targets, with the gateway's credential
    #[command(subcommand)]
    Account(AccountCommand),
    /// How long recordings are kept, what counts as unused, what day it is
    Setting {
        /// retention-days, unused-days or clock-confirmed
        name: String,
        /// Its value from now on
        value: String,
    },
    /// Keep recordings whatever their age
    Hold {
        #[command(flatten)]
        of: Held,
        /// Why
        #[arg(long)]
        reason: String,
    },
    /// End a legal hold
    Release {
        #[command(flatten)]
        of: Held,
    },
    /// Print the lines that people need in ssh_config and known_hosts
    SshConfig {
        /// Name or address under which people reach the gateway
        #[arg(long, default_value = "127.0.0.1")]
        host: String,
    },
    /// Propose the policies of a folder
    Policies {
        /// The folder
        dir: PathBuf,
    },
    /// Read the policies again in a running gateway
    ReloadPolicies,
}

/// Changes of people.
#[derive(Debug, Subcommand)]
pub enum PersonCommand {
    /// Add a person
    Add {
        /// Login name
        name: String,
        /// A group; may be repeated
        #[arg(long = "group")]
        groups: Vec<String>,
    },
    /// List people
    List,
    /// Replace a person's groups
    Groups {
        /// Login name
        name: String,
        /// All groups from now on
        groups: Vec<String>,
    },
    /// Set the password, read from standard input
    Password {
        /// Login name
        name: String,
    },
    /// Issue a one-time code, in two halves, with which the person brings a key: ssh enrol@GATEWAY
    Enrol {
        /// Login name
        name: String,
    },
    /// Take everything away that proves the person, and issue such a code
    Recover {
        /// Login name
        name: String,
    },
    /// Make a new verification seed and print it once
    Totp {
        /// Login name
        name: String,
    },
    /// Suspend: no entry, no signature counts
    Suspend {
        /// Login name
        name: String,
    },
    /// Re-admit a suspended person
    Resume {
        /// Login name
        name: String,
    },
    /// Let the account end by itself
    Expires {
        /// Login name
        name: String,
        /// When, e.g. 2027-06-30T18:00:00Z, or never
        #[arg(value_parser = moment)]
        at: Moment,
    },
}

/// Changes of keys.
#[derive(Debug, Subcommand)]
pub enum KeyCommand {
    /// Enrol a public key
    Add {
        /// Login name
        name: String,
        /// A `.pub` file
        file: PathBuf,
    },
    /// Remove a key
    Remove {
        /// Login name
        name: String,
        /// SHA256:… as `ssh-keygen -l` prints it
        fingerprint: String,
    },
    /// Let a key end by itself
    Expires {
        /// Login name
        name: String,
        /// SHA256:… as `ssh-keygen -l` prints it
        fingerprint: String,
        /// When, e.g. 2027-06-30T18:00:00Z, or never
        #[arg(value_parser = moment)]
        at: Moment,
    },
}

/// Changes of targets.
#[derive(Debug, Subcommand)]
pub enum TargetCommand {
    /// Add a target
    Add {
        /// Name in logins
        name: String,
        /// Host name or address
        #[arg(long)]
        host: String,
        /// TCP port
        #[arg(long, default_value_t = 22)]
        port: u16,
        /// A label `key=value`; may be repeated
        #[arg(long = "label")]
        labels: Vec<String>,
        /// recorded or command-gated
        #[arg(long, default_value = "command-gated")]
        level: String,
        /// File with the host's public key, checked out of band
        #[arg(long)]
        host_key: PathBuf,
    },
    /// List targets
    List,
    /// Pin another host key, after checking out of band why it changed
    SetHostKey {
        /// Name of the target
        name: String,
        /// File with the new public key
        #[arg(long)]
        host_key: PathBuf,
    },
    /// Move a target to another address; its host key stays pinned
    SetAddress {
        /// Name of the target
        name: String,
        /// Host name or address
        #[arg(long)]
        host: String,
        /// TCP port
        #[arg(long, default_value_t = 22)]
        port: u16,
    },
    /// Remove a target and its accounts
    Remove {
        /// Name of the target
        name: String,
    },
}

/// Changes of databases. They are targets: listing, moving and removing are the same.
#[derive(Debug, Subcommand)]
pub enum DatabaseCommand {
    /// Add a database
    Add {
        /// Name in logins
        name: String,
        /// Host name or address of the server, as its certificate has it
        #[arg(long)]
        host: String,
        /// TCP port
        #[arg(long, default_value_t = 5432)]
        port: u16,
        /// postgres or mysql
        #[arg(long, default_value = "postgres")]
        protocol: String,
        /// Name of the database on the server
        #[arg(long)]
        database: String,
        /// A label `key=value`; may be repeated
        #[arg(long = "label")]
        labels: Vec<String>,
        /// PEM file with the certificate authorities of the server's certificate, checked out of band
        #[arg(long)]
        authority: PathBuf,
    },
    /// Trust other certificate authorities, after checking out of band why they changed
    SetAuthority {
        /// Name of the database
        name: String,
        /// PEM file with the new authorities
        #[arg(long)]
        authority: PathBuf,
    },
}

/// Changes of accounts.
#[derive(Debug, Subcommand)]
pub enum AccountCommand {
    /// Add or replace an account
    Add {
        /// Name of the target
        target: String,
        /// Login on it
        login: String,
        /// OpenSSH private key; without it a new one is made and its public half printed
        #[arg(long, conflicts_with = "password_file")]
        private_key: Option<PathBuf>,
        /// For a database: file with the password
        #[arg(long)]
        password_file: Option<PathBuf>,
    },
    /// Let whatever only reads in a PostgreSQL database run as another account, which may do no more
    ReadAs {
        /// Name of the target
        target: String,
        /// Login on it
        login: String,
        /// Login of the other account; without it everything runs as one again
        reader: Option<String>,
    },
    /// Remove an account
    Remove {
        /// Name of the target
        target: String,
        /// Login on it
        login: String,
    },
}

/// Carries the command out.
pub async fn admin(config: &Path, Administration { gateway, command }: Administration) -> Result<()> {
    if let Some(gateway) = gateway.named() {
        print!("{}", gateway.ask("change", &serde_json::to_vec(&change(command)?)?)?);
        return Ok(());
    }
    let request = match command {
        Admin::Person(PersonCommand::List) => return list_people(config).await,
        Admin::Target(TargetCommand::List) => return list_targets(config).await,
        Admin::SshConfig { host } => return ssh_config(config, &host).await,
        Admin::ReloadPolicies => Request::ReloadPolicies,
        Admin::Account(AccountCommand::Add { target, login, private_key: None, password_file: None }) => {
            return add_new_account(config, target, login).await;
        }
        other => Request::Change(change(other)?),
    };
    show(&ask(config, request).await?);
    Ok(())
}

/// The change that a command describes. A credential that the gateway is to hold is made on its host, or read from a file.
fn change(command: Admin) -> Result<Change> {
    match command {
        Admin::Person(command) => person(command),
        Admin::Key(command) => key(command),
        Admin::Target(command) => target(command),
        Admin::Setting { name, value } => Ok(Change::SettingSet { name, value }),
        Admin::Hold { of, reason } => of.held(reason),
        Admin::Release { of } => of.released(),
        Admin::Policies { dir } => Ok(Change::PoliciesSet { files: policy_files(&dir)? }),
        Admin::Account(AccountCommand::ReadAs { target, login, reader }) => {
            Ok(Change::AccountReader { target, login, reader })
        }
        Admin::Account(AccountCommand::Remove { target, login }) => {
            Ok(Change::AccountRemove { target, login })
        }
        Admin::Database(command) => database(command),
        Admin::Tls(command) => admin_tls::change(command),
        Admin::Account(AccountCommand::Add { target, login, private_key, password_file }) => {
            if private_key.is_none() && password_file.is_none() {
                bail!("give --private-key FILE, or --password-file FILE for a database");
            }
            let private_key = private_key.map(|file| secret(&file)).transpose()?.unwrap_or_default();
            let password = password_file.map(|file| secret(&file)).transpose()?.unwrap_or_default();
            let password = Secret(Zeroizing::new(password.0.trim_end_matches(['\r', '\n']).to_owned()));
            Ok(Change::AccountAdd { target, login, private_key, password })
        }
        Admin::SshConfig { .. } | Admin::ReloadPolicies => bail!("that is no change"),
    }
}

fn show(changed: &Changed) {
    if let (Some(first), Some(second)) = (&changed.first_half, &changed.second_half) {
        return println!("{}\n{}", *first.0, *second.0);
    }
    match (&changed.totp_secret, &changed.totp_uri) {
        (Some(secret), Some(uri)) => println!("{}\n{}", *secret.0, *uri.0),
        // Not on standard output: that may be going into a key file.
        _ => eprintln!("done"),
    }
}

fn person(command: PersonCommand) -> Result<Change> {
    Ok(match command {
        PersonCommand::Add { name, groups } => {
            Change::PersonAdd { name, groups: groups.into_iter().collect() }
        }
        PersonCommand::Groups { name, groups } => {
            Change::PersonGroups { name, groups: groups.into_iter().collect::<BTreeSet<_>>() }
        }
        PersonCommand::Password { name } => Change::PersonPassword { name, password: typed_secret()? },
        PersonCommand::Enrol { name } => Change::PersonEnrol { name },
        PersonCommand::Recover { name } => Change::PersonRecover { name },
        PersonCommand::Totp { name } => Change::PersonTotp { name },
        PersonCommand::Suspend { name } => Change::PersonSuspend { name },
        PersonCommand::Resume { name } => Change::PersonResume { name },
        PersonCommand::Expires { name, at: Moment(expires) } => Change::PersonExpiry { name, expires },
        PersonCommand::List => bail!("a list is no change"),
    })
}

fn key(command: KeyCommand) -> Result<Change> {
    Ok(match command {
        KeyCommand::Add { name, file } => Change::KeyAdd { name, key: read(&file)?.trim().to_owned() },
        KeyCommand::Remove { name, fingerprint } => Change::KeyRemove { name, fingerprint },
        KeyCommand::Expires { name, fingerprint, at: Moment(expires) } => {
            Change::KeyExpiry { name, fingerprint, expires }
        }
    })
}

fn target(command: TargetCommand) -> Result<Change> {
    Ok(match command {
        TargetCommand::Add { name, host, port, labels, level, host_key } => Change::TargetAdd {
            name,
            host,
            port,
            labels: pairs(&labels)?,
            level,
            host_key: read(&host_key)?.trim().to_owned(),
        },
        TargetCommand::SetHostKey { name, host_key } => {
            Change::TargetHostKey { name, host_key: read(&host_key)?.trim().to_owned() }
        }
        TargetCommand::SetAddress { name, host, port } => Change::TargetAddress { name, host, port },
        TargetCommand::Remove { name } => Change::TargetRemove { name },
        TargetCommand::List => bail!("a list is no change"),
    })
}

fn database(command: DatabaseCommand) -> Result<Change> {
    Ok(match command {
        DatabaseCommand::Add { name, host, port, protocol, database, labels, authority } => {
            let (labels, authority) = (pairs(&labels)?, read(&authority)?);
            Change::DatabaseAdd { name, host, port, labels, protocol, database, authority }
        }
        DatabaseCommand::SetAuthority { name, authority } => {
            Change::DatabaseAuthority { name, authority: read(&authority)? }
        }
    })
}

/// A new key's public half is shown once the account has it: it is for the target's authorized_keys.
async fn add_new_account(config: &Path, target: String, login: String) -> Result<()> {
    let key = hostca::ed25519_key(&mut surroundings::fill, "countersign credential")?;
    let (private_key, password) = (Secret(key.to_openssh(LineEnding::LF)?), Secret::default());
    let change = Change::AccountAdd { target, login, private_key, password };
    let changed = ask(config, Request::Change(change)).await?;
    println!("{}", key.public_key().to_openssh()?);
    show(&changed);
    Ok(())
}

fn secret(file: &Path) -> Result<Secret> {
    Ok(Secret(Zeroizing::new(read(file)?)))
}

fn typed_secret() -> Result<Secret> {
    let mut text = Zeroizing::new(String::new());
    std::io::stdin().take(4096).read_to_string(&mut text)?;
    let password = text.trim_end_matches(['\r', '\n']);
    Ok(Secret(Zeroizing::new(password.to_owned())))
}

pub(super) fn pairs(labels: &[String]) -> Result<BTreeMap<String, String>> {
    labels
        .iter()
        .map(|label| {
            let (key, value) =
                label.split_once('=').with_context(|| format!("label {label:?} is not key=value"))?;
            Ok((key.to_owned(), value.to_owned()))
        })
        .collect()
}

pub(super) fn read(file: &Path) -> Result<String> {
    std::fs::read_to_string(file).with_context(|| format!("cannot read {}", file.display()))
}
