//! What both protocols' own questions have in common: rows of text, and how many of them.

/// Rows of text; nothing is NULL.
pub type Rows = Vec<Vec<Option<String>>>;

/// How much of an answer is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bounds {
    /// Rows.
    pub rows: usize,
    /// Bytes of all rows, as they are sent.
    pub bytes: usize,
}

impl Default for Bounds {
    fn default() -> Self {
        Self { rows: 10_000, bytes: 4 << 20 }
    }
}

/// What of an answer has come.
#[derive(Debug)]
pub(crate) struct Gathering {
    bounds: Bounds,
    bytes: usize,
    /// Nothing once it is too much.
    rows: Option<Rows>,
}

impl Gathering {
    pub(crate) fn new(bounds: Bounds) -> Self {
        Self { bounds, bytes: 0, rows: Some(Rows::new()) }
    }

    /// Whether so many more bytes may be kept. From the first that may not on, nothing is.
    pub(crate) fn has_room(&mut self, bytes: usize) -> bool {
        self.bytes = self.bytes.saturating_add(bytes);
        self.rows.take_if(|_| self.bytes > self.bounds.bytes);
        self.rows.is_some()
    }

    pub(crate) fn add(&mut self, row: Vec<Option<String>>) {
        self.rows.take_if(|rows| rows.len() >= self.bounds.rows);
        if let Some(rows) = &mut self.rows {
            rows.push(row);
        }
    }

    /// All rows; nothing if they were too much.
    pub(crate) fn finish(self) -> Option<Rows> {
        self.rows
    }
}
