//! The two accounts of a session whose target has both: whatever only reads runs as one that may do no more, the rest as the
//! other. Which of them an act runs as, and what the one must be told of what happened as the other.

use std::collections::HashMap;

use access::policy::Effect;
use access::policy::sql::{Control, Script, Statement};
use wire::postgres::{ActId, Outcome};

/// What an account that only reads can do.
const READING: [Effect; 2] = [Effect::Read, Effect::DataExport];

/// What reads a sequence as the session left it, which only the connection that moved it on can tell.
const OWN_NUMBERS: [&str; 2] = ["currval", "lastval"];

/// Settings by which a session becomes somebody else.
const IDENTITY: [&str; 2] = ["role", "session_authorization"];

/// Modes of a transaction that another connection cannot take over in the middle: what it has seen is part of it.
const FROZEN: [&str; 3] = ["repeatable", "serializable", "deferrable"];

/// Whether that could run as an account that only reads.
pub(crate) fn only_reads(script: &Script) -> bool {
    script.obstacle().is_none() && script.effects().iter().all(|effect| READING.contains(effect))
}

/// Whether a text could turn out to be for the account that only reads, once it is known what its names stand for.
pub(crate) fn may_only_read(script: &Script) -> bool {
    let mut effects = script.effects();
    effects.remove(&Effect::Unknown);
    effects.iter().all(|effect| READING.contains(effect)) && !wants_writer(script)
}

/// Whether that must run where the session writes although it only reads.
fn wants_writer(script: &Script) -> bool {
    script.statements().iter().any(|statement| {
        let text = statement.text.to_ascii_lowercase();
        let begins_frozen = statement.control == Control::Begin
            && FROZEN.iter().any(|mode| text.contains(mode))
            && !text.contains("only");
        begins_frozen || OWN_NUMBERS.iter().any(|function| text.contains(function))
    })
}

/// As which account a session's acts run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Role {
    /// The one that only reads.
    Reading,
    /// The session's own.
    Writing,
}

/// What a session with two accounts has done that both must know of.
#[derive(Default)]
pub(crate) struct Past {
    /// The session's settings: by name, the text that has made each what it is.
    settings: Vec<(String, String)>,
    /// How often they were changed.
    pub revision: u64,
    /// What the open transaction has done besides reading and writing: how it began, its savepoints and settings.
    transaction: Vec<(Control, String)>,
    has_cursor: bool,
    /// There is something that only the connection that made it can see.
    pub is_bound: bool,
    failed: bool,
    last_tag: Vec<u8>,
    /// What runs, with the place of its statement that runs now.
    running: HashMap<ActId, (Vec<Statement>, usize)>,
}

impl Past {
    /// An act is let through.
    pub(crate) fn begins(&mut self, act: ActId, script: &Script) {
        self.is_bound |= script.effects().contains(&Effect::Unknown) || script.obstacle().is_some();
        self.is_bound |= script.statements().iter().any(is_temporary);
        self.running.insert(act, (script.statements().to_vec(), 0));
    }

    /// One of its statements has come to this.
    pub(crate) fn done(&mut self, act: ActId, outcome: &Outcome) {
        match outcome {
            Outcome::Failed(_) => self.failed = true,
            Outcome::Completed(tag) => self.completed(act, tag),
            Outcome::Empty | Outcome::Suspended | Outcome::Skipped => {}
        }
    }

    fn completed(&mut self, act: ActId, tag: &[u8]) {
        self.last_tag = tag.to_vec();
        let Some((statements, place)) = self.running.get_mut(&act) else { return };
        let Some(statement) = statements.get(*place) else { return };
        *place += 1;
        match &statement.control {
            // Whoever the session has become it is at one connection only.
            Control::Set { name, .. } if IDENTITY.contains(&name.as_str()) => self.is_bound = true,
            control @ (Control::Begin
            | Control::Savepoint(_)
            | Control::Release(_)
            | Control::RollbackTo(_)
            | Control::Rollback
            | Control::Set { .. }) => {
                self.transaction.push((control.clone(), statement.text.clone()));
            }
            Control::DiscardAll => self.forget_settings(),
            Control::Declare(_) => self.has_cursor = true,
            _ => {}
        }
    }

    /// The server is ready, and no transaction is open.
    pub(crate) fn is_idle(&mut self) {
        let explicit = self.transaction.iter().any(|(control, _)| *control == Control::Begin);
        let kept = if explicit { self.last_tag == b"COMMIT" } else { !self.failed };
        let done = std::mem::take(&mut self.transaction);
        for (name, text) in lasting(done).into_iter().filter(|_| kept) {
            self.set(name, text);
        }
        (self.failed, self.has_cursor) = (false, false);
        self.running.clear();
    }

    fn set(&mut self, name: String, text: String) {
        if name == "all" {
            return self.forget_settings();
        }
        self.settings.retain(|(known, _)| *known != name);
        self.settings.push((name, text));
        self.revision += 1;
    }

    fn forget_settings(&mut self) {
        self.settings.clear();
        self.revision += 1;
    }

    /// What makes the settings of another connection those of the session.
    pub(crate) fn settings(&self) -> impl Iterator<Item = &str> {
        ["RESET ALL"].into_iter().chain(self.settings.iter().map(|(_, text)| text.as_str()))
    }

    /// What makes another connection's transaction the one that is open; nothing if that cannot be.
    pub(crate) fn transaction(&self) -> Option<impl Iterator<Item = &str>> {
        (!self.has_cursor).then(|| self.transaction.iter().map(|(_, text)| text.as_str()))
    }
}

/// The settings that a transaction leaves behind when it is kept: those that no return to a savepoint has taken back.
fn lasting(done: Vec<(Control, String)>) -> Vec<(String, String)> {
    let (mut settings, mut savepoints) = (Vec::new(), Vec::<(String, usize)>::new());
    let place =
        |savepoints: &[(String, usize)], name: &str| savepoints.iter().rposition(|(known, _)| known == name);
    for (control, text) in done {
        match control {
            Control::Set { name, .. } => settings.push((name, text)),
            Control::Savepoint(name) => savepoints.push((name, settings.len())),
            Control::Release(name) => savepoints.truncate(place(&savepoints, &name).unwrap_or(0)),
            Control::RollbackTo(name) => match place(&savepoints, &name) {
                Some(place) => {
                    settings.truncate(savepoints.get(place).map_or(0, |(_, length)| *length));
                    savepoints.truncate(place + 1);
                }
                // Nobody has seen that savepoint, so nothing is believed.
                None => settings.clear(),
            },
            _ => {}
        }
    }
    settings
}

fn is_temporary(statement: &Statement) -> bool {
    let mut words = statement.text.split(|c: char| !c.is_ascii_alphanumeric() && c != '_');
    words.any(|word| ["temp", "temporary"].iter().any(|temporary| word.eq_ignore_ascii_case(temporary)))
}

#[cfg(test)]
mod tests {
    use access::policy::sql::{Catalogue, Dialect, analyse};

    use super::*;

    fn script(text: &str) -> Script {
        analyse(Dialect::Postgres, text.as_bytes(), &Catalogue::unasked())
    }

    #[test]
    fn only_what_reads_runs_as_the_one_that_reads() {
        for reads in ["select 1", "begin", "show all", "copy (select 1) to stdout", "set work_mem = '1MB'"] {
            assert!(only_reads(&script(reads)), "{reads}");
        }
        let writes =
            ["delete from t", "select 1; drop table t", "select nextval('s')", "select * from t for update"];
        for writes in writes.into_iter().chain(["copy t from stdin", "nonsense", "do $$begin end$$"]) {
            assert!(!only_reads(&script(writes)), "{writes}");
        }
    }

    #[test]
    fn what_a_return_to_a_savepoint_takes_back_does_not_last() {
        let kept = |text: &str| {
            let (mut past, script) = (Past::default(), script(text));
            for statement in script.statements() {
                past.transaction.push((statement.control.clone(), statement.text.clone()));
            }
            past.last_tag = b"COMMIT".to_vec();
            past.is_idle();
            past.settings.into_iter().map(|(name, _)| name).collect::<Vec<_>>().join(" ")
        };
        assert_eq!(kept("begin; set work_mem = 1; savepoint s; set jit = off; rollback to s"), "work_mem");
        assert_eq!(kept("begin; savepoint s; set jit = off; release s"), "jit");
        let twice = "begin; savepoint s; set jit = off; savepoint s; set work_mem = 1; rollback to \"s\"";
        assert_eq!(kept(twice), "jit");
        assert_eq!(kept(&format!("{twice}; release s; rollback to s; set datestyle = iso")), "datestyle");
        assert_eq!(
            kept("begin; savepoint a; savepoint b; set jit = off; rollback to a; set work_mem = 1"),
            "work_mem"
        );
        assert_eq!(kept("begin; set jit = off; rollback to nobody_knows"), "");
    }

    #[test]
    fn what_another_connection_cannot_tell_is_asked_where_it_was_done() {
        for own in ["select currval('s')", "SELECT LASTVAL()", "begin isolation level repeatable read"] {
            assert!(wants_writer(&script(own)), "{own}");
        }
        for plain in ["begin", "select 1", "begin isolation level serializable read only"] {
            assert!(!wants_writer(&script(plain)), "{plain}");
        }
    }
}
