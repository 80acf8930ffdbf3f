//! Grants: permission to start one act, once, and exactly what is then started.

use policy::{Allowed, FileOperation, Obligations};

use super::judged::Judged;
use crate::ask::{Forwarding, SqlStatement};

/// Permission to start one act, once. Taken by value by whatever starts it; only the road makes one.
///
/// ```compile_fail
/// let forged = access::Grant { start: access::Start::Sftp, approvals: None, obligations: Default::default() };
/// ```
#[derive(Debug)]
#[must_use]
pub struct Grant {
    start: Start,
    approvals: Option<String>,
    obligations: Obligations,
}

/// What to start.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Start {
    /// A shell request to the target.
    Shell,
    /// The gateway's own shell, whose lines are each asked for.
    ManagedShell,
    /// An exec request with exactly this text.
    Exec {
        /// The text.
        text: Vec<u8>,
        /// Whether the command's standard input ends at once.
        close_stdin: bool,
    },
    /// SFTP, whose operations are each asked for.
    Sftp,
    /// Exactly this operation.
    File(FileOperation),
    /// Exactly this forwarding.
    Forward(Forwarding),
    /// Exactly this text with these parameters.
    Statement(SqlStatement),
}

impl Grant {
    pub(super) fn allowed(judged: &Judged, allowed: &Allowed) -> Self {
        Self { start: judged.start(false), approvals: None, obligations: allowed.obligations() }
    }

    pub(super) fn approved(judged: &Judged, allowed: &Allowed, approvals: String) -> Self {
        let start = judged.start(judged.closes_stdin());
        Self { start, approvals: Some(approvals), obligations: allowed.obligations() }
    }

    /// The line that tells who approved, if anyone had to.
    pub fn approvals(&self) -> Option<&str> {
        self.approvals.as_deref()
    }

    /// What must be seen to while it runs.
    pub fn obligations(&self) -> Obligations {
        self.obligations
    }

    /// What it permits, to see who has to start it.
    pub fn start(&self) -> &Start {
        &self.start
    }

    /// Spends the grant.
    pub fn into_start(self) -> Start {
        self.start
    }
}
