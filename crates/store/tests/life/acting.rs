//! Taking the steps on the real road.

use std::pin::Pin;
use std::sync::Arc;

use access::administer::Change;
use access::desk_command::{AccessWanted, Because, Where};
use access::model::{Answer, PermitId, RequestId, Timestamp};
use access::road::Progress;
use access::{Ask, Road, Step as Submitted};
use testkit::keys::Key;

use crate::model::{PERMIT_LASTS, Standing};
use crate::mortal::Race;
use crate::steps::Step;
use crate::world::{REMOVAL, World, groups, policies};

/// Whether those who took the step are told that it was done.
type Told = Pin<Box<dyn Future<Output = bool> + Send>>;

impl World {
    /// Takes a step on the node of that number.
    pub async fn take(&mut self, step: &Step, node: usize) -> bool {
        match step {
            Step::Restart => self.restart().await,
            _ => return self.prepared(step, node).await.await,
        }
        true
    }

    /// Takes them all at once, on different nodes; each waits for the others before what decides, or for its turn.
    pub async fn take_at_once(&mut self, steps: &[Step], order: Option<u64>) -> Vec<bool> {
        let mut prepared = Vec::new();
        for (node, step) in steps.iter().enumerate() {
            prepared.push(self.prepared(step, node).await);
        }
        let race = Race::of(steps.len(), order);
        self.life.race(Some(race.clone()));
        let racers =
            prepared.into_iter().zip(0..).map(|(told, place)| tokio::spawn(run(told, race.clone(), place)));
        let racers: Vec<_> = racers.collect();
        let mut told = Vec::new();
        for racer in racers {
            told.push(racer.await.unwrap());
        }
        self.life.race(None);
        told
    }

    /// All that a step needs, so that it can run by itself.
    async fn prepared(&mut self, step: &Step, node: usize) -> Told {
        let road = self.nodes[node % self.nodes.len()].clone();
        match *step {
            Step::Ask { access: true } => {
                let who = self.people["erin"].clone();
                Box::pin(async move { road.request_access(&who, &wanted()).await.is_ok() })
            }
            Step::Ask { access: false } => {
                let told = self.submit().await;
                Box::pin(async move { told })
            }
            Step::Answer { request, by, answer } => self.answer(road, request, by, answer).await,
            Step::Claim { request } => match self.pending.remove(&request) {
                Some(pending) => Box::pin(async move { road.claim(pending).await.is_ok() }),
                None => Box::pin(async { false }),
            },
            Step::GiveUp { request } => self.give_up(road, request),
            Step::Look { request } => {
                let ended = match self.pending.get(&request) {
                    Some(pending) => matches!(road.progress(pending).await, Progress::Ended(_)),
                    None => true,
                };
                Box::pin(async move { !ended })
            }
            Step::Revoke { request, by } => {
                let (who, permit) = (self.people[by].clone(), self.permit_of(request).await);
                Box::pin(async move { road.revoke_permit(&who, permit).await.is_ok() })
            }
            Step::Sweep => Box::pin(async move { road.sweep().await.is_ok() }),
            Step::Clock { seconds } => {
                self.clock.set(Timestamp(road.now().0 + seconds * 1_000_000));
                Box::pin(async { true })
            }
            Step::Person { who, standing } => {
                Box::pin(async move { becomes(&road, who, standing).await.is_some() })
            }
            Step::Policies => {
                let (number, nodes) = (self.next_policies(), self.nodes.clone());
                Box::pin(async move { replace_policies(&nodes, number).await })
            }
            Step::Restart => unreachable!("a restart is nothing that a node does"),
        }
    }

    async fn submit(&mut self) -> bool {
        let Some(session) = self.session().await else { return false };
        let ask = Ask::Exec(REMOVAL.as_bytes().to_vec());
        match self.nodes[0].submit(&session, 0, ask).await {
            Submitted::Held(pending) => drop(self.pending.insert(pending.id().0, *pending)),
            Submitted::Refused(_) => return false,
            Submitted::Run(grant) => panic!("it ran by itself: {grant:?}"),
        }
        true
    }

    async fn answer(&self, road: Road, request: i64, by: &str, answer: Answer) -> Told {
        let row = self.eye.request(RequestId(request)).await.unwrap().unwrap();
        let (who, signature) = (self.people[by].clone(), self.signed(by, &row, answer));
        Box::pin(async move { road.decide(&who, row.id, answer, &signature).await.is_ok() })
    }

    fn give_up(&mut self, road: Road, request: i64) -> Told {
        let who = self.people["erin"].clone();
        match self.pending.remove(&request) {
            Some(pending) => {
                Box::pin(async move { road.abandon(pending).await.to_string().contains("given up") })
            }
            None => Box::pin(async move { road.withdraw(&who, RequestId(request)).await.is_ok() }),
        }
    }

    async fn permit_of(&self, request: i64) -> PermitId {
        let permits = self.eye.permits(u32::MAX).await.unwrap();
        permits.iter().find(|permit| permit.request == Some(RequestId(request))).unwrap().id
    }
}

async fn run(told: Told, race: Arc<Race>, place: usize) -> bool {
    race.begin(place).await;
    let told = told.await;
    race.leave();
    told
}

fn wanted() -> AccessWanted {
    AccessWanted {
        place: Where { target: Some("db-1".into()), labels: vec![] },
        account: Some("root".into()),
        seconds: PERMIT_LASTS,
        because: Because::new("disk is full"),
        ticket: None,
    }
}

/// What differs is changed, one change after the other.
async fn becomes(road: &Road, who: &str, standing: Standing) -> Option<()> {
    let name = || who.to_owned();
    let person = road.store().person(who).await.ok()??;
    let key = Key::of(who);
    let has_key = road.store().key(&key.fingerprint()).await.ok()?.is_some();
    let mut changes = vec![];
    if person.groups.contains("dba-leads") != standing.lead {
        changes.push(Change::PersonGroups { name: name(), groups: groups(who, standing.lead) });
    }
    match (person.suspended, standing.suspended) {
        (false, true) => changes.push(Change::PersonSuspend { name: name() }),
        (true, false) => changes.push(Change::PersonResume { name: name() }),
        _ => {}
    }
    match (has_key, standing.has_key) {
        (true, false) => changes.push(Change::KeyRemove { name: name(), fingerprint: key.fingerprint() }),
        (false, true) => changes.push(Change::KeyAdd { name: name(), key: key.line() }),
        _ => {}
    }
    for change in changes {
        road.administer("root", &change).await.ok()?;
    }
    Some(())
}

async fn replace_policies(nodes: &[Road], number: usize) -> bool {
    // Both read the same files; the ledger hears of it from each.
    for road in nodes {
        if road.replace_policies(policies(number)).await.is_err() {
            return false;
        }
    }
    true
}
