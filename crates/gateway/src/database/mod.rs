//! The database door: TLS in front, the protocol of each database behind it, one statement at a time on the road.

mod accounts;
mod cancels;
mod catalogue;
mod certificate;
mod consequences;
mod counted;
mod course;
mod door;
mod end_point;
mod judging;
mod leg;
mod login;
mod moving;
mod mysql;
mod opening;
mod options;
mod pair;
mod prepared;
mod replicating;
mod server;
mod shown;
mod standing;
mod statement;
mod taking_down;
mod talk;
mod tally;
mod texts;

pub use certificate::CertificateFiles;
pub use door::serve;
pub use options::DatabaseOptions;
