//! The demo's three administrators, and the ceremony that enrols them: from then on nobody changes anything alone.

use std::path::{Path, PathBuf};

use access::administer::First;
use access::road::Road;
use anyhow::{Context as _, Result};
use zeroize::Zeroizing;

use super::people::{folder, kept, make_key};
use crate::config::Config;
use crate::node::offer_folder;
use crate::secrets;

/// Name and role of each, in the ceremony's order.
pub const ADMINISTRATORS: [(&str, &str); 3] = [("sam", "system"), ("sue", "security"), ("abe", "audit")];

/// One of them, as the ready file tells.
pub struct DemoAdministrator {
    /// Login name.
    pub name: &'static str,
    /// What they answer for.
    pub role: &'static str,
    /// Private key.
    pub ssh_key: PathBuf,
    /// Base32 verification seed.
    pub totp_secret: Zeroizing<String>,
}

/// Holds the ceremony, as `countersign init` does, and writes what is the administrators' own into their folders.
pub async fn hold_ceremony(road: &Road, config: &Config, data: &Path) -> Result<()> {
    let [system, security, audit] = ADMINISTRATORS.map(|(name, _)| first(data, name));
    offer_folder(road, config).await?;
    let enrolled = road.hold_ceremony(super::BY, &[system?, security?, audit?]).await?;
    for ((name, _), changed) in ADMINISTRATORS.into_iter().zip(enrolled) {
        let seed = changed.totp_secret.context("no verification seed was made")?;
        secrets::write(&folder(data, name).join("totp"), &Zeroizing::new(format!("{}\n", *seed.0)))?;
    }
    Ok(())
}

fn first(data: &Path, name: &str) -> Result<First> {
    Ok(First { name: name.to_owned(), key: make_key(&folder(data, name), name)? })
}

/// Reads the three back, of this run or an earlier one.
pub fn read(data: &Path) -> Result<Vec<DemoAdministrator>> {
    let read = |(name, role)| {
        let folder = folder(data, name);
        Ok(DemoAdministrator {
            name,
            role,
            totp_secret: kept(&folder, "totp")?,
            ssh_key: folder.join("id_ed25519"),
        })
    };
    ADMINISTRATORS.into_iter().map(read).collect()
}
