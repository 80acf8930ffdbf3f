//! SHOW: what is shown, and the condition that chooses it, which may call functions.

use sqlparser::ast::{
    Ident, ObjectName, ShowStatementFilter, ShowStatementFilterPosition, ShowStatementOptions, Statement,
};

use super::reserved::is_name;
use super::statements::{Reader, is_one_word, table};
use crate::Effect::Read;

/// What the parser knows only as words.
const WORDS: [&str; 22] = [
    "all slaves status",
    "authors",
    "binary logs",
    "contributors",
    "engines",
    "errors",
    "events",
    "full processlist",
    "grants",
    "locales",
    "master logs",
    "master status",
    "open tables",
    "plugins",
    "privileges",
    "profiles",
    "slave hosts",
    "slave status",
    "storage engines",
    "table status",
    "triggers",
    "warnings",
];

/// The same of something that is named.
const WORDS_OF: [&str; 4] = ["grants for", "index from", "indexes from", "keys from"];

impl Reader<'_> {
    /// Reads a SHOW; false for any other statement.
    pub(super) fn show(&mut self, tree: &Statement) -> bool {
        let filter = match tree {
            Statement::ShowVariable { variable } if is_known(variable) => None,
            Statement::ShowProcessList { .. } => None,
            Statement::ShowCreate { obj_name, .. } => {
                self.describes(obj_name);
                None
            }
            Statement::ShowVariables { filter, global, session }
            | Statement::ShowStatus { filter, global, session }
                if !(*global && *session) =>
            {
                filter.as_ref()
            }
            Statement::ShowCollation { filter } => filter.as_ref(),
            Statement::ShowCharset(show) => show.filter.as_ref(),
            Statement::ShowColumns { extended: false, full: _, show_options } => {
                self.of_table(show_options);
                filter_of(show_options)
            }
            Statement::ShowDatabases { terse: false, history: false, show_options }
            | Statement::ShowSchemas { terse: false, history: false, show_options } => {
                self.of_database(show_options, false);
                filter_of(show_options)
            }
            Statement::ShowTables {
                terse: false,
                history: false,
                extended: false,
                external: false,
                full: _,
                show_options,
            } => {
                self.of_database(show_options, true);
                filter_of(show_options)
            }
            _ => return false,
        };
        self.found.does(Read, "shows what is there");
        match filter {
            None | Some(ShowStatementFilter::Like(_)) => {}
            Some(ShowStatementFilter::Where(condition)) => self.within(|reader| reader.expression(condition)),
            Some(_) => self.strange("this way to choose what is shown"),
        }
        true
    }

    fn of_table(&mut self, options: &ShowStatementOptions) {
        if !is_plain(options) || !is_named(options, |name| table(name).is_some()) {
            self.strange("this way to say what is shown");
        }
    }

    fn of_database(&mut self, options: &ShowStatementOptions, may_be_named: bool) {
        let is_of = options.show_in.is_none() || may_be_named && is_named(options, is_one_word);
        if !is_plain(options) || !is_of {
            self.strange("this way to say what is shown");
        }
    }
}

fn is_named(options: &ShowStatementOptions, is: impl Fn(&ObjectName) -> bool) -> bool {
    options
        .show_in
        .as_ref()
        .is_some_and(|within| within.parent_type.is_none() && within.parent_name.as_ref().is_some_and(is))
}

/// The condition is the last.
fn is_plain(options: &ShowStatementOptions) -> bool {
    let ShowStatementOptions { show_in: _, starts_with, limit, limit_from, filter_position } = options;
    starts_with.is_none()
        && limit.is_none()
        && limit_from.is_none()
        && !matches!(filter_position, Some(ShowStatementFilterPosition::Infix(_)))
}

fn filter_of(options: &ShowStatementOptions) -> Option<&ShowStatementFilter> {
    match options.filter_position.as_ref()? {
        ShowStatementFilterPosition::Infix(filter) | ShowStatementFilterPosition::Suffix(filter) => {
            Some(filter)
        }
    }
}

fn is_known(words: &[Ident]) -> bool {
    if !words.last().is_some_and(is_name) {
        return false;
    }
    let words: Vec<String> = words.iter().map(|word| word.value.to_lowercase()).collect();
    let of = words.get(..2).filter(|_| words.len() == 3).map(|two| two.join(" "));
    WORDS.contains(&words.join(" ").as_str()) || of.is_some_and(|two| WORDS_OF.contains(&two.as_str()))
}
