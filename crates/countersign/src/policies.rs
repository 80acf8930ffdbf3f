//! The policies' folder: which files belong to a set of policies, read and checked together.

use std::path::Path;

use access::administer::PolicyFiles;
use anyhow::{Context as _, Result, anyhow, bail};

/// Reads the policies of a folder: every `*.cedar`, `schema.cedarschema`, `quorums.toml`, and `areas.toml` if it is there,
/// and the rows for the command table in `commands/*.toml`.
pub fn read_policies(folder: &Path) -> Result<access::policy::Policies> {
    let sources = access::policy::Sources {
        policies: cedar_files(folder)?,
        schema: named(folder, "schema.cedarschema")?,
        quorums: named(folder, "quorums.toml")?,
        areas: named_if_there(folder, "areas.toml")?,
        commands: command_files(&folder.join("commands"))?,
    };
    access::policy::Policies::parse(&sources)
        .map_err(|fault| anyhow!("the policies in {} are refused:\n{fault}", folder.display()))
}

/// The same files by their paths in the folder: what is proposed, approved and kept.
pub fn policy_files(folder: &Path) -> Result<PolicyFiles> {
    let mut files: PolicyFiles = cedar_files(folder)?.into_iter().collect();
    files.extend([named(folder, "schema.cedarschema")?, named(folder, "quorums.toml")?]);
    files.extend(command_files(&folder.join("commands"))?);
    if folder.join("areas.toml").try_exists()? {
        files.extend([named(folder, "areas.toml")?]);
    }
    Ok(files)
}

fn cedar_files(folder: &Path) -> Result<Vec<(String, String)>> {
    let files = files_of(folder, ".cedar")?;
    if files.is_empty() {
        bail!("there is no *.cedar file in {}: nothing would be allowed", folder.display());
    }
    Ok(files)
}

fn command_files(folder: &Path) -> Result<Vec<(String, String)>> {
    if !folder.try_exists()? {
        return Ok(vec![]);
    }
    let named = |(name, text)| (format!("commands/{name}"), text);
    Ok(files_of(folder, ".toml")?.into_iter().map(named).collect())
}

/// The files of a folder with that ending, by name.
fn files_of(folder: &Path, ending: &str) -> Result<Vec<(String, String)>> {
    let entries = std::fs::read_dir(folder)
        .with_context(|| format!("cannot read the policies in {}", folder.display()))?;
    let mut names: Vec<_> = entries
        .map(|entry| Ok(entry?.file_name().to_string_lossy().into_owned()))
        .collect::<std::io::Result<_>>()?;
    names.retain(|name| name.ends_with(ending));
    names.sort_unstable();
    names.iter().map(|name| named(folder, name)).collect()
}

/// A file that may be missing, which is as if it were empty.
fn named_if_there(folder: &Path, name: &str) -> Result<(String, String)> {
    if folder.join(name).try_exists()? { named(folder, name) } else { Ok((name.to_owned(), String::new())) }
}

fn named(folder: &Path, name: &str) -> Result<(String, String)> {
    let path = folder.join(name);
    let text = std::fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))?;
    Ok((name.to_owned(), text))
}
