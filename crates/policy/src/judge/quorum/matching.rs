//! A largest assignment of persons to places: augmenting paths, for at most a few dozen of either.

/// Who sits where, so that no other seating fills more places.
pub(super) struct Matching {
    /// For each place, the person who fills it.
    seats: Vec<Option<usize>>,
}

impl Matching {
    /// Seats persons `0..people` on places `0..places`, each where it `fits`.
    pub(super) fn of(people: usize, places: usize, fits: impl Fn(usize, usize) -> bool) -> Self {
        let mut matching = Matching { seats: vec![None; places] };
        for person in 0..people {
            matching.seat(person, &fits, &mut vec![false; places]);
        }
        matching
    }

    /// The places that nobody fills.
    pub(super) fn empty_places(&self) -> impl Iterator<Item = usize> {
        self.seats.iter().enumerate().filter(|(_, seat)| seat.is_none()).map(|(place, _)| place)
    }

    /// Finds a place for `person`, moving others if that helps; `tried` keeps the search finite.
    fn seat(&mut self, person: usize, fits: &impl Fn(usize, usize) -> bool, tried: &mut [bool]) -> bool {
        for place in 0..self.seats.len() {
            if tried[place] || !fits(person, place) {
                continue;
            }
            tried[place] = true;
            let free = match self.seats[place] {
                None => true,
                Some(other) => self.seat(other, fits, tried),
            };
            if free {
                self.seats[place] = Some(person);
                return true;
            }
        }
        false
    }
}
