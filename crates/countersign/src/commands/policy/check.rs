//! `policy check`: read a set of policies as the gateway does.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::Result;

use super::Place;
use crate::policies::read_policies;

/// Validates the policies of a folder, or of the configuration.
pub fn check(config: &Path, folder: Option<PathBuf>) -> Result<ExitCode> {
    let policies = match folder {
        Some(folder) => read_policies(&folder)?,
        None => Place::find(config)?.policies,
    };
    let quorums: Vec<_> = policies.quorums().map(|quorum| quorum.name.as_str()).collect();
    println!("OK: {}, quorums: {}", policies.version(), quorums.join(", "));
    Ok(ExitCode::SUCCESS)
}
