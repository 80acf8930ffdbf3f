//! Policies: read and checked once, then asked.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::act::Act;
use super::area::{self, Areas};
use super::cache::Cache;
use super::cedar::Asker;
use super::error::{PolicyError, PolicyErrors};
use super::facts::Facts;
use super::question::{Level, Question};
use super::quorum::{self, Emergencies, Quorum, QuorumFile};
use super::ruling::{Bench, Ruling, Why};
use super::slice::{Slice, Slices};
use super::sources::{self, Collected, Declared, Sources};
use super::verdict::{Allowed, Denied, Held, Rule, Verdict};
use crate::sql::TableUse;
use crate::{Table, Touch};

/// How many rulings are remembered.
const RULINGS: usize = 8192;
/// Facts with more text than this are judged each time, so that nobody fills the memory with long paths.
const LONGEST: usize = 2048;

/// A checked set of policies with its schema and quorums.
#[derive(Debug)]
pub struct Policies {
    version: String,
    asker: Asker,
    slices: Slices,
    rules: BTreeMap<String, Arc<Rule>>,
    quorums: BTreeMap<String, Quorum>,
    emergencies: Emergencies,
    areas: Areas,
    table: Arc<Table>,
    /// By the number of a slice, and what its policies see of a question.
    rulings: Cache<(u64, Facts), Ruling>,
}

impl Policies {
    /// Reads and checks everything: syntax, types (strictly), ids, and that each quorum and area that a policy names exists.
    pub fn parse(sources: &Sources) -> Result<Policies, PolicyErrors> {
        let asker = sources::schema(&sources.schema);
        let quorums = quorum::parse(&sources.quorums.0, &sources.quorums.1);
        let areas = area::parse(&sources.areas.0, &sources.areas.1);
        let table = Table::with(&sources.commands);
        let faults =
            [asker.as_ref().err(), quorums.as_ref().err(), areas.as_ref().err(), table.as_ref().err()];
        PolicyErrors::unless_none(faults.into_iter().flatten().cloned().collect())?;
        let (asker, areas, table) = (asker?, areas?, Arc::new(table?));
        let QuorumFile { quorums, emergencies } = quorums?;
        let all = Collected::read(sources, Declared { quorums: &quorums, areas: &areas }, asker.schema())?;
        let slices = Slices::of(&all.set, asker.schema(), asker.kinds())
            .map_err(|what| PolicyError::new(&sources.schema.0, what, sources::SCHEMA_ADVICE))?;
        let version = sources::version(sources);
        Ok(Policies {
            version,
            asker,
            slices,
            rules: all.rules,
            quorums,
            emergencies,
            areas,
            table,
            rulings: Cache::of(RULINGS),
        })
    }

    /// `sha256:` and the hash of all sources in hex; the order of files does not matter.
    pub fn version(&self) -> &str {
        &self.version
    }

    /// The quorum of that name.
    pub fn quorum(&self, name: &str) -> Option<&Quorum> {
        self.quorums.get(name)
    }

    /// Every declared quorum, by name.
    pub fn quorums(&self) -> impl Iterator<Item = &Quorum> {
        self.quorums.values()
    }

    /// Bounds on declared emergencies.
    pub fn emergencies(&self) -> &Emergencies {
        &self.emergencies
    }

    /// The command table with the rows that the operator added: what analyses are made with.
    pub fn table(&self) -> &Arc<Table> {
        &self.table
    }

    /// The declared areas that one path reaches, by name; to look at a path reaches none.
    pub fn areas_of(&self, touch: &Touch) -> BTreeSet<&str> {
        self.areas.reached_by(touch)
    }

    /// The declared areas that the use of a table reaches, by name; to look at it reaches none.
    pub fn areas_of_table(&self, used: &TableUse) -> BTreeSet<&str> {
        self.areas.used_by(used)
    }

    /// Answers a question: default deny, a forbid wins, an error denies. Counting is for what is not allowed without it,
    /// and lifts nothing unless a permit says how many rows there may be.
    pub fn judge(&self, q: &Question) -> Verdict {
        if !q.counted {
            return self.ask(q);
        }
        let uncounted = self.ask(&Question { counted: false, ..q.clone() });
        if matches!(uncounted, Verdict::Allow(_)) {
            return uncounted;
        }
        match self.ask(q) {
            Verdict::Allow(allowed) if allowed.obligations().max_rows.is_some() => Verdict::Allow(allowed),
            _ => uncounted,
        }
    }

    fn ask(&self, q: &Question) -> Verdict {
        if let Some(reason) = never(q) {
            return Verdict::denied(vec![], reason);
        }
        let slice = match self.slices.on(q) {
            Ok(slice) => slice,
            Err(reason) => return Verdict::denied(vec![], reason),
        };
        let facts = (slice.number, Facts::seen(&slice.sight, q, &self.areas));
        let ruling = match self.rulings.find(&facts) {
            Some(ruling) => ruling,
            None => self.rule(&slice, facts),
        };
        told(&ruling, q)
    }

    /// Asks the policies, and remembers what they said.
    fn rule(&self, slice: &Slice, facts: (u64, Facts)) -> Arc<Ruling> {
        let ruling = Arc::new(self.bench(slice).rule(&facts.1));
        if facts.1.text_len() <= LONGEST {
            self.rulings.keep(facts, &ruling);
        }
        ruling
    }

    fn bench<'a>(&'a self, slice: &'a Slice) -> Bench<'a> {
        Bench { asker: &self.asker, rules: &self.rules, quorums: &self.quorums, slice }
    }
}

/// The ruling for the person who asked.
pub(super) fn told(ruling: &Ruling, q: &Question) -> Verdict {
    let rules = |rules: &[Arc<Rule>]| rules.iter().map(|rule| Rule::clone(rule)).collect();
    match ruling {
        Ruling::Allow(by) => Verdict::Allow(Allowed { rules: rules(by) }),
        Ruling::Hold(by, quorums) => Verdict::Hold(Held { rules: rules(by), quorums: quorums.clone() }),
        Ruling::Deny(by, why) => Verdict::Deny(Denied { rules: rules(by), reason: reason(why, q) }),
    }
}

fn reason(why: &Why, q: &Question) -> String {
    match why {
        Why::Said(reason) => reason.clone(),
        Why::Unpermitted => format!("nothing permits {} to {} {}", q.person, q.act, q.target.name),
    }
}

/// What no policy may allow, whatever it says.
pub(super) fn never(q: &Question) -> Option<&'static str> {
    if q.target.level == Level::Recorded {
        return None;
    }
    if !q.understood {
        return Some("it was not understood, so nothing can be said about what it does");
    }
    (q.effects.is_empty() && (q.act == Act::Exec || q.act.is_on_files()))
        .then_some("nothing is known about what the command does")
}
