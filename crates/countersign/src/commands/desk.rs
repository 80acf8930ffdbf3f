//! The desk's commands from one's own machine: the same definition, sent with the person's own ssh.

use std::ffi::OsStr;
use std::process::ExitCode;

use access::desk_command::DeskCommand;
use access::policy::quoted;
use anyhow::Result;
use clap::parser::ValueSource;
use clap::{ArgMatches, Args as _, Command, CommandFactory as _, FromArgMatches, Subcommand};

use super::gateway::Gateway;

/// Commands of the desk that this program does otherwise, with a look at what is signed, or also without a gateway.
const DONE_OTHERWISE: [&str; 6] = ["approve", "deny", "evidence", "replay", "sessions", "help"];

/// One command for the desk, and where the desk is.
#[derive(Debug)]
pub struct AtDesk {
    gateway: Gateway,
    words: Vec<String>,
}

impl AtDesk {
    /// Has the command carried out; input, output and status are those of ssh.
    pub fn run(&self) -> Result<ExitCode> {
        self.gateway.hand_over(&line(&self.words), false)
    }
}

/// The words as the desk splits them again.
pub fn line(words: &[String]) -> String {
    words.iter().map(|word| quoted(word)).collect::<Vec<_>>().join(" ")
}

fn offered() -> impl Iterator<Item = Command> {
    let commands: Vec<_> = DeskCommand::command().get_subcommands().cloned().collect();
    commands.into_iter().filter(|command| !DONE_OTHERWISE.contains(&command.get_name()))
}

/// A command and those in it, each of which takes the place of the gateway.
fn reachable(command: Command) -> Command {
    let inner = command.has_subcommands();
    let alone = !inner || !command.is_subcommand_required_set();
    let command = command.mut_subcommands(reachable).subcommand_negates_reqs(inner);
    if !alone {
        return command;
    }
    // The arguments bring a description of their own along.
    let about = command.get_about().cloned();
    let command = Gateway::augment_args(command);
    match about {
        Some(about) => command.about(about),
        None => command,
    }
}

impl Subcommand for AtDesk {
    fn augment_subcommands(command: Command) -> Command {
        offered().fold(command, |command, one| command.subcommand(reachable(one)))
    }

    fn augment_subcommands_for_update(command: Command) -> Command {
        Self::augment_subcommands(command)
    }

    fn has_subcommand(name: &str) -> bool {
        offered().any(|command| command.get_name() == name)
    }
}

impl FromArgMatches for AtDesk {
    fn from_arg_matches(matches: &ArgMatches) -> Result<Self, clap::Error> {
        let (mut words, mut command, mut matches) = (Vec::new(), DeskCommand::command(), matches);
        while let Some((name, inner)) = matches.subcommand() {
            words.push(name.to_owned());
            command = command.find_subcommand(name).cloned().unwrap_or_default();
            matches = inner;
            add_words(&command, matches, &mut words);
        }
        Ok(Self { gateway: Gateway::from_arg_matches(matches)?, words })
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), clap::Error> {
        *self = Self::from_arg_matches(matches)?;
        Ok(())
    }
}

/// What was given on the command line, in a form that reads back the same whatever the values hold.
fn add_words(command: &Command, matches: &ArgMatches, words: &mut Vec<String>) {
    for arg in command.get_positionals() {
        words.extend(given(matches, arg.get_id().as_str()));
    }
    for arg in command.get_arguments().filter(|arg| !arg.is_positional()) {
        let (id, long) = (arg.get_id().as_str(), arg.get_long().unwrap_or_default());
        match is_flag(arg) {
            true if matches.value_source(id) == Some(ValueSource::CommandLine) => {
                words.push(format!("--{long}"));
            }
            true => {}
            false => words.extend(given(matches, id).map(|value| format!("--{long}={value}"))),
        }
    }
}

fn is_flag(arg: &clap::Arg) -> bool {
    !arg.get_action().takes_values()
}

fn given<'a>(matches: &'a ArgMatches, id: &str) -> impl Iterator<Item = String> + use<'a> {
    let by_hand = matches.value_source(id) == Some(ValueSource::CommandLine);
    let raw = by_hand.then(|| matches.get_raw(id)).flatten();
    raw.into_iter().flatten().map(OsStr::to_string_lossy).map(std::borrow::Cow::into_owned)
}

#[cfg(test)]
mod tests {
    use clap::Parser as _;

    use super::*;
    use crate::cli::{Cli, Command as Chosen};

    fn read(words: &[&str]) -> AtDesk {
        let cli = Cli::try_parse_from([&["countersign"], words].concat()).expect("a command");
        match cli.command {
            Chosen::Desk(command) => command,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn the_desk_reads_what_was_meant() {
        let at = ["--gateway", "alice@gw", "-p", "2222"];
        for (words, line) in [
            (&["requests", "--all"][..], "requests --all"),
            (&["show", "7", "--statement", "deny"], "show 7 --statement deny"),
            (&["keys"], "keys"),
            (&["consent", "accept", "x y"], "consent accept 'x y'"),
            (
                &["request", "access", "db-1", "--for", "2h", "--reason", "it's $(full)", "--ticket=-7"],
                r#"request access db-1 --for 2h --reason "it's \$(full)" --ticket=-7"#,
            ),
            (
                &["request", "access", "--label", "a=b", "--label", "c=d e", "--for", "1h", "--reason", "x"],
                "request access --label a=b --label 'c=d e' --for 1h --reason x",
            ),
        ] {
            let sent = read(&[words, &at].concat()).words;
            assert_eq!(DeskCommand::read(&super::line(&sent)), DeskCommand::read(line), "{sent:?}");
            assert!(DeskCommand::read(line).is_ok(), "{line}");
        }
    }

    #[test]
    fn every_command_of_the_desk_is_offered_here() {
        let here = Cli::command();
        for command in DeskCommand::command().get_subcommands() {
            let name = command.get_name();
            assert!(name == "help" || here.find_subcommand(name).is_some(), "{name}");
        }
    }

    #[test]
    fn a_nodes_own_lists_need_no_gateway() {
        assert!(Cli::try_parse_from(["countersign", "sessions"]).is_ok());
        assert!(Cli::try_parse_from(["countersign", "replay", "x", "--asciicast"]).is_ok());
    }

    #[test]
    fn without_a_gateway_nothing_is_sent() {
        assert!(Cli::try_parse_from(["countersign", "requests"]).is_err());
        assert!(Cli::try_parse_from(["countersign", "keys"]).is_err());
        assert!(Cli::try_parse_from(["countersign", "consent", "accept", "1"]).is_err());
    }
}
