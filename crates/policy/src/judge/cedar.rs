//! Our question in Cedar's words: entities, context and request, checked against the schema.

use std::collections::BTreeSet;

use cedar_policy::{
    Authorizer, Context, Decision, Entities, Entity, EntityId, EntityTypeName, EntityUid, PolicySet, Request,
    RestrictedExpression as Value, Schema,
};

use super::area::Areas;
use super::question::Question;

/// What Cedar said: the decision, the policies behind it, and every error it met on the way.
pub(crate) struct Answer {
    pub(crate) allowed: bool,
    pub(crate) ids: BTreeSet<String>,
    pub(crate) errors: Vec<String>,
}

/// Asks with `quorums` instead of the question's own. `Err` when the question does not fit the schema.
pub(crate) fn ask(
    schema: &Schema,
    policies: &PolicySet,
    areas: &Areas,
    q: &Question,
    quorums: &BTreeSet<String>,
) -> Result<Answer, String> {
    let request = request(schema, areas, q, quorums)?;
    let entities = entities(schema, q)?;
    let response = Authorizer::new().is_authorized(&request, policies, &entities);
    Ok(Answer {
        allowed: response.decision() == Decision::Allow,
        ids: response.diagnostics().reason().map(ToString::to_string).collect(),
        errors: response.diagnostics().errors().map(ToString::to_string).collect(),
    })
}

fn request(
    schema: &Schema,
    areas: &Areas,
    q: &Question,
    quorums: &BTreeSet<String>,
) -> Result<Request, String> {
    let principal = uid("Person", &q.person)?;
    let action = uid("Action", q.act.as_str())?;
    let resource = uid("Target", &q.target.name)?;
    let context = context(areas, q, quorums)?;
    Request::new(principal, action, resource, context, Some(schema)).map_err(|e| e.to_string())
}

fn context(areas: &Areas, q: &Question, quorums: &BTreeSet<String>) -> Result<Context, String> {
    let effects = set("Effect", q.effects.iter().map(|e| e.as_str()))?;
    let quorums = set("Quorum", quorums.iter().map(String::as_str))?;
    let programs = Value::new_set(q.programs.iter().cloned().map(Value::new_string));
    let mfa_age = i64::try_from(q.mfa_age_seconds).unwrap_or(i64::MAX);
    let touched = areas.touched(&q.touched);
    let pairs = [
        ("account", Value::new_entity_uid(uid("Account", &q.account)?)),
        ("effects", effects),
        ("programs", programs),
        ("understood", Value::new_bool(q.understood)),
        ("quorums", quorums),
        ("reads", set("Area", touched.reads.into_iter())?),
        ("writes", set("Area", touched.writes.into_iter())?),
        ("removes", set("Area", touched.removes.into_iter())?),
        ("confined", set("Area", touched.confined.into_iter())?),
        ("source", Value::new_ip(q.source.to_string())),
        ("mfa_age_seconds", Value::new_long(mfa_age)),
        ("minute_of_day", Value::new_long(q.minute_of_day.into())),
        ("weekday", Value::new_long(q.weekday.into())),
    ];
    let pairs = pairs.into_iter().chain(file(q)).chain(destination(q));
    Context::from_pairs(pairs.map(|(k, v)| (k.to_owned(), v))).map_err(|e| e.to_string())
}

fn file(q: &Question) -> Vec<(&'static str, Value)> {
    let text = |text: &str| Value::new_string(text.to_owned());
    q.file.iter().flat_map(|file| [("path", text(&file.path)), ("to", text(&file.to))]).collect()
}

fn destination(q: &Question) -> Vec<(&'static str, Value)> {
    let pairs = q.destination.iter().flat_map(|to| {
        [("host", Value::new_string(to.host.clone())), ("port", Value::new_long(to.port.into()))]
    });
    pairs.collect()
}

fn entities(schema: &Schema, q: &Question) -> Result<Entities, String> {
    let groups: Vec<EntityUid> = q.groups.iter().map(|g| uid("Group", g)).collect::<Result<_, _>>()?;
    let person = Entity::new_with_tags(uid("Person", &q.person)?, [], groups.clone(), []);
    let person = person.map_err(|e| e.to_string())?;
    let all = groups.into_iter().map(Entity::with_uid).chain([person, target(q)?]);
    Entities::from_entities(all, Some(schema)).map_err(|e| e.to_string())
}

/// A target: its level as an attribute, its labels as tags, so that operators may invent labels.
fn target(q: &Question) -> Result<Entity, String> {
    let level = Value::new_entity_uid(uid("Level", q.target.level.as_str())?);
    let labels = q.target.labels.iter().map(|(k, v)| (k.clone(), Value::new_string(v.clone())));
    let id = uid("Target", &q.target.name)?;
    Entity::new_with_tags(id, [("level".to_owned(), level)], [], labels).map_err(|e| e.to_string())
}

fn set<'a>(kind: &str, names: impl Iterator<Item = &'a str>) -> Result<Value, String> {
    let members: Vec<Value> =
        names.map(|name| uid(kind, name).map(Value::new_entity_uid)).collect::<Result<_, _>>()?;
    Ok(Value::new_set(members))
}

fn uid(kind: &str, name: &str) -> Result<EntityUid, String> {
    let kind: EntityTypeName = kind.parse().map_err(|e: cedar_policy::ParseErrors| e.to_string())?;
    Ok(EntityUid::from_type_name_and_id(kind, EntityId::new(name)))
}
