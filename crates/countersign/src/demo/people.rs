//! The people of the demo, with fresh keys, passwords and verification seeds.

use std::path::{Path, PathBuf};

use access::administer::{Change, Secret};
use access::blind::hex;
use access::identity::hostca;
use access::road::Road;
use anyhow::{Context as _, Result};
use ssh_key::LineEnding;
use zeroize::Zeroizing;

use super::BY;
use crate::{secrets, surroundings};

/// Their names.
pub const NAMES: [&str; 4] = ["alice", "bob", "carol", "dave"];

const GROUPS: [&str; 4] = ["ops", "dba-leads", "dba-leads", "auditors"];

/// One of them, as the ready file tells.
pub struct DemoPerson {
    /// Login name.
    pub name: &'static str,
    /// Group.
    pub group: &'static str,
    /// Private key.
    pub ssh_key: PathBuf,
    /// Password.
    pub password: Zeroizing<String>,
    /// Base32 verification seed.
    pub totp_secret: Zeroizing<String>,
}

/// Where a person's keys lie.
pub fn folder(data: &Path, name: &str) -> PathBuf {
    data.join("people").join(name)
}

/// Adds the four and writes what is theirs into their folders.
pub async fn enrol(road: &Road, data: &Path) -> Result<()> {
    for (name, group) in NAMES.into_iter().zip(GROUPS) {
        enrol_one(road, &folder(data, name), name, group).await?;
    }
    Ok(())
}

async fn enrol_one(road: &Road, folder: &Path, name: &str, group: &str) -> Result<()> {
    let public = make_key(folder, name)?;
    let password = Zeroizing::new(hex(&surroundings::random::<10>()));
    secrets::write(&folder.join("password"), &Zeroizing::new(format!("{}\n", *password)))?;
    let name = name.to_owned();
    let groups = [group.to_owned()].into();
    road.administer(BY, &Change::PersonAdd { name: name.clone(), groups }).await?;
    road.administer(BY, &Change::KeyAdd { name: name.clone(), key: public }).await?;
    road.administer(BY, &Change::PersonPassword { name: name.clone(), password: Secret(password) }).await?;
    let changed = road.administer(BY, &Change::PersonTotp { name }).await?;
    let seed = changed.totp_secret.context("no verification seed was made")?;
    secrets::write(&folder.join("totp"), &Zeroizing::new(format!("{}\n", *seed.0)))
}

/// Makes a person's key in their folder; the public half.
pub(super) fn make_key(folder: &Path, name: &str) -> Result<String> {
    secrets::folder(folder)?;
    let key = hostca::ed25519_key(&mut surroundings::fill, name)?;
    let public = key.public_key().to_openssh()?;
    secrets::write(&folder.join("id_ed25519"), &key.to_openssh(LineEnding::LF)?)?;
    std::fs::write(folder.join("id_ed25519.pub"), format!("{public}\n"))?;
    Ok(public)
}

/// Reads the four back, of this run or an earlier one.
pub fn read(data: &Path) -> Result<Vec<DemoPerson>> {
    NAMES.into_iter().zip(GROUPS).map(|(name, group)| read_one(data, name, group)).collect()
}

fn read_one(data: &Path, name: &'static str, group: &'static str) -> Result<DemoPerson> {
    let folder = folder(data, name);
    Ok(DemoPerson {
        name,
        group,
        password: kept(&folder, "password")?,
        totp_secret: kept(&folder, "totp")?,
        ssh_key: folder.join("id_ed25519"),
    })
}

/// A secret that lies in a person's folder.
pub(super) fn kept(folder: &Path, file: &str) -> Result<Zeroizing<String>> {
    let path = folder.join(file);
    let text = std::fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))?;
    Ok(Zeroizing::new(text.trim().to_owned()))
}
