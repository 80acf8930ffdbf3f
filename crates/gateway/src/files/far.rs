//! What lies outside of a conversation: the target, the road and the record, as its operations need them.

use access::policy::{FileOperation, Obligations};
use access::recording::SessionEvent;

use super::reply::Answer;
use super::request::Request;

/// The channel has come to its end; whoever answered so knows why.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Gone;

/// What the road says to one operation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Ruling {
    /// Exactly this may be done, once.
    Granted {
        operation: FileOperation,
        obligations: Obligations,
        /// Others had to agree first, so the target may have changed meanwhile.
        waited: bool,
    },
    /// It does not happen; the sentence says why.
    Refused(String),
}

/// The outside.
pub(crate) trait Far: Send {
    /// Asks the target, all at once; the answers are in the order of the requests.
    fn ask(&mut self, requests: Vec<Request>) -> impl Future<Output = Result<Vec<Answer>, Gone>> + Send;

    /// Asks the road, and waits where others must agree. The decision is on the record on return.
    fn judge(&mut self, operation: FileOperation) -> impl Future<Output = Result<Ruling, Gone>> + Send;

    /// Takes something down; it need not be durable on return, but before anything that follows crosses.
    fn note(&mut self, event: SessionEvent);

    /// Takes down that something was asked that is not on offer.
    fn turn_down(&mut self, what: String) -> impl Future<Output = Result<(), Gone>> + Send;
}
