//! What a managed shell carries from line to line: directory, variables, umask and the last status.

use std::collections::BTreeMap;

use access::ShellLine;
use access::policy::environment;

/// Variables that one shell keeps.
const MAX_VARIABLES: usize = 256;

/// Longest value, in bytes.
const LONGEST: usize = 4096;

/// See the module.
#[derive(Clone, Debug, Default)]
pub(crate) struct State {
    /// Absolute and without links, as the target said; none until it was asked.
    pub directory: Option<String>,
    /// Where `cd -` leads.
    pub previous: Option<String>,
    /// Where the shell began: what `~` means.
    pub login: Option<String>,
    pub exported: BTreeMap<String, String>,
    pub variables: BTreeMap<String, String>,
    pub umask: Option<u32>,
    pub status: u8,
}

/// Why a variable is not kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Unkept {
    /// It could change which program runs, or what one loads or connects to.
    Harmful,
    /// The value holds what could not be shown as it is, or is too long, or there are too many.
    Value,
}

impl State {
    /// A line as it is asked for.
    pub(crate) fn line(&self, text: &str) -> ShellLine {
        ShellLine {
            text: text.to_owned(),
            directory: self.directory.clone(),
            exported: self.exported.clone(),
            variables: self.variables.clone(),
            umask: self.umask,
            status: self.status,
        }
    }

    /// The value of a variable that the shell knows.
    pub(crate) fn value(&self, name: &str) -> Option<String> {
        match name {
            "?" => Some(self.status.to_string()),
            "PWD" => self.directory.clone(),
            "OLDPWD" => self.previous.clone(),
            "HOME" => self.login.clone(),
            name => self.exported.get(name).or_else(|| self.variables.get(name)).cloned(),
        }
    }

    /// `NAME=value`: stays exported if it was.
    pub(crate) fn assign(&mut self, name: &str, value: &str) -> Result<(), Unkept> {
        if self.exported.contains_key(name) {
            return self.export(name, value);
        }
        self.fits(value)?;
        self.variables.insert(name.to_owned(), value.to_owned());
        Ok(())
    }

    /// `export NAME=value`.
    pub(crate) fn export(&mut self, name: &str, value: &str) -> Result<(), Unkept> {
        self.fits(value)?;
        if !environment::is_harmless(name, value) {
            return Err(Unkept::Harmful);
        }
        self.variables.remove(name);
        self.exported.insert(name.to_owned(), value.to_owned());
        Ok(())
    }

    pub(crate) fn unset(&mut self, name: &str) {
        self.variables.remove(name);
        self.exported.remove(name);
    }

    /// The shell is in that directory now.
    pub(crate) fn enter(&mut self, directory: String) {
        if let Some(left) = self.directory.replace(directory) {
            self.previous = Some(left);
        }
    }

    /// The absolute path of a name as it was written, for judging; only the target resolves links.
    pub(crate) fn absolute(&self, path: &str) -> String {
        match &self.directory {
            _ if path.starts_with('/') => path.to_owned(),
            Some(directory) => format!("{}/{path}", directory.trim_end_matches('/')),
            None => path.to_owned(),
        }
    }

    fn fits(&self, value: &str) -> Result<(), Unkept> {
        let many = self.variables.len() + self.exported.len() >= MAX_VARIABLES;
        if many || value.len() > LONGEST || !value.chars().all(super::characters::is_plain) {
            return Err(Unkept::Value);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_can_change_programs_is_not_exported() {
        let mut state = State::default();
        for name in
            ["PATH", "LD_PRELOAD", "BASH_ENV", "PS4", "GIT_SSH_COMMAND", "IFS", "ENV", "PROMPT_COMMAND"]
        {
            assert_eq!(state.export(name, "x"), Err(Unkept::Harmful), "{name}");
        }
        assert!(state.exported.is_empty());
        state.export("LANG", "C").unwrap();
        assert_eq!(state.line("ls").exported["LANG"], "C");
    }

    #[test]
    fn an_exported_variable_stays_exported_and_an_unset_one_is_gone() {
        let mut state = State::default();
        state.assign("A", "1").unwrap();
        state.export("LANG", "C").unwrap();
        state.assign("LANG", "C.UTF-8").unwrap();
        assert_eq!(state.value("LANG").as_deref(), Some("C.UTF-8"));
        assert!(state.variables.contains_key("A") && !state.variables.contains_key("LANG"));
        state.unset("LANG");
        assert_eq!(state.value("LANG"), None);
    }

    #[test]
    fn values_that_hide_something_are_not_kept() {
        let mut state = State::default();
        for value in ["a\nb", "\u{1b}[2J", "a\u{202e}b", &"x".repeat(LONGEST + 1)] {
            assert_eq!(state.assign("A", value), Err(Unkept::Value), "{value:?}");
        }
    }

    #[test]
    fn leaving_a_directory_remembers_it() {
        let mut state = State::default();
        state.enter("/root".into());
        state.enter("/srv".into());
        assert_eq!((state.directory.as_deref(), state.previous.as_deref()), (Some("/srv"), Some("/root")));
        assert_eq!(state.absolute("x"), "/srv/x");
        assert_eq!(state.absolute("/x"), "/x");
    }
}
