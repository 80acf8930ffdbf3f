//! What the courier needs from outside: the outbox, the time and randomness, all without waiting for a runtime of ours.

use access::model::{Notice, Timestamp};
use access::ports::StoreError;

/// The outbox, as threads see it.
pub trait Outbox: Send + Sync {
    /// Now.
    fn now(&self) -> Timestamp;
    /// A random number.
    fn random(&self) -> u64;
    /// The first notice for that receiver, in order of arrival, that is due at `at`.
    fn first(&self, receiver: &str, at: Timestamp) -> Result<Option<Notice>, StoreError>;
    /// Puts a notice off and counts its attempts up, if they still are those. `false`: somebody else has it.
    fn postpone(&self, notice: &Notice, due: Timestamp) -> Result<bool, StoreError>;
    /// Takes a delivered notice out.
    fn delivered(&self, notice: &Notice) -> Result<(), StoreError>;
    /// Enters an alert, and takes a notice out that could not be delivered for too long.
    fn give_up(&self, notice: &Notice, why: &str) -> Result<(), StoreError>;
}
