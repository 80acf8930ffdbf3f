//! Values in the desk's commands: numbers, spans of time, labels, reasons.

use recording::SessionId;

use crate::model::{Answer, PermitId, RequestId};

/// Why something is wanted or done.
#[derive(Clone, Debug, PartialEq, Eq, clap::Args)]
pub struct Because {
    /// Why, in your words; it is kept
    #[arg(long, required = true, num_args = 1..)]
    reason: Vec<String>,
}

impl Because {
    /// A reason in those words.
    pub fn new(text: &str) -> Self {
        Self { reason: vec![text.to_owned()] }
    }

    /// The reason, as one text. ssh takes quotes away before it sends a command, so words are joined again.
    pub fn text(&self) -> String {
        self.reason.join(" ")
    }
}

pub(super) fn request(word: &str) -> Result<RequestId, &'static str> {
    number(word).map(RequestId)
}

pub(super) fn permit(word: &str) -> Result<PermitId, &'static str> {
    number(word).map(PermitId)
}

fn number(word: &str) -> Result<i64, &'static str> {
    word.parse().ok().filter(|&number| number > 0).ok_or("not a number from a list")
}

pub(super) fn answer(word: &str) -> Result<Answer, &'static str> {
    Answer::parse(word).ok_or("approve or deny")
}

pub(super) fn session(word: &str) -> Result<SessionId, &'static str> {
    word.parse().map_err(|_| "not a session; see: sessions --all")
}

pub(super) fn speed(word: &str) -> Result<f64, &'static str> {
    let speed = word.parse().ok().filter(|speed: &f64| (0.1..=1000.0).contains(speed));
    speed.ok_or("a number from 0.1 to 1000")
}

/// `name=value`, both with something in it.
pub(super) fn pair(word: &str) -> Result<(String, String), &'static str> {
    match word.split_once('=') {
        Some((name, value)) if !name.is_empty() && !value.is_empty() => {
            Ok((name.to_owned(), value.to_owned()))
        }
        _ => Err("write name=value"),
    }
}

/// `name:type`, both with something in it.
pub(super) fn parameter(word: &str) -> Result<(String, String), &'static str> {
    match word.split_once(':') {
        Some((name, kind)) if !name.is_empty() && !kind.is_empty() => Ok((name.to_owned(), kind.to_owned())),
        _ => Err("write name:type"),
    }
}

/// A span of time in seconds: `45m`, `2h`, `1h30m`, `7d`.
pub fn parse_duration(word: &str) -> Result<u64, &'static str> {
    const FORM: &str = "write a time like 45m, 2h, 1h30m or 7d";
    let mut seconds = 0u64;
    let mut rest = word;
    while !rest.is_empty() {
        let digits = rest.find(|c: char| !c.is_ascii_digit()).ok_or(FORM)?;
        let (count, tail) = rest.split_at(digits);
        let unit = tail.chars().next().ok_or(FORM)?;
        let part = count.parse::<u64>().ok().zip(seconds_in(unit)).and_then(|(n, unit)| n.checked_mul(unit));
        seconds = part.and_then(|part| seconds.checked_add(part)).ok_or(FORM)?;
        rest = tail.strip_prefix(unit).unwrap_or_default();
    }
    if seconds == 0 { Err(FORM) } else { Ok(seconds) }
}

fn seconds_in(unit: char) -> Option<u64> {
    match unit {
        's' => Some(1),
        'm' => Some(60),
        'h' => Some(3600),
        'd' => Some(86_400),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_have_a_unit() {
        for (word, seconds) in [("45m", 2700), ("2h", 7200), ("1h30m", 5400), ("7d", 604_800), ("90s", 90)] {
            assert_eq!(parse_duration(word), Ok(seconds), "{word}");
        }
        for word in
            ["", "2", "h", "0m", "2x", "-1h", "2h30", "99999999999999999999d", "9999999999999999d", "２h"]
        {
            assert!(parse_duration(word).is_err(), "{word}");
        }
    }

    #[test]
    fn pairs_have_two_halves() {
        assert_eq!(pair("env=prod=eu"), Ok(("env".into(), "prod=eu".into())));
        assert!(pair("env").is_err() && pair("=x").is_err() && pair("x=").is_err());
        assert!(parameter("host:word").is_ok() && parameter("host").is_err());
    }
}
