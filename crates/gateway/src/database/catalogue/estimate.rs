//! What a held statement would reach, asked on a connection that is made for it: read-only, short of patience, and closed
//! afterwards. Nothing of the client's text is planned unless every function in it is the server's own, since planning
//! may call functions (docs/decisions/0019).

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use access::impact::{Copies, Impact, Reach, Way};
use access::policy::sql::{Kind, Name, Named, Removed, RemovedKind, Script, Statement};
use access::policy::{Effect, How};
use access::statement::visible;
use serde_json::json;
use tokio::time::timeout;
use wire::Rows;
use wire::postgres::Parameter;

use super::FIRST_OWN;
use super::facts::relied_on;
use super::line::{AskError, Connection as _};
use super::plan::{Planned, planned};
use super::postgres::Open;
use super::survey::{Survey, called_like_columns};
use super::{Guide, Prepared, reach};

/// What holds whatever a statement does while it is planned. Names in answers are written with their schema.
const SETTINGS: [(&str, &str); 6] = [
    ("search_path", "pg_catalog"),
    ("default_transaction_read_only", "on"),
    ("statement_timeout", "1500"),
    ("lock_timeout", "300"),
    ("idle_in_transaction_session_timeout", "10000"),
    ("application_name", "countersign: what a statement would reach"),
];

/// Statements of one text that are planned, names in a list, and bytes of values that are sent a second time.
const MOST_PLANS: usize = 8;
const MOST_LISTED: usize = 20;
const MOST_BYTES: usize = 64 << 10;

/// The longest reason that is told, in characters.
const LONGEST_REASON: usize = 300;

/// Values of a statement's parameters, as its client sent them.
#[derive(Clone, Default)]
pub(crate) struct Values {
    /// The types that it declared.
    pub types: Vec<u32>,
    pub parameters: Vec<Parameter>,
}

impl Guide {
    /// What that text would reach, as far as it is told in that time.
    pub(crate) async fn impact(&self, script: &Arc<Script>, values: &Values, patience: Duration) -> Impact {
        let mut impact = Impact::default();
        let told = timeout(patience, self.gather(script, values, &mut impact)).await;
        match told {
            Ok(Ok(())) => {}
            Ok(Err(fault)) => gap(&mut impact, &fault.to_string()),
            Err(_) => gap(&mut impact, "the database did not tell in time"),
        }
        impact
    }

    async fn gather(
        &self,
        script: &Arc<Script>,
        values: &Values,
        impact: &mut Impact,
    ) -> Result<(), AskError> {
        let _place = self.whole.estimates.acquire().await;
        let open = Open::dial_with(&self.whole.name, &self.credential, &SETTINGS, self.whole.limit).await?;
        let mut estimate = Estimate { open, script, tables: Vec::new(), impact };
        estimate.catalogue().await?;
        let survey = self.survey(&self.whole.known(), script, &Prepared::new(), &[]).await;
        match survey.map_err(|fault| fault.to_string()).and_then(|survey| plans_safely(&survey, script)) {
            Ok(()) => estimate.plans(values).await?,
            Err(why) => estimate.unplanned(&why),
        }
        if estimate.impact.reaches.is_empty() {
            gap(estimate.impact, "what it reaches is not told by any plan or size");
        }
        estimate.impact.reaches.sort_by_key(|reach| reach.how);
        estimate.open.hang_up().await;
        Ok(())
    }
}

/// A table or other relation as the catalogue describes it.
struct Table {
    name: Name,
    kind: String,
    rows: Option<u64>,
    indexes: Option<u64>,
}

impl Table {
    fn of(row: Vec<Option<String>>) -> Option<Self> {
        let [schema, name, kind, rows, indexes] = <[Option<String>; 5]>::try_from(row).ok()?;
        let name = Name { schema, name: name? };
        Some(Self { name, kind: kind.unwrap_or_default(), rows: number(rows), indexes: number(indexes) })
    }

    fn is(&self, name: &Name) -> bool {
        self.name.name == name.name && (name.schema.is_none() || name.schema == self.name.schema)
    }

    fn shown(&self) -> String {
        visible(&self.name.to_string())
    }
}

/// One estimate on its way.
struct Estimate<'a> {
    open: Open,
    script: &'a Script,
    tables: Vec<Table>,
    impact: &'a mut Impact,
}

impl Estimate<'_> {
    /// Everything that only needs the catalogue.
    async fn catalogue(&mut self) -> Result<(), AskError> {
        self.impact.copies = self.open.ask(reach::COPIES, &[]).await.ok().and_then(copies);
        let removed: Vec<_> = self.script.statements().iter().flat_map(|one| one.removed.clone()).collect();
        let relations = removed.iter().filter(|one| is_relation(one)).map(|one| one.name.clone());
        let used = relied_on(self.script).into_iter().filter(is_table).map(|named| named.name);
        let names: BTreeSet<Name> = used.chain(relations).collect();
        let rows = self.open.ask(reach::TABLES, &[Some(&listed(&names))]).await?;
        self.tables = rows.into_iter().filter_map(Table::of).collect();
        self.cascades(&removed).await?;
        self.triggers().await?;
        for one in &removed {
            self.removal(one).await?;
        }
        Ok(())
    }

    /// The tables that statements write row by row.
    fn written(&self) -> BTreeSet<Name> {
        let used = relied_on(self.script).into_iter();
        used.filter(|named| named.kind == Kind::Written).map(|named| named.name).collect()
    }

    async fn cascades(&mut self, removed: &[Removed]) -> Result<(), AskError> {
        let emptied = |with: bool| {
            let rows =
                removed.iter().filter(move |one| one.kind == RemovedKind::Rows && one.cascades == with);
            rows.map(|one| one.name.clone()).collect::<BTreeSet<_>>()
        };
        let is_removed = |name: &Name| {
            let mut uses = self.script.statements().iter().flat_map(|one| &one.tables);
            uses.any(|used| used.table == *name && used.how == How::Removes)
        };
        let by_row = self.written().into_iter().filter(|name| removed.iter().all(|one| one.name != *name));
        let (gone, changed): (BTreeSet<_>, BTreeSet<_>) = by_row.partition(is_removed);
        let changes = self.script.effects().contains(&Effect::DataDestroy);
        for (names, how) in [(emptied(true), "all"), (gone, "removes"), (changed, "changes")] {
            if names.is_empty() || how == "changes" && !changes {
                continue;
            }
            let rows = self.open.ask(reach::CASCADES, &[Some(&listed(&names)), Some(how)]).await?;
            self.add_cascades(rows);
        }
        Ok(())
    }

    fn add_cascades(&mut self, rows: Rows) {
        if rows.len() > MOST_LISTED {
            gap(self.impact, "foreign keys lead to more tables than are listed");
        }
        for row in rows.into_iter().take(MOST_LISTED) {
            let Ok([schema, Some(name), how, of]) = <[Option<String>; 4]>::try_from(row) else { continue };
            let how = match how.as_deref() {
                Some("removes") => Way::CascadeRemoves,
                _ => Way::CascadeChanges,
            };
            let what = visible(&Name { schema, name }.to_string());
            self.impact.reaches.push(Reach { of: number(of), ..Reach::new(how, what) }.bounded());
        }
    }

    async fn triggers(&mut self) -> Result<(), AskError> {
        let written = self.written();
        if !written.is_empty() {
            self.impact.triggers = names(self.open.ask(reach::TRIGGERS, &[Some(&listed(&written))]).await?);
        }
        Ok(())
    }

    /// What goes as a whole, with its size. A size that waits for somebody's lock is left out.
    async fn removal(&mut self, removed: &Removed) -> Result<(), AskError> {
        let one = listed(&[removed.name.clone()].into());
        match removed.kind {
            RemovedKind::Rows | RemovedKind::Relation => {
                self.relations(removed);
                let sizes = self.open.ask(reach::SIZES, &[Some(&one)]).await;
                self.add_sizes(sizes);
            }
            RemovedKind::Schema => self.schema(&removed.name.name).await,
            RemovedKind::Database => self.database(&removed.name.name).await,
        }
        let schema = (removed.kind == RemovedKind::Schema).then_some(removed.name.name.as_str());
        if matches!(removed.kind, RemovedKind::Relation | RemovedKind::Schema) {
            let none = "[]".to_owned();
            let relations = if schema.is_some() { none } else { one };
            let rows = self.open.ask(reach::DEPENDENTS, &[Some(&relations), schema]).await?;
            self.impact.dependents.extend(names(rows));
        }
        Ok(())
    }

    fn relations(&mut self, removed: &Removed) {
        let meant: Vec<_> = self.tables.iter().filter(|table| table.is(&removed.name)).collect();
        if meant.len() > 1 {
            gap(
                self.impact,
                &format!("which {} is meant is decided by the session's search path", removed.name),
            );
        }
        for table in meant {
            let (how, what) = match removed.kind {
                RemovedKind::Rows => (Way::Empties, table.shown()),
                _ => (Way::Removes, format!("{} {}", table.kind, table.shown())),
            };
            let reach =
                Reach { of: table.rows, indexes: table.indexes, whole: true, ..Reach::new(how, what) };
            self.impact.reaches.push(reach.bounded());
        }
    }

    fn add_sizes(&mut self, sizes: Result<Rows, AskError>) {
        let Ok(rows) = sizes else { return gap(self.impact, "sizes could not be read") };
        for row in rows {
            let Ok([schema, Some(name), bytes]) = <[Option<String>; 3]>::try_from(row) else { continue };
            let name = visible(&Name { schema, name }.to_string());
            let is_it = |reach: &&mut Reach| reach.what == name || reach.what.ends_with(&format!(" {name}"));
            let bytes = number(bytes);
            self.impact.reaches.iter_mut().filter(is_it).for_each(|reach| reach.bytes = bytes);
        }
    }

    async fn schema(&mut self, name: &str) {
        let row = first(self.open.ask(reach::SCHEMA, &[Some(name)]).await);
        let Some(Ok([tables, rows, bytes, indexes])) = row.map(<[Option<String>; 4]>::try_from) else {
            return gap(self.impact, "the schema's size could not be read");
        };
        let what = format!("schema {} ({} tables)", visible(name), tables.unwrap_or_default());
        let (of, bytes, indexes) = (number(rows), number(bytes), number(indexes));
        let reach = Reach { of, bytes, indexes, whole: true, ..Reach::new(Way::Removes, what) };
        self.impact.reaches.push(reach.bounded());
    }

    async fn database(&mut self, name: &str) {
        let row = first(self.open.ask(reach::DATABASE, &[Some(name)]).await);
        let bytes = row.and_then(|row| row.into_iter().next()).and_then(number);
        let what = format!("database {}", visible(name));
        self.impact.reaches.push(Reach { bytes, whole: true, ..Reach::new(Way::Removes, what) }.bounded());
    }

    /// The server's own estimates, for every statement that changes rows.
    async fn plans(&mut self, values: &Values) -> Result<(), AskError> {
        let changing: Vec<_> = self.script.statements().iter().filter(|one| changes_rows(one)).collect();
        if changing.is_empty() {
            return Ok(());
        }
        let path = self.search_path().and_then(|path| values.are_plain().map(|()| path));
        let path = match path {
            Ok(path) => path,
            Err(why) => {
                self.unplanned(&why);
                return Ok(());
            }
        };
        for statement in changing.into_iter().take(MOST_PLANS) {
            match self.plan(statement, &path, values).await {
                Ok(plans) => plans.into_iter().for_each(|plan| self.add_plan(plan, statement)),
                Err(why) => self.unplanned_statement(statement, &why.to_string()),
            }
        }
        Ok(())
    }

    /// Plans it where nothing can be written and nothing stays.
    async fn plan(
        &mut self,
        statement: &Statement,
        path: &str,
        values: &Values,
    ) -> Result<Vec<Planned>, AskError> {
        self.open.ask("BEGIN READ ONLY", &[]).await?;
        self.open.ask("SELECT set_config('search_path', $1, true)", &[Some(path)]).await?;
        let text = format!("EXPLAIN (FORMAT JSON) {}", statement.text);
        let rows = self.open.ask_as(&text, &values.types, &values.parameters).await;
        self.open.ask("ROLLBACK", &[]).await?;
        let json = rows?.into_iter().flatten().flatten().next().unwrap_or_default();
        planned(&json).ok_or_else(|| AskError::Broken("a plan that is none".to_owned()))
    }

    fn add_plan(&mut self, plan: Planned, statement: &Statement) {
        let name = Name::plain(&plan.table);
        let meant: Vec<_> = self.tables.iter().filter(|table| table.is(&name)).collect();
        let (what, of) = match meant.as_slice() {
            [table] => (table.shown(), table.rows),
            _ => (visible(&plan.table), None),
        };
        let whole = plan.how != Way::Inserts && is_whole(statement, &plan.table);
        self.impact
            .reaches
            .push(Reach { rows: plan.rows, of, whole, ..Reach::new(plan.how, what) }.bounded());
    }

    fn unplanned(&mut self, why: &str) {
        for statement in self.script.statements().iter().filter(|one| changes_rows(one)) {
            self.unplanned_statement(statement, why);
        }
    }

    /// Without a plan, what is written is told with its size.
    fn unplanned_statement(&mut self, statement: &Statement, why: &str) {
        let of_statement = |table: &&Table| {
            let mut written = statement.resolve.iter().filter(|named| named.kind == Kind::Written);
            written.any(|named| table.is(&named.name))
        };
        for table in self.tables.iter().filter(of_statement) {
            let how = way(statement, &table.name.name);
            let whole = how != Way::Inserts && is_whole(statement, &table.name.name);
            let reach = Reach { of: table.rows, whole, ..Reach::new(how, table.shown()) };
            self.impact.reaches.push(reach.bounded());
        }
        gap(self.impact, why);
    }

    /// The schemas of all tables that are named without one. Which of several is meant, only the session knows.
    fn search_path(&self) -> Result<String, String> {
        let mut path = vec!["pg_catalog".to_owned()];
        for named in
            relied_on(self.script).iter().filter(|named| is_table(named) && named.name.schema.is_none())
        {
            let meant: Vec<_> = self.tables.iter().filter(|table| table.is(&named.name)).collect();
            match meant.as_slice() {
                [Table { name: Name { schema: Some(schema), .. }, .. }] => {
                    path.push(format!("\"{}\"", schema.replace('"', "\"\"")));
                }
                [] => return Err(format!("there is no {}", named.name)),
                _ => {
                    return Err(format!(
                        "which {} is meant is decided by the session's search path",
                        named.name
                    ));
                }
            }
        }
        path.dedup();
        Ok(path.join(", "))
    }
}

impl Values {
    /// Reading a value of a type that somebody made may call their functions.
    fn are_plain(&self) -> Result<(), String> {
        let bytes: usize = self.parameters.iter().flat_map(|one| &one.value).map(|value| value.len()).sum();
        if self.types.iter().any(|number| *number >= FIRST_OWN) {
            Err("a parameter has a type that is not the server's own".to_owned())
        } else if bytes > MOST_BYTES {
            Err("its values are too long to be sent twice".to_owned())
        } else {
            Ok(())
        }
    }
}

/// Whether planning that text calls nothing but what the server brings, in whatever it leads to.
fn plans_safely(survey: &Survey, script: &Script) -> Result<(), String> {
    if let Some(what) = script.obstacle() {
        return Err(format!("not understood: {what}"));
    }
    if !script.understood() {
        return Err("it is not understood".to_owned());
    }
    let mut open = relied_on(script);
    open.extend(called_like_columns(script, &survey.like_columns));
    let mut seen = BTreeSet::new();
    while let Some(named) = open.pop() {
        if !seen.insert(named.clone()) {
            continue;
        }
        let facts = survey.facts.get(&named).ok_or_else(|| format!("nobody knows what {named} is"))?;
        if let Some(strange) = facts.strange.first() {
            return Err(format!("{named} {strange}"));
        }
        if matches!(named.kind, Kind::Function) && !facts.runs.is_empty() {
            return Err(format!("planning it could call the {named}, which is not the server's own"));
        }
        open.extend(facts.planned_names());
    }
    Ok(())
}

fn changes_rows(statement: &Statement) -> bool {
    statement.plannable && statement.resolve.iter().any(|named| named.kind == Kind::Written)
}

fn is_whole(statement: &Statement, table: &str) -> bool {
    statement.tables.iter().any(|used| used.whole && used.table.name == table)
}

fn way(statement: &Statement, table: &str) -> Way {
    let is_removed = |how| statement.tables.iter().any(|used| used.how == how && used.table.name == table);
    match statement.effects.contains(&Effect::DataDestroy) {
        true if is_removed(How::Removes) => Way::Deletes,
        true => Way::Updates,
        false => Way::Inserts,
    }
}

fn is_table(named: &Named) -> bool {
    matches!(named.kind, Kind::Relation | Kind::Written)
}

fn is_relation(removed: &Removed) -> bool {
    matches!(removed.kind, RemovedKind::Rows | RemovedKind::Relation)
}

/// Names as the questions take them.
fn listed(names: &BTreeSet<Name>) -> String {
    let object = |name: &Name| json!({"schema": name.schema, "name": name.name});
    serde_json::Value::Array(names.iter().map(object).collect()).to_string()
}

/// The first column of each row, as many as are shown.
fn names(rows: Rows) -> Vec<String> {
    let more = rows.len() > MOST_LISTED;
    let first = rows.into_iter().take(MOST_LISTED).filter_map(|row| row.into_iter().next().flatten());
    first.map(|name| visible(&name)).chain(more.then(|| "and more".to_owned())).collect()
}

fn first(rows: Result<Rows, AskError>) -> Option<Vec<Option<String>>> {
    rows.ok()?.into_iter().next()
}

fn copies(rows: Rows) -> Option<Copies> {
    let [replicas, archived] = <[Option<String>; 2]>::try_from(rows.into_iter().next()?).ok()?;
    Some(Copies { replicas: number(replicas)?, archived: archived.map(|when| visible(&when)) })
}

fn number(text: Option<String>) -> Option<u64> {
    text?.parse().ok()
}

/// What a database says in an error is as long and as strange as it likes.
fn gap(impact: &mut Impact, why: &str) {
    let why: String = visible(why).chars().take(LONGEST_REASON).collect();
    if !impact.gaps.contains(&why) {
        impact.gaps.push(why);
    }
}

#[cfg(test)]
mod tests {
    use access::policy::sql::{self, Catalogue, Dialect};

    use super::super::facts::Facts;
    use super::*;

    fn script(text: &str) -> Script {
        sql::analyse(Dialect::Postgres, text.as_bytes(), &Catalogue::unasked())
    }

    /// A survey in which every name of the text stands for something plain, and `wipe` for a function of somebody's.
    fn survey(text: &Script) -> Survey {
        let mut survey = Survey::default();
        for named in relied_on(text) {
            let mut facts = Facts { found: vec!["r".into()], ..Facts::default() };
            if named.name.name == "wipe" {
                facts.runs.push(("is a function in public".into(), Arc::new(script("SELECT 1"))));
            }
            survey.facts.insert(named, Arc::new(facts));
        }
        survey
    }

    #[test]
    fn only_what_calls_nothing_of_anybodys_is_planned() {
        let planned = |text: &str| plans_safely(&survey(&script(text)), &script(text)).is_ok();
        assert!(planned("DELETE FROM orders WHERE lower(name) = 'x' AND id < 5"));
        for text in ["DELETE FROM orders WHERE wipe()", "DELETE FROM", "DO 'x'", "CALL wipe()"] {
            assert!(!planned(text), "{text}");
        }
        let nobody_said = plans_safely(&Survey::default(), &script("DELETE FROM orders"));
        assert!(nobody_said.is_err());
    }

    #[test]
    fn values_of_types_that_somebody_made_are_not_read() {
        let of = |types: &[u32]| Values { types: types.to_vec(), parameters: vec![] }.are_plain();
        assert!(of(&[0, 23, 25]).is_ok());
        assert!(of(&[23, FIRST_OWN]).is_err());
        let value = Some(vec![b'x'; MOST_BYTES + 1].into());
        let long = Values { types: vec![], parameters: vec![Parameter { is_binary: false, value }] };
        assert!(long.are_plain().is_err());
    }

    #[test]
    fn lists_are_as_long_as_people_read() {
        let rows = |count: usize| (0..count).map(|number| vec![Some(format!("t{number}\u{202e}"))]).collect();
        assert_eq!(names(rows(MOST_LISTED)).len(), MOST_LISTED);
        let many = names(rows(MOST_LISTED + 1));
        assert_eq!((many.len(), many.last().map(String::as_str)), (MOST_LISTED + 1, Some("and more")));
        assert_eq!(many.first().map(String::as_str), Some("t0\\u{202e}"));
    }

    #[test]
    fn what_a_database_says_in_an_error_is_bounded_and_visible() {
        let mut impact = Impact::default();
        gap(&mut impact, &"\u{1b}[2J".repeat(10_000));
        assert!(impact.gaps.iter().all(|gap| gap.len() <= LONGEST_REASON && !gap.contains('\u{1b}')));
    }
}
