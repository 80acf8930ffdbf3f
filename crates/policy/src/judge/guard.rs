//! Guards: what a policy asks first, where a no means that it does not apply and that nothing in it can fail.

use cedar_policy::{Policy, PrincipalConstraint, ResourceConstraint};
use serde_json::Value;

use super::question::Question;

/// A comparison that never fails, of things that stay the same for a whole session.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Guard {
    Person(String),
    InGroup(String),
    Target(String),
    Level(String),
    HasLabel(String),
    Label(String, String),
}

impl Guard {
    /// The guards in front of a policy: its scope, and the conditions with which its first clause begins.
    pub(super) fn before(policy: &Policy) -> Vec<Guard> {
        let mut guards: Vec<Guard> = principal(policy).into_iter().chain(target(policy)).collect();
        if let Ok(json) = policy.to_json()
            && json.pointer("/conditions/0/kind").is_some_and(|kind| kind == "when")
            && let Some(body) = json.pointer("/conditions/0/body")
        {
            let mut all = vec![];
            conjuncts(body, &mut all);
            // Behind a condition that is not known here stands nothing: it may fail, and then all of it has failed.
            guards.extend(all.into_iter().map_while(Guard::read));
        }
        guards
    }

    fn read(condition: &Value) -> Option<Guard> {
        let side = |operator: &str, side: &str| condition.get(operator)?.get(side);
        if let Some(left) = side("hasTag", "left") {
            return is_var(left, "resource").then(|| text(side("hasTag", "right")?).map(Guard::HasLabel))?;
        }
        if let Some(left) = side("in", "left") {
            return is_var(left, "principal")
                .then(|| entity(side("in", "right")?, "Group").map(Guard::InGroup))?;
        }
        let (left, right) = (side("==", "left")?, side("==", "right")?);
        if let Some(tag) = left.get("getTag").filter(|tag| is_var(&tag["left"], "resource")) {
            return Some(Guard::Label(text(&tag["right"])?, text(right)?));
        }
        let attribute = left.get(".").filter(|dot| is_var(&dot["left"], "resource"))?;
        (attribute["attr"] == "level").then(|| entity(right, "Level").map(Guard::Level))?
    }

    /// Whether it lets this question pass.
    pub(super) fn passes(&self, q: &Question) -> bool {
        match self {
            Guard::Person(name) => q.person == *name,
            Guard::InGroup(group) => q.groups.contains(group),
            Guard::Target(name) => q.target.name == *name,
            Guard::Level(level) => q.target.level.as_str() == level,
            Guard::HasLabel(name) => q.target.labels.contains_key(name),
            Guard::Label(name, value) => q.target.labels.get(name) == Some(value),
        }
    }
}

fn principal(policy: &Policy) -> Option<Guard> {
    let (PrincipalConstraint::In(uid) | PrincipalConstraint::IsIn(_, uid) | PrincipalConstraint::Eq(uid)) =
        policy.principal_constraint()
    else {
        return None;
    };
    let name = uid.id().unescaped().to_owned();
    match uid.type_name().to_string().as_str() {
        "Group" => Some(Guard::InGroup(name)),
        "Person" => Some(Guard::Person(name)),
        _ => None,
    }
}

fn target(policy: &Policy) -> Option<Guard> {
    let ResourceConstraint::Eq(uid) = policy.resource_constraint() else { return None };
    (uid.type_name().to_string() == "Target").then(|| Guard::Target(uid.id().unescaped().to_owned()))
}

fn conjuncts<'a>(node: &'a Value, all: &mut Vec<&'a Value>) {
    match node.get("&&") {
        Some(both) => {
            conjuncts(&both["left"], all);
            conjuncts(&both["right"], all);
        }
        None => all.push(node),
    }
}

fn is_var(node: &Value, name: &str) -> bool {
    node.get("Var").is_some_and(|var| var == name)
}

fn text(node: &Value) -> Option<String> {
    node.get("Value")?.as_str().map(str::to_owned)
}

fn entity(node: &Value, kind: &str) -> Option<String> {
    let entity = node.pointer("/Value/__entity")?;
    (entity["type"] == kind).then(|| entity["id"].as_str().map(str::to_owned))?
}

#[cfg(test)]
mod tests {
    use super::*;

    fn guards(policy: &str) -> Vec<Guard> {
        Guard::before(&policy.parse().unwrap())
    }

    #[test]
    fn the_scope_and_the_first_conditions_guard() {
        let policy = "permit (principal in Group::\"ops\", action, resource == Target::\"t\") when {
            resource.level == Level::\"recorded\" && resource.hasTag(\"env\") && resource.getTag(\"env\") == \"prod\" &&
            principal in Group::\"web\" && context.understood && resource.hasTag(\"tier\") } when { resource.hasTag(\"x\") };";
        let expected = [
            Guard::InGroup("ops".into()),
            Guard::Target("t".into()),
            Guard::Level("recorded".into()),
            Guard::HasLabel("env".into()),
            Guard::Label("env".into(), "prod".into()),
            Guard::InGroup("web".into()),
        ];
        assert_eq!(guards(policy), expected, "nothing behind what may fail");
    }

    #[test]
    fn what_does_not_have_to_hold_is_no_guard() {
        for clause in [
            "unless { resource.hasTag(\"env\") }",
            "when { resource.hasTag(\"env\") || resource.hasTag(\"tier\") }",
            "when { !resource.hasTag(\"env\") }",
            "when { context.weekday + 1 > 5 && resource.hasTag(\"env\") }",
            "when { resource.hasTag(context.account.name) }",
            "when { if resource.hasTag(\"env\") then true else false }",
        ] {
            assert_eq!(guards(&format!("forbid (principal, action, resource) {clause};")), [], "{clause}");
        }
    }
}
