//! The demo's description for scripts, written once it serves.

use std::path::Path;

use anyhow::{Context as _, Result};
use serde_json::{Map, Value, json};

use super::TARGETS;
use super::administrators::DemoAdministrator;
use super::clients::Entrances;
use super::database;
use super::host::DemoHost;
use super::people::DemoPerson;
use crate::config::Config;
use crate::secrets;

/// What there is to tell.
pub struct Facts<'a> {
    /// The demo's folder.
    pub folder: &'a Path,
    /// Its configuration.
    pub config: &'a Config,
    /// Who works.
    pub people: Vec<DemoPerson>,
    /// Who administers.
    pub administrators: Vec<DemoAdministrator>,
    /// What they work on.
    pub host: &'a DemoHost,
    /// Where clients of databases connect.
    pub entrances: Entrances,
}

/// Writes the JSON object, complete or not at all. It holds the demo's passwords, so only its owner can read it.
pub fn write(file: &Path, facts: &Facts<'_>) -> Result<()> {
    let text = serde_json::to_string_pretty(&describe(facts)?)? + "\n";
    let name = file.file_name().context("--ready-file must name a file")?.to_string_lossy().into_owned();
    let draft = file.with_file_name(format!(".{name}.{}", std::process::id()));
    secrets::write(&draft, &text)?;
    std::fs::rename(&draft, file).with_context(|| format!("cannot write {}", file.display()))
}

fn describe(facts: &Facts<'_>) -> Result<Value> {
    let Facts { folder, config, people, administrators, host, entrances } = facts;
    let public =
        |name: &str| -> Result<String> { Ok(std::fs::read_to_string(folder.join(name))?.trim().to_owned()) };
    Ok(json!({
        "version": 1,
        "data_dir": folder,
        "config": folder.join("countersign.toml"),
        "gateway": {
            "ssh": config.listen.to_string(),
            "host_key": public("ssh_host_ed25519_key.pub")?,
            "host_ca": public("host_ca.pub")?,
        },
        "client": { "ssh_config": folder.join("ssh_config"), "known_hosts": folder.join("known_hosts") },
        "people": people.iter().map(person).collect::<Map<_, _>>(),
        "administrators": administrators.iter().map(administrator).collect::<Map<_, _>>(),
        "targets": targets(host),
        "databases": databases(folder, entrances),
        "ledger": { "dir": config.ledger, "public_key": folder.join("ledger.pub") },
    }))
}

fn person(person: &DemoPerson) -> (String, Value) {
    let facts = json!({
        "groups": [person.group],
        "ssh_key": person.ssh_key,
        "password": *person.password,
        "totp_secret": *person.totp_secret,
    });
    (person.name.to_owned(), facts)
}

fn administrator(administrator: &DemoAdministrator) -> (String, Value) {
    let facts = json!({
        "role": administrator.role,
        "ssh_key": administrator.ssh_key,
        "totp_secret": *administrator.totp_secret,
    });
    (administrator.name.to_owned(), facts)
}

fn targets(host: &DemoHost) -> Map<String, Value> {
    TARGETS
        .into_iter()
        .map(|(name, tier, level)| {
            let facts = json!({
                "level": level,
                "labels": { "env": "prod", "tier": tier },
                "accounts": [host.login()],
            });
            (name.to_owned(), facts)
        })
        .collect()
}

fn databases(folder: &Path, entrances: &Entrances) -> Map<String, Value> {
    let described = |example: &&database::Example| {
        let entrance = entrances.to(example);
        let facts = json!({
            "host": entrance.ip(),
            "port": entrance.port(),
            "database": database::DATABASE,
            "account": database::ACCOUNTS[0],
            "ca": folder.join("tls_ca.pem"),
        });
        (example.name.to_owned(), facts)
    };
    database::ALL.iter().map(described).collect()
}
