//! The reference: what a request may become, in a few dozen lines, without signatures, rows, entries or races.

use std::collections::BTreeMap;

use access::model::{Answer, RequestState, Timestamp};

use crate::steps::Step;

const LAPSES_AFTER: u64 = 1800;
/// How long erin asks for access.
pub const PERMIT_LASTS: u64 = 7200;
const NEEDED: usize = 2;

#[derive(Clone, Debug)]
pub struct Model {
    pub now: Timestamp,
    /// How often the policies were replaced.
    pub policies: usize,
    pub people: BTreeMap<&'static str, Standing>,
    pub requests: BTreeMap<i64, Request>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Standing {
    pub lead: bool,
    pub suspended: bool,
    pub has_key: bool,
}

#[derive(Clone, Debug)]
pub struct Request {
    by: &'static str,
    /// An act in a session, or access for a time.
    is_act: bool,
    /// Whether a session still waits for it.
    pub attended: bool,
    expires: Timestamp,
    policies: usize,
    pub seen: Seen,
}

/// What can be seen of a request from outside.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Seen {
    pub state: RequestState,
    pub answers: BTreeMap<&'static str, Answer>,
    /// How often it was granted.
    pub grants: usize,
    /// The permit that came of it: until when, and whether it was ended.
    pub permit: Option<(Timestamp, bool)>,
}

/// What counts when several ends compete.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    Waits,
    Started,
    Over,
}

impl Seen {
    pub fn fate(&self) -> Fate {
        match (self.grants, self.state) {
            (1.., _) => Fate::Started,
            (0, RequestState::Waiting) => Fate::Waits,
            (0, _) => Fate::Over,
        }
    }
}

impl Model {
    pub fn new(now: Timestamp, people: &[&'static str]) -> Self {
        let standing = Standing { lead: true, suspended: false, has_key: true };
        let people = people.iter().map(|name| (*name, standing)).collect();
        Self { now, policies: 0, people, requests: BTreeMap::new() }
    }

    /// Does the step; whether those who take it are told that it was done. `next`: the number of the next request.
    pub fn take(&mut self, step: &Step, next: i64) -> bool {
        match *step {
            Step::Ask { access } => return self.ask(access, next),
            Step::Answer { request, by, answer } => return self.answer(request, by, answer),
            Step::Claim { request } => return self.claim(request),
            Step::GiveUp { request } => return self.give_up(request),
            Step::Look { request } => return self.look(request),
            Step::Revoke { request, by } => return self.revoke(request, by),
            Step::Sweep => self.sweep(),
            Step::Restart => self.restart(),
            Step::Clock { seconds } => self.now.0 += seconds * 1_000_000,
            Step::Policies => self.policies += 1,
            Step::Person { who, standing } => drop(self.people.insert(who, standing)),
        }
        true
    }

    pub fn seen(&self) -> BTreeMap<i64, Seen> {
        self.requests.iter().map(|(number, request)| (*number, request.seen.clone())).collect()
    }

    /// Goes on from what is seen, where the reference allows several things.
    pub fn adopt(&mut self, seen: BTreeMap<i64, Seen>, attended: impl Fn(i64) -> bool) {
        self.requests.retain(|number, _| seen.contains_key(number));
        for (number, seen) in seen {
            let request = self.requests.get_mut(&number).unwrap();
            (request.seen, request.attended) = (seen, attended(number));
        }
    }

    fn ask(&mut self, access: bool, number: i64) -> bool {
        let by = if access { "erin" } else { "alice" };
        let seen = Seen { state: RequestState::Waiting, answers: BTreeMap::new(), grants: 0, permit: None };
        let (policies, expires) = (self.policies, self.now.plus_seconds(LAPSES_AFTER));
        if self.may_enter(by) {
            let request = Request { by, is_act: !access, attended: !access, expires, policies, seen };
            self.requests.insert(number, request);
        }
        self.may_enter(by)
    }

    fn answer(&mut self, number: i64, by: &'static str, answer: Answer) -> bool {
        let request = &self.requests[&number];
        if !self.may_enter(by) || by == request.by || !self.people[by].lead || !self.waits(number) {
            return false;
        }
        let answers = &mut self.of(number).answers;
        if answers.contains_key(by) {
            return false;
        }
        answers.insert(by, answer);
        match answer {
            Answer::Deny => self.end(number, RequestState::Denied),
            Answer::Approve => self.requests[&number].is_act || self.start_if_met(number),
        }
    }

    /// A session asks for its act to start now.
    fn claim(&mut self, number: i64) -> bool {
        self.requests.get_mut(&number).unwrap().attended = false;
        let (waits, by) = (self.waits(number), self.requests[&number].by);
        if waits && !(self.may_enter(by) && self.is_met(number)) {
            self.end(number, RequestState::Refused);
        }
        waits && self.waits(number) && self.start_if_met(number)
    }

    fn start_if_met(&mut self, number: i64) -> bool {
        let (request, now) = (&self.requests[&number], self.now);
        if !self.is_met(number) {
            return true;
        }
        if request.policies != self.policies || self.people[request.by].suspended {
            self.end(number, RequestState::Refused);
            return false;
        }
        let permit = (!request.is_act).then(|| (now.plus_seconds(PERMIT_LASTS), false));
        *self.of(number) = Seen { grants: 1, permit, ..self.of(number).clone() };
        self.end(number, RequestState::Used)
    }

    fn give_up(&mut self, number: i64) -> bool {
        let request = self.requests.get_mut(&number).unwrap();
        request.attended = false;
        let may = request.is_act || self.may_enter("erin");
        may && self.of(number).state == RequestState::Waiting && self.end(number, RequestState::Abandoned)
    }

    fn look(&mut self, number: i64) -> bool {
        self.waits(number)
    }

    fn revoke(&mut self, number: i64, by: &'static str) -> bool {
        let request = &self.requests[&number];
        let may = self.may_enter(by) && (by == request.by || self.people[by].lead);
        if let (true, Some((_, ended))) = (may, &mut self.of(number).permit) {
            *ended = true;
        }
        may
    }

    fn sweep(&mut self) {
        let numbers: Vec<_> = self.requests.keys().copied().collect();
        for number in numbers {
            let (gone, now) = (self.people[self.requests[&number].by].suspended, self.now);
            if self.waits(number) && gone {
                self.end(number, RequestState::Refused);
            }
            if let Some((until, ended)) = &mut self.of(number).permit {
                *ended |= gone || *until <= now;
            }
        }
    }

    /// Sessions are gone, and their acts with them; what nobody waits beside waits on, or starts if it was met.
    pub fn restart(&mut self) {
        let numbers: Vec<_> = self.requests.keys().copied().collect();
        for number in numbers {
            self.requests.get_mut(&number).unwrap().attended = false;
            if self.of(number).state != RequestState::Waiting {
                continue;
            }
            if self.requests[&number].is_act {
                self.end(number, RequestState::Abandoned);
            } else if self.waits(number) {
                self.start_if_met(number);
            }
        }
    }

    /// Whether it waits; one whose time is over ends when somebody looks.
    fn waits(&mut self, number: i64) -> bool {
        let lapsed = self.requests[&number].expires <= self.now;
        if self.of(number).state == RequestState::Waiting && lapsed {
            self.end(number, RequestState::Expired);
        }
        self.of(number).state == RequestState::Waiting
    }

    /// Two people who may approve at this moment have, and neither has asked.
    fn is_met(&self, number: i64) -> bool {
        let request = &self.requests[&number];
        let counts = |(by, answer): &(&&'static str, &Answer)| {
            **answer == Answer::Approve && **by != request.by && self.may_enter(by) && self.people[*by].lead
        };
        request.seen.answers.iter().filter(counts).count() >= NEEDED
    }

    fn may_enter(&self, who: &str) -> bool {
        !self.people[who].suspended && self.people[who].has_key
    }

    fn end(&mut self, number: i64, state: RequestState) -> bool {
        self.of(number).state = state;
        true
    }

    fn of(&mut self, number: i64) -> &mut Seen {
        &mut self.requests.get_mut(&number).unwrap().seen
    }
}

impl Request {
    pub fn is_act(&self) -> bool {
        self.is_act
    }
}
