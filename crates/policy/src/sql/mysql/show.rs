//! SHOW: what is shown, and the condition that chooses it, which may call functions.

use sqlparser::ast::{
    Ident, ShowStatementFilter, ShowStatementFilterPosition, ShowStatementOptions, Statement,
};

use super::reserved::is_name;
use super::statements::Reader;
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
            Statement::ShowFunctions { filter }
            | Statement::ShowVariables { filter, .. }
            | Statement::ShowStatus { filter, .. }
            | Statement::ShowCollation { filter } => filter.as_ref(),
            Statement::ShowCharset(show) => show.filter.as_ref(),
            Statement::ShowColumns { show_options, .. }
            | Statement::ShowDatabases { show_options, .. }
            | Statement::ShowSchemas { show_options, .. }
            | Statement::ShowTables { show_options, .. }
            | Statement::ShowViews { show_options, .. } => filter_of(show_options),
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
