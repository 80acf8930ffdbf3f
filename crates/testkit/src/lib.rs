//! Stand-ins for what the road is handed, and the contract that every store must keep. Only tests depend on this.

mod certificate;
mod clock;
pub mod contract;
mod entropy;
mod journal;
mod keeper;
pub mod keys;
mod mariadb;
mod memory;
mod postgres;
pub mod sample;

pub use certificate::certify;
pub use clock::ManualClock;
pub use entropy::SeededEntropy;
pub use journal::{FailingJournal, MemoryJournal};
pub use mariadb::PrivateMariadb;
pub use memory::MemoryStore;
pub use postgres::{PrivatePostgres, postgres};
