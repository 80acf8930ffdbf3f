//! The line under the cursor: insertion, movement and deletion by graphemes and words, one kill slot, undo.

use unicode_segmentation::UnicodeSegmentation as _;

/// Longest line, in bytes: what analysis reads.
pub(crate) const LONGEST: usize = 64 * 1024;

/// Steps that can be undone.
const MAX_UNDO: usize = 200;

/// See the module.
#[derive(Debug, Default)]
pub(crate) struct Buffer {
    text: String,
    /// A byte offset, always between two graphemes.
    cursor: usize,
    killed: String,
    undo: Vec<(String, usize)>,
}

impl Buffer {
    pub(crate) fn text(&self) -> &str {
        &self.text
    }

    /// Byte offset of the cursor.
    pub(crate) fn cursor(&self) -> usize {
        self.cursor
    }

    /// Replaces everything; the cursor goes to the end.
    pub(crate) fn set(&mut self, text: String) {
        self.remember();
        self.cursor = text.len();
        self.text = text;
    }

    /// Takes the line out and forgets its steps.
    pub(crate) fn take(&mut self) -> String {
        self.cursor = 0;
        self.undo.clear();
        std::mem::take(&mut self.text)
    }

    /// Inserts at the cursor; `false` when the line would be too long.
    pub(crate) fn insert(&mut self, text: &str) -> bool {
        if self.text.len() + text.len() > LONGEST {
            return false;
        }
        self.remember();
        let (before, after) = self.split();
        self.text = format!("{before}{text}{after}");
        self.cursor = self.boundary(self.cursor + text.len());
        true
    }

    /// Replaces the bytes before the cursor that begin at `from`.
    pub(crate) fn complete(&mut self, from: usize, text: &str) -> bool {
        let (before, after) = self.split();
        let Some(kept) = before.get(..from) else { return false };
        if kept.len() + text.len() + after.len() > LONGEST {
            return false;
        }
        let (whole, cursor) = (format!("{kept}{text}{after}"), kept.len() + text.len());
        self.remember();
        self.text = whole;
        self.cursor = self.boundary(cursor);
        true
    }

    pub(crate) fn left(&mut self) {
        self.cursor = self.grapheme_left();
    }

    pub(crate) fn right(&mut self) {
        self.cursor = self.grapheme_right();
    }

    pub(crate) fn home(&mut self) {
        self.cursor = self.split().0.rfind('\n').map_or(0, |at| at + 1);
    }

    pub(crate) fn end(&mut self) {
        self.cursor += self.split().1.find('\n').unwrap_or(self.split().1.len());
    }

    /// Behind everything, also behind later rows.
    pub(crate) fn end_of_all(&mut self) {
        self.cursor = self.text.len();
    }

    pub(crate) fn word_left(&mut self) {
        self.cursor = self.word_start();
    }

    pub(crate) fn word_right(&mut self) {
        self.cursor = self.word_end();
    }

    pub(crate) fn backspace(&mut self) {
        self.cut(self.grapheme_left(), self.cursor);
    }

    pub(crate) fn delete(&mut self) {
        self.cut(self.cursor, self.grapheme_right());
    }

    pub(crate) fn kill_to_end(&mut self) {
        let line = self.split().1.find('\n').unwrap_or(self.split().1.len());
        self.kill(self.cursor, self.cursor + line);
    }

    pub(crate) fn kill_to_start(&mut self) {
        let start = self.split().0.rfind('\n').map_or(0, |at| at + 1);
        self.kill(start, self.cursor);
    }

    pub(crate) fn kill_word_back(&mut self) {
        self.kill(self.word_start(), self.cursor);
    }

    pub(crate) fn kill_word(&mut self) {
        self.kill(self.cursor, self.word_end());
    }

    pub(crate) fn yank(&mut self) -> bool {
        let killed = self.killed.clone();
        self.insert(&killed)
    }

    /// Swaps the graphemes around the cursor, or the last two at the end of the line.
    pub(crate) fn transpose(&mut self) {
        if self.cursor == self.text.len() {
            self.left();
        }
        let (first, last) = (self.grapheme_left(), self.grapheme_right());
        let (Some(one), Some(two)) = (self.text.get(first..self.cursor), self.text.get(self.cursor..last))
        else {
            return;
        };
        let swapped = format!("{two}{one}");
        self.remember();
        self.text.replace_range(first..last, &swapped);
        self.cursor = self.boundary(last);
    }

    pub(crate) fn undo(&mut self) -> bool {
        let Some((text, cursor)) = self.undo.pop() else { return false };
        (self.text, self.cursor) = (text, cursor);
        true
    }

    fn kill(&mut self, from: usize, to: usize) {
        if let Some(text) = self.text.get(from..to).filter(|text| !text.is_empty()) {
            self.killed = text.to_owned();
            self.cut(from, to);
        }
    }

    fn cut(&mut self, from: usize, to: usize) {
        if from < to && self.text.get(from..to).is_some() {
            self.remember();
            self.text.replace_range(from..to, "");
            self.cursor = self.boundary(from);
        }
    }

    fn remember(&mut self) {
        if self.undo.len() == MAX_UNDO {
            self.undo.remove(0);
        }
        self.undo.push((self.text.clone(), self.cursor));
    }

    fn split(&self) -> (&str, &str) {
        self.text.split_at_checked(self.cursor).unwrap_or((&self.text, ""))
    }

    /// The next place between graphemes at or after `at`: inserted marks may join with what stands beside them.
    fn boundary(&self, at: usize) -> usize {
        let starts = self.text.grapheme_indices(true).map(|(start, _)| start);
        starts.chain([self.text.len()]).find(|&start| start >= at).unwrap_or(self.text.len())
    }

    fn grapheme_left(&self) -> usize {
        self.split().0.grapheme_indices(true).next_back().map_or(0, |(start, _)| start)
    }

    fn grapheme_right(&self) -> usize {
        self.cursor + self.split().1.graphemes(true).next().map_or(0, str::len)
    }

    /// Where the word before the cursor begins; words are parted by blanks.
    fn word_start(&self) -> usize {
        let word = self.split().0.trim_end();
        word.rfind(char::is_whitespace).map_or(0, |at| self.boundary(at + 1))
    }

    fn word_end(&self) -> usize {
        let after = self.split().1;
        let blanks = after.len() - after.trim_start().len();
        let word = after.trim_start();
        self.cursor + blanks + word.find(char::is_whitespace).unwrap_or(word.len())
    }
}
