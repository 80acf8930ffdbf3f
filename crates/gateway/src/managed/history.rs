//! Submitted lines of a person on a target, kept in memory for as long as the process lives: nothing is on disk.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, PoisonError};

/// Lines that are kept for one person on one target.
const MAX_LINES: usize = 500;

/// Longest line that is kept, in bytes.
const LONGEST: usize = 4096;

/// Persons and targets with lines; the one that was used longest ago goes first.
const MAX_PLACES: usize = 2000;

/// The lines of one person on one target, oldest first.
pub(crate) type Lines = Arc<Mutex<VecDeque<String>>>;

/// Everybody's lines.
#[derive(Default)]
pub(crate) struct Histories {
    places: Mutex<Places>,
}

#[derive(Default)]
struct Places {
    lines: HashMap<(String, String), (u64, Lines)>,
    uses: u64,
}

impl Histories {
    /// The lines of that person on that target, shared by all their sessions there.
    pub(crate) fn of(&self, person: &str, target: &str) -> Lines {
        let mut places = self.places.lock().unwrap_or_else(PoisonError::into_inner);
        places.uses += 1;
        let now = places.uses;
        let (used, lines) = places.lines.entry((person.to_owned(), target.to_owned())).or_default();
        *used = now;
        let lines = lines.clone();
        places.forget_oldest();
        lines
    }
}

impl Places {
    fn forget_oldest(&mut self) {
        if self.lines.len() <= MAX_PLACES {
            return;
        }
        let oldest = self.lines.iter().min_by_key(|(_, (used, _))| *used).map(|(place, _)| place.clone());
        if let Some(place) = oldest {
            self.lines.remove(&place);
        }
    }
}

/// Adds a line, unless it begins with a blank, is the last one again, or is very long.
pub(crate) fn add(lines: &Lines, line: &str) {
    let mut lines = lines.lock().unwrap_or_else(PoisonError::into_inner);
    let unwanted = line.starts_with([' ', '\t']) || line.trim().is_empty() || line.len() > LONGEST;
    if unwanted || lines.back().is_some_and(|last| last == line) {
        return;
    }
    if lines.len() == MAX_LINES {
        lines.pop_front();
    }
    lines.push_back(line.to_owned());
}

/// A copy of the lines, oldest first.
pub(crate) fn copy(lines: &Lines) -> Vec<String> {
    lines.lock().unwrap_or_else(PoisonError::into_inner).iter().cloned().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_person_has_lines_of_their_own_on_each_target() {
        let histories = Histories::default();
        add(&histories.of("alice", "db-1"), "ls");
        assert_eq!(copy(&histories.of("alice", "db-1")), ["ls"]);
        assert!(copy(&histories.of("alice", "web-1")).is_empty());
        assert!(copy(&histories.of("bob", "db-1")).is_empty());
    }

    #[test]
    fn blanks_repetitions_and_long_lines_are_not_kept() {
        let lines = Lines::default();
        for line in ["ls", "ls", " secret", "", "pwd", "ls"] {
            add(&lines, line);
        }
        add(&lines, &"x".repeat(LONGEST + 1));
        assert_eq!(copy(&lines), ["ls", "pwd", "ls"]);
    }

    #[test]
    fn neither_lines_nor_places_grow_without_end() {
        let histories = Histories::default();
        for n in 0..MAX_PLACES + 10 {
            histories.of(&n.to_string(), "db-1");
        }
        assert_eq!(histories.places.lock().unwrap().lines.len(), MAX_PLACES);
        let lines = Lines::default();
        for n in 0..MAX_LINES + 10 {
            add(&lines, &n.to_string());
        }
        assert_eq!(copy(&lines).len(), MAX_LINES);
    }
}
