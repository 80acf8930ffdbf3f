//! What the server tells of one name, and which further names and texts that leads to.

use std::sync::Arc;

use access::policy::How;
use access::policy::sql::{self, Catalogue, Control, Dialect, Kind, Name, Named, Script, knows_function};
use wire::Rows;

use super::questions;

/// Everything that happens by itself when a name is used.
#[derive(Default)]
pub(super) struct Facts {
    /// The kinds of what was found by the name, in whichever schema.
    pub found: Vec<String>,
    /// Why nobody knows what it does.
    pub strange: Vec<String>,
    /// Texts that run, and why.
    pub runs: Vec<(String, Arc<Script>)>,
    /// The query of a view that is written: its tables are.
    pub views: Vec<Arc<Script>>,
    /// Names that are used, and why.
    pub uses: Vec<(String, Named)>,
    /// Tables whose rows go or change when rows of this one do.
    pub cascades: Vec<(How, Name)>,
    /// A trigger stands on it.
    pub has_triggers: bool,
}

/// The question about a name of that kind; none for what no database knows.
pub(super) fn question(kind: Kind) -> Option<&'static str> {
    match kind {
        Kind::Relation => Some(questions::READ),
        Kind::Written => Some(questions::WRITTEN),
        Kind::Function => Some(questions::FUNCTION),
        Kind::Operator => Some(questions::OPERATOR),
        Kind::Type => Some(questions::TYPE),
        Kind::Prepared => None,
    }
}

impl Facts {
    /// What these rows say of the name.
    pub(super) fn of(named: &Named, rows: Rows) -> Self {
        let mut facts = Self::default();
        for row in rows {
            let [kind, why, first, second] = <[Option<String>; 4]>::try_from(row).unwrap_or_default();
            facts.add(named, kind.as_deref(), why.unwrap_or_default(), first, second);
        }
        if named.kind == Kind::Function && facts.found.is_empty() {
            // What looks like a call may be a cast.
            facts
                .uses
                .push(("may be a type".to_owned(), Named { kind: Kind::Type, name: named.name.clone() }));
        }
        facts
    }

    fn add(
        &mut self,
        named: &Named,
        kind: Option<&str>,
        why: String,
        schema: Option<String>,
        text: Option<String>,
    ) {
        let name = || Name { schema: schema.clone(), name: text.clone().unwrap_or_default() };
        let using = |kind| Named { kind, name: name() };
        match kind {
            Some("found") => self.found.push(why),
            Some("own") if knows_function(&named.name.name) => {}
            Some("own") => self.strange.push("is not on the list of functions".to_owned()),
            Some("strange") => self.strange.push(why),
            Some("runs") => self.add_text(why, read(&text)),
            Some("view") => self.views.push(read(&text)),
            Some("type") => self.uses.push((why, using(Kind::Type))),
            Some("function") => self.uses.push((why, using(Kind::Function))),
            Some("trigger") => {
                self.has_triggers = true;
                self.uses.push((why, using(Kind::Function)));
            }
            Some("cascade") if why == "removes" => self.cascades.push((How::Removes, name())),
            Some("cascade") => self.cascades.push((How::Writes, name())),
            _ => self.strange.push("is described in a way that is not understood".to_owned()),
        }
    }

    fn add_text(&mut self, why: String, script: Arc<Script>) {
        let changes = |control: &Control| {
            matches!(control, Control::Prepare(_) | Control::Deallocate(_) | Control::DiscardAll)
        };
        if script.statements().iter().any(|statement| changes(&statement.control)) {
            self.strange.push("changes the statements that are prepared".to_owned());
        }
        self.runs.push((why, script));
    }

    /// Every name that it leads to.
    pub(super) fn names(&self) -> Vec<Named> {
        let written = |table: Name| Named { kind: Kind::Written, name: table };
        let used = self.uses.iter().map(|(_, named)| named.clone());
        let cascaded = self.cascades.iter().map(|(_, table)| written(table.clone()));
        let texts = self.runs.iter().map(|(_, script)| script).chain(&self.views);
        let below = self.views.iter().flat_map(|view| tables(view)).map(written);
        used.chain(cascaded).chain(below).chain(texts.flat_map(|script| relied_on(script))).collect()
    }

    /// Every name that it leads to already when a statement is planned: all but what triggers and foreign keys do.
    pub(super) fn planned_names(&self) -> Vec<Named> {
        let used = self.uses.iter().filter(|(why, _)| !is_by_trigger(why)).map(|(_, named)| named.clone());
        let runs = self.runs.iter().filter(|(why, _)| !is_by_trigger(why)).map(|(_, script)| script);
        used.chain(runs.chain(&self.views).flat_map(|script| relied_on(script))).collect()
    }

    /// Whether the number of rows that the server tells is all that a write to it changes.
    pub(super) fn is_countable(&self) -> bool {
        self.found == ["r"] && self.strange.is_empty() && self.cascades.is_empty() && !self.has_triggers
    }
}

fn is_by_trigger(why: &str) -> bool {
    why.starts_with("has the trigger ")
}

/// The tables that a query reads.
pub(super) fn tables(script: &Script) -> Vec<Name> {
    let used = script.statements().iter().flat_map(|one| &one.tables);
    used.map(|used| used.table.clone()).collect()
}

/// The names of which only the database knows what they stand for.
pub(super) fn relied_on(script: &Script) -> Vec<Named> {
    script.statements().iter().flat_map(|one| one.resolve.iter().cloned()).collect()
}

fn read(text: &Option<String>) -> Arc<Script> {
    let text = text.as_deref().unwrap_or_default();
    Arc::new(sql::analyse(Dialect::Postgres, text.as_bytes(), &Catalogue::unasked()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn named(kind: Kind, name: &str) -> Named {
        Named { kind, name: Name::plain(name) }
    }

    fn facts(named: &Named, rows: &[[&str; 4]]) -> Facts {
        let cell = |text: &&str| (!text.is_empty()).then(|| (*text).to_owned());
        Facts::of(named, rows.iter().map(|row| row.iter().map(cell).collect()).collect())
    }

    fn orders(rows: &[[&str; 4]]) -> Facts {
        facts(&named(Kind::Written, "orders"), rows)
    }

    const FOUND: [&str; 4] = ["found", "r", "", ""];
    const CASCADE: [&str; 4] = ["cascade", "removes", "public", "lines"];
    const TRIGGER: [&str; 4] = ["trigger", "has the trigger t", "public", "fires"];

    #[test]
    fn a_plain_table_leads_nowhere_and_its_rows_count() {
        let plain = orders(&[FOUND]);
        assert!(plain.names().is_empty() && plain.is_countable());
    }

    #[test]
    fn what_happens_by_itself_is_not_in_the_count() {
        let partitioned = ["found", "p", "", ""];
        let ruled = ["strange", "has the rule r", "", ""];
        for more in [CASCADE, TRIGGER, ruled, partitioned] {
            assert!(!orders(&[FOUND, more]).is_countable(), "{more:?}");
        }
    }

    #[test]
    fn a_row_that_is_no_fact_is_strange() {
        let rows: Rows = vec![vec![Some("found".into())], vec![]];
        let facts = Facts::of(&named(Kind::Relation, "orders"), rows);
        assert_eq!(facts.strange.len(), 2);
        assert_eq!(orders(&[["view-of", "x", "", ""]]).strange.len(), 1);
    }

    #[test]
    fn a_function_of_the_servers_own_is_strange_unless_it_is_listed() {
        let own = ["own", "", "", ""];
        assert!(facts(&named(Kind::Function, "lower"), &[own]).strange.is_empty());
        assert_eq!(facts(&named(Kind::Function, "pg_terminate_backend_x"), &[own]).strange.len(), 1);
    }

    #[test]
    fn what_looks_like_a_call_may_be_a_cast() {
        let names = facts(&named(Kind::Function, "checked"), &[]).names();
        assert_eq!(names, [named(Kind::Type, "checked")]);
    }

    #[test]
    fn planning_leads_to_what_is_computed_but_not_to_triggers_and_cascades() {
        let computes = ["runs", "computes values", "", "SELECT wipe()"];
        let table = orders(&[FOUND, CASCADE, TRIGGER, computes]);
        let wipe = named(Kind::Function, "wipe");
        assert_eq!(table.planned_names(), std::slice::from_ref(&wipe));
        for reached in [wipe, Named { kind: Kind::Written, name: Name::within("public", "lines") }] {
            assert!(table.names().contains(&reached), "{reached}");
        }
    }
}
