//! Administrative changes as requests: what [`crate::administer`] makes of them, for those who claim requests.

use policy::{Policies, Quorum};

use super::Road;
use crate::administer::change_quorum;
use crate::error::RoadError;
use crate::model::Request;

impl Road {
    /// The quorum of that name. What changes need is never less than the code asks for, whatever a file declares.
    pub(super) fn quorum_named(&self, policies: &Policies, name: &str) -> Option<Quorum> {
        let declared = |name: &str| policies.quorum(name).cloned();
        change_quorum(name, declared).or_else(|| declared(name))
    }

    /// Whether a waiting change could still be made, and still needs what was signed.
    pub(super) async fn change_still_stands(&self, request: &Request) -> Result<(), RoadError> {
        self.would_still_make(request).await
    }

    /// Makes a granted change.
    pub(super) async fn apply_change(&self, request: &Request) -> Result<String, RoadError> {
        self.make_granted(request).await
    }
}
