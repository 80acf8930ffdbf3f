//! What an action does: the closed list of effects that policies and quorums speak of.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// One consequence of an action, ordered from harmless to not understood.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum Effect {
    /// Looks at data or state and changes nothing.
    Read,
    /// Creates or extends data without losing any.
    Write,
    /// Loses or replaces data.
    DataDestroy,
    /// Takes data out in bulk.
    DataExport,
    /// Loses what data could be restored from.
    BackupDestroy,
    /// Loses a file system, volume, partition or device content.
    DiskDestroy,
    /// Changes the structure of a database.
    SchemaChange,
    /// Changes who may do what.
    PrivilegeChange,
    /// Stops or interrupts a service, a process or the machine.
    ServiceStop,
    /// Changes or silences what is logged.
    AuditTamper,
    /// Changes addresses, routes or filters.
    NetworkChange,
    /// Brings programs onto the machine, or removes them.
    SoftwareInstall,
    /// Can start commands that the gateway will not see.
    ShellEscape,
    /// Nothing is known about what this does.
    Unknown,
}

impl Effect {
    /// Every effect, in order.
    pub const ALL: [Effect; 14] = [
        Effect::Read,
        Effect::Write,
        Effect::DataDestroy,
        Effect::DataExport,
        Effect::BackupDestroy,
        Effect::DiskDestroy,
        Effect::SchemaChange,
        Effect::PrivilegeChange,
        Effect::ServiceStop,
        Effect::AuditTamper,
        Effect::NetworkChange,
        Effect::SoftwareInstall,
        Effect::ShellEscape,
        Effect::Unknown,
    ];

    /// The name used in policies, tables and records, such as `data.destroy`.
    pub fn as_str(self) -> &'static str {
        match self {
            Effect::Read => "read",
            Effect::Write => "write",
            Effect::DataDestroy => "data.destroy",
            Effect::DataExport => "data.export",
            Effect::BackupDestroy => "backup.destroy",
            Effect::DiskDestroy => "disk.destroy",
            Effect::SchemaChange => "schema.change",
            Effect::PrivilegeChange => "privilege.change",
            Effect::ServiceStop => "service.stop",
            Effect::AuditTamper => "audit.tamper",
            Effect::NetworkChange => "network.change",
            Effect::SoftwareInstall => "software.install",
            Effect::ShellEscape => "shell.escape",
            Effect::Unknown => "unknown",
        }
    }
}

impl fmt::Display for Effect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// A name that is none of the fourteen effects.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "{0:?} is no effect; the effects are read, write, data.destroy, data.export, backup.destroy, disk.destroy, schema.change, privilege.change, service.stop, audit.tamper, network.change, software.install, shell.escape, unknown"
)]
pub struct NoSuchEffect(pub String);

impl FromStr for Effect {
    type Err = NoSuchEffect;

    fn from_str(name: &str) -> Result<Self, NoSuchEffect> {
        Self::ALL.into_iter().find(|e| e.as_str() == name).ok_or_else(|| NoSuchEffect(name.into()))
    }
}

impl TryFrom<String> for Effect {
    type Error = NoSuchEffect;

    fn try_from(name: String) -> Result<Self, NoSuchEffect> {
        name.parse()
    }
}

impl From<Effect> for String {
    fn from(effect: Effect) -> String {
        effect.as_str().into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_effect_is_listed_once_in_order_and_reads_back() {
        assert!(Effect::ALL.is_sorted_by(|a, b| a < b));
        for effect in Effect::ALL {
            assert_eq!(effect.to_string().parse(), Ok(effect));
        }
    }

    #[test]
    fn a_misspelt_effect_is_refused() {
        assert_eq!("data.destory".parse::<Effect>(), Err(NoSuchEffect("data.destory".into())));
    }
}
