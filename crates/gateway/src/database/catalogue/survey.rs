//! From names to what they do: every name that a text leads to is looked up, and what they all do is added up.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use access::policy::sql::{self, Catalogue, Columns, Dialect, Kind, Meaning, Name, Named, Script, TableUse};
use access::policy::{Effect, How};

use super::facts::{Facts, relied_on, tables};

/// The most that is told of why something is done.
const LONGEST_REASON: usize = 400;

/// What was learnt of every name that a text leads to.
#[derive(Default)]
pub(super) struct Survey {
    pub facts: HashMap<Named, Arc<Facts>>,
    pub version: u32,
    /// What stands behind the names of prepared statements.
    pub prepared: BTreeMap<Named, Arc<Script>>,
    /// Types of parameters that the text does not name.
    pub types: Vec<Named>,
    /// Functions that may be written like columns, by schema and name.
    pub like_columns: Vec<Name>,
}

impl Survey {
    /// The text, read with all of it.
    pub(super) fn read(&self, script: &Arc<Script>) -> Arc<Script> {
        let destroys = script.effects().contains(&Effect::DataDestroy);
        self.apply(script, destroys, &mut BTreeSet::new())
    }

    fn apply(&self, script: &Arc<Script>, destroys: bool, seen: &mut BTreeSet<Named>) -> Arc<Script> {
        // A text that was refused has nothing to read again, and an empty one would do nothing.
        if script.obstacle().is_some() {
            return script.clone();
        }
        let meanings: BTreeMap<Named, Meaning> = relied_on(script)
            .into_iter()
            .filter_map(|named| Some((named.clone(), self.meaning(&named, destroys, seen)?)))
            .collect();
        let hidden = self.hidden_calls(script, destroys, seen);
        let are_plain = meanings.values().all(|meaning| *meaning == Meaning::default());
        let all_are_known = relied_on(script).iter().all(|named| meanings.contains_key(named));
        if script.understood() && hidden.is_none() && are_plain && all_are_known {
            return script.clone();
        }
        let catalogue = Catalogue::asked(self.version, meanings).beside(hidden);
        Arc::new(sql::analyse(Dialect::Postgres, script.text().as_bytes(), &catalogue))
    }

    /// What using the name does; none when nobody said. A name that leads back to itself adds nothing the second time.
    fn meaning(&self, named: &Named, destroys: bool, seen: &mut BTreeSet<Named>) -> Option<Meaning> {
        if !seen.insert(named.clone()) {
            return Some(Meaning::default());
        }
        let meaning = match self.prepared.get(named) {
            Some(behind) => self.behind(&self.apply(behind, does_destroy(behind), seen), "runs"),
            None => self.told(named, self.facts.get(named)?, destroys, seen),
        };
        seen.remove(named);
        Some(meaning)
    }

    fn told(&self, named: &Named, facts: &Facts, destroys: bool, seen: &mut BTreeSet<Named>) -> Meaning {
        let mut all = Meaning::default();
        for strange in &facts.strange {
            add(&mut all, unknown(strange));
        }
        for (why, script) in &facts.runs {
            let mut does = self.behind(&self.apply(script, does_destroy(script), seen), why);
            if named.kind == Kind::Written {
                does.effects.remove(&Effect::Write);
            }
            add(&mut all, does);
        }
        for (why, used) in &facts.uses {
            add(&mut all, self.through(why, used, destroys, seen));
        }
        for view in &facts.views {
            add(&mut all, self.behind(&self.apply(view, false, seen), "is a view"));
            for table in tables(view) {
                add(&mut all, self.written("is a view over", How::Writes, table, destroys, seen));
            }
        }
        if destroys {
            for (how, table) in &facts.cascades {
                add(&mut all, self.written("takes along", *how, table.clone(), true, seen));
                all.effects.insert(Effect::DataDestroy);
            }
        }
        all
    }

    /// What is done by using another name.
    fn through(&self, why: &str, used: &Named, destroys: bool, seen: &mut BTreeSet<Named>) -> Meaning {
        let Some(mut meaning) = self.meaning(used, destroys, seen) else {
            return unknown(&format!("{why}: the database did not say what {used} is"));
        };
        if meaning != Meaning::default() {
            meaning.because = format!("{why}: {used} {}", meaning.because);
        }
        meaning
    }

    /// A table that is written without being named.
    fn written(
        &self,
        why: &str,
        how: How,
        table: Name,
        destroys: bool,
        seen: &mut BTreeSet<Named>,
    ) -> Meaning {
        let named = Named { kind: Kind::Written, name: table.clone() };
        let mut meaning = self.through(why, &named, destroys, seen);
        if meaning.because.is_empty() {
            meaning.because = format!("{why} {table}");
        }
        meaning.tables.push(TableUse { table, how, columns: Columns::All, whole: false });
        meaning
    }

    /// What a text that runs by itself does.
    fn behind(&self, script: &Script, why: &str) -> Meaning {
        let mut effects = script.effects();
        effects.remove(&Effect::Read);
        let reasons = script.reasons();
        let told = reasons.iter().filter(|reason| reason.effect != Effect::Read);
        let because: Vec<&str> = told.map(|reason| reason.because.as_str()).collect();
        let because = match because.is_empty() {
            true => why.to_owned(),
            false => format!("{why} ({})", because.join(", ")),
        };
        let tables = script.statements().iter().flat_map(|one| one.tables.iter().cloned()).collect();
        Meaning { effects, because, tables }
    }

    /// What no name in the text says: functions that it may call as if they were columns of a row, and what reading its
    /// parameters calls.
    fn hidden_calls(&self, script: &Script, destroys: bool, seen: &mut BTreeSet<Named>) -> Option<Meaning> {
        let mut all = Meaning::default();
        for named in called_like_columns(script, &self.like_columns) {
            add(&mut all, self.through("may call as a column", &named, destroys, seen));
        }
        for named in &self.types {
            add(&mut all, self.through("has a parameter of it", named, destroys, seen));
        }
        (all != Meaning::default()).then_some(all)
    }
}

/// The functions among those that a text may mean by what looks like a column. An escape could hide any name.
pub(super) fn called_like_columns(script: &Script, functions: &[Name]) -> Vec<Named> {
    let text = script.text().to_lowercase();
    let is_meant = |function: &&Name| {
        text.contains("u&") || function.name.contains('"') || text.contains(&function.name.to_lowercase())
    };
    let meant = functions.iter().filter(is_meant);
    meant.map(|name| Named { kind: Kind::Function, name: name.clone() }).collect()
}

/// Something that nobody understands.
pub(super) fn unknown(because: &str) -> Meaning {
    Meaning { effects: [Effect::Unknown].into(), because: because.to_owned(), tables: vec![] }
}

fn does_destroy(script: &Script) -> bool {
    script.effects().contains(&Effect::DataDestroy)
}

fn add(all: &mut Meaning, more: Meaning) {
    if !more.effects.is_empty() && !all.because.contains(&more.because) && all.because.len() < LONGEST_REASON
    {
        let between = if all.because.is_empty() { "" } else { ", " };
        all.because = format!("{}{between}{}", all.because, more.because);
    }
    all.effects.extend(more.effects);
    all.tables.extend(more.tables);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn script(text: &str) -> Arc<Script> {
        Arc::new(sql::analyse(Dialect::Postgres, text.as_bytes(), &Catalogue::unasked()))
    }

    fn named(kind: Kind, name: &str) -> Named {
        Named { kind, name: Name::plain(name) }
    }

    fn survey(facts: Vec<(Named, Facts)>) -> Survey {
        let facts = facts.into_iter().map(|(named, facts)| (named, Arc::new(facts))).collect();
        Survey { facts, version: 150_000, ..Survey::default() }
    }

    fn found() -> Facts {
        Facts { found: vec!["r".into()], ..Facts::default() }
    }

    #[test]
    fn names_that_do_nothing_change_no_reading() {
        let text = script("SELECT id FROM orders");
        let survey = survey(vec![(named(Kind::Relation, "orders"), found())]);
        assert!(Arc::ptr_eq(&survey.read(&text), &text));
    }

    #[test]
    fn a_name_of_which_nothing_was_said_is_unknown() {
        let read = survey(vec![]).read(&script("SELECT id FROM orders"));
        assert!(read.effects().contains(&Effect::Unknown));
    }

    #[test]
    fn a_view_does_what_its_query_does() {
        let wipe = named(Kind::Function, "wipe");
        let view = Facts { runs: vec![("is a view".into(), script("SELECT wipe()"))], ..found() };
        let strange = Facts { strange: vec!["is not analysed".into()], ..found() };
        let survey = survey(vec![(named(Kind::Relation, "innocent"), view), (wipe, strange)]);
        let read = survey.read(&script("SELECT * FROM innocent"));
        assert!(read.effects().contains(&Effect::Unknown));
        assert!(
            read.reasons().iter().any(|reason| reason.because.contains("wipe is not analysed")),
            "{read:?}"
        );
    }

    #[test]
    fn a_view_whose_query_was_refused_is_unknown() {
        let refused = script(&format!("SELECT '{}'", "x".repeat(sql::LONGEST_TEXT)));
        let view = Facts { runs: vec![("is a view".into(), refused)], ..found() };
        let read = survey(vec![(named(Kind::Relation, "long"), view)]).read(&script("SELECT * FROM long"));
        assert!(read.effects().contains(&Effect::Unknown), "{read:?}");
    }

    #[test]
    fn a_name_that_leads_back_to_itself_comes_to_an_end() {
        let again = Facts { runs: vec![("is a view".into(), script("SELECT * FROM again"))], ..found() };
        let survey = survey(vec![(named(Kind::Relation, "again"), again)]);
        assert_eq!(survey.read(&script("SELECT * FROM again")).effects(), [Effect::Read].into());
    }

    #[test]
    fn what_foreign_keys_take_along_is_touched_only_when_rows_go() {
        let lines = Name::plain("lines");
        let orders = Facts { cascades: vec![(How::Removes, lines.clone())], ..found() };
        let written = |name| named(Kind::Written, name);
        let survey = survey(vec![(written("orders"), orders), (written("lines"), found())]);
        let touches = |text: &str| survey.read(&script(text)).tables().iter().any(|used| used.table == lines);
        assert!(touches("DELETE FROM orders WHERE id = '1'"));
        assert!(!touches("INSERT INTO orders VALUES (1)"));
    }

    #[test]
    fn a_function_behind_a_dot_is_found_however_it_is_written() {
        let functions = [Name::within("public", "debts")];
        let found = |text: &str| called_like_columns(&script(text), &functions).len();
        assert_eq!(found("SELECT c.DEBTS FROM customers c"), 1);
        assert_eq!(found("SELECT c.U&\"d\\0065bts\" FROM customers c"), 1);
        assert_eq!(found("SELECT c.name FROM customers c"), 0);
    }
}
