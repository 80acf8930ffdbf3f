//! What is known where a line starts: the managed shell's directory, variables and last status.

use std::collections::BTreeMap;

/// What a line starts from. By default nothing is known.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Surroundings {
    /// Absolute, without links; none is the login directory, wherever that is.
    pub directory: Option<String>,
    /// Values that are known, put in place of `$NAME` before the line is read.
    pub variables: BTreeMap<String, String>,
    /// Put in place of `$?`.
    pub status: u8,
}
