//! Slices: the few policies that can apply to a question, and what those can see.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use cedar_policy::{ActionConstraint, Entities, EntityUid, Policy, PolicySet, Schema};

use super::act::Act;
use super::cache::Cache;
use super::cedar::Kinds;
use super::guard::Guard;
use super::question::Question;
use super::sight::Sight;

/// How many slices are remembered.
const SLICES: usize = 1024;

/// Policies that are asked together.
#[derive(Debug)]
pub(super) struct Slice {
    /// No other slice of these policies has or had it.
    pub(super) number: u64,
    pub(super) set: PolicySet,
    pub(super) sight: Sight,
}

impl Slice {
    fn of<'a>(number: u64, policies: impl Iterator<Item = &'a Ready>) -> Result<Slice, String> {
        let mut slice = Slice { number, set: PolicySet::new(), sight: Sight::default() };
        for Ready { policy, sight, .. } in policies {
            slice.set.add(policy.clone()).map_err(|e| e.to_string())?;
            slice.sight.add(sight);
        }
        Ok(slice)
    }

    /// All policies, asked with every fact: the slow answer that the quick one is compared with.
    #[cfg(test)]
    pub(super) fn whole(set: &PolicySet) -> Slice {
        Slice { number: 0, set: set.clone(), sight: Sight::everything() }
    }
}

/// A policy with what was read off it.
#[derive(Clone, Debug)]
struct Ready {
    policy: Policy,
    sight: Sight,
    guards: Vec<Guard>,
}

/// The policies of each act, and the slices of them that were asked for.
#[derive(Debug)]
pub(super) struct Slices {
    acts: HashMap<Act, Candidates>,
    /// By act and by which of its guards let a question pass.
    made: Cache<(Act, Vec<bool>), Slice>,
    count: AtomicU64,
}

/// The policies whose scope names an act, and their guards, each once.
#[derive(Debug)]
struct Candidates {
    policies: Vec<(Ready, Vec<usize>)>,
    guards: Vec<Guard>,
}

impl Slices {
    /// Sorts the policies by the actions that their scope names.
    pub(super) fn of(set: &PolicySet, schema: &Schema, kinds: &Kinds) -> Result<Slices, String> {
        let actions = schema.action_entities().map_err(|e| e.to_string())?;
        let ready = |policy: &Policy| Ready {
            policy: policy.clone(),
            sight: Sight::of(policy),
            guards: Guard::before(policy),
        };
        let policies: Vec<Ready> = set.policies().map(ready).collect();
        let candidates = |act: Act| {
            let action = kinds.action(act);
            let of_act = policies.iter().filter(|ready| speaks_of(&ready.policy, &action, &actions));
            (act, Candidates::of(of_act.cloned().collect()))
        };
        let acts = Act::ALL.into_iter().map(candidates).collect();
        Ok(Slices { acts, made: Cache::of(SLICES), count: AtomicU64::new(0) })
    }

    /// The policies that can apply to a question: those that speak of the act and whose guards let it pass.
    pub(super) fn on(&self, q: &Question) -> Result<Arc<Slice>, String> {
        let candidates = self.acts.get(&q.act).ok_or("no policy speaks of this act")?;
        let passes: Vec<bool> = candidates.guards.iter().map(|guard| guard.passes(q)).collect();
        let key = (q.act, passes);
        if let Some(slice) = self.made.find(&key) {
            return Ok(slice);
        }
        let number = self.count.fetch_add(1, Ordering::Relaxed);
        let slice = Arc::new(Slice::of(number, candidates.that_pass(&key.1))?);
        self.made.keep(key, &slice);
        Ok(slice)
    }
}

impl Candidates {
    fn of(policies: Vec<Ready>) -> Candidates {
        let distinct: BTreeSet<&Guard> = policies.iter().flat_map(|ready| &ready.guards).collect();
        let guards: Vec<Guard> = distinct.into_iter().cloned().collect();
        let places = |ready: Ready| {
            let places = ready.guards.iter().filter_map(|guard| guards.binary_search(guard).ok()).collect();
            (ready, places)
        };
        Candidates { policies: policies.into_iter().map(places).collect(), guards }
    }

    fn that_pass(&self, passes: &[bool]) -> impl Iterator<Item = &Ready> {
        let open = |place: &usize| passes.get(*place).copied().unwrap_or(true);
        self.policies.iter().filter(move |(_, places)| places.iter().all(open)).map(|(ready, _)| ready)
    }
}

fn speaks_of(policy: &Policy, action: &EntityUid, actions: &Entities) -> bool {
    let holds = |named: &EntityUid| named == action || actions.is_ancestor_of(named, action);
    match policy.action_constraint() {
        ActionConstraint::Any => true,
        ActionConstraint::Eq(named) => named == *action,
        ActionConstraint::In(named) => named.iter().any(holds),
    }
}
