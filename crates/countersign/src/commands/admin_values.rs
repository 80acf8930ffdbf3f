//! What `countersign admin` is told about recordings that are held, and about moments.

use access::administer::Change;
use anyhow::{Result, bail};
use clap::Args;

/// One recording, or all of one person.
#[derive(Debug, Args)]
#[group(required = true, multiple = false)]
pub struct Held {
    /// The recording of this session
    #[arg(long)]
    session: Option<String>,
    /// Every recording of this person
    #[arg(long)]
    person: Option<String>,
}

impl Held {
    /// The change that keeps them.
    pub(super) fn held(self, reason: String) -> Result<Change> {
        match (self.session, self.person) {
            (Some(session), None) => Ok(Change::LegalHold { session, reason }),
            (None, Some(name)) => Ok(Change::PersonHold { name, reason }),
            _ => bail!("name a session or a person"),
        }
    }

    /// The change that lets them go.
    pub(super) fn released(self) -> Result<Change> {
        match (self.session, self.person) {
            (Some(session), None) => Ok(Change::LegalHoldRelease { session }),
            (None, Some(name)) => Ok(Change::PersonHoldRelease { name }),
            _ => bail!("name a session or a person"),
        }
    }
}

/// Microseconds since the epoch; none is never.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Moment(pub Option<i64>);

/// A moment as people write it.
pub(super) fn moment(word: &str) -> Result<Moment, String> {
    if word == "never" {
        return Ok(Moment(None));
    }
    let at = word.parse::<jiff::Timestamp>().map_err(|fault| fault.to_string())?;
    Ok(Moment(Some(at.as_microsecond())))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_moment_has_a_zone() {
        assert_eq!(moment("1970-01-01T00:00:01Z"), Ok(Moment(Some(1_000_000))));
        assert_eq!(moment("1970-01-01T08:00:01+08:00"), Ok(Moment(Some(1_000_000))));
        assert_eq!(moment("never"), Ok(Moment(None)));
        for word in ["1970-01-01", "1970-01-01T00:00:01", "soon", ""] {
            assert!(moment(word).is_err(), "{word}");
        }
    }
}
