//! `countersign completions` and `countersign man`: written from the one definition of the commands.

use std::io::stdout;
use std::path::Path;

use anyhow::{Context as _, Result};
use clap_complete::Shell;

use crate::cli;

/// Prints what a shell needs to complete the commands.
pub fn completions(shell: Shell) {
    clap_complete::generate(shell, &mut cli::command(), "countersign", &mut stdout().lock());
}

/// Writes a page for every command into the folder.
pub fn man(folder: &Path) -> Result<()> {
    std::fs::create_dir_all(folder).with_context(|| format!("cannot make {}", folder.display()))?;
    clap_mangen::generate_to(cli::command(), folder)
        .with_context(|| format!("cannot write into {}", folder.display()))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use clap::Command;

    use super::*;

    /// Every command under its page's name.
    fn commands(command: &Command, name: &str, all: &mut BTreeMap<String, Command>) {
        all.insert(format!("{name}.1"), command.clone());
        for inner in command.get_subcommands().filter(|inner| !inner.is_hide_set()) {
            commands(inner, &format!("{name}-{}", inner.get_name()), all);
        }
    }

    #[test]
    fn every_command_has_a_page_with_all_its_options() {
        let folder = tempfile::tempdir().expect("a folder");
        man(folder.path()).expect("pages");
        let mut all = BTreeMap::new();
        commands(&cli::command(), "countersign", &mut all);
        assert!(all.len() > 40, "{}", all.len());
        for (page, command) in all {
            let text =
                std::fs::read_to_string(folder.path().join(&page)).unwrap_or_else(|_| panic!("no {page}"));
            for long in
                command.get_arguments().filter(|arg| !arg.is_hide_set()).filter_map(|arg| arg.get_long())
            {
                let option = format!("\\-\\-{}", long.replace('-', "\\-"));
                assert!(text.contains(&option), "{page} does not tell {option}");
            }
        }
    }

    #[test]
    fn every_shell_completes_every_command() {
        for shell in [Shell::Bash, Shell::Zsh, Shell::Fish] {
            let mut script = Vec::new();
            clap_complete::generate(shell, &mut cli::command(), "countersign", &mut script);
            let script = String::from_utf8(script).expect("text");
            for name in ["requests", "watch", "emergency", "completions", "ssh-config"] {
                assert!(script.contains(name), "{shell}: {name}");
            }
        }
    }
}
