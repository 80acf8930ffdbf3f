//! The result of reading a text: its statements, and what each of them does.

use std::collections::BTreeSet;
use std::str::FromStr;

use super::name::{Name, Named};
use crate::{Effect, How, Reason};

/// Whose SQL it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dialect {
    /// PostgreSQL.
    Postgres,
    /// MySQL and MariaDB.
    MySql,
}

/// A name that is no dialect.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is no dialect; the dialects are postgres and mysql")]
pub struct NoSuchDialect(pub String);

impl FromStr for Dialect {
    type Err = NoSuchDialect;

    fn from_str(name: &str) -> Result<Self, NoSuchDialect> {
        match name {
            "postgres" => Ok(Dialect::Postgres),
            "mysql" => Ok(Dialect::MySql),
            _ => Err(NoSuchDialect(name.into())),
        }
    }
}

/// All statements of one text. What the text does is what any of them does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Script {
    text: String,
    statements: Vec<Statement>,
    obstacle: Option<String>,
    misspelt: Option<SyntaxError>,
    replicates: bool,
}

/// What the server's grammar says of a text that is not in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SyntaxError {
    /// In the server's words.
    pub message: String,
    /// Where it is, in characters from 1, if that is known.
    pub position: Option<usize>,
}

/// One statement.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Statement {
    /// Its text, without the semicolon.
    pub text: String,
    /// What it means for the connection.
    pub control: Control,
    /// Everything that it does.
    pub effects: BTreeSet<Effect>,
    /// Why each effect was found, in order.
    pub reasons: Vec<Reason>,
    /// Every table that it touches, in the widest reading.
    pub tables: Vec<TableUse>,
    /// Every function that it calls, as it is named.
    pub functions: BTreeSet<String>,
    /// Names that were taken for what they usually are, since no catalogue was asked: plain tables, the server's own
    /// functions, operators and types.
    pub resolve: BTreeSet<Named>,
    /// What it removes as a whole.
    pub removed: Vec<Removed>,
    /// EXPLAIN can plan it: SELECT, INSERT, UPDATE, DELETE or MERGE.
    pub plannable: bool,
    /// After it, names may stand for something else, which only its own transaction sees until that ends.
    pub shifts: bool,
    /// It reads variables of its session, or what that did last, so another session may mean something else by it. Looked
    /// for in MySQL only.
    pub of_session: bool,
}

/// Something that DROP or TRUNCATE removes as a whole.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Removed {
    /// Its kind.
    pub kind: RemovedKind,
    /// Its name; that of a schema or a database is one without a schema.
    pub name: Name,
    /// CASCADE was written.
    pub cascades: bool,
}

/// Kinds of things that are removed as a whole.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RemovedKind {
    /// All rows of a table.
    Rows,
    /// A table, view, sequence or index.
    Relation,
    /// A schema.
    Schema,
    /// A database.
    Database,
}

/// How a statement touches a table.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct TableUse {
    /// The table; without a schema it may be in any.
    pub table: Name,
    /// What is done: its columns are read or written, or its rows or the table itself removed.
    pub how: How,
    /// Which columns, in the widest reading.
    pub columns: Columns,
    /// Nothing bounds which rows are written or removed: no WHERE, or one that is always true.
    pub whole: bool,
}

impl Statement {
    fn prepared(&self) -> Statement {
        let because = "prepares a statement without running it".to_owned();
        let looks = |used: &TableUse| TableUse { how: How::Looks, whole: false, ..used.clone() };
        Statement {
            effects: [Effect::Read].into(),
            reasons: vec![Reason { effect: Effect::Read, because, program: None }],
            tables: self.tables.iter().map(looks).collect(),
            removed: vec![],
            shifts: false,
            ..self.clone()
        }
    }
}

impl TableUse {
    /// What something does of which nothing is known.
    fn of_anything() -> Vec<TableUse> {
        let every = |how| TableUse {
            table: Name::plain(Name::ANY),
            how,
            columns: Columns::All,
            whole: how >= How::Writes,
        };
        [How::Reads, How::Writes, How::Removes].map(every).to_vec()
    }
}

/// Columns of a table.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Columns {
    /// These.
    Some(BTreeSet<String>),
    /// All of them.
    All,
}

impl Columns {
    /// Both.
    pub fn and(self, other: Columns) -> Columns {
        match (self, other) {
            (Columns::Some(mut some), Columns::Some(more)) => {
                some.extend(more);
                Columns::Some(some)
            }
            _ => Columns::All,
        }
    }

    /// None of them.
    pub fn none() -> Columns {
        Columns::Some(BTreeSet::new())
    }
}

/// What a statement means for the connection, for whoever follows its state.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Control {
    /// Nothing.
    None,
    /// A transaction begins.
    Begin,
    /// It ends, and its work stays.
    Commit,
    /// It ends, and its work is taken back.
    Rollback,
    /// It goes back to that savepoint, which stays.
    RollbackTo(String),
    /// A savepoint is set.
    Savepoint(String),
    /// That savepoint and all behind it are forgotten; their work stays.
    Release(String),
    /// A statement is prepared under a name; the effects are those that it has when executed.
    Prepare(String),
    /// A prepared statement runs.
    Execute(String),
    /// One prepared statement is forgotten, or all.
    Deallocate(Option<String>),
    /// A cursor is declared; the effects are those of its query.
    Declare(String),
    /// Everything of the session is forgotten: prepared statements, cursors, settings.
    DiscardAll,
    /// A setting is changed to a value, or to one that is not known: its default.
    Set {
        /// The setting.
        name: String,
        /// Its new value when it is literal.
        value: Option<String>,
    },
    /// Rows follow from the client.
    CopyIn,
    /// Rows follow from the server.
    CopyOut,
}

impl Script {
    pub(super) fn of(text: &str, statements: Vec<Statement>) -> Script {
        Script { text: text.into(), statements, obstacle: None, misspelt: None, replicates: false }
    }

    /// For a command of a replication connection.
    pub(super) fn replicating(text: &str, command: Statement) -> Script {
        Script { replicates: true, ..Script::of(text, vec![command]) }
    }

    /// For a text that is not read, and what stands in the way.
    pub(super) fn refused(obstacle: &str) -> Script {
        Script { obstacle: Some(obstacle.into()), ..Script::of("", vec![]) }
    }

    /// For a text that the server's grammar does not have.
    pub(super) fn misspelt(error: SyntaxError) -> Script {
        let refused = Script::refused(&format!("not SQL that the server accepts: {}", error.message));
        Script { misspelt: Some(error), ..refused }
    }

    /// The same where what it prepares is not run: PREPARE only looks at tables. What it prepares counts when it is
    /// executed. For whoever knows that looking calls nobody's code.
    #[must_use]
    pub fn preparing(&self) -> Script {
        let statements = self.statements.iter().map(|one| match one.control {
            Control::Prepare(_) => one.prepared(),
            _ => one.clone(),
        });
        Script { statements: statements.collect(), ..self.clone() }
    }

    /// What was read, byte for byte; empty when it was not read.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Whether it is a command of a replication connection.
    pub fn replicates(&self) -> bool {
        self.replicates
    }

    /// The statements in order; none when the text was not read.
    pub fn statements(&self) -> &[Statement] {
        &self.statements
    }

    /// What stood in the way of reading it.
    pub fn obstacle(&self) -> Option<&str> {
        self.obstacle.as_deref()
    }

    /// What the grammar says, if that is why it was not read.
    pub fn syntax_error(&self) -> Option<&SyntaxError> {
        self.misspelt.as_ref()
    }

    /// Every table that any of the statements touches, in the widest reading: what is not known may touch all of them.
    pub fn tables(&self) -> Vec<TableUse> {
        let anything = if self.understood() { vec![] } else { TableUse::of_anything() };
        self.statements.iter().flat_map(|one| one.tables.iter().cloned()).chain(anything).collect()
    }

    /// Whether every statement was read and nothing in it is unknown.
    pub fn understood(&self) -> bool {
        !self.effects().contains(&Effect::Unknown)
    }

    /// Everything that any of the statements does.
    pub fn effects(&self) -> BTreeSet<Effect> {
        let unread = self.obstacle.iter().map(|_| Effect::Unknown);
        unread.chain(self.statements.iter().flat_map(|s| s.effects.iter().copied())).collect()
    }

    /// Why each effect was found, in order.
    pub fn reasons(&self) -> Vec<Reason> {
        let unread = self.obstacle.iter().map(|what| Reason {
            effect: Effect::Unknown,
            because: format!("not understood: {what}"),
            program: None,
        });
        unread.chain(self.statements.iter().flat_map(|s| s.reasons.iter().cloned())).collect()
    }
}
