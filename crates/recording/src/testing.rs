//! What the unit tests of this crate share.

use std::sync::Arc;

use crate::vault::Random;

/// The system's generator.
pub(crate) fn random() -> Random {
    Arc::new(|bytes: &mut [u8]| aws_lc_rs::rand::fill(bytes).unwrap())
}
