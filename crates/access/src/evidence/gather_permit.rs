//! What a permit was used for, picked out of the ledger; and the evidence of permits that no request led to.

use std::collections::BTreeSet;

use identity::VerifiedIdentity;

use super::Story;
use super::cast::{Cast, Entries};
use super::gathering::Gathering;
use crate::entry::Event;
use crate::error::RoadError;
use crate::model::{Permit, PermitId};
use crate::road::Road;
use crate::text::{EVIDENCE_OF_REQUEST, NO_PERMIT};

/// Which permit, and the sessions in which it was used.
#[derive(Clone, Default)]
pub(super) struct Uses {
    pub(super) permit: Option<i64>,
    pub(super) sessions: BTreeSet<String>,
}

impl Road {
    /// The evidence of a permit that its holder began alone, such as an emergency, for its holder, for whoever may end
    /// it, and for audit administrators.
    pub async fn evidence_of_permit(
        &self,
        who: &VerifiedIdentity,
        id: PermitId,
    ) -> Result<String, RoadError> {
        let person = self.person_now(who).await?;
        let permit = self.permit_shown_to(&person, id).await?;
        let none = || RoadError::from(self.refusal(&NO_PERMIT, &[("permit", &id.to_string())]));
        let permit = permit.ok_or_else(none)?;
        if let Some(request) = permit.request {
            let values = [("permit", &*id.to_string()), ("request", &request.to_string())];
            return Err(self.refusal(&EVIDENCE_OF_REQUEST, &values).into());
        }
        let story = self.story_of_permit(&permit).await?;
        self.sealed(story, |digest| Event::Evidence {
            request: None,
            permit: Some(id.0),
            by: person.id.0,
            digest,
        })
        .await
    }

    async fn story_of_permit(&self, permit: &Permit) -> Result<Story, RoadError> {
        let id = permit.id.0;
        let uses = self
            .used_under(move |event| matches!(event, Event::Permit { permit, .. } if *permit == id))
            .await?;
        let cast = Cast::of_permit(permit, uses.clone());
        let found = self.archive().find(Box::new(move |event| cast.concerns(event))).await?;
        let mut gathering = Gathering::new(self, Entries(found));
        let began = |event: &Event| matches!(event, Event::Permit { permit, .. } if *permit == id);
        let index = gathering.choose("the permit", u64::MAX, began)?;
        let holder = &permit.holder.0;
        let came = |event: &Event| matches!(event, Event::Login { person, .. } if person == holder);
        gathering.choose("the login", index, came)?;
        gathering.vouched("person", holder, index).await?;
        gathering.used(&uses).await?;
        let terms = serde_json::from_str(&permit.terms);
        let terms =
            terms.map_err(|fault| RoadError::Inconsistent(format!("evidence: the terms: {fault}")))?;
        Ok(gathering.story(terms, vec![]))
    }

    /// The permit whose beginning that is, and where it was used. Entries come in order: it began before it was used.
    pub(super) async fn used_under(
        &self,
        begins: impl Fn(&Event) -> bool + Send + 'static,
    ) -> Result<Uses, RoadError> {
        let mut number = None;
        let wanted = move |event: &Event| match event {
            Event::Permit { permit, .. } if begins(event) => {
                number = Some(*permit);
                true
            }
            Event::SessionOpen { permits, .. } => number.is_some_and(|number| permits.contains(&number)),
            Event::Decision { permit: Some(permit), .. } => number == Some(*permit),
            _ => false,
        };
        let mut uses = Uses::default();
        for (_, entry) in self.archive().find(Box::new(wanted)).await? {
            match entry.event {
                Event::Permit { permit, .. } => uses.permit = Some(permit),
                Event::SessionOpen { session, .. } | Event::Decision { session, .. } => {
                    uses.sessions.insert(session);
                }
                _ => {}
            }
        }
        Ok(uses)
    }
}

impl Gathering<'_> {
    /// Everything that names the permit: its row, its uses, its end and its review.
    pub(super) async fn used(&mut self, Uses { permit, sessions }: &Uses) -> Result<(), RoadError> {
        let Some(number) = *permit else { return Ok(()) };
        let id = number.to_string();
        self.choose_all(0, |event| matches!(event, Event::Permit { permit, .. } if *permit == number));
        let is_run =
            |event: &Event| matches!(event, Event::Decision { permit, .. } if *permit == Some(number));
        let runs = !self.entries.all(0, is_run).is_empty();
        let opened = self.choose_all(
            0,
            |event| matches!(event, Event::SessionOpen { session, .. } if sessions.contains(session)),
        );
        self.choose_all(0, |event| match event {
            Event::Decision { session, .. } => sessions.contains(session) && (!runs || is_run(event)),
            Event::Segment { session, .. } | Event::SessionClose { session, .. } => {
                sessions.contains(session)
            }
            Event::ReplayViewed { permit, .. } => *permit == Some(number),
            _ => false,
        });
        let ends =
            self.choose_all(0, |event| matches!(event, Event::PermitEnd { permit, .. } if *permit == number));
        let reviews = self.choose_all(
            0,
            |event| matches!(event, Event::EmergencyReviewed { permit, .. } if *permit == number),
        );
        for index in opened.into_iter().chain(ends).chain(reviews) {
            if let Some(id) = self.entries.event(index).and_then(actor).cloned() {
                self.person(&id, index).await?;
            }
        }
        let states = self.choose_all(0, |event| super::cast::states(event, "permit", &id));
        self.changed(&states).await
    }
}

/// Who did what the entry says.
fn actor(event: &Event) -> Option<&String> {
    match event {
        Event::SessionOpen { person, .. } => Some(person),
        Event::PermitEnd { by, .. } => by.as_ref(),
        Event::EmergencyReviewed { by, .. } => Some(by),
        _ => None,
    }
}
