//! Permits.

use std::collections::BTreeSet;

use super::Road;
use crate::error::RoadError;
use crate::model::{Person, Request};
use crate::text;

impl Road {
    /// Whether the policies would still hold what a request asks for, and allow it with those quorums.
    pub(super) async fn recheck_terms(
        &self,
        _request: &Request,
        _person: &Person,
        _quorums: &BTreeSet<String>,
    ) -> Result<(), RoadError> {
        Err(self.refusal(&text::NOT_ON_OFFER, &[("what", "permit")]).into())
    }

    /// The permit that a granted request yields.
    pub(super) async fn give_permit(&self, _request: &Request) -> Result<String, RoadError> {
        Err(self.refusal(&text::NOT_ON_OFFER, &[("what", "permit")]).into())
    }
}
