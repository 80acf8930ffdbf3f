//! The order of the commands in help, completions and manual: by subject, from setting a node up to single tools.

use clap::{Command, CommandFactory as _};

use super::Cli;

const SUBJECTS: [&[&str]; 7] = [
    &["demo", "init", "serve", "admin", "notify"],
    &["policy", "ledger", "evidence"],
    &["requests", "show", "approve", "deny", "watch", "withdraw"],
    &["request", "grants", "revoke", "emergency"],
    &["sessions", "replay", "search", "kill"],
    &[
        "targets",
        "login",
        "ticket",
        "certificate",
        "certificates",
        "keys",
        "consent",
        "change",
        "report",
        "retention",
        "holds",
    ],
    &["totp", "completions", "man"],
];

/// The command line's definition, in that order.
pub fn command() -> Command {
    SUBJECTS.concat().into_iter().enumerate().fold(Cli::command(), |command, (place, name)| {
        command.mut_subcommand(name, |one| one.display_order(place))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_command_has_its_place_among_its_subject() {
        let mut listed = SUBJECTS.concat();
        let help = command().render_help().to_string();
        let (_, commands) = help.split_once("Commands:\n").expect("help lists commands");
        let shown: Vec<_> = commands
            .lines()
            .take_while(|line| !line.is_empty())
            .filter_map(|line| line.strip_prefix("  ")?.split_whitespace().next())
            .collect();
        listed.push("help");
        assert_eq!(shown, listed);
    }
}
