//! What happened in a life, written down as it goes, and kept if the life ends in a panic.

use std::fmt::Debug;
use std::fmt::Write as _;
use std::sync::{Arc, Mutex};

use testkit::MemoryJournal;

pub struct Diary<'k> {
    text: String,
    ledger: Arc<MemoryJournal>,
    /// Entries that are written down already.
    told: usize,
    keep: &'k Mutex<String>,
}

impl<'k> Diary<'k> {
    /// The diary of a life with that ledger; what it says of a failure goes into `keep`.
    pub fn of(ledger: Arc<MemoryJournal>, keep: &'k Mutex<String>) -> Self {
        let told = ledger.entries().len();
        Self { text: String::new(), ledger, told, keep }
    }

    /// Begins with a move; the entries that it makes follow.
    pub fn turn(&mut self, turn: usize, next: &impl Debug) {
        self.tell_entries();
        writeln!(self.text, "{turn}. {next:?}").unwrap();
    }

    fn tell_entries(&mut self) {
        let entries = self.ledger.entries();
        for entry in entries.iter().skip(self.told) {
            writeln!(self.text, "    {} {:?}", entry.at, entry.event).unwrap();
        }
        self.told = entries.len();
    }
}

impl Drop for Diary<'_> {
    fn drop(&mut self) {
        if std::thread::panicking() {
            self.tell_entries();
            *self.keep.lock().unwrap() = std::mem::take(&mut self.text);
        }
    }
}
