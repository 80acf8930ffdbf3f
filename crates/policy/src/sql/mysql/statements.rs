//! Statements: every kind that is understood, and what it does.

use sqlparser::ast::{
    AlterTableOperation, AnalyzeFormat, AnalyzeFormatKind, BeginTransactionKind, ContextModifier, Expr,
    Ident, ObjectName, ObjectNamePart, ObjectType, Set, SetAssignment, Statement, TransactionMode, Use,
    Value,
};

use super::modes;
use super::reserved::{is_name, is_value};
use crate::sql::findings::Findings;
use crate::sql::findings::Usually;
use crate::sql::name::{Kind, Name};
use crate::sql::scope::Scope;
use crate::sql::script::{Columns, Control};
use crate::{
    Effect::{self, *},
    How,
};

/// The walk over one statement.
pub(super) struct Reader<'a> {
    pub(super) found: Findings<'a>,
    pub(super) scope: Scope,
    /// What stands in rows that are there already is replaced; only here VALUES is a function.
    pub(super) replaces: bool,
}

/// Settings that only change how the session's own work is done.
const HARMLESS: [&str; 18] = [
    "autocommit",
    "character_set_results",
    "collation_connection",
    "group_concat_max_len",
    "innodb_lock_wait_timeout",
    "interactive_timeout",
    "lc_time_names",
    "lock_wait_timeout",
    "max_execution_time",
    "max_statement_time",
    "net_read_timeout",
    "net_write_timeout",
    "session_track_schema",
    "sql_quote_show_create",
    "sql_safe_updates",
    "sql_select_limit",
    "time_zone",
    "wait_timeout",
];

/// Settings by which the server divides a text into tokens.
const READING: [&str; 3] = ["sql_mode", "character_set_client", "character_set_connection"];

impl<'a> Reader<'a> {
    pub(super) fn new(found: Findings<'a>) -> Self {
        Reader { found, scope: Scope::default(), replaces: false }
    }

    /// Something that is not on the list.
    pub(super) fn strange(&mut self, what: &str) {
        self.found.unknown(format!("{what} is not on the list of what is understood"));
    }

    /// Reads one statement. The list of kinds is closed: another one is unknown.
    pub(super) fn statement(&mut self, tree: &Statement) {
        match tree {
            Statement::Query(query) => self.query(query),
            Statement::Insert(insert) => self.within(|reader| reader.insert(insert)),
            Statement::Update(update) => self.within(|reader| reader.update(update)),
            Statement::Delete(delete) => self.within(|reader| reader.delete(delete)),
            Statement::Explain {
                analyze,
                verbose: false,
                query_plan: false,
                estimate: false,
                options: None,
                statement,
                format,
                describe_alias: _,
            } => self.explain(*analyze, format.as_ref(), statement),
            Statement::ExplainTable { table_name, hive_format: None, has_table_keyword: false, .. } => {
                self.describes(table_name)
            }
            Statement::Set(set) => self.set(set),
            _ if self.show(tree) => {}
            _ => self.of_the_session(tree),
        }
    }

    pub(super) fn describes(&mut self, name: &ObjectName) {
        self.found.does(Read, "describes what is there");
        if table(name).is_none() {
            self.strange("this name");
        }
    }

    fn of_the_session(&mut self, tree: &Statement) {
        let (control, effect, does) = match tree {
            Statement::StartTransaction { modifier: None, exception: None, .. } if begins(tree) => {
                (Control::Begin, Read, "begins a transaction")
            }
            Statement::Commit { end: false, modifier: None, chain: _ } => {
                (Control::Commit, Read, "ends a transaction")
            }
            Statement::Rollback { savepoint, .. } if savepoint.iter().all(is_name) => {
                let to = savepoint.as_ref().map(|name| Control::RollbackTo(name.value.clone()));
                (to.unwrap_or(Control::Rollback), Read, "takes a transaction back")
            }
            Statement::Savepoint { name } if is_name(name) => {
                (Control::Savepoint(name.value.clone()), Read, "marks a place to go back to")
            }
            Statement::ReleaseSavepoint { name } if is_name(name) => {
                (Control::Release(name.value.clone()), Read, "marks a place to go back to")
            }
            Statement::Use(Use::Object(name)) if is_one_word(name) => {
                (Control::None, Read, "changes the database that names are looked for in")
            }
            Statement::LockTables { .. } => (Control::None, Write, "locks tables against others"),
            Statement::UnlockTables => (Control::None, Read, "gives locks back"),
            Statement::Kill { .. } => (Control::None, ServiceStop, "interrupts another session"),
            Statement::Analyze(_) | Statement::OptimizeTable { .. } => {
                (Control::None, Write, "does upkeep on tables")
            }
            Statement::Deallocate { prepare: true, name } if is_name(name) => {
                (Control::None, Read, "forgets a prepared statement")
            }
            Statement::Call(_) => return self.found.unknown("CALL runs code that is not analysed"),
            _ => return self.of_the_schema(tree),
        };
        self.found.control = control;
        self.found.does(effect, does);
    }

    fn of_the_schema(&mut self, tree: &Statement) {
        match tree {
            Statement::Truncate(truncate) => {
                for target in &truncate.table_names {
                    self.removes(&target.name, "removes every row of");
                }
            }
            Statement::Drop { object_type, names, .. } => self.drop(*object_type, names),
            Statement::AlterTable(alter) => self.alter(&alter.name, &alter.operations),
            Statement::CreateTable(create) => {
                self.makes(&create.name, "table");
                if create.or_replace {
                    self.removes(&create.name, "replaces the table");
                }
                if let Some(query) = &create.query {
                    self.found.does(Write, "fills a new table");
                    self.query(query);
                }
            }
            Statement::CreateIndex(index) => self.makes(&index.table_name, "index on"),
            Statement::CreateView(view) => {
                self.makes(&view.name, "view");
                self.query(&view.query);
            }
            Statement::CreateDatabase { or_replace: false, .. }
            | Statement::CreateSchema { or_replace: false, .. } => {
                self.found.does(SchemaChange, "makes a database");
            }
            Statement::RenameTable(renamed) => {
                self.found.does(SchemaChange, "gives tables other names");
                for name in renamed.iter().flat_map(|one| [&one.old_name, &one.new_name]) {
                    match table(name) {
                        Some(table) => self.found.table(&table, How::Writes, Columns::All, false),
                        None => self.strange("this name"),
                    }
                }
            }
            Statement::Grant(_)
            | Statement::Revoke(_)
            | Statement::GrantRole(_)
            | Statement::RevokeRole(_)
            | Statement::CreateRole(_)
            | Statement::CreateUser(_)
            | Statement::AlterUser(_) => self.found.does(PrivilegeChange, "changes who may do what"),
            _ => self.strange("this kind of statement"),
        }
    }

    fn makes(&mut self, name: &ObjectName, what: &str) {
        self.found.does(SchemaChange, format!("makes the {what} {name}"));
        match table(name) {
            Some(table) => self.found.table(&table, How::Writes, Columns::All, false),
            None => self.strange("this name"),
        }
    }

    fn removes(&mut self, name: &ObjectName, does: &str) {
        let Some(table) = table(name) else { return self.strange("this name") };
        self.found.does(DataDestroy, format!("{does} {table}"));
        self.writes(&table, How::Removes, Columns::All, true);
    }

    fn drop(&mut self, kind: ObjectType, names: &[ObjectName]) {
        self.found.does(SchemaChange, "removes objects");
        match kind {
            ObjectType::Table => names.iter().for_each(|name| self.removes(name, "removes the table")),
            ObjectType::Sequence => names.iter().for_each(|name| self.removes(name, "removes the sequence")),
            ObjectType::Schema | ObjectType::Database => {
                self.found.does(DataDestroy, "removes what is kept in it");
                names.iter().for_each(|name| self.empties(name));
            }
            ObjectType::View => {
                for view in names.iter().filter_map(table) {
                    self.found.table(&view, How::Removes, Columns::All, false);
                }
            }
            ObjectType::Index => {}
            ObjectType::Role | ObjectType::User => self.found.does(PrivilegeChange, "removes accounts"),
            _ => self.strange("this kind of object to remove"),
        }
    }

    /// Every table of a database.
    fn empties(&mut self, database: &ObjectName) {
        match table(database) {
            Some(Name { schema: None, name }) => self.found.every_table(Some(&name), How::Removes),
            _ => self.strange("this name"),
        }
    }

    fn alter(&mut self, name: &ObjectName, operations: &[AlterTableOperation]) {
        let Some(table) = table(name) else { return self.strange("this name") };
        self.found.does(SchemaChange, format!("changes {table}"));
        let only_adds = |operation: &AlterTableOperation| {
            matches!(
                operation,
                AlterTableOperation::AddColumn { .. }
                    | AlterTableOperation::AddConstraint { .. }
                    | AlterTableOperation::RenameTable { .. }
                    | AlterTableOperation::RenameColumn { .. }
            )
        };
        if !operations.iter().all(only_adds) {
            self.found.does(DataDestroy, format!("may remove or rewrite columns or partitions of {table}"));
        }
        self.found.table(&table, How::Writes, Columns::All, false);
    }

    /// Without ANALYZE a statement is planned; subqueries in it may run all the same, so only queries stay what they are.
    fn explain(&mut self, analyze: bool, format: Option<&AnalyzeFormatKind>, statement: &Statement) {
        self.found.does(Read, "shows a plan");
        if !matches!(format, None | Some(AnalyzeFormatKind::Assignment(AnalyzeFormat::JSON))) {
            self.strange("this format of a plan");
        }
        let is_planned = matches!(
            statement,
            Statement::Query(_) | Statement::Insert(_) | Statement::Update(_) | Statement::Delete(_)
        );
        if !is_planned {
            return self.strange("EXPLAIN of this kind of statement");
        }
        self.found.planned = !analyze;
        self.statement(statement);
        self.found.planned = false;
        self.found.control = Control::None;
    }

    fn set(&mut self, set: &Set) {
        match set {
            Set::SingleAssignment { scope, hivevar: false, variable, values } => {
                self.assign(scope.as_ref(), variable, values);
            }
            Set::MultipleAssignments { assignments } => self.assign_all(assignments),
            Set::SetNames { charset_name, .. } if is_utf8(charset_name) => {
                self.setting("names", Read, "keeps the encoding in which texts are read here");
            }
            Set::SetNames { .. } => self.found.misleads("another encoding changes how texts are read"),
            Set::SetTransaction { modes, .. } if !modes.is_empty() => {
                self.found.does(Read, "says how a transaction sees others")
            }
            Set::SetRole { .. } => self.found.does(PrivilegeChange, "changes what the session may do"),
            _ => self.strange("this way to change a setting"),
        }
    }

    /// Where nothing else is said, GLOBAL holds for what follows it too.
    fn assign_all(&mut self, assignments: &[SetAssignment]) {
        let is_global = |one: &SetAssignment| matches!(one.scope, Some(ContextModifier::Global));
        if assignments.iter().any(is_global) {
            self.setting("several", Unknown, "changes the whole server");
        }
        for SetAssignment { scope, name, value } in assignments {
            self.assign(scope.as_ref(), name, std::slice::from_ref(value));
        }
    }

    fn assign(&mut self, scope: Option<&ContextModifier>, variable: &ObjectName, values: &[Expr]) {
        for value in values {
            match value {
                Expr::Identifier(word) if is_value(word) => {}
                _ => self.expression(value),
            }
        }
        let name = variable.to_string().to_lowercase();
        let is_own = !matches!(scope, Some(ContextModifier::Global));
        if is_own && is_sql_mode(&name) && modes::keep_the_grammar(values) {
            return self.setting(
                "sql_mode",
                Read,
                "changes what values are accepted, not how texts are read",
            );
        }
        if READING.iter().any(|setting| name.ends_with(setting)) {
            return self.found.misleads(format!("setting {name} changes how texts are read"));
        }
        if matches!(scope, Some(ContextModifier::Global)) || name.starts_with("@@global") {
            return self.setting(&name, Unknown, "changes the whole server");
        }
        let name = name.trim_start_matches("@@session.").trim_start_matches("@@");
        match name {
            _ if values.len() != 1 => self.strange("several settings at once"),
            _ if HARMLESS.contains(&name) => {
                self.setting(name, Read, "changes only how the session's own work is done")
            }
            "foreign_key_checks" | "unique_checks" => {
                self.setting(name, DataDestroy, "lets rows lose what they refer to")
            }
            "transaction_read_only" | "tx_read_only" if is_one(values) => {
                self.setting(name, Read, "forbids the session to write");
            }
            "transaction_read_only" | "tx_read_only" => {
                self.setting(name, PrivilegeChange, "lets the session write again");
            }
            _ if name.contains("log") => self.setting(name, AuditTamper, "changes what is logged"),
            _ => self.setting(name, Unknown, "is not on the list of settings"),
        }
    }

    fn setting(&mut self, name: &str, effect: Effect, because: &str) {
        self.found.control = Control::Set { name: name.into(), value: None };
        self.found.calls(effect, format!("setting {name} {because}"));
    }

    /// A relation is written.
    pub(super) fn writes(&mut self, table: &Name, how: How, columns: Columns, whole: bool) {
        if is_of_the_server(table) {
            self.found.unknown(format!("{table} is a table of the server itself"));
        }
        self.found.table(table, how, columns, whole);
        self.found.rely_on(Kind::Written, table, Usually::Harmless);
    }
}

fn is_sql_mode(name: &str) -> bool {
    ["sql_mode", "@@sql_mode", "@@session.sql_mode"].contains(&name)
}

fn is_one(values: &[Expr]) -> bool {
    let truth = |value: &Expr| match value {
        Expr::Value(value) => matches!(&value.value, Value::Number(number, _) if number == "1"),
        Expr::Identifier(word) => word.value.eq_ignore_ascii_case("on"),
        _ => false,
    };
    matches!(values, [value] if truth(value))
}

fn is_utf8(charset: &Ident) -> bool {
    ["utf8", "utf8mb3", "utf8mb4"].contains(&charset.value.to_lowercase().as_str())
}

/// The databases of the server itself.
pub(super) fn is_of_the_server(table: &Name) -> bool {
    let schema = table.schema.as_deref().map(str::to_lowercase);
    matches!(schema.as_deref(), Some("mysql" | "sys" | "performance_schema" | "information_schema"))
}

/// `BEGIN`, `BEGIN WORK`, or `START TRANSACTION` with how it may be used.
fn begins(tree: &Statement) -> bool {
    let Statement::StartTransaction { modes, begin, transaction, statements, has_end_keyword, .. } = tree
    else {
        return false;
    };
    let is_access = |mode: &TransactionMode| matches!(mode, TransactionMode::AccessMode(_));
    let is_form = match transaction {
        None | Some(BeginTransactionKind::Work) => *begin && modes.is_empty(),
        Some(BeginTransactionKind::Transaction) => !begin && modes.len() <= 1 && modes.iter().all(is_access),
        Some(BeginTransactionKind::Tran) => false,
    };
    is_form && statements.is_empty() && !has_end_keyword
}

pub(super) fn is_one_word(name: &ObjectName) -> bool {
    table(name).is_some_and(|name| name.schema.is_none())
}

/// The name of a relation; none when its first word cannot be a name.
pub(super) fn table(name: &ObjectName) -> Option<Name> {
    let first = name.0.first()?.as_ident()?;
    if is_name(first) { words(name) } else { None }
}

/// A name of one or two words.
pub(super) fn words(name: &ObjectName) -> Option<Name> {
    let words: Option<Vec<&str>> = name.0.iter().map(plain_word).collect();
    match words?.as_slice() {
        [name] => Some(Name::plain(name)),
        [schema, name] => Some(Name::within(schema, name)),
        _ => None,
    }
}

/// A word without quotes, or in backquotes.
fn plain_word(part: &ObjectNamePart) -> Option<&str> {
    part.as_ident().filter(|word| is_plain_word(word)).map(|word| word.value.as_str())
}

pub(super) fn is_plain_word(word: &Ident) -> bool {
    word.quote_style.map_or(!word.value.starts_with('@'), |quote| quote == '`')
}
