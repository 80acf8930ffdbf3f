//! Failed logins: waiting that doubles, then a lock, as a pure function of counted failures.
//!
//! Count the same way for a name that nobody has and for every source address ([`Subject`]), so that the answers do not
//! tell which persons exist. An attempt that is refused because of a [`Standing`] is not checked and not counted, else
//! an attacker could keep someone locked out for ever.

use std::fmt;
use std::net::IpAddr;

use aws_lc_rs::hmac;

/// How many failures are allowed, and what follows. All times are seconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// The number of the failure after which waiting begins.
    pub wait_from: u32,
    /// The wait after that failure; each further failure doubles it.
    pub first_wait: u64,
    /// The number of the failure after which the lock begins.
    pub lock_from: u32,
    /// How long a lock lasts, and the longest wait.
    pub lock_for: u64,
    /// Failures are forgotten when none has happened for so long.
    pub forget_after: u64,
}

impl Limits {
    /// For one person's name: waits of 1, 2, 4 … s from the 3rd failure, 15 minutes from the 10th.
    pub const PERSON: Self =
        Self { wait_from: 3, first_wait: 1, lock_from: 10, lock_for: 15 * 60, forget_after: 24 * 3600 };

    /// For one source address, behind which many people may sit: waits from the 20th failure, a lock from the 50th.
    pub const SOURCE: Self =
        Self { wait_from: 20, first_wait: 1, lock_from: 50, lock_for: 15 * 60, forget_after: 3600 };
}

impl Default for Limits {
    fn default() -> Self {
        Self::PERSON
    }
}

/// The failures of one subject since its last success.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Failures {
    /// How many.
    pub count: u32,
    /// When the last one was, in unix seconds.
    pub last_at: u64,
}

impl Failures {
    /// None at all: the state of a new subject, and after a success.
    pub const NONE: Self = Self { count: 0, last_at: 0 };

    /// Adds a failure at `now`.
    #[must_use]
    pub fn and_one_at(self, now: u64, limits: &Limits) -> Self {
        let earlier = if self.is_forgotten(now, limits) { 0 } else { self.count };
        // A clock that was set back must not shorten a wait that is running.
        Self { count: earlier.saturating_add(1), last_at: now.max(self.last_at) }
    }

    /// Whether the last failure is so long ago that the state need not be kept.
    #[must_use]
    pub fn is_forgotten(&self, now: u64, limits: &Limits) -> bool {
        now.saturating_sub(self.last_at) >= limits.forget_after
    }
}

/// Whether a further attempt may be made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[must_use]
pub enum Standing {
    /// Now.
    Open,
    /// From the given time on; so far a back-off.
    Wait {
        /// Unix seconds.
        until: u64,
    },
    /// From the given time on; the subject is locked.
    Locked {
        /// Unix seconds.
        until: u64,
    },
}

impl Standing {
    /// What follows at `now` from the failures so far.
    pub fn after(failures: &Failures, now: u64, limits: &Limits) -> Self {
        let until = failures.last_at.saturating_add(pause(failures.count, limits));
        if now >= until || failures.count == 0 {
            Self::Open
        } else if failures.count >= limits.lock_from {
            Self::Locked { until }
        } else {
            Self::Wait { until }
        }
    }

    /// Whether an attempt may be checked.
    #[must_use]
    pub fn is_open(&self) -> bool {
        matches!(self, Self::Open)
    }

    /// The stricter of two, for instance of a person's and a source's.
    pub fn stricter(self, other: Self) -> Self {
        if other.severity() > self.severity() { other } else { self }
    }

    fn severity(&self) -> (u64, u8) {
        match self {
            Self::Open => (0, 0),
            Self::Wait { until } => (*until, 1),
            Self::Locked { until } => (*until, 2),
        }
    }
}

/// Seconds to pause after the failure with this number.
fn pause(count: u32, limits: &Limits) -> u64 {
    if count >= limits.lock_from {
        return limits.lock_for;
    }
    let Some(doublings) = count.checked_sub(limits.wait_from) else { return 0 };
    let factor = 1_u64.checked_shl(doublings).unwrap_or(u64::MAX);
    limits.first_wait.saturating_mul(factor).min(limits.lock_for)
}

/// Whose failures are counted: a user name, whether or not someone has it, or a source address.
///
/// A keyed hash, since people type their passwords into the user-name field.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Subject([u8; 32]);

impl Subject {
    /// A person's name as the client sent it, well-formed or not.
    pub fn name(key: &[u8; 32], name: &[u8]) -> Self {
        Self::of(key, b"name", name)
    }

    /// A source address; the /64 network for IPv6, of which one machine has all addresses.
    pub fn source(key: &[u8; 32], source: IpAddr) -> Self {
        match source.to_canonical() {
            IpAddr::V4(v4) => Self::of(key, b"ipv4", &v4.octets()),
            IpAddr::V6(v6) => Self::of(key, b"ipv6", &(v6.to_bits() >> 64).to_be_bytes()),
        }
    }

    fn of(key: &[u8; 32], kind: &[u8; 4], value: &[u8]) -> Self {
        let mut context = hmac::Context::with_key(&hmac::Key::new(hmac::HMAC_SHA256, key));
        context.update(kind);
        context.update(value);
        let mut bytes = [0; 32];
        bytes.copy_from_slice(context.sign().as_ref());
        Self(bytes)
    }

    /// The hash, to be the key of a row.
    pub fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

impl fmt::Debug for Subject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Subject(hashed)")
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const LIMITS: Limits = Limits::PERSON;
    const NOW: u64 = 1_800_000_000;

    fn failed(times: u32) -> Failures {
        (0..times).fold(Failures::NONE, |failures, _| failures.and_one_at(NOW, &LIMITS))
    }

    #[test]
    fn waiting_doubles_from_the_third_failure_and_the_tenth_locks() {
        let pauses: Vec<u64> = (0..=11)
            .map(|count| match Standing::after(&failed(count), NOW, &LIMITS) {
                Standing::Open => 0,
                Standing::Wait { until } | Standing::Locked { until } => until - NOW,
            })
            .collect();
        assert_eq!(pauses, [0, 0, 0, 1, 2, 4, 8, 16, 32, 64, 900, 900]);
        assert_eq!(Standing::after(&failed(9), NOW, &LIMITS), Standing::Wait { until: NOW + 64 });
        assert_eq!(Standing::after(&failed(10), NOW, &LIMITS), Standing::Locked { until: NOW + 900 });
    }

    #[test]
    fn a_lock_ends_on_time_and_the_next_failure_locks_again() {
        let locked = failed(10);
        assert!(!Standing::after(&locked, NOW + 899, &LIMITS).is_open());
        assert!(Standing::after(&locked, NOW + 900, &LIMITS).is_open());
        let again = locked.and_one_at(NOW + 900, &LIMITS);
        assert_eq!(Standing::after(&again, NOW + 900, &LIMITS), Standing::Locked { until: NOW + 1800 });
    }

    #[test]
    fn success_and_a_quiet_day_reset() {
        assert!(Standing::after(&Failures::NONE, NOW, &LIMITS).is_open());
        let later = failed(10).and_one_at(NOW + LIMITS.forget_after, &LIMITS);
        assert_eq!(later.count, 1);
        assert!(failed(10).is_forgotten(NOW + LIMITS.forget_after, &LIMITS));
    }

    #[test]
    fn a_clock_set_back_shortens_nothing() {
        let failures = failed(10).and_one_at(NOW - 5_000, &LIMITS);
        assert_eq!(Standing::after(&failures, NOW - 5_000, &LIMITS), Standing::Locked { until: NOW + 900 });
    }

    #[test]
    fn the_stricter_of_person_and_source_counts() {
        let (wait, locked) = (Standing::Wait { until: 9 }, Standing::Locked { until: 9 });
        assert_eq!(Standing::Open.stricter(wait), wait);
        assert_eq!(locked.stricter(wait), locked);
        assert_eq!(wait.stricter(locked), locked);
    }

    #[test]
    fn names_and_sources_never_share_a_subject() {
        let key = [3; 32];
        let v4: IpAddr = "10.0.0.1".parse().unwrap();
        assert_ne!(Subject::name(&key, &[10, 0, 0, 1]), Subject::source(&key, v4));
        assert_ne!(Subject::name(&key, b"alice"), Subject::name(&[4; 32], b"alice"));
        assert_eq!(Subject::name(&key, b"alice"), Subject::name(&key, b"alice"));
    }

    #[test]
    fn one_machine_is_one_source_however_it_writes_its_address() {
        let source = |text: &str| Subject::source(&[3; 32], text.parse().unwrap());
        assert_eq!(source("10.0.0.1"), source("::ffff:10.0.0.1"));
        assert_eq!(source("2001:db8::1"), source("2001:db8::ffff:1"));
        assert_ne!(source("2001:db8::1"), source("2001:db8:0:1::1"));
        assert_ne!(source("10.0.0.1"), source("10.0.0.2"));
    }

    fn until(standing: Standing) -> u64 {
        match standing {
            Standing::Open => 0,
            Standing::Wait { until } | Standing::Locked { until } => until,
        }
    }

    proptest! {
        #[test]
        fn one_more_failure_never_helps(count in 0_u32..5_000, last_at: u64, later in 0_u64..10_000, at in 0_u64..20_000) {
            let before = Failures { count, last_at };
            let failed_at = last_at.saturating_add(later);
            let now = last_at.saturating_add(at);
            let after = before.and_one_at(failed_at, &LIMITS);
            let (earlier, later) = (Standing::after(&before, now, &LIMITS), Standing::after(&after, now, &LIMITS));
            prop_assert!(until(later) >= until(earlier) || before.is_forgotten(failed_at, &LIMITS));
        }

        #[test]
        fn whoever_waits_gets_in(count: u32, last_at in 0..u64::MAX / 2, now in 0..u64::MAX / 2) {
            let failures = Failures { count, last_at };
            let open_at = until(Standing::after(&failures, now, &LIMITS)).max(now);
            prop_assert!(Standing::after(&failures, open_at, &LIMITS).is_open());
            prop_assert!(open_at <= now.max(last_at + LIMITS.lock_for));
        }

        #[test]
        fn time_alone_only_opens(count: u32, last_at: u64, now: u64, more: u64) {
            let failures = Failures { count, last_at };
            let later = now.saturating_add(more);
            if Standing::after(&failures, now, &LIMITS).is_open() {
                prop_assert!(Standing::after(&failures, later, &LIMITS).is_open());
            }
        }
    }
}
