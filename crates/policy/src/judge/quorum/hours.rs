//! Hours: when in the week a signature counts.

use std::collections::BTreeSet;
use std::fmt;

use serde::{Deserialize, Deserializer};

/// From one minute of a day to another, on some days of the week.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Hours {
    /// The first minute of the day.
    #[serde(deserialize_with = "minute")]
    pub from: u16,
    /// The minute of the day at which they are over.
    #[serde(deserialize_with = "minute")]
    pub to: u16,
    /// Days of the week, 1 is Monday.
    #[serde(default = "every_day")]
    pub weekdays: BTreeSet<u8>,
}

impl Hours {
    /// Whether that moment lies within.
    pub fn hold(&self, minute_of_day: u16, weekday: u8) -> bool {
        (self.from..self.to).contains(&minute_of_day) && self.weekdays.contains(&weekday)
    }

    /// What is wrong with them.
    pub(super) fn fault(&self) -> Option<String> {
        if self.from >= self.to {
            return Some(format!("has hours that never are: {self}"));
        }
        let strange = self.weekdays.iter().find(|day| !(1..=7).contains(*day));
        match strange {
            Some(day) => Some(format!("has a weekday {day}, not 1 (Monday) to 7")),
            None => self.weekdays.is_empty().then(|| "has hours on no weekday".to_owned()),
        }
    }
}

/// `08:00–20:00`.
impl fmt::Display for Hours {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Hours { from, to, .. } = self;
        write!(f, "{:02}:{:02}–{:02}:{:02}", from / 60, from % 60, to / 60, to % 60)
    }
}

fn every_day() -> BTreeSet<u8> {
    (1..=7).collect()
}

fn minute<'de, D: Deserializer<'de>>(value: D) -> Result<u16, D::Error> {
    let text = String::deserialize(value)?;
    let wrong =
        || serde::de::Error::custom(format!("{text:?} is no time of the day; write it like \"08:00\""));
    time(&text).ok_or_else(wrong)
}

/// `00:00` to `24:00`, two digits each.
fn time(text: &str) -> Option<u16> {
    let two_digits = |part: &str| part.len() == 2 && part.bytes().all(|b| b.is_ascii_digit());
    let (hour, minute) = text.split_once(':').filter(|parts| two_digits(parts.0) && two_digits(parts.1))?;
    let (hour, minute): (u16, u16) = (hour.parse().ok()?, minute.parse().ok()?);
    (minute < 60 && hour * 60 + minute <= 24 * 60).then_some(hour * 60 + minute)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn they_begin_with_their_first_minute_and_end_before_their_last() {
        let hours = Hours { from: 8 * 60, to: 20 * 60, weekdays: (1..=5).collect() };
        assert!(hours.hold(480, 1) && hours.hold(1199, 5));
        assert!(!hours.hold(479, 1) && !hours.hold(1200, 1));
        assert!(!hours.hold(600, 6) && !hours.hold(600, 7));
        assert_eq!(hours.to_string(), "08:00–20:00");
    }

    #[test]
    fn a_time_is_four_digits() {
        assert_eq!([time("00:00"), time("08:30"), time("24:00")], [Some(0), Some(510), Some(1440)]);
        for wrong in ["8:00", "24:01", "12:60", "12", "", "+1:00", "12:00 "] {
            assert_eq!(time(wrong), None, "{wrong:?}");
        }
    }
}
