//! Administrative changes as requests.

use policy::{Policies, Quorum};

use super::Road;
use crate::error::RoadError;
use crate::model::Request;
use crate::text;

impl Road {
    /// The quorum of that name.
    pub(super) fn quorum_named(&self, policies: &Policies, name: &str) -> Option<Quorum> {
        policies.quorum(name).cloned()
    }

    /// Whether a waiting change could still be made, and still needs what was signed.
    pub(super) async fn change_still_stands(&self, _request: &Request) -> Result<(), RoadError> {
        Err(self.refusal(&text::NOT_ON_OFFER, &[("what", "change")]).into())
    }

    /// Makes a granted change.
    pub(super) async fn apply_change(&self, _request: &Request) -> Result<String, RoadError> {
        Err(self.refusal(&text::NOT_ON_OFFER, &[("what", "change")]).into())
    }
}
