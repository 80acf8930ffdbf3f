//! What `quorums.toml` says of declared emergencies: how long they last, how soon they are reviewed, and by whom.

use std::collections::BTreeSet;

use serde::Deserialize;
use toml::Spanned;

use super::super::error::PolicyError;

const ADVICE: &str =
    "write [emergencies] with longest_minutes, review_within_hours and reviewers, or leave it out";
const MINUTES: std::ops::RangeInclusive<u64> = 1..=24 * 60;
const HOURS: std::ops::RangeInclusive<u64> = 1..=30 * 24;

/// Bounds on emergencies. What is left out has the shipped value.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Emergencies {
    longest_minutes: u64,
    review_within_hours: u64,
    /// Groups whose members close reviews. Neither the holder nor who signed for them does, whatever their groups.
    pub reviewers: BTreeSet<String>,
}

impl Default for Emergencies {
    fn default() -> Self {
        let reviewers = ["security-administrators", "audit-administrators"];
        let reviewers = reviewers.map(str::to_owned).into();
        Self { longest_minutes: 60, review_within_hours: 24, reviewers }
    }
}

impl Emergencies {
    /// The longest that can be declared, in seconds.
    pub fn longest_seconds(&self) -> u64 {
        self.longest_minutes * 60
    }

    /// How long after its end somebody with an unreviewed one may still declare another, in seconds.
    pub fn review_seconds(&self) -> u64 {
        self.review_within_hours * 3600
    }

    /// The table as it stands in the file, if nothing in it is out of range.
    pub(super) fn checked(table: Option<Spanned<Self>>, file: &str, text: &str) -> Result<Self, PolicyError> {
        let Some(table) = table else { return Ok(Self::default()) };
        let place = table.span().start;
        let read = table.into_inner();
        match read.fault() {
            None => Ok(read),
            Some(what) => Err(PolicyError::new(file, what, ADVICE).at(text, Some(place))),
        }
    }

    fn fault(&self) -> Option<String> {
        let outside = |name: &str, range: &std::ops::RangeInclusive<u64>| {
            Some(format!("emergencies: {name} goes from {} to {}", range.start(), range.end()))
        };
        if !MINUTES.contains(&self.longest_minutes) {
            return outside("longest_minutes", &MINUTES);
        }
        if !HOURS.contains(&self.review_within_hours) {
            return outside("review_within_hours", &HOURS);
        }
        let nobody = self.reviewers.is_empty() || self.reviewers.iter().any(String::is_empty);
        nobody.then(|| "emergencies: reviewers must name groups; nobody could close a review".to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::super::parse;
    use super::*;

    fn read(text: &str) -> Result<Emergencies, String> {
        parse("q.toml", text).map(|file| file.emergencies).map_err(|fault| fault.to_string())
    }

    #[test]
    fn what_is_left_out_is_as_shipped() {
        assert_eq!(read("").unwrap(), Emergencies::default());
        let short = read("[emergencies]\nlongest_minutes = 15").unwrap();
        assert_eq!((short.longest_seconds(), short.review_seconds()), (900, 86_400));
        assert_eq!(short.reviewers, Emergencies::default().reviewers);
    }

    #[test]
    fn what_nobody_could_keep_to_is_refused_with_its_line() {
        for (line, part) in [
            ("longest_minutes = 0", "from 1 to 1440"),
            ("longest_minutes = 1441", "from 1 to 1440"),
            ("review_within_hours = 0", "from 1 to 720"),
            ("reviewers = []", "nobody could close"),
            ("reviewers = [\"\"]", "nobody could close"),
            ("forever = true", "unknown field"),
        ] {
            let told = read(&format!("\n[emergencies]\n{line}")).unwrap_err();
            assert!(told.contains("q.toml:") && told.contains(part), "{line}: {told}");
        }
    }
}
