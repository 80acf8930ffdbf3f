//! What was worked out before: bounded, without a clock, gone with its policies.

use std::fmt;
use std::hash::{BuildHasher, Hash, RandomState};
use std::sync::{Arc, Mutex};

/// One place for each of many keys; who comes to a place that is taken, takes it. So nothing is ever tidied up.
pub(super) struct Cache<K, V> {
    /// Keyed anew each time, so that nobody can aim at a place.
    hashing: RandomState,
    places: Mutex<Places<K, V>>,
}

type Places<K, V> = Vec<Option<Box<(K, Arc<V>)>>>;

impl<K: Hash + Eq, V> Cache<K, V> {
    /// Holds at most so many.
    pub(super) fn of(places: usize) -> Self {
        let empty = (0..places).map(|_| None).collect();
        Cache { hashing: RandomState::new(), places: Mutex::new(empty) }
    }

    /// What was kept for exactly this key.
    pub(super) fn find(&self, key: &K) -> Option<Arc<V>> {
        let hash = self.hashing.hash_one(key);
        // A lock that somebody panicked under answers nothing: it is worked out again.
        let places = self.places.lock().ok()?;
        let (known, value) = &**places.get(place(hash, places.len())?)?.as_ref()?;
        (known == key).then(|| Arc::clone(value))
    }

    /// Remembers it.
    pub(super) fn keep(&self, key: K, value: &Arc<V>) {
        let hash = self.hashing.hash_one(&key);
        let mut kept = Some(Box::new((key, Arc::clone(value))));
        if let Ok(mut places) = self.places.lock()
            && let Some(place) = place(hash, places.len())
            && let Some(place) = places.get_mut(place)
        {
            std::mem::swap(place, &mut kept);
        }
    }
}

fn place(hash: u64, places: usize) -> Option<usize> {
    usize::try_from(hash.checked_rem(places as u64)?).ok()
}

impl<K, V> fmt::Debug for Cache<K, V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Cache")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_answers_for_the_very_key_only_and_is_bounded() {
        let cache = Cache::of(64);
        for key in 0..1000 {
            cache.keep(key, &Arc::new(key.to_string()));
            assert_eq!(cache.find(&key).as_deref(), Some(&key.to_string()));
        }
        let known: Vec<_> = (0..1000).filter_map(|key| Some((key, cache.find(&key)?))).collect();
        assert!(known.iter().all(|(key, found)| **found == key.to_string()));
        assert!((1..=64).contains(&known.len()));
    }

    #[test]
    fn without_places_it_holds_nothing() {
        let cache = Cache::of(0);
        cache.keep(1, &Arc::new(1));
        assert_eq!(cache.find(&1), None);
    }
}
