//! What an answer of `policy analyse --sql` says beyond that for a command line.

use access::policy::How;
use access::policy::sql::{Columns, Script, TableUse};
use serde::Serialize;

/// Tables, functions, names that only the database knows, and why each effect was found.
#[derive(Serialize)]
pub struct Statements {
    tables: Vec<Table>,
    functions: Vec<String>,
    resolve: Vec<String>,
    because: Vec<String>,
}

#[derive(Serialize)]
struct Table {
    schema: Option<String>,
    name: String,
    how: &'static str,
    /// `*` is all of them.
    columns: Vec<String>,
    /// No condition bounds which rows.
    whole: bool,
}

impl Statements {
    /// Those of all statements of a text.
    pub fn of(script: &Script) -> Self {
        let all = || script.statements().iter();
        Self {
            tables: all().flat_map(|statement| &statement.tables).map(Table::of).collect(),
            functions: all().flat_map(|statement| statement.functions.iter().cloned()).collect(),
            resolve: all().flat_map(|statement| &statement.resolve).map(ToString::to_string).collect(),
            because: script
                .reasons()
                .into_iter()
                .map(|why| format!("{}: {}", why.effect, why.because))
                .collect(),
        }
    }
}

impl Table {
    fn of(used: &TableUse) -> Self {
        Self {
            schema: used.table.schema.clone(),
            name: used.table.name.clone(),
            how: match used.how {
                How::Looks => "look",
                How::Reads => "read",
                How::Writes => "write",
                How::Removes => "remove",
            },
            columns: match &used.columns {
                Columns::All => vec!["*".into()],
                Columns::Some(names) => names.iter().cloned().collect(),
            },
            whole: used.whole,
        }
    }
}
