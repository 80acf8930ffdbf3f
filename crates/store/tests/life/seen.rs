//! What is to be seen of a world from outside: its rows as they are, its ledger, and whether the two agree.

use std::collections::{BTreeMap, BTreeSet};

use access::blind::sha256_hex;
use access::entry::Event;
use access::model::{Answer, Decision, Permit, PersonId, Request, RequestId, RequestKind, RequestState};

use crate::model::{Seen, Standing};
use crate::world::{PEOPLE, World};

impl World {
    /// Every request as it stands, by its number.
    pub async fn seen(&self) -> BTreeMap<i64, Seen> {
        let permits = self.eye.permits(u32::MAX).await.unwrap();
        let mut seen = BTreeMap::new();
        for request in self.eye.requests(u32::MAX).await.unwrap() {
            let permit = permits.iter().find(|permit| permit.request == Some(request.id));
            seen.insert(request.id.0, self.look_at(&request, permit).await);
        }
        seen
    }

    async fn look_at(&self, request: &Request, permit: Option<&Permit>) -> Seen {
        let decisions = self.eye.decisions(request.id).await.unwrap();
        // A no that arrived while the row was being taken has the last word.
        let state = match (request.state, self.ends(request.id).first()) {
            (RequestState::Used, Some(end)) => *end,
            (state, _) => state,
        };
        Seen {
            state,
            answers: decisions
                .iter()
                .map(|decision| (self.name(&decision.person), decision.answer))
                .collect(),
            grants: self.ends(request.id).iter().filter(|end| **end == RequestState::Used).count(),
            permit: permit.map(|permit| (permit.until, permit.ended.is_some())),
        }
    }

    pub async fn standing(&self, who: &str) -> Standing {
        let person = self.eye.person(who).await.unwrap().unwrap();
        let keys = self.eye.keys(&person.id).await.unwrap();
        Standing {
            lead: person.groups.contains("dba-leads"),
            suspended: person.suspended,
            has_key: !keys.is_empty(),
        }
    }

    /// Rows and ledger agree, and nothing has started that must not.
    pub async fn is_sound(&self) {
        drop(self.audit());
        let requests = self.eye.requests(u32::MAX).await.unwrap();
        let permits = self.eye.permits(u32::MAX).await.unwrap();
        for request in &requests {
            self.request_is_sound(request).await;
            let came = permits.iter().filter(|permit| permit.request == Some(request.id)).count();
            let wanted = request.kind == RequestKind::Access && self.ends(request.id) == [RequestState::Used];
            assert_eq!(came, usize::from(wanted), "{request:?}");
        }
        for node in &self.nodes {
            assert_eq!(node.store().requests(u32::MAX).await.unwrap(), requests, "every row is explained");
            assert_eq!(node.register().findings(), Vec::<String>::new());
        }
    }

    async fn request_is_sound(&self, request: &Request) {
        let (ends, decisions) = (self.ends(request.id), self.eye.decisions(request.id).await.unwrap());
        assert!(ends.len() <= 1, "{request:?} is over more than once: {ends:?}");
        match ends.first() {
            Some(RequestState::Used) => self.start_was_right(request, &decisions),
            Some(RequestState::Denied) => {
                assert!(matches!(request.state, RequestState::Denied | RequestState::Used), "{request:?}");
            }
            Some(end) => assert_eq!(*end, request.state, "{request:?}"),
            // Only who dies between the row and its entry leaves that, and nothing of it has started.
            None => assert!(request.state == RequestState::Waiting || self.deaths > 0, "{request:?}"),
        }
        for decision in &decisions {
            assert!(self.is_entered(decision), "{decision:?}");
            let shown = self.nodes[0].store().decisions(request.id).await.unwrap();
            assert!(shown.contains(decision), "{decision:?} is not explained");
        }
    }

    /// Two persons besides the requester had signed before, in time, and nobody had said no.
    fn start_was_right(&self, request: &Request, decisions: &[Decision]) {
        assert_eq!(request.state, RequestState::Used);
        assert!(decisions.iter().all(|decision| decision.answer == Answer::Approve), "{decisions:?}");
        let entries = self.ledger.entries();
        let granted = entries.iter().position(
            |entry| matches!(&entry.event, Event::Grant { request: of, .. } if *of == request.id.0),
        );
        let (before, rest) = entries.split_at(granted.unwrap());
        let Event::Grant { approvers, .. } = &rest[0].event else { unreachable!() };
        assert!(rest[0].at < request.expires.0, "{request:?} had lapsed");
        let distinct: BTreeSet<_> = approvers.iter().collect();
        assert!(distinct.len() >= 2 && !distinct.contains(&request.requester.0), "{approvers:?}");
        for approver in distinct {
            let signed = |event: &Event| {
                matches!(event, Event::Approval { request: of, person, answer, .. }
                    if *of == request.id.0 && person == approver && answer == "approve")
            };
            assert!(before.iter().any(|entry| signed(&entry.event)), "{approver} has not signed");
        }
    }

    fn is_entered(&self, decision: &Decision) -> bool {
        let hash = sha256_hex(decision.signature.as_bytes());
        self.ledger.entries().iter().any(|entry| {
            matches!(&entry.event, Event::Approval { request, person, answer, signature, .. }
                if *request == decision.request.0 && *person == decision.person.0
                    && answer == decision.answer.as_str() && *signature == hash)
        })
    }

    /// How a request ended, as the ledger says; each time, should it be more than once.
    fn ends(&self, id: RequestId) -> Vec<RequestState> {
        let end = |event: &Event| match event {
            Event::Grant { request, .. } if *request == id.0 => Some(RequestState::Used),
            Event::RequestEnd { request, state } if *request == id.0 => RequestState::parse(state),
            _ => None,
        };
        self.ledger.entries().iter().filter_map(|entry| end(&entry.event)).collect()
    }

    fn name(&self, id: &PersonId) -> &'static str {
        PEOPLE.into_iter().find(|name| self.ids[name] == *id).unwrap()
    }
}
