//! How much one line may ask to be judged. The text is at most 64 KiB, but its parts can multiply each other: starting
//! points with commands of find, files with directories of `cd`.

use std::cell::Cell;

/// More programs than this in one line are not understood.
pub(super) const MOST_PROGRAMS: usize = 256;

/// How often a file may be looked up in one line, once for each directory in which it may lie.
const MOST_FILES: usize = 4096;

/// A name longer than this many bytes counts as several.
const ONE_NAME: usize = 128;

/// How many bytes the words of all programs may have, loops written out.
const MOST_WORDS: usize = 512 * 1024;

/// What is left for one line.
pub(super) struct Bounds {
    files: Cell<usize>,
    words: Cell<usize>,
    crossed: Cell<Option<&'static str>>,
}

impl Default for Bounds {
    fn default() -> Self {
        Bounds { files: Cell::new(MOST_FILES), words: Cell::new(MOST_WORDS), crossed: Cell::new(None) }
    }
}

impl Bounds {
    /// Whether another file, whose name has `length` bytes, may be looked up.
    pub(super) fn spend(&self, length: usize) -> bool {
        match self.files.get().checked_sub(1 + length / ONE_NAME) {
            Some(left) => self.files.set(left),
            None => self.crossed.set(Some("more files than are judged in one line")),
        }
        self.crossed.get().is_none()
    }

    /// Notes another program, whose words have `length` bytes.
    pub(super) fn spend_words(&self, length: usize) {
        match self.words.get().checked_sub(length) {
            Some(left) => self.words.set(left),
            None => self.crossed.set(Some("longer words than are judged in one line")),
        }
    }

    /// Called when the line starts more than [`MOST_PROGRAMS`].
    pub(super) fn too_many_programs(&self) {
        self.crossed.set(Some("more programs than are judged in one line"));
    }

    /// What there was too much of.
    pub(super) fn crossed(&self) -> Option<&'static str> {
        self.crossed.get()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn so_many_files_are_looked_up_and_no_more() {
        let bounds = Bounds::default();
        assert!((0..MOST_FILES).all(|_| bounds.spend(20)) && bounds.crossed().is_none());
        assert!(!bounds.spend(20) && bounds.crossed().is_some());
    }

    #[test]
    fn a_long_name_counts_for_its_length() {
        let bounds = Bounds::default();
        assert!(bounds.spend(MOST_FILES / 2 * ONE_NAME));
        assert!(!bounds.spend(MOST_FILES / 2 * ONE_NAME));
    }
}
