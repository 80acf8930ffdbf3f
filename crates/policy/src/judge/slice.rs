//! Slices: for each act, the policies that can apply to it and what those can see.

use cedar_policy::{ActionConstraint, Entities, EntityUid, Policy, PolicySet, Schema};

use super::act::Act;
use super::cedar::Kinds;
use super::sight::Sight;

/// Policies that are asked together.
#[derive(Debug)]
pub(super) struct Slice {
    pub(super) set: PolicySet,
    pub(super) sight: Sight,
}

impl Slice {
    fn of<'a>(policies: impl Iterator<Item = &'a (&'a Policy, Sight)> + Clone) -> Result<Slice, String> {
        let sight = policies.clone().fold(Sight::default(), |sight, (_, more)| sight.and(more));
        let set = PolicySet::from_policies(policies.map(|(policy, _)| Policy::clone(policy)));
        Ok(Slice { set: set.map_err(|e| e.to_string())?, sight })
    }

    /// All policies, asked with every fact: the slow answer that the quick one is compared with.
    #[cfg(test)]
    pub(super) fn whole(set: &PolicySet) -> Slice {
        Slice { set: set.clone(), sight: Sight::everything() }
    }
}

/// One slice for each act.
#[derive(Debug)]
pub(super) struct Slices(Vec<(Act, Slice)>);

impl Slices {
    /// Leaves out of each slice the policies whose scope names other actions only.
    pub(super) fn of(set: &PolicySet, schema: &Schema, kinds: &Kinds) -> Result<Slices, String> {
        let actions = schema.action_entities().map_err(|e| e.to_string())?;
        let policies: Vec<_> = set.policies().map(|policy| (policy, Sight::of(policy))).collect();
        let slice = |act: Act| {
            let action = kinds.action(act);
            let of_act = policies.iter().filter(|(policy, _)| speaks_of(policy, &action, &actions));
            Slice::of(of_act).map(|slice| (act, slice))
        };
        Ok(Slices(Act::ALL.into_iter().map(slice).collect::<Result<_, _>>()?))
    }

    pub(super) fn on(&self, act: Act) -> Option<&Slice> {
        self.0.iter().find(|(of, _)| *of == act).map(|(_, slice)| slice)
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
