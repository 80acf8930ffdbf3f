//! Acts: the closed list of what can be asked; each is one Cedar action.

use std::fmt;

/// What somebody wants to do; each is one Cedar action.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Act {
    /// Open a session on the target.
    Connect,
    /// Run one command line.
    Exec,
    /// Run one text of database statements.
    Statement,
    /// Run one command of a replication connection to a database: a copy of the server, a stream of all its changes.
    Replicate,
    /// Open a shell: a native one on a recorded target, the managed one where commands are gated.
    Shell,
    /// Open the sftp subsystem.
    Sftp,
    /// Look at names and attributes of files.
    ListFiles,
    /// Read a file: a download.
    ReadFile,
    /// Create, extend, replace or resize a file, or make a directory: an upload.
    WriteFile,
    /// Remove a file or an empty directory.
    RemoveFile,
    /// Give a file another name.
    RenameFile,
    /// Make a symbolic or hard link.
    LinkFile,
    /// Change a mode, an owner or times.
    ChangeAttributes,
    /// Open a TCP connection from the target (`direct-tcpip`).
    Forward,
    /// Open a Unix socket on the target (`direct-streamlocal@openssh.com`).
    ForwardUnix,
    /// Let the target open connections back (`tcpip-forward`).
    ForwardRemote,
    /// Lend the key agent to the target (`auth-agent-req@openssh.com`).
    ForwardAgent,
    /// Lend the display to the target (`x11-req`).
    ForwardX11,
    /// Ask for access to the target for a time.
    RequestAccess,
    /// Ask that one script may be run there for a time.
    RequestRunbook,
    /// Look at the recording of a session on the target.
    ViewReplay,
    /// Declare an emergency on the target.
    DeclareEmergency,
}

impl Act {
    /// Every act.
    pub const ALL: [Act; 22] = [
        Act::Connect,
        Act::Exec,
        Act::Statement,
        Act::Replicate,
        Act::Shell,
        Act::Sftp,
        Act::ListFiles,
        Act::ReadFile,
        Act::WriteFile,
        Act::RemoveFile,
        Act::RenameFile,
        Act::LinkFile,
        Act::ChangeAttributes,
        Act::Forward,
        Act::ForwardUnix,
        Act::ForwardRemote,
        Act::ForwardAgent,
        Act::ForwardX11,
        Act::RequestAccess,
        Act::RequestRunbook,
        Act::ViewReplay,
        Act::DeclareEmergency,
    ];

    /// The Cedar action's name.
    pub fn as_str(self) -> &'static str {
        match self {
            Act::Connect => "connect",
            Act::Exec => "exec",
            Act::Statement => "statement",
            Act::Replicate => "replicate",
            Act::Shell => "shell",
            Act::Sftp => "sftp",
            Act::ListFiles => "list-files",
            Act::ReadFile => "read-file",
            Act::WriteFile => "write-file",
            Act::RemoveFile => "remove-file",
            Act::RenameFile => "rename-file",
            Act::LinkFile => "link-file",
            Act::ChangeAttributes => "change-attributes",
            Act::Forward => "forward",
            Act::ForwardUnix => "forward-unix",
            Act::ForwardRemote => "forward-remote",
            Act::ForwardAgent => "forward-agent",
            Act::ForwardX11 => "forward-x11",
            Act::RequestAccess => "request-access",
            Act::RequestRunbook => "request-runbook",
            Act::ViewReplay => "view-replay",
            Act::DeclareEmergency => "declare-emergency",
        }
    }

    /// Whether it is an operation on files, which has a path.
    pub fn is_on_files(self) -> bool {
        (Act::ListFiles..=Act::ChangeAttributes).contains(&self)
    }

    /// Whether it asks for something that ends by itself, so that it says for how long.
    pub fn has_duration(self) -> bool {
        matches!(self, Act::RequestAccess | Act::RequestRunbook | Act::DeclareEmergency)
    }

    /// Whether it is asked at the gateway itself, outside every session.
    pub fn is_at_the_desk(self) -> bool {
        (Act::RequestAccess..=Act::DeclareEmergency).contains(&self)
    }

    /// Whether it is a forwarding, which has a destination.
    pub fn leads_somewhere(self) -> bool {
        (Act::Forward..=Act::ForwardRemote).contains(&self)
    }
}

impl fmt::Display for Act {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}
