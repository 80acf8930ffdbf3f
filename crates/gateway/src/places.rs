//! Places for those who are logging in: never all of them for one address.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError};

/// The places, shared by all connections.
pub(crate) struct Startups {
    most: usize,
    taken: Mutex<HashMap<IpAddr, usize>>,
}

/// A place that is held; dropping it gives it back.
pub(crate) struct Startup {
    startups: Arc<Startups>,
    source: IpAddr,
}

impl Startups {
    pub(crate) fn new(most: usize) -> Arc<Self> {
        Arc::new(Self { most, taken: Mutex::default() })
    }

    /// A place for somebody from `source`, unless all are taken, or that address has as many as are left for everybody
    /// else: whoever only opens connections ends with half of the places, and the others can still log in.
    pub(crate) fn take(self: &Arc<Self>, source: IpAddr) -> Option<Startup> {
        let mut taken = self.taken.lock().unwrap_or_else(PoisonError::into_inner);
        let free = self.most.checked_sub(taken.values().sum())?;
        let own = taken.get(&source).copied().unwrap_or(0);
        if free == 0 || own > free {
            return None;
        }
        taken.insert(source, own + 1);
        Some(Startup { startups: self.clone(), source })
    }
}

impl Drop for Startup {
    fn drop(&mut self) {
        let mut taken = self.startups.taken.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(own) = taken.get_mut(&self.source) {
            *own -= 1;
            if *own == 0 {
                taken.remove(&self.source);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(last: u8) -> IpAddr {
        IpAddr::from([127, 0, 0, last])
    }

    #[test]
    fn one_address_never_takes_all_places() {
        let startups = Startups::new(64);
        let greedy: Vec<_> = std::iter::from_fn(|| startups.take(address(1))).collect();
        assert_eq!(greedy.len(), 33);
        assert!(startups.take(address(2)).is_some(), "the others can still log in");
    }

    #[test]
    fn a_place_is_given_back() {
        let startups = Startups::new(1);
        let place = startups.take(address(1));
        assert!(place.is_some() && startups.take(address(2)).is_none());
        drop(place);
        assert!(startups.take(address(2)).is_some());
        assert!(startups.taken.lock().unwrap().is_empty());
    }

    #[test]
    fn many_addresses_fill_the_places_and_no_more() {
        let startups = Startups::new(8);
        let all: Vec<_> = (0..20).filter_map(|last| startups.take(address(last))).collect();
        assert_eq!(all.len(), 8);
    }
}
