//! File operations of the SFTP protocol, read as the commands that would do the same, so that both are judged alike.

use crate::{Act, Analysis, quoted};

/// One operation on files; paths are absolute and as the target resolved them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FileOperation {
    /// Looks at a name: its attributes, where a link leads, or what a directory lists.
    List {
        /// The file or directory.
        path: String,
    },
    /// Reads a file's content.
    Read {
        /// The file.
        path: String,
    },
    /// Writes a file's content.
    Write {
        /// The file.
        path: String,
        /// What becomes of content that is there.
        writing: Writing,
    },
    /// Makes a directory.
    MakeDirectory {
        /// The new directory.
        path: String,
    },
    /// Removes a file or link.
    Remove {
        /// The name that goes.
        path: String,
    },
    /// Removes an empty directory.
    RemoveDirectory {
        /// The directory that goes.
        path: String,
    },
    /// Gives a file another name.
    Rename {
        /// The name that goes.
        path: String,
        /// The name that comes.
        to: String,
        /// Whether a file of the new name is replaced.
        replaces: bool,
    },
    /// Makes a second name for a file.
    Link {
        /// The new name.
        path: String,
        /// What it leads to, as the client wrote it when symbolic.
        to: String,
        /// A symbolic link.
        symbolic: bool,
    },
    /// Changes a file's mode.
    ChangeMode {
        /// The file.
        path: String,
        /// The permission bits.
        mode: u32,
    },
    /// Changes a file's owner and group.
    ChangeOwner {
        /// The file.
        path: String,
        /// The owner's number.
        user: u32,
        /// The group's number.
        group: u32,
    },
    /// Changes a file's times.
    ChangeTimes {
        /// The file.
        path: String,
    },
    /// Cuts or extends a file to a size.
    Resize {
        /// The file.
        path: String,
        /// The new size in bytes.
        size: u64,
    },
}

/// What becomes of content that is there already.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Writing {
    /// There must be none.
    Creates,
    /// It stays, and more is added at its end.
    Extends,
    /// It may be lost.
    Replaces,
}

impl FileOperation {
    /// The act that policies know it by.
    pub fn act(&self) -> Act {
        match self {
            Self::List { .. } => Act::ListFiles,
            Self::Read { .. } => Act::ReadFile,
            Self::Write { .. } | Self::MakeDirectory { .. } | Self::Resize { .. } => Act::WriteFile,
            Self::Remove { .. } | Self::RemoveDirectory { .. } => Act::RemoveFile,
            Self::Rename { .. } => Act::RenameFile,
            Self::Link { .. } => Act::LinkFile,
            Self::ChangeMode { .. } | Self::ChangeOwner { .. } | Self::ChangeTimes { .. } => {
                Act::ChangeAttributes
            }
        }
    }

    /// The path that it is about.
    pub fn path(&self) -> &str {
        match self {
            Self::List { path }
            | Self::Read { path }
            | Self::Write { path, .. }
            | Self::MakeDirectory { path }
            | Self::Remove { path }
            | Self::RemoveDirectory { path }
            | Self::Rename { path, .. }
            | Self::Link { path, .. }
            | Self::ChangeMode { path, .. }
            | Self::ChangeOwner { path, .. }
            | Self::ChangeTimes { path }
            | Self::Resize { path, .. } => path,
        }
    }

    /// The other name of a rename or link.
    pub fn to(&self) -> Option<&str> {
        match self {
            Self::Rename { to, .. } | Self::Link { to, .. } => Some(to),
            _ => None,
        }
    }

    /// The command line that does the same, every word quoted: what analysis reads and approvers see.
    pub fn command(&self) -> String {
        let path = quoted(self.path());
        match self {
            Self::List { .. } => format!("ls -- {path}"),
            Self::Read { .. } => format!("cat -- {path}"),
            Self::Write { writing: Writing::Creates, .. } => format!("touch -- {path}"),
            Self::Write { writing: Writing::Extends, .. } => format!("cat >> {path}"),
            Self::Write { writing: Writing::Replaces, .. } => format!("cat > {path}"),
            Self::MakeDirectory { .. } => format!("mkdir -- {path}"),
            Self::Remove { .. } => format!("rm -f -- {path}"),
            Self::RemoveDirectory { .. } => format!("rmdir -- {path}"),
            Self::Rename { to, replaces: true, .. } => format!("mv -f -T -- {path} {}", quoted(to)),
            Self::Rename { to, .. } => format!("mv -n -T -- {path} {}", quoted(to)),
            Self::Link { to, symbolic: true, .. } => format!("ln -s -- {} {path}", quoted(to)),
            Self::Link { to, .. } => format!("ln -- {} {path}", quoted(to)),
            Self::ChangeMode { mode, .. } => format!("chmod {mode:04o} -- {path}"),
            Self::ChangeOwner { user, group, .. } => format!("chown {user}:{group} -- {path}"),
            Self::ChangeTimes { .. } => format!("touch -c -- {path}"),
            Self::Resize { size, .. } => format!("truncate -s {size} -- {path}"),
        }
    }

    /// What it does. A path that the analysis cannot read makes it not understood.
    pub fn analysis(&self) -> Analysis {
        Analysis::of_command(self.command().as_bytes())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Effect::{self, AuditTamper, DataDestroy, PrivilegeChange, Read, Write};

    fn does(operation: &FileOperation) -> std::collections::BTreeSet<Effect> {
        let analysis = operation.analysis();
        assert!(analysis.understood(), "{}: {:?}", operation.command(), analysis.obstacle());
        analysis.effects().clone()
    }

    fn path() -> String {
        "/srv/it's data/-rf *".into()
    }

    #[test]
    fn looking_and_reading_only_read() {
        assert_eq!(does(&FileOperation::List { path: path() }), [Read].into());
        assert_eq!(does(&FileOperation::Read { path: path() }), [Read].into());
        assert_ne!(does(&FileOperation::Read { path: "/etc/shadow".into() }), [Read].into());
    }

    #[test]
    fn what_loses_data_destroys() {
        let (path, to) = (path(), "/srv/new".to_owned());
        for lost in [
            FileOperation::Remove { path: path.clone() },
            FileOperation::RemoveDirectory { path: path.clone() },
            FileOperation::Write { path: path.clone(), writing: Writing::Replaces },
            FileOperation::Rename { path: path.clone(), to, replaces: true },
            FileOperation::Resize { path, size: 0 },
        ] {
            assert!(does(&lost).contains(&DataDestroy), "{}: {:?}", lost.command(), does(&lost));
        }
    }

    #[test]
    fn a_new_file_is_a_write() {
        let new = FileOperation::Write { path: "/srv/new".into(), writing: Writing::Creates };
        assert!(!does(&new).contains(&DataDestroy));
        assert!(does(&new).contains(&Write));
        assert!(!does(&FileOperation::MakeDirectory { path: "/srv/new".into() }).contains(&DataDestroy));
    }

    #[test]
    fn places_that_matter_show() {
        let log = FileOperation::Remove { path: "/var/log/auth.log".into() };
        assert!(does(&log).contains(&AuditTamper));
        let keys =
            FileOperation::Write { path: "/root/.ssh/authorized_keys".into(), writing: Writing::Creates };
        assert!(does(&keys).contains(&PrivilegeChange));
    }

    #[test]
    fn a_path_that_cannot_be_shown_is_not_understood() {
        for path in ["/srv/a\nb", "/srv/a\u{7}b"] {
            let analysis = FileOperation::Read { path: path.into() }.analysis();
            assert!(!analysis.understood() && analysis.effects().contains(&Effect::Unknown), "{path:?}");
        }
    }

    #[test]
    fn every_operation_is_understood_on_a_plain_path() {
        let path = || "/srv/a".to_owned();
        for operation in [
            FileOperation::Link { path: path(), to: "/srv/b".into(), symbolic: true },
            FileOperation::Link { path: path(), to: "/srv/b".into(), symbolic: false },
            FileOperation::ChangeMode { path: path(), mode: 0o644 },
            FileOperation::ChangeOwner { path: path(), user: 0, group: 0 },
            FileOperation::ChangeTimes { path: path() },
            FileOperation::Rename { path: path(), to: "/srv/b".into(), replaces: false },
        ] {
            assert!(!does(&operation).is_empty(), "{}", operation.command());
        }
    }
}
