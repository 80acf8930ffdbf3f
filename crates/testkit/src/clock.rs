//! A clock that stands still until a test moves it.

use std::sync::atomic::{AtomicI64, Ordering};

use access::model::Timestamp;
use access::ports::Clock;

const MINUTE: i64 = 60 * 1_000_000;
const DAY: i64 = 24 * 60 * MINUTE;

/// A clock that tests set and advance; its local zone is UTC.
#[derive(Debug)]
pub struct ManualClock(AtomicI64);

impl ManualClock {
    /// A clock that shows `at`.
    pub fn at(at: Timestamp) -> Self {
        Self(AtomicI64::new(at.0))
    }

    /// Shows `at` from now on, which may be earlier than before.
    pub fn set(&self, at: Timestamp) {
        self.0.store(at.0, Ordering::SeqCst);
    }

    /// Moves forward.
    pub fn advance(&self, seconds: u64) {
        self.set(self.now().plus_seconds(seconds));
    }
}

impl Clock for ManualClock {
    fn now(&self) -> Timestamp {
        Timestamp(self.0.load(Ordering::SeqCst))
    }

    fn local(&self, at: Timestamp) -> (u16, u8) {
        let minute = at.0.rem_euclid(DAY) / MINUTE;
        // The epoch was a Thursday, the fourth day.
        let weekday = (at.0.div_euclid(DAY) + 3).rem_euclid(7) + 1;
        (u16::try_from(minute).unwrap_or(0), u8::try_from(weekday).unwrap_or(1))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// 2020-02-23, a Sunday, 18:56:00 UTC.
    const SUNDAY_EVENING: Timestamp = Timestamp(1_582_484_160_000_000);

    #[test]
    fn the_local_time_is_minute_and_weekday() {
        let clock = ManualClock::at(SUNDAY_EVENING);
        assert_eq!(clock.local(clock.now()), (18 * 60 + 56, 7));
        clock.advance(6 * 3600);
        assert_eq!(clock.local(clock.now()), (56, 1));
    }

    #[test]
    fn the_epoch_was_a_thursday_and_the_minute_before_it_a_wednesday() {
        let clock = ManualClock::at(Timestamp(0));
        assert_eq!(clock.local(clock.now()), (0, 4));
        assert_eq!(clock.local(Timestamp(-1)), (1439, 3));
    }
}
