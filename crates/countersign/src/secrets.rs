//! Secret files: made for their owner alone, refused when anybody else could read them.

use std::fs::{DirBuilder, OpenOptions};
use std::io::Write as _;
use std::os::unix::fs::{DirBuilderExt as _, MetadataExt as _, OpenOptionsExt as _, PermissionsExt as _};
use std::path::Path;

use access::recording::Random;
use anyhow::{Context as _, Result, bail};
use aws_lc_rs::hmac;
use zeroize::Zeroizing;

use crate::surroundings;

/// What the node's one key is used for, each use under a key of its own.
pub struct NodeKeys {
    /// Seals TOTP seeds and target credentials.
    pub vault: Zeroizing<[u8; 32]>,
    /// Wraps the data keys of recordings.
    pub recording: Zeroizing<[u8; 32]>,
    /// Salt of commitments that belong to no person.
    pub salt: [u8; 16],
}

impl NodeKeys {
    /// Reads the key file and derives the keys: HMAC-SHA-256 of the use's name.
    pub fn read(path: &Path) -> Result<Self> {
        let root = hmac::Key::new(hmac::HMAC_SHA256, &*read_key(path)?);
        let mut salt = [0; 16];
        let long = derive(&root, "commitments");
        salt.iter_mut().zip(long.iter()).for_each(|(to, from)| *to = *from);
        Ok(Self { vault: derive(&root, "vault"), recording: derive(&root, "recording"), salt })
    }
}

fn derive(root: &hmac::Key, purpose: &str) -> Zeroizing<[u8; 32]> {
    let mut key = Zeroizing::new([0; 32]);
    let tag = hmac::sign(root, format!("countersign {purpose}").as_bytes());
    key.copy_from_slice(tag.as_ref());
    key
}

/// Randomness in the form that the recorder takes.
pub fn recorder_random() -> Random {
    std::sync::Arc::new(surroundings::fill)
}

/// Reads a 32-byte key kept as 64 hex digits.
pub fn read_key(path: &Path) -> Result<Zeroizing<[u8; 32]>> {
    let text = Zeroizing::new(
        std::fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?,
    );
    parse_key(text.trim()).with_context(|| format!("{} does not hold 64 hex digits", path.display()))
}

fn parse_key(text: &str) -> Option<Zeroizing<[u8; 32]>> {
    let mut key = Zeroizing::new([0; 32]);
    if text.len() != 64 || !text.is_ascii() {
        return None;
    }
    for (byte, pair) in key.iter_mut().zip(text.as_bytes().chunks_exact(2)) {
        *byte = u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok()?;
    }
    Some(key)
}

/// Makes a file of 64 random hex digits.
pub fn make_key(path: &Path) -> Result<()> {
    let key = Zeroizing::new(surroundings::random::<32>());
    write(path, &Zeroizing::new(access::blind::hex(&*key) + "\n"))
}

/// Writes a new file that only its owner can read; refuses to replace one.
pub fn write(path: &Path, text: &str) -> Result<()> {
    write_bytes(path, text.as_bytes())
}

/// The same, of what need not be text.
pub fn write_bytes(path: &Path, content: &[u8]) -> Result<()> {
    let file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path);
    let mut file = file.with_context(|| format!("cannot make {}", path.display()))?;
    file.write_all(content)?;
    file.sync_all()?;
    Ok(())
}

/// Makes a folder that only its owner can enter.
pub fn folder(path: &Path) -> Result<()> {
    let made = DirBuilder::new().recursive(true).mode(0o700).create(path);
    made.with_context(|| format!("cannot make {}", path.display()))
}

/// Refuses a secret that others could read, or that is no plain file.
pub fn check_private(path: &Path) -> Result<()> {
    let facts =
        std::fs::symlink_metadata(path).with_context(|| format!("{} cannot be read", path.display()))?;
    if !facts.is_file() {
        bail!("{} is not a plain file", path.display());
    }
    let mode = facts.permissions().mode() & 0o777;
    if mode & 0o077 != 0 {
        bail!("{} can be read by others (mode {mode:o}); run: chmod 600 {0}", path.display());
    }
    if facts.uid() != rustix::process::geteuid().as_raw() {
        bail!("{} belongs to somebody else (uid {})", path.display(), facts.uid());
    }
    Ok(())
}
