//! What a held statement would reach, as its database told when people were asked to sign. They are estimates, and part
//! of what is signed; names in it are written so that nothing hides in them.

use serde::{Deserialize, Serialize};

use crate::statement::visible;
use crate::text::{self, Language, Line};

/// The largest number that every reader of JSON takes for itself (RFC 8785).
const LARGEST: u64 = 1 << 53;

/// How much larger than what was signed an estimate may be, and what is never too much more.
const GROWTH: u64 = 10;
const TRIFLE: u64 = 1_000;

/// The impact of one text.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Impact {
    /// What else there is of the data, if the server tells.
    pub copies: Option<Copies>,
    /// What stands on objects that are removed: CASCADE takes it, and without CASCADE nothing is removed.
    pub dependents: Vec<String>,
    /// What could not be told, and why.
    pub gaps: Vec<String>,
    /// Rows and objects.
    pub reaches: Vec<Reach>,
    /// Triggers of the tables that are written, by name.
    pub triggers: Vec<String>,
}

/// What is done to one table or other object.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reach {
    /// Bytes on disk, with indexes.
    pub bytes: Option<u64>,
    /// What happens to it.
    pub how: Way,
    /// Number of its indexes.
    pub indexes: Option<u64>,
    /// Rows that it has.
    pub of: Option<u64>,
    /// Rows that are concerned.
    pub rows: Option<u64>,
    /// Its name.
    pub what: String,
    /// Nothing in the text bounds which rows are concerned.
    pub whole: bool,
}

/// What happens to a table or another object.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Way {
    /// Rows are removed.
    Deletes,
    /// Rows are changed.
    Updates,
    /// Rows are added.
    Inserts,
    /// Rows are added, changed or removed.
    Merges,
    /// All rows are removed at once.
    Empties,
    /// It is removed itself.
    Removes,
    /// A foreign key removes its rows along with others.
    CascadeRemoves,
    /// A foreign key changes its rows along with others.
    CascadeChanges,
}

/// Copies of the data that the server knows of.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Copies {
    /// When a piece of the write-ahead log was last archived, RFC 3339.
    pub archived: Option<String>,
    /// Replicas that are connected.
    pub replicas: u64,
}

impl Impact {
    /// Nothing could be told.
    #[must_use]
    pub fn untold(why: &str) -> Self {
        Self { gaps: vec![why.to_owned()], ..Self::default() }
    }

    /// Whether it reaches far more than `signed`, or can no longer be told where that could.
    #[must_use]
    pub fn outgrows(&self, signed: &Self) -> bool {
        signed.reaches.iter().any(|before| match before.rows() {
            Some(rows) => self.of_the_same(before).is_none_or(|now| now > bearable(rows)),
            None => false,
        })
    }

    fn of_the_same(&self, other: &Reach) -> Option<u64> {
        let same = |reach: &&Reach| reach.how == other.how && reach.what == other.what;
        self.reaches.iter().find(same).and_then(Reach::rows)
    }

    /// In words, a line for each thing.
    #[must_use]
    pub fn told(&self, language: Language) -> Vec<String> {
        let say = |line: &Line, values: &[(&str, &str)]| line.say(language, values);
        let mut lines: Vec<_> = self.reaches.iter().map(|reach| reach.told(language)).collect();
        if !self.dependents.is_empty() {
            lines.push(say(&text::IMPACT_DEPENDENTS, &[("what", &listed(&self.dependents))]));
        }
        if !self.triggers.is_empty() {
            lines.push(say(&text::IMPACT_TRIGGERS, &[("what", &listed(&self.triggers))]));
        }
        lines.extend(self.copies.as_ref().map(|copies| copies.told(language)));
        lines.extend(self.gaps.iter().map(|why| say(&text::IMPACT_GAP, &[("why", &visible(why))])));
        lines
    }
}

/// The most rows for which a signature for that many still stands.
fn bearable(rows: u64) -> u64 {
    rows.saturating_mul(GROWTH).max(rows.saturating_add(TRIFLE))
}

impl Reach {
    /// Something happens to that.
    #[must_use]
    pub fn new(how: Way, what: String) -> Self {
        Self { bytes: None, how, indexes: None, of: None, rows: None, what, whole: false }
    }

    /// Numbers that every reader takes for the same.
    #[must_use]
    pub fn bounded(mut self) -> Self {
        for number in [&mut self.bytes, &mut self.indexes, &mut self.of, &mut self.rows] {
            *number = number.map(|number| number.min(LARGEST));
        }
        self
    }

    /// How many rows are concerned, as far as that is told.
    fn rows(&self) -> Option<u64> {
        self.rows.or(self.of.filter(|_| self.whole || self.goes_as_a_whole()))
    }

    fn goes_as_a_whole(&self) -> bool {
        matches!(self.how, Way::Empties | Way::Removes)
    }

    /// All rows of the table, or so many that the rest makes no difference.
    fn is_all(&self) -> bool {
        let counts = matches!(self.how, Way::Deletes | Way::Updates);
        let are_nearly = |(rows, of): (u64, u64)| of > 0 && rows.saturating_mul(100) >= of.saturating_mul(95);
        self.goes_as_a_whole() || counts && (self.whole || self.rows.zip(self.of).is_some_and(are_nearly))
    }

    fn told(&self, language: Language) -> String {
        let of = self.of.map(grouped);
        let values = [("rows", self.rows().map(grouped)), ("of", of.clone())];
        let values = values.each_ref().map(|(name, value)| (*name, value.as_deref().unwrap_or("?")));
        let rows = match (self.rows(), of) {
            (Some(_), _) if self.is_all() => text::IMPACT_ALL_ROWS.say(language, &values),
            (Some(_), Some(_)) => text::IMPACT_ROWS_OF.say(language, &values),
            (Some(_), None) => text::IMPACT_ROWS.say(language, &values),
            (None, Some(_)) => text::IMPACT_SOME_OF.say(language, &values),
            (None, None) => text::IMPACT_SOME.say(language, &values),
        };
        let mut told = self.how.line().say(language, &[("rows", &rows), ("what", &visible(&self.what))]);
        if let Some(bytes) = self.bytes {
            let indexes = self.indexes.unwrap_or_default().to_string();
            let values = [("size", &*size(bytes)), ("indexes", &indexes)];
            told += &text::IMPACT_SIZE.say(language, &values);
        }
        told
    }
}

impl Way {
    fn line(self) -> Line {
        match self {
            Self::Deletes => text::IMPACT_DELETES,
            Self::Updates => text::IMPACT_UPDATES,
            Self::Inserts => text::IMPACT_INSERTS,
            Self::Merges => text::IMPACT_MERGES,
            Self::Empties => text::IMPACT_EMPTIES,
            Self::Removes => text::IMPACT_REMOVES,
            Self::CascadeRemoves => text::IMPACT_CASCADE_REMOVES,
            Self::CascadeChanges => text::IMPACT_CASCADE_CHANGES,
        }
    }
}

impl Copies {
    fn told(&self, language: Language) -> String {
        let never = text::IMPACT_NEVER.say(language, &[]);
        let archived = self.archived.as_deref().map_or(never, visible);
        let values = [("replicas", &*self.replicas.to_string()), ("archived", &*archived)];
        text::IMPACT_COPIES.say(language, &values)
    }
}

fn listed(names: &[String]) -> String {
    names.iter().map(|name| visible(name)).collect::<Vec<_>>().join(", ")
}

/// `1,204,332`
fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut grouped = String::new();
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    grouped
}

/// `31 MiB`: whole units, of which there are at most 9,999.
fn size(bytes: u64) -> String {
    let units = ["B", "KiB", "MiB", "GiB", "TiB"];
    let fits = |exponent: &usize| bytes >> (10 * exponent) < 10_000;
    let exponent = (0..units.len()).find(fits).unwrap_or(units.len() - 1);
    let unit = units.get(exponent).copied().unwrap_or_default();
    format!("{} {unit}", grouped(bytes >> (10 * exponent)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn deletes(rows: Option<u64>, of: Option<u64>, whole: bool) -> Reach {
        Reach { rows, of, whole, ..Reach::new(Way::Deletes, "public.orders".into()) }
    }

    fn told(reach: Reach) -> String {
        Impact { reaches: vec![reach], ..Impact::default() }.told(Language::English).join("|")
    }

    fn impact(rows: Option<u64>) -> Impact {
        Impact { reaches: vec![deletes(rows, Some(1_000_000), false)], ..Impact::default() }
    }

    #[test]
    fn a_tautology_reads_as_all_rows() {
        let all = "deletes ≈ all 1,204,332 rows of public.orders";
        assert_eq!(told(deletes(None, Some(1_204_332), true)), all);
        assert_eq!(told(deletes(Some(1_204_332), Some(1_204_332), false)), all);
        assert_eq!(
            told(deletes(Some(12), Some(1_000), false)),
            "deletes ≈ 12 (of ≈ 1,000) rows of public.orders"
        );
        assert_eq!(
            told(deletes(None, Some(7), false)),
            "deletes nobody knows how many (of ≈ 7) rows of public.orders"
        );
        assert_eq!(told(deletes(None, None, true)), "deletes nobody knows how many rows of public.orders");
    }

    #[test]
    fn what_is_dropped_is_told_with_its_size() {
        let reach = Reach {
            bytes: Some(3 << 30),
            indexes: Some(2),
            of: Some(5),
            ..Reach::new(Way::Removes, "table public.orders".into())
        };
        assert_eq!(told(reach), "removes table public.orders, ≈ all 5 rows; 3,072 MiB on disk, 2 indexes");
    }

    #[test]
    fn a_signature_for_few_rows_is_none_for_many() {
        assert!(impact(Some(1_000_000)).outgrows(&impact(Some(10))));
        assert!(impact(Some(1_011)).outgrows(&impact(Some(10))));
        assert!(!impact(Some(1_010)).outgrows(&impact(Some(10))), "statistics are not exact");
        assert!(!impact(Some(500_000)).outgrows(&impact(Some(50_000))));
        assert!(impact(Some(500_001)).outgrows(&impact(Some(50_000))));
    }

    #[test]
    fn what_can_no_longer_be_told_is_not_what_was_signed() {
        assert!(impact(None).outgrows(&impact(Some(10))));
        assert!(Impact::untold("too late").outgrows(&impact(Some(10))));
        assert!(!impact(Some(1_000_000)).outgrows(&Impact::untold("too late")), "nothing was told to them");
    }

    #[test]
    fn its_signed_form_reads_back_and_holds_no_number_that_readers_disagree_on() {
        let all = Impact {
            copies: Some(Copies { archived: None, replicas: 2 }),
            dependents: vec!["view v".into()],
            gaps: vec!["why".into()],
            reaches: vec![deletes(Some(u64::MAX), Some(1), false).bounded()],
            triggers: vec!["t".into()],
        };
        let text = crate::entry::canonical(&all);
        assert!(text.contains("\"rows\":9007199254740992"), "{text}");
        assert_eq!(serde_json::from_str::<Impact>(&text).unwrap(), all);
    }
}
