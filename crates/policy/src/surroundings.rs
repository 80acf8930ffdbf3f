//! What is known where a line starts: the managed shell's directory, variables and last status.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::Table;

/// What a line starts from. By default nothing is known.
#[derive(Clone, Debug)]
pub struct Surroundings {
    /// Absolute, without links; none is the login directory, wherever that is.
    pub directory: Option<String>,
    /// Values that are known, put in place of `$NAME` before the line is read.
    pub variables: BTreeMap<String, String>,
    /// Put in place of `$?`.
    pub status: u8,
    /// Which programs are known: [`crate::Policies::table`], or the shipped ones.
    pub table: Arc<Table>,
}

impl Default for Surroundings {
    fn default() -> Self {
        Surroundings { directory: None, variables: BTreeMap::new(), status: 0, table: Table::shipped() }
    }
}
