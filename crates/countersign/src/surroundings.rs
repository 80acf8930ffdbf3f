//! The clock and the randomness that the binary owns and hands to everything else.

use access::model::Timestamp;
use access::ports::{Clock, Entropy};
use std::time::SystemTime;

use aws_lc_rs::rand::{SecureRandom, SystemRandom};
use jiff::tz::TimeZone;

/// The system's clock, and the zone in which policies speak of hours and weekdays.
pub struct SystemClock {
    zone: TimeZone,
}

impl SystemClock {
    /// A clock whose local time is that of `zone`.
    pub fn in_zone(zone: TimeZone) -> Self {
        Self { zone }
    }
}

impl Clock for SystemClock {
    fn now(&self) -> Timestamp {
        Timestamp(jiff::Timestamp::now().as_microsecond())
    }

    fn local(&self, at: Timestamp) -> (u16, u8) {
        let Ok(at) = jiff::Timestamp::from_microsecond(at.0) else { return (0, 1) };
        let local = at.to_zoned(self.zone.clone());
        let minute = i32::from(local.hour()) * 60 + i32::from(local.minute());
        let weekday = local.weekday().to_monday_one_offset();
        (u16::try_from(minute).unwrap_or(0), u8::try_from(weekday).unwrap_or(1))
    }
}

/// What time it is, as certificates have it.
pub fn system_time() -> SystemTime {
    SystemTime::from(jiff::Timestamp::now())
}

/// The operating system's randomness.
pub struct SystemEntropy;

impl Entropy for SystemEntropy {
    fn fill(&self, buffer: &mut [u8]) {
        fill(buffer);
    }
}

/// Fills the buffer, or ends the process: nothing here may go on with bytes that can be guessed.
pub fn fill(buffer: &mut [u8]) {
    if SystemRandom::new().fill(buffer).is_err() {
        eprintln!("countersign: the operating system gives no randomness");
        std::process::abort();
    }
}

/// Random bytes.
pub fn random<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    fill(&mut bytes);
    bytes
}
