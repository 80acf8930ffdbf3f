//! How long to leave a receiver alone that does not take notices: twice as long each time, and never all at once.

use std::time::Duration;

const SHORTEST: Duration = Duration::from_secs(1);
const LONGEST: Duration = Duration::from_secs(15 * 60);

/// The pause after so many failures in a row, at least 1. `random` spreads receivers that failed together over its
/// second half; what a receiver asks for itself is kept to, up to a quarter of an hour.
pub fn pause(failures: u32, asked: Option<Duration>, random: u64) -> Duration {
    let doubled = 2_u32.saturating_pow(failures.saturating_sub(1).min(16));
    let whole = SHORTEST.saturating_mul(doubled).min(LONGEST);
    let half = whole / 2;
    let spread = half.mul_f64((random >> 11) as f64 / (1_u64 << 53) as f64);
    (half + spread).max(asked.unwrap_or_default().min(LONGEST))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_double_up_to_a_quarter_of_an_hour() {
        let longest = |failures| pause(failures, None, u64::MAX).as_secs_f64().round();
        let pauses: Vec<_> = (1..=12).map(longest).collect();
        assert_eq!(pauses, [1., 2., 4., 8., 16., 32., 64., 128., 256., 512., 900., 900.]);
        assert_eq!(longest(u32::MAX), 900.);
    }

    #[test]
    fn randomness_moves_a_pause_within_its_second_half() {
        assert_eq!(pause(4, None, 0), Duration::from_secs(4));
        assert!(pause(4, None, u64::MAX / 2) > Duration::from_secs(5));
    }

    #[test]
    fn a_receiver_may_ask_for_more_but_not_for_ever() {
        assert_eq!(pause(1, Some(Duration::from_secs(30)), 0), Duration::from_secs(30));
        assert_eq!(pause(1, Some(Duration::from_secs(86_400)), 0), LONGEST);
        assert_eq!(pause(4, Some(Duration::from_secs(1)), 0), Duration::from_secs(4));
    }
}
