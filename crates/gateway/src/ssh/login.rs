//! Who is at the door: two factors in RFC 4252's methods, with the same answer to everybody who does not belong.

use std::borrow::Cow;
use std::net::IpAddr;

use access::identity::name::ENROL;
use access::identity::{
    AccountName, Code, Destination, FirstFactor, Login, PublicKey, TargetName, VerifiedIdentity,
};
use access::model::Way;
use access::road::Entered;
use access::text::{CODE_PROMPT, Language, NOT_ADMITTED};
use access::{Refusal, Road};
use russh::keys::{Algorithm, PublicKey as OfferedKey};
use russh::server::Auth;
use russh::{MethodKind, MethodSet};
use tokio::sync::Semaphore;
use zeroize::Zeroizing;

use super::login_consent::Reader;
use super::login_newcomer::Waiting;

/// Keys that a client may ask about before it signs with one.
const MAX_PROBES: usize = 20;

/// Passwords that are checked at once: each takes a processor and 19 MiB, and anybody may send one.
pub(super) static CHECKS: Semaphore = Semaphore::const_new(4);

/// Who came in, and what for.
#[derive(Clone)]
pub(crate) enum Guest {
    /// Somebody who named no target: the desk, and jumps.
    Desk(VerifiedIdentity),
    /// Somebody on the way to a target.
    Traveller { who: VerifiedIdentity, to: Destination, way: Way },
    /// Somebody who is told why their account or key is over, and gets no further: nothing takes a refusal for a person.
    Dismissed(Refusal),
    /// Somebody who brings a key with a code, and can do nothing else.
    Newcomer(Waiting),
}

impl Guest {
    /// The person, if it is one who may ask for anything.
    pub(crate) fn who(&self) -> Option<&VerifiedIdentity> {
        match self {
            Self::Desk(who) | Self::Traveller { who, .. } => Some(who),
            Self::Dismissed(_) | Self::Newcomer(_) => None,
        }
    }
}

/// How a connection proves who it is.
pub(crate) enum Proof {
    /// From scratch.
    Wanted(Box<Wanted>),
    /// The outer connection has done so; only the account is asked.
    Jump { who: VerifiedIdentity, target: TargetName },
}

/// A login in progress.
pub(crate) struct Wanted {
    pub(super) road: Road,
    pub(super) source: IpAddr,
    probes: usize,
    /// The user name with which the first factor was proved, and the proof.
    first: Option<(String, FirstFactor)>,
    /// A key that somebody brings to enrol; it has signed.
    pub(super) brought: Option<PublicKey>,
    /// Somebody who has yet to answer the notice.
    pub(super) reader: Option<Reader>,
}

/// What was typed at the prompts of one question.
pub(crate) type Typed = Vec<Zeroizing<String>>;

/// What a callback answers, and who came in if somebody did.
pub(crate) type Answer = (Auth, Option<Guest>);

impl Wanted {
    pub(crate) fn new(road: Road, source: IpAddr) -> Self {
        Self { road, source, probes: 0, first: None, brought: None, reader: None }
    }

    /// Whether it is worth signing with that key.
    pub(crate) async fn offered(&mut self, user: &str, key: &OfferedKey, algorithm: &Algorithm) -> Auth {
        self.probes += 1;
        if user == ENROL {
            let welcome = self.probes <= MAX_PROBES && acceptable(key, algorithm).is_some();
            return if welcome { Auth::Accept } else { refused() };
        }
        let known = match (Login::parse(user), acceptable(key, algorithm)) {
            (Ok(login), Some(key)) if self.probes <= MAX_PROBES => {
                self.road.knows_key(login.person.as_str(), &key).await
            }
            _ => false,
        };
        if known { Auth::Accept } else { refused() }
    }

    /// The signature over this connection has been verified.
    pub(crate) async fn key(&mut self, user: &str, key: &OfferedKey, algorithm: &Algorithm) -> Answer {
        if user == ENROL {
            self.brought = acceptable(key, algorithm);
            return (if self.brought.is_some() { half_way() } else { refused() }, None);
        }
        let (Ok(login), Some(key)) = (Login::parse(user), acceptable(key, algorithm)) else {
            return (refused(), None);
        };
        let entered = self.road.enter_with_key(login.person.as_str(), &key, self.source).await;
        self.entered(user, login, entered)
    }

    /// A password. Checking one takes a processor for a while, so it happens beside the other connections.
    pub(crate) async fn password(&mut self, user: &str, password: &str) -> Answer {
        let Ok(login) = Login::parse(user) else { return (refused(), None) };
        let (road, source) = (self.road.clone(), self.source);
        let (person, password) = (login.person.as_str().to_owned(), Zeroizing::new(password.to_owned()));
        let _turn = CHECKS.acquire().await;
        let runtime = tokio::runtime::Handle::current();
        let checking = tokio::task::spawn_blocking(move || {
            runtime.block_on(road.enter_with_password(&person, &password, source))
        });
        match checking.await {
            Ok(entered) => self.entered(user, login, entered),
            Err(_) => (refused(), None),
        }
    }

    /// What was typed at the prompts of a question, or nothing before it is asked.
    pub(crate) async fn answers(&mut self, user: &str, typed: Option<Typed>) -> Answer {
        match (self.reader_of(user), typed) {
            (Some(reader), Some(typed)) => self.read(reader, &typed).await,
            (_, typed) if user == ENROL => self.newcomer(typed).await,
            (_, typed) => self.code(user, typed).await,
        }
    }

    /// Asks for a code after a first factor, or checks one.
    async fn code(&mut self, user: &str, typed: Option<Typed>) -> Answer {
        let proved = self.first.as_ref().is_some_and(|(name, _)| name == user);
        let Some(typed) = typed.filter(|_| proved) else {
            return (if proved { ask_code(self.road.language()) } else { refused() }, None);
        };
        // No answer at all is an empty code, not a question for one.
        let code = Zeroizing::new(typed.first().map(|code| code.trim().to_owned()).unwrap_or_default());
        let (Some((_, first)), Ok(login)) = (self.first.take(), Login::parse(user)) else {
            return (refused(), None);
        };
        match self.second_factor(first, code).await {
            Ok(who) => self.welcome(user, who.clone(), guest(login, who)).await,
            Err(refusal) => turned_away(refusal),
        }
    }

    /// A recovery code takes as long to check as several passwords, so it has its turn among those.
    async fn second_factor(
        &self,
        first: FirstFactor,
        code: Zeroizing<String>,
    ) -> Result<VerifiedIdentity, Refusal> {
        if Code::read(&code).is_none() {
            return self.road.second_factor(first, &code, self.source).await;
        }
        let (road, source) = (self.road.clone(), self.source);
        let _turn = CHECKS.acquire().await;
        let runtime = tokio::runtime::Handle::current();
        let checking = move || runtime.block_on(road.second_factor(first, &code, source));
        let checked = tokio::task::spawn_blocking(checking).await;
        checked.unwrap_or_else(|_| Err(Refusal::new(&NOT_ADMITTED, self.road.language(), &[])))
    }

    fn entered(&mut self, user: &str, login: Login, entered: Result<Entered, Refusal>) -> Answer {
        match entered {
            Ok(Entered::Complete(who)) => (Auth::Accept, Some(guest(login, who))),
            Ok(Entered::NeedsCode(first)) => {
                self.first = Some((user.to_owned(), first));
                (half_way(), None)
            }
            Err(refusal) => turned_away(refusal),
        }
    }
}

/// The account that a jump asks for; there is nothing left to prove.
pub(crate) fn jump(who: &VerifiedIdentity, target: &TargetName, user: &str) -> Answer {
    match AccountName::parse(user) {
        Ok(account) => {
            let to = Destination { account, target: target.clone() };
            (Auth::Accept, Some(Guest::Traveller { who: who.clone(), to, way: Way::Jump }))
        }
        Err(_) => (refused(), None),
    }
}

/// SHA-1 signatures are refused whatever the key.
fn acceptable(key: &OfferedKey, algorithm: &Algorithm) -> Option<PublicKey> {
    if matches!(algorithm, Algorithm::Rsa { hash: None }) {
        return None;
    }
    PublicKey::from_ssh_key(key).ok()
}

fn guest(login: Login, who: VerifiedIdentity) -> Guest {
    match login.destination {
        Some(to) => Guest::Traveller { who, to, way: Way::Direct },
        None => Guest::Desk(who),
    }
}

/// Everybody gets the same answer, but for who has proved both factors: they are told on their first channel.
fn turned_away(refusal: Refusal) -> Answer {
    if refusal.is_plain() { (Auth::Accept, Some(Guest::Dismissed(refusal))) } else { (refused(), None) }
}

/// The methods that a login starts with.
pub(crate) fn first_methods() -> MethodSet {
    MethodSet::from(&[MethodKind::PublicKey, MethodKind::Password][..])
}

/// The one answer to everybody who does not belong.
pub(crate) fn refused() -> Auth {
    Auth::Reject { proceed_with_methods: Some(first_methods()), partial_success: false }
}

fn half_way() -> Auth {
    let code = MethodSet::from(&[MethodKind::KeyboardInteractive][..]);
    Auth::Reject { proceed_with_methods: Some(code), partial_success: true }
}

fn ask_code(language: Language) -> Auth {
    let prompt = CODE_PROMPT.say(language, &[]).into();
    Auth::Partial { name: "".into(), instructions: "".into(), prompts: Cow::Owned(vec![(prompt, false)]) }
}
