//! What a set of policies can see of a question, read off the policies themselves.
//!
//! A fact that no policy mentions cannot change an answer. An entity shows nothing but its name, and a name shows only
//! in a comparison with a name that some policy spells out. A number that is only compared with constants shows its
//! place among them. Whatever is used in another way than the few that are known here counts as seen entirely.

use std::collections::{BTreeMap, BTreeSet};

use cedar_policy::Policy;
use serde_json::Value;

/// What can make a difference.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Sight {
    /// Everything can.
    all: bool,
    /// Names that are spelt out, by entity type.
    names: BTreeMap<String, BTreeSet<String>>,
    labels: Extent<String>,
    /// Attributes of the context.
    context: BTreeMap<String, Extent<i64>>,
    quorums: Extent<String>,
}

/// Either everything, or only how it compares with certain values.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Extent<T> {
    Whole,
    Beside(BTreeSet<T>),
}

impl<T> Default for Extent<T> {
    fn default() -> Self {
        Extent::Beside(BTreeSet::new())
    }
}

impl<T: Clone + Ord> Extent<T> {
    fn add(&mut self, value: T) {
        if let Extent::Beside(values) = self {
            values.insert(value);
        }
    }

    fn join(&mut self, other: &Extent<T>) {
        match (&mut *self, other) {
            (Extent::Beside(values), Extent::Beside(more)) => values.extend(more.iter().cloned()),
            _ => *self = Extent::Whole,
        }
    }

    fn covers(&self, value: &T) -> bool {
        match self {
            Extent::Whole => true,
            Extent::Beside(values) => values.contains(value),
        }
    }
}

impl Sight {
    /// The sight of policies of which nothing is known.
    pub(super) fn everything() -> Sight {
        Sight { all: true, ..Sight::default() }
    }

    /// What one policy can see.
    pub(super) fn of(policy: &Policy) -> Sight {
        let mut sight = Sight::default();
        for uid in policy.entity_literals() {
            let names = sight.names.entry(uid.type_name().to_string()).or_default();
            names.insert(uid.id().unescaped().to_owned());
        }
        match policy.to_json() {
            Ok(json) => sight.read(&json),
            Err(_) => sight.all = true,
        }
        sight
    }

    /// Lets it see what the other sees besides.
    pub(super) fn add(&mut self, other: &Sight) {
        self.all |= other.all;
        for (kind, names) in &other.names {
            self.names.entry(kind.clone()).or_default().extend(names.iter().cloned());
        }
        for (fact, extent) in &other.context {
            self.context.entry(fact.clone()).or_default().join(extent);
        }
        self.labels.join(&other.labels);
        self.quorums.join(&other.quorums);
    }

    /// Reads one node of a policy's JSON form, and those below it.
    fn read(&mut self, node: &Value) {
        match node {
            Value::Array(nodes) => nodes.iter().for_each(|node| self.read(node)),
            Value::Object(fields) => {
                for (operator, operands) in fields {
                    if !self.knows(operator, operands) {
                        self.read(operands);
                    }
                }
            }
            _ => {}
        }
    }

    /// Whether this is one of the uses of a variable that show less than all of it.
    fn knows(&mut self, operator: &str, operands: &Value) -> bool {
        match operator {
            "Var" => {
                self.all |= operands == "context";
                operands.is_string()
            }
            // Which facts there are depends on the act alone.
            "has" => attribute(operands).is_some(),
            "." => self.knows_attribute(operands),
            "<" | "<=" | ">" | ">=" | "==" | "!=" => self.knows_comparison(operands),
            "contains" | "containsAll" | "containsAny" => self.knows_membership(operands),
            "hasTag" | "getTag" => {
                match operands.pointer("/right/Value").and_then(Value::as_str) {
                    Some(label) => self.labels.add(label.to_owned()),
                    None => self.labels = Extent::Whole,
                }
                false
            }
            _ => false,
        }
    }

    /// `context.x`, used in any way.
    fn knows_attribute(&mut self, operands: &Value) -> bool {
        let Some(name) = attribute(operands) else { return false };
        if name == "quorums" {
            self.quorums = Extent::Whole;
        }
        self.context.insert(name.to_owned(), Extent::Whole);
        true
    }

    /// `context.x < 5`, either way round.
    fn knows_comparison(&mut self, operands: &Value) -> bool {
        let side = |name: &str| operands.get(name);
        let constant = |node: Option<&Value>| node?.get("Value")?.as_i64();
        let fact = |node: Option<&'_ Value>| attribute(node?.get(".")?).map(str::to_owned);
        let (left, right) = (side("left"), side("right"));
        let compared = fact(left).zip(constant(right)).or_else(|| fact(right).zip(constant(left)));
        let Some((name, constant)) = compared else { return false };
        self.context.entry(name).or_default().add(constant);
        true
    }

    /// `context.quorums.contains(Quorum::"q")`, or several of them in a set.
    fn knows_membership(&mut self, operands: &Value) -> bool {
        let of_quorums = operands.pointer("/left/.").and_then(attribute) == Some("quorums");
        let Some(right) = operands.get("right").filter(|_| of_quorums) else { return false };
        let Some(names) = literals(right) else { return false };
        names.into_iter().for_each(|name| self.quorums.add(name));
        true
    }

    /// Whether an attribute of the context can make any difference.
    pub(super) fn tells(&self, fact: &str) -> bool {
        self.all || self.context.contains_key(fact)
    }

    /// Whether signatures or a declared emergency can.
    pub(super) fn tells_a_remedy(&self) -> bool {
        self.tells("quorums") || self.tells("emergency") || self.quorums != Extent::default()
    }

    /// Whether the areas that are touched can.
    pub(super) fn tells_areas(&self) -> bool {
        ["reads", "writes", "removes", "confined", "within"].into_iter().any(|fact| self.tells(fact))
    }

    /// Whether the paths of an operation on files can.
    pub(super) fn tells_paths(&self) -> bool {
        self.tells("path") || self.tells("to")
    }

    /// Whether the destination of a forwarding can.
    pub(super) fn tells_hosts(&self) -> bool {
        self.tells("host") || self.tells("port")
    }

    /// Whether belonging to a group can.
    pub(super) fn tells_group(&self, name: &str) -> bool {
        self.all || self.spells("Group", name)
    }

    /// Whether a label of the target can.
    pub(super) fn tells_label(&self, name: &String) -> bool {
        self.all || self.labels.covers(name)
    }

    /// Whether meeting a quorum can.
    pub(super) fn tells_quorum(&self, name: &String) -> bool {
        self.all || self.quorums.covers(name)
    }

    /// The person's name, or none when no policy could tell it from another.
    pub(super) fn person(&self, name: &str) -> String {
        self.name("Person", name)
    }

    /// The target's name, or none when no policy could tell it from another.
    pub(super) fn target(&self, name: &str) -> String {
        self.name("Target", name)
    }

    fn name(&self, kind: &str, name: &str) -> String {
        let shows = self.all || self.spells(kind, name) || self.spells(kind, "");
        if shows { name.to_owned() } else { String::new() }
    }

    fn spells(&self, kind: &str, name: &str) -> bool {
        self.names.get(kind).is_some_and(|names| names.contains(name))
    }

    /// The number, or the least one that compares in the same way with every constant that it meets.
    pub(super) fn number(&self, fact: &str, value: i64) -> i64 {
        match self.context.get(fact) {
            _ if self.all => value,
            Some(Extent::Whole) => value,
            Some(Extent::Beside(constants)) => match constants.range(..=value).next_back() {
                Some(constant) if *constant < value => constant + 1,
                Some(constant) => *constant,
                None => value.min(0),
            },
            None => 0,
        }
    }
}

/// The name in `context.name`, given the operands of the dot.
fn attribute(operands: &Value) -> Option<&str> {
    let of_context = operands.pointer("/left/Var").is_some_and(|var| var == "context");
    operands.get("attr").filter(|_| of_context)?.as_str()
}

/// The names of one entity that is spelt out, or of a set of them.
fn literals(node: &Value) -> Option<Vec<String>> {
    let literal = |node: &Value| node.pointer("/Value/__entity/id")?.as_str().map(str::to_owned);
    match node.get("Set") {
        Some(members) => members.as_array()?.iter().map(literal).collect(),
        None => literal(node).map(|name| vec![name]),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sight(condition: &str) -> Sight {
        let text = format!("permit (principal in Group::\"ops\", action, resource) when {{ {condition} }};");
        Sight::of(&text.parse().unwrap())
    }

    #[test]
    fn what_is_not_mentioned_is_not_seen() {
        let sight = sight("context.weekday < 6 && resource.hasTag(\"env\")");
        for fact in ["account", "programs", "source", "mfa_age_seconds", "minute_of_day", "path", "host"] {
            assert!(!sight.tells(fact), "{fact}");
            assert_eq!(sight.number(fact, 77), 0);
        }
        assert!(!sight.tells_areas() && !sight.tells_paths() && !sight.tells_hosts());
        assert!(sight.tells_label(&"env".into()) && !sight.tells_label(&"tier".into()));
        assert!(sight.tells_group("ops") && !sight.tells_group("Ops"));
        assert_eq!((sight.person("alice"), sight.target("db-1")), (String::new(), String::new()));
    }

    #[test]
    fn a_use_of_the_whole_context_sees_everything() {
        for condition in [
            "context == {a: 1}",
            "{a: context}.a.weekday > 1",
            "(if true then context else context).weekday > 1",
            "{Var: context}.Var.weekday > 1",
        ] {
            let sight = sight(condition);
            assert!(
                sight.tells("programs") && sight.tells_group("x") && sight.tells_label(&"x".into()),
                "{condition}"
            );
            assert_eq!((sight.person("alice").as_str(), sight.number("weekday", 5)), ("alice", 5));
        }
    }

    #[test]
    fn a_name_is_seen_where_it_is_spelt_out() {
        let sight = sight("principal == Person::\"alice\" || [Target::\"db-1\"].contains(resource)");
        assert_eq!((sight.person("alice"), sight.person("bob")), ("alice".into(), String::new()));
        assert_eq!((sight.target("db-1"), sight.target("db-2")), ("db-1".into(), String::new()));
    }

    #[test]
    fn a_number_is_seen_as_far_as_constants_tell() {
        let sight = sight(
            "context.minute_of_day >= 540 && 1020 > context.minute_of_day && context.minute_of_day != 700",
        );
        let alike =
            [(0, 0), (0, 539), (540, 540), (541, 699), (700, 700), (701, 1019), (1020, 1020), (1021, 1439)];
        for (least, value) in alike {
            assert_eq!(sight.number("minute_of_day", value), least, "{value}");
        }
    }

    #[test]
    fn a_number_that_is_reckoned_with_is_seen_whole() {
        for condition in [
            "context.weekday * 2 > 4",
            "context.weekday < context.minute_of_day",
            "[1].contains(context.weekday)",
        ] {
            assert_eq!(sight(condition).number("weekday", 5), 5, "{condition}");
        }
        assert_eq!(sight("context.weekday < 3 || context.weekday + 1 < 9").number("weekday", 6), 6);
    }

    #[test]
    fn quorums_are_seen_by_name_until_something_else_is_done_with_them() {
        let named =
            sight("context.quorums.contains(Quorum::\"a\") || context.quorums.containsAll([Quorum::\"b\"])");
        assert!(named.tells_quorum(&"a".into()) && named.tells_quorum(&"b".into()));
        assert!(!named.tells_quorum(&"c".into()));
        for condition in ["context.quorums.isEmpty()", "[Quorum::\"a\"].containsAll(context.quorums)"] {
            assert!(sight(condition).tells_quorum(&"c".into()), "{condition}");
        }
    }

    fn joined(one: &str, other: &str) -> Sight {
        let mut both = sight(one);
        both.add(&sight(other));
        both
    }

    #[test]
    fn two_policies_see_what_either_sees() {
        let both = joined("context.weekday > 5", "context.weekday * 2 > 5 && resource.hasTag(\"env\")");
        assert_eq!(both.number("weekday", 4), 4);
        assert!(both.tells_label(&"env".into()) && both.tells_group("ops"));
        let both = joined("context.weekday > 5", "context.weekday > 3");
        assert_eq!([1, 4, 5, 6].map(|day| both.number("weekday", day)), [0, 4, 5, 6]);
    }

    #[test]
    fn a_label_that_is_worked_out_shows_them_all() {
        let sight = sight("resource.hasTag(context.account)");
        assert!(sight.tells_label(&"x".into()));
    }
}
