//! Rulings that were made before, by the facts that they depend on: bounded, without a clock, gone with their policies.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex};

use super::facts::Facts;
use super::ruling::Ruling;

/// How many rulings one generation holds.
const MOST: usize = 4096;
/// Facts with more text than this are judged each time, so that nobody fills the memory with long paths.
const LONGEST: usize = 2048;

/// Two generations: what was not asked for while a whole generation filled up is forgotten.
#[derive(Default)]
pub(super) struct Cache(Mutex<Generations>);

#[derive(Default)]
struct Generations {
    young: HashMap<Facts, Arc<Ruling>>,
    old: HashMap<Facts, Arc<Ruling>>,
}

impl Cache {
    /// The ruling on exactly these facts.
    pub(super) fn find(&self, facts: &Facts) -> Option<Arc<Ruling>> {
        // A lock that somebody panicked under answers nothing: the policies are asked.
        let mut known = self.0.lock().ok()?;
        if let Some(ruling) = known.young.get(facts) {
            return Some(Arc::clone(ruling));
        }
        let (facts, ruling) = known.old.remove_entry(facts)?;
        known.keep(facts, Arc::clone(&ruling));
        Some(ruling)
    }

    /// Remembers a ruling.
    pub(super) fn keep(&self, facts: Facts, ruling: &Arc<Ruling>) {
        if facts.text_len() <= LONGEST
            && let Ok(mut known) = self.0.lock()
        {
            known.keep(facts, Arc::clone(ruling));
        }
    }
}

impl Generations {
    fn keep(&mut self, facts: Facts, ruling: Arc<Ruling>) {
        if self.young.len() >= MOST {
            self.old = std::mem::take(&mut self.young);
        }
        self.young.insert(facts, ruling);
    }
}

impl fmt::Debug for Cache {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Cache")
    }
}

#[cfg(test)]
mod tests {
    use super::super::area::Areas;
    use super::super::sight::Sight;
    use super::super::sources::sample;
    use super::*;
    use crate::Act;

    fn facts(person: usize) -> Facts {
        let all = Facts::seen(&Sight::everything(), &sample(Act::Exec), &Areas::default());
        Facts { person: person.to_string(), ..all }
    }

    fn ruling(rule: usize) -> Arc<Ruling> {
        Arc::new(Ruling::refused(rule.to_string()))
    }

    #[test]
    fn it_answers_for_the_very_facts_only() {
        let cache = Cache::default();
        cache.keep(facts(1), &ruling(1));
        assert_eq!(cache.find(&facts(1)), Some(ruling(1)));
        assert_eq!(cache.find(&facts(2)), None);
    }

    #[test]
    fn it_never_holds_more_than_two_generations() {
        let cache = Cache::default();
        for person in 0..3 * MOST {
            cache.keep(facts(person), &ruling(person));
            let _ = cache.find(&facts(0));
            let known = cache.0.lock().unwrap();
            assert!(known.young.len() <= MOST && known.old.len() <= MOST);
        }
        assert_eq!(cache.find(&facts(0)), Some(ruling(0)), "what is asked for stays");
        assert_eq!(cache.find(&facts(1)), None, "what is not goes");
        assert_eq!(cache.find(&facts(3 * MOST - 1)), Some(ruling(3 * MOST - 1)));
    }

    #[test]
    fn long_facts_are_not_kept() {
        let cache = Cache::default();
        let long = Facts { programs: ["x".repeat(LONGEST)].into(), ..facts(1) };
        cache.keep(long.clone(), &ruling(1));
        assert_eq!(cache.find(&long), None);
    }
}
