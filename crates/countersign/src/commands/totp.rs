//! `countersign totp`: the verification code of this moment, for scripts and for the tour.

use std::path::Path;

use access::identity::totp::Secret;
use access::ports::Clock as _;
use anyhow::{Context as _, Result};
use jiff::tz::TimeZone;
use zeroize::Zeroizing;

use crate::surroundings::SystemClock;

/// Prints the code for the base32 secret in `file`; a file, so that no process listing shows it.
pub fn totp(file: &Path) -> Result<()> {
    let text = Zeroizing::new(
        std::fs::read_to_string(file).with_context(|| format!("cannot read {}", file.display()))?,
    );
    let secret = Secret::from_base32(text.trim())?;
    println!("{}", *secret.code_at(SystemClock::in_zone(TimeZone::UTC).now().seconds()));
    Ok(())
}
