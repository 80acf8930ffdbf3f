//! Where policies are judged without a gateway: a configuration, a node's folder, or only a folder of policies.

use std::path::{Path, PathBuf};

use access::policy::Policies;
use access::text::Language;
use anyhow::{Result, bail};
use jiff::tz::TimeZone;

use crate::config::Offline;
use crate::policies::read_policies;
use crate::state::StatePlace;

const CONFIGURATION: &str = "countersign.toml";
const SCHEMA: &str = "schema.cedarschema";

/// Policies with what stands around them.
pub struct Place {
    /// The folder that the policies were read from.
    pub folder: PathBuf,
    /// The policies.
    pub policies: Policies,
    /// Language of what people read.
    pub language: Language,
    /// Zone of hours and weekdays in policies.
    pub zone: TimeZone,
    /// The database file, if the configuration names one that is there.
    pub state: Option<StatePlace>,
}

impl Place {
    /// Reads what a path names: a configuration file, a folder that holds one, or a folder of policies.
    pub fn find(path: &Path) -> Result<Self> {
        if !path.is_dir() {
            return Self::of_configuration(path);
        }
        if path.join(CONFIGURATION).exists() {
            return Self::of_configuration(&path.join(CONFIGURATION));
        }
        match [path.to_owned(), path.join("policies")].into_iter().find(|folder| holds_policies(folder)) {
            Some(folder) => Self::of_policies(&folder),
            None => {
                bail!("{} holds neither {CONFIGURATION} nor policies ({SCHEMA} and *.cedar)", path.display())
            }
        }
    }

    /// The configuration's policies, or those in whose folder's folder `cases` lies when there is no configuration.
    pub fn for_cases(config: &Path, cases: &Path) -> Result<Self> {
        let above = cases.parent().and_then(|folder| std::path::absolute(folder.join("..")).ok());
        match above.filter(|folder| !config.exists() && holds_policies(folder)) {
            Some(folder) => Self::of_policies(&folder.canonicalize()?),
            None => Self::find(config),
        }
    }

    fn of_configuration(path: &Path) -> Result<Self> {
        let Offline { language, zone, store, policies: folder } = Offline::read(path)?;
        let policies = read_policies(&folder)?;
        Ok(Self { folder, policies, language, zone, state: Some(store).filter(StatePlace::exists) })
    }

    /// A folder of policies alone: no state, times in UTC, the language of `LANG`.
    pub fn of_policies(folder: &Path) -> Result<Self> {
        let policies = read_policies(folder)?;
        let language = Language::of_locale(&std::env::var("LANG").unwrap_or_default());
        Ok(Self { folder: folder.to_owned(), policies, language, zone: TimeZone::UTC, state: None })
    }
}

fn holds_policies(folder: &Path) -> bool {
    folder.join(SCHEMA).exists()
}
