//! Our facts in Cedar's words: entities, context and request, checked against the schema.

use std::collections::BTreeSet;

use cedar_policy::{
    Authorizer, Context, Decision, Entities, Entity, EntityId, EntityTypeName, EntityUid, PolicySet, Request,
    RestrictedExpression as Value, Schema,
};

use super::act::Act;
use super::facts::Facts;

/// What Cedar said: the decision and the policies behind it.
pub(super) struct Answer {
    pub(super) allowed: bool,
    pub(super) ids: BTreeSet<String>,
}

/// Asks Cedar; what every question needs is made once.
#[derive(Debug)]
pub(super) struct Asker {
    schema: Schema,
    kinds: Kinds,
    /// The actions and their groups.
    actions: Entities,
    authorizer: Authorizer,
}

/// Facts in Cedar's words; only the quorums are still to come.
pub(super) struct Asked {
    principal: EntityUid,
    action: EntityUid,
    resource: EntityUid,
    entities: Entities,
    context: Vec<(String, Value)>,
}

impl Asker {
    pub(super) fn new(schema: Schema) -> Result<Asker, String> {
        let actions = Entities::from_entities([], Some(&schema)).map_err(|e| e.to_string())?;
        Ok(Asker { schema, kinds: Kinds::read()?, actions, authorizer: Authorizer::new() })
    }

    pub(super) fn schema(&self) -> &Schema {
        &self.schema
    }

    pub(super) fn kinds(&self) -> &Kinds {
        &self.kinds
    }

    /// `Err` when the facts do not fit the schema.
    pub(super) fn prepare(&self, facts: &Facts) -> Result<Asked, String> {
        let kinds = &self.kinds;
        let principal = uid(&kinds.person, &facts.person);
        let resource = uid(&kinds.target, &facts.target);
        let entities = self.entities(&principal, &resource, facts).map_err(unfit)?;
        let context = kinds.context(facts);
        Ok(Asked { principal, action: kinds.action(facts.act), resource, entities, context })
    }

    /// Asks with these quorums met. An error in any policy is one here: a forbid that could not be evaluated must not vanish.
    pub(super) fn ask(
        &self,
        policies: &PolicySet,
        asked: &Asked,
        quorums: &BTreeSet<String>,
    ) -> Result<Answer, String> {
        let request = self.request(asked, quorums).map_err(unfit)?;
        let response = self.authorizer.is_authorized(&request, policies, &asked.entities);
        match response.diagnostics().errors().next() {
            Some(error) => Err(format!("a policy could not be evaluated: {error}")),
            None => Ok(Answer {
                allowed: response.decision() == Decision::Allow,
                ids: response.diagnostics().reason().map(ToString::to_string).collect(),
            }),
        }
    }

    fn request(&self, asked: &Asked, quorums: &BTreeSet<String>) -> Result<Request, String> {
        let quorums = set(&self.kinds.quorum, quorums.iter().map(String::as_str));
        let pairs = asked.context.iter().cloned().chain([("quorums".to_owned(), quorums)]);
        let context = Context::from_pairs(pairs).map_err(|e| e.to_string())?;
        let Asked { principal, action, resource, .. } = asked;
        Request::new(principal.clone(), action.clone(), resource.clone(), context, Some(&self.schema))
            .map_err(|e| e.to_string())
    }

    /// The person in their groups; the target with its level as an attribute and its labels as tags, so that operators
    /// may invent labels.
    fn entities(&self, person: &EntityUid, target: &EntityUid, facts: &Facts) -> Result<Entities, String> {
        let groups = facts.groups.iter().map(|group| uid(&self.kinds.group, group));
        let person = Entity::new_with_tags(person.clone(), [], groups, []).map_err(|e| e.to_string())?;
        let level = Value::new_entity_uid(uid(&self.kinds.level, facts.level.as_str()));
        let labels = facts.labels.iter().map(|(k, v)| (k.clone(), Value::new_string(v.clone())));
        let target = Entity::new_with_tags(target.clone(), [("level".to_owned(), level)], [], labels)
            .map_err(|e| e.to_string())?;
        self.actions.clone().add_entities([person, target], Some(&self.schema)).map_err(|e| e.to_string())
    }
}

fn unfit(what: String) -> String {
    format!("the question does not fit the policy schema: {what}")
}

/// The entity types of the schema.
#[derive(Debug)]
pub(super) struct Kinds {
    person: EntityTypeName,
    group: EntityTypeName,
    target: EntityTypeName,
    level: EntityTypeName,
    action: EntityTypeName,
    account: EntityTypeName,
    effect: EntityTypeName,
    area: EntityTypeName,
    quorum: EntityTypeName,
}

impl Kinds {
    fn read() -> Result<Kinds, String> {
        let kind = |name: &str| name.parse().map_err(|e: cedar_policy::ParseErrors| e.to_string());
        Ok(Kinds {
            person: kind("Person")?,
            group: kind("Group")?,
            target: kind("Target")?,
            level: kind("Level")?,
            action: kind("Action")?,
            account: kind("Account")?,
            effect: kind("Effect")?,
            area: kind("Area")?,
            quorum: kind("Quorum")?,
        })
    }

    pub(super) fn action(&self, act: Act) -> EntityUid {
        uid(&self.action, act.as_str())
    }

    fn context(&self, facts: &Facts) -> Vec<(String, Value)> {
        let areas =
            |names: &BTreeSet<_>| set(&self.area, names.iter().map(|name: &std::sync::Arc<str>| &**name));
        let mut pairs = vec![
            ("account", Value::new_entity_uid(uid(&self.account, &facts.account))),
            ("effects", set(&self.effect, facts.effects.iter().map(|effect| effect.as_str()))),
            ("programs", Value::new_set(facts.programs.iter().cloned().map(Value::new_string))),
            ("understood", Value::new_bool(facts.understood)),
            ("reads", areas(&facts.touched.reads)),
            ("writes", areas(&facts.touched.writes)),
            ("removes", areas(&facts.touched.removes)),
            ("confined", areas(&facts.touched.confined)),
            ("source", Value::new_ip(facts.source.to_string())),
            ("mfa_age_seconds", Value::new_long(facts.mfa_age_seconds)),
            ("minute_of_day", Value::new_long(facts.minute_of_day)),
            ("weekday", Value::new_long(facts.weekday)),
            ("granted", Value::new_bool(facts.granted)),
            ("emergency", Value::new_bool(facts.emergency)),
            ("device_bound", Value::new_bool(facts.device_bound)),
            ("duration_seconds", Value::new_long(facts.duration_seconds)),
        ];
        if facts.act == Act::Statement {
            pairs.push(("within", areas(&facts.touched.within)));
            pairs.push(("every_row", Value::new_bool(facts.every_row)));
            pairs.push(("counted", Value::new_bool(facts.counted)));
        }
        if let Some(file) = &facts.file {
            pairs.push(("path", Value::new_string(file.path.clone())));
            pairs.push(("to", Value::new_string(file.to.clone())));
        }
        if let Some(to) = &facts.destination {
            pairs.push(("host", Value::new_string(to.host.clone())));
            pairs.push(("port", Value::new_long(to.port.into())));
        }
        pairs.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
    }
}

fn set<'a>(kind: &EntityTypeName, names: impl Iterator<Item = &'a str>) -> Value {
    Value::new_set(names.map(|name| Value::new_entity_uid(uid(kind, name))))
}

fn uid(kind: &EntityTypeName, name: &str) -> EntityUid {
    EntityUid::from_type_name_and_id(kind.clone(), EntityId::new(name))
}
