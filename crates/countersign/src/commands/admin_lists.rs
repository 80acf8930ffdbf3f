//! `countersign admin … list`: what this node's database holds.

use std::path::Path;

use anyhow::Result;

use crate::config::Config;
use crate::state::open_store;

/// Prints people with their groups and keys.
pub(super) async fn list_people(config: &Path) -> Result<()> {
    let store = open_store(&Config::read(config)?.store).await?;
    for person in store.people().await? {
        let groups: Vec<_> = person.groups.iter().map(String::as_str).collect();
        let state = if person.suspended { "suspended" } else { "active" };
        println!("{:<16} {state:<10} {}", person.name, groups.join(", "));
        for key in store.keys(&person.id).await? {
            println!("  {}", key.fingerprint);
        }
    }
    Ok(())
}

/// Prints targets with their accounts.
pub(super) async fn list_targets(config: &Path) -> Result<()> {
    let store = open_store(&Config::read(config)?.store).await?;
    for target in store.targets().await? {
        let labels: Vec<_> = target.labels.iter().map(|(key, value)| format!("{key}={value}")).collect();
        println!(
            "{:<16} {}:{} {} {}",
            target.name,
            target.host,
            target.port,
            target.level,
            labels.join(", ")
        );
        for account in store.accounts(&target.name).await? {
            let reader = account.reader.map(|reader| format!(" (reads as {reader})")).unwrap_or_default();
            println!("  {}{reader}", account.login);
        }
    }
    Ok(())
}
