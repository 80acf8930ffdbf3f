//! What texts say, remembered: applications send the same few again and again.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use access::policy::sql::{self, Catalogue, Dialect, Script};

/// Longest text that is remembered, and bytes of text in each of the two generations.
const LONGEST: usize = 16 << 10;
const GENERATION: usize = 4 << 20;

/// Readings of texts, the ones that were asked for last.
#[derive(Default)]
pub(crate) struct Texts(Mutex<Generations>);

/// What is asked for again moves to the young; the old are forgotten all at once.
#[derive(Default)]
struct Generations {
    young: HashMap<Box<[u8]>, Arc<Script>>,
    young_bytes: usize,
    old: HashMap<Box<[u8]>, Arc<Script>>,
}

impl Texts {
    /// What the text says.
    pub(crate) fn read(&self, text: &[u8]) -> Arc<Script> {
        if let Some(known) = self.known(text) {
            return known;
        }
        let script = Arc::new(sql::analyse(Dialect::Postgres, text, &Catalogue::unasked()));
        if text.len() <= LONGEST {
            self.generations(|generations| generations.remember(text, script.clone()));
        }
        script
    }

    fn known(&self, text: &[u8]) -> Option<Arc<Script>> {
        self.generations(|generations| match generations.young.get(text) {
            Some(script) => Some(script.clone()),
            None => {
                let script = generations.old.remove(text)?;
                generations.remember(text, script.clone());
                Some(script)
            }
        })
    }

    fn generations<T>(&self, act: impl FnOnce(&mut Generations) -> T) -> T {
        act(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Generations {
    fn remember(&mut self, text: &[u8], script: Arc<Script>) {
        if self.young_bytes >= GENERATION {
            self.old = std::mem::take(&mut self.young);
            self.young_bytes = 0;
        }
        self.young_bytes += text.len();
        self.young.insert(text.into(), script);
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
