//! What texts say, remembered: applications send the same few again and again.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use access::policy::Effect;
use access::policy::sql::{self, Catalogue, Dialect, Meaning, Script};

/// Longest text that is remembered, and bytes of text in each of the two generations.
const LONGEST: usize = 16 << 10;
const GENERATION: usize = 4 << 20;

/// A text, read with what its database says of the names in it.
#[derive(Clone, Debug)]
pub(crate) struct Reading {
    pub script: Arc<Script>,
    /// Whether the number of rows that the server tells is all that it changes.
    pub countable: bool,
}

impl Reading {
    /// Nobody says what the names stand for, so what they do is unknown.
    pub(crate) fn unanswered(script: &Script, why: &str) -> Self {
        let relied_on = script.statements().iter().flat_map(|one| one.resolve.iter().cloned());
        let unknown = || Meaning {
            effects: [Effect::Unknown].into(),
            because: format!("was not looked up: {why}"),
            tables: vec![],
        };
        let catalogue = Catalogue::asked(0, relied_on.map(|named| (named, unknown())).collect());
        let script = sql::analyse(Dialect::Postgres, script.text().as_bytes(), &catalogue);
        Self { script: Arc::new(script), countable: false }
    }
}

impl Reading {
    /// Beside what the text says, something happens of which nobody knows what it does.
    pub(crate) fn with_unknown(script: &Script, because: &str) -> Self {
        let (effects, because) = ([Effect::Unknown].into(), because.to_owned());
        let catalogue = Catalogue::unasked().beside(Some(Meaning { effects, because, tables: vec![] }));
        let script = sql::analyse(Dialect::Postgres, script.text().as_bytes(), &catalogue);
        Self { script: Arc::new(script), countable: false }
    }
}

/// Texts as they read by themselves, the ones that were asked for last.
#[derive(Default)]
pub(crate) struct Texts(Mutex<Generations<Arc<Script>>>);

impl Texts {
    /// What the text says, with every name taken for what it usually is.
    pub(crate) fn read(&self, text: &[u8]) -> Arc<Script> {
        if let Some(known) = self.generations(|generations| generations.known(text)) {
            return known;
        }
        let script = Arc::new(sql::analyse(Dialect::Postgres, text, &Catalogue::unasked()));
        self.generations(|generations| generations.remember(text, script.clone()));
        script
    }

    fn generations<T>(&self, act: impl FnOnce(&mut Generations<Arc<Script>>) -> T) -> T {
        act(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// What is asked for again moves to the young; the old are forgotten all at once.
pub(crate) struct Generations<T> {
    young: HashMap<Box<[u8]>, T>,
    young_bytes: usize,
    old: HashMap<Box<[u8]>, T>,
}

impl<T> Default for Generations<T> {
    fn default() -> Self {
        Self { young: HashMap::new(), young_bytes: 0, old: HashMap::new() }
    }
}

impl<T: Clone> Generations<T> {
    /// What is remembered of a text.
    pub(crate) fn known(&mut self, text: &[u8]) -> Option<T> {
        if let Some(known) = self.young.get(text) {
            return Some(known.clone());
        }
        let known = self.old.remove(text)?;
        self.remember(text, known.clone());
        Some(known)
    }

    /// Remembers it, unless it is long.
    pub(crate) fn remember(&mut self, text: &[u8], what: T) {
        if text.len() > LONGEST {
            return;
        }
        if self.young_bytes >= GENERATION {
            self.old = std::mem::take(&mut self.young);
            self.young_bytes = 0;
        }
        self.young_bytes += text.len();
        self.young.insert(text.into(), what);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_read_once() {
        let texts = Texts::default();
        let first = texts.read(b"select 1");
        assert!(Arc::ptr_eq(&first, &texts.read(b"select 1")));
        assert!(!Arc::ptr_eq(&first, &texts.read(b"select 2")));
    }

    #[test]
    fn what_is_asked_for_again_stays_and_the_rest_is_forgotten() {
        let texts = Texts::default();
        let kept = texts.read(b"select 1");
        let long = " ".repeat(LONGEST - 20);
        for number in 0..2 * GENERATION / LONGEST {
            texts.read(format!("select {number}, 2{long}").as_bytes());
            if number % 100 == 0 {
                texts.read(b"select 1");
            }
        }
        assert!(Arc::ptr_eq(&kept, &texts.read(b"select 1")));
        let held = texts.generations(|all| all.young.len() + all.old.len());
        assert!(held <= 2 * (GENERATION / LONGEST) + 4, "{held} texts are held");
    }
}
