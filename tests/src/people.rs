//! The people in front of the gateway, and where their keys lie.

use std::path::Path;
use std::process::Command;

use crate::running::run;

/// Their login names.
pub const PEOPLE: [&str; 5] = ["alice", "bob", "carol", "dave", "erin"];

/// The group of each.
pub const GROUPS: [&str; 5] = ["ops", "dba-leads", "dba-leads", "auditors", "ops"];

/// The first three administrators, where a ceremony is held: login name and role.
pub const ADMINISTRATORS: [(&str, &str); 3] = [("sam", "system"), ("sue", "security"), ("abe", "audit")];

/// Makes a key pair of that type with OpenSSH.
pub(crate) fn keygen(file: &Path, kind: &str) {
    run(Command::new("ssh-keygen").args(["-q", "-N", "", "-t", kind, "-f"]).arg(file)).ok();
}

/// Answers OpenSSH's prompts for the person whose folder `PERSON` names; `CODE` overrides the code.
pub(crate) fn askpass(program: &Path) -> String {
    format!(
        "#!/bin/sh\ncase \"$1\" in\n  *assword*) exec cat \"$PERSON/password\" ;;\n\
         *) if [ -n \"$CODE\" ]; then echo \"$CODE\"; else exec '{}' totp --secret-file \"$PERSON/totp\"; fi ;;\nesac\n",
        program.display()
    )
}
