//! Administrators against each other: none of them gets alone by suspending the others, locks everybody out, or needs
//! fewer signatures afterwards; and whoever is left finds a way back.

use access::administer::{Change, ChangeError, Proposed, Secret};
use access::model::{Answer, RequestId};
use access::ports::Store;

use crate::bastion::*;
use crate::keys::Key;

const SECURITY: &str = "security-administrators";
const SYSTEM: &str = "system-administrators";

/// After the ceremony; the named people are a second administrator of security and of the system.
async fn administered(more: &[(&str, &str)]) -> Bastion {
    let mut bastion = Bastion::start().await;
    for (name, _) in more {
        bastion.person(name, &[]).await;
    }
    bastion.hold_ceremony().await;
    for (name, group) in more {
        let signers: &[&str] = if bastion.is_in("sid", SECURITY).await { &["sid"] } else { &["sam", "abe"] };
        let change = Change::PersonGroups { name: (*name).into(), groups: groups(&[group]) };
        bastion.agreed("sue", change, signers).await;
    }
    bastion
}

fn suspend(name: &str) -> Change {
    Change::PersonSuspend { name: name.into() }
}

fn resume(name: &str) -> Change {
    Change::PersonResume { name: name.into() }
}

fn remove_key(name: &str) -> Change {
    Change::KeyRemove { name: name.into(), fingerprint: Key::of(name).fingerprint() }
}

impl Bastion {
    /// Whether they are, and not suspended.
    pub async fn is_in(&self, name: &str, group: &str) -> bool {
        let person = self.store.person(name).await.unwrap();
        person.is_some_and(|person| !person.suspended && person.groups.contains(group))
    }

    async fn proposes(&self, by: &str, change: &Change) -> Result<Proposed, ChangeError> {
        let who = self.enter(by).await;
        self.road.propose(&who, change).await
    }

    /// The request as which it waits.
    pub async fn waits(&self, by: &str, change: &Change) -> RequestId {
        match self.proposes(by, change).await.unwrap() {
            Proposed::Waiting { request, .. } => request,
            Proposed::Applied(_) => panic!("{by} alone has done it: {change:?}"),
        }
    }

    async fn at_once(&self, by: &str, change: &Change) {
        match self.proposes(by, change).await.unwrap() {
            Proposed::Applied(_) => {}
            Proposed::Waiting { told, .. } => panic!("{told}"),
        }
    }

    pub async fn agreed(&self, by: &str, change: Change, signers: &[&str]) {
        let id = self.waits(by, &change).await;
        for name in signers {
            self.answer(name, id, Answer::Approve).await.unwrap();
        }
        assert_eq!(self.state(id).await.as_str(), "used", "{by}, {signers:?}: {change:?}");
    }
}

#[tokio::test]
async fn nobody_suspends_alone_until_only_they_are_left() {
    let bastion = administered(&[("sid", SECURITY), ("sol", SYSTEM)]).await;
    for change in [suspend("sid"), remove_key("sid"), suspend("abe"), remove_key("abe")] {
        let _request = bastion.waits("sue", &change).await;
    }
    bastion.at_once("sue", &suspend("sol")).await;
    let _request = bastion.waits("sue", &suspend("sam")).await;
    assert!(bastion.is_in("sid", SECURITY).await && bastion.is_in("sam", SYSTEM).await);
}

#[tokio::test]
async fn of_two_suspended_at_the_same_moment_one_stays() {
    for round in 0..32 {
        let bastion = administered(&[("sid", SECURITY), ("sal", SECURITY)]).await;
        bastion.store.shuffle(round);
        let who = bastion.enter("sue").await;
        let (one, other) = (suspend("sid"), remove_key("sal"));
        let both = tokio::join!(bastion.road.propose(&who, &one), bastion.road.propose(&who, &other));
        let applied = |made: &Result<Proposed, ChangeError>| matches!(made, Ok(Proposed::Applied(_)));
        assert!(!(applied(&both.0) && applied(&both.1)), "round {round}");
    }
}

#[tokio::test]
async fn the_last_but_one_goes_as_soon_as_one_other_administrator_agrees() {
    let bastion = administered(&[("sid", SECURITY)]).await;
    let id = bastion.waits("sid", &suspend("sue")).await;
    let _refusal = bastion.answer("sid", id, Answer::Approve).await.unwrap_err();
    bastion.answer("sam", id, Answer::Approve).await.unwrap();
    assert!(!bastion.is_in("sue", SECURITY).await);
    // What the other two roles sign now undoes what she had done.
    bastion.agreed("sid", resume("sue"), &["sam", "abe"]).await;
}

#[tokio::test]
async fn whoever_suspended_everybody_they_could_is_put_out_and_everything_comes_back() {
    let bastion = administered(&[("sid", SECURITY), ("sol", SYSTEM)]).await;
    for name in ["alice", "bob", "carol", "dave", "sol"] {
        bastion.at_once("sue", &suspend(name)).await;
    }
    let _only_she_could_sign_this = bastion.waits("sid", &resume("bob")).await;
    bastion.agreed("sid", suspend("sue"), &["abe"]).await;
    for name in ["alice", "bob", "carol", "dave", "sol"] {
        bastion.agreed("sid", resume(name), &["sam", "abe"]).await;
    }
    assert!(bastion.is_in("sol", SYSTEM).await && bastion.is_in("bob", "dba-leads").await);
}

#[tokio::test]
async fn the_only_security_administrator_goes_by_the_other_two_who_then_appoint_another() {
    let bastion = administered(&[("sid", "newcomers")]).await;
    bastion.at_once("sue", &suspend("bob")).await;
    for change in [resume("bob"), suspend("alice"), remove_key("sue")] {
        assert!(bastion.proposes("sam", &change).await.is_err(), "she is still there: {change:?}");
    }
    assert!(bastion.proposes("alice", &suspend("sue")).await.is_err(), "no administrator");
    bastion.agreed("sam", suspend("sue"), &["abe"]).await;
    let id = bastion.waits("sam", &resume("bob")).await;
    let _refusal = bastion.answer("sam", id, Answer::Approve).await.unwrap_err();
    bastion.answer("abe", id, Answer::Approve).await.unwrap();
    let appoint = Change::PersonGroups { name: "sid".into(), groups: groups(&[SECURITY]) };
    bastion.agreed("abe", appoint, &["sam"]).await;
    assert!(bastion.proposes("sam", &resume("bob")).await.is_err(), "the role has somebody again");
    let both = Change::PersonGroups { name: "abe".into(), groups: groups(&[SECURITY]) };
    let id = bastion.waits("sid", &both).await;
    bastion.answer("abe", id, Answer::Approve).await.unwrap();
    assert!(!bastion.is_in("abe", SECURITY).await, "one of the others is not both");
}

#[tokio::test]
async fn a_stand_ins_request_lapses_when_the_role_has_somebody_again() {
    let bastion = administered(&[("sid", "newcomers")]).await;
    bastion.agreed("sam", suspend("sue"), &["abe"]).await;
    let early = bastion.waits("sam", &suspend("carol")).await;
    let appoint = Change::PersonGroups { name: "sid".into(), groups: groups(&[SECURITY]) };
    bastion.agreed("sam", appoint, &["abe"]).await;
    let told = bastion.answer("abe", early, Answer::Approve).await.unwrap_err().to_string();
    assert!(bastion.is_in("carol", "dba-leads").await, "{told}");
}

#[tokio::test]
async fn who_has_no_key_left_is_nobody_to_wait_for() {
    let bastion = administered(&[("sid", SECURITY)]).await;
    bastion.agreed("sue", remove_key("sid"), &["abe"]).await;
    bastion.agreed("sue", resume("dave"), &["sam", "abe"]).await;
}

#[tokio::test]
async fn whatever_others_agreed_to_can_be_made_secrets_too() {
    let bastion = administered(&[]).await;
    let alice = || "alice".to_owned();
    let private_key = || Secret(Key::of("credential").private().into());
    let password = Secret("a very secret password".to_owned().into());
    for change in [
        Change::PersonTotp { name: alice() },
        Change::PersonPassword { name: alice(), password },
        Change::KeyAdd { name: alice(), key: Key::of("alice-2").line() },
        Change::PersonEnrol { name: alice() },
        Change::PersonRecover { name: alice() },
    ] {
        bastion.agreed("sue", change, &["sam", "abe"]).await;
    }
    for login in ["root", "postgres"] {
        let (target, login) = ("db-1".to_owned(), login.to_owned());
        let change =
            Change::AccountAdd { target, login, private_key: private_key(), password: Secret::default() };
        bastion.agreed("sam", change, &["sue", "abe"]).await;
    }
}
