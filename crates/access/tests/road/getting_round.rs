//! Ways round an approval, each tried on every kind of request that nobody waits beside: access, runbooks, looks at
//! recordings, administrative changes. Actions have the same in `meanwhile.rs`, `once.rs` and `counting.rs`.

use access::administer::Change;
use access::model::{Answer, RequestId, RequestState};
use access::ports::Store;
use access::road::Standing;
use access::statement::NAMESPACE;

use crate::bastion::*;
use crate::evidence_kinds::one;
use crate::keys::Key;
use crate::lasting::*;

const KINDS: [&str; 4] = ["access", "runbook", "replay", "change"];

/// A request of that kind, and the two who can sign for it.
async fn asked(bastion: &Bastion, kind: &str) -> (RequestId, [&'static str; 2]) {
    let erin = bastion.enter("erin").await;
    match kind {
        "access" => drop(bastion.ask_for_access("erin", at("db-1")).await.unwrap()),
        "runbook" => {
            drop(bastion.road.request_runbook(&erin, &runbook(&[], &[]), b"uptime\n").await.unwrap())
        }
        "replay" => {
            let session = bastion.session("alice", "db-1").await;
            drop(bastion.road.request_replay(&erin, &replay(&session)).await.unwrap());
        }
        _ => {
            let change = Change::PersonGroups { name: "erin".into(), groups: groups(&["dba-leads"]) };
            return (bastion.waits("sue", &change).await, ["sam", "abe"]);
        }
    }
    (bastion.newest_request().await, ["bob", "carol"])
}

#[track_caller]
fn nothing_came_of_it(bastion: &Bastion, what: &str) {
    // The fixture has granted nothing before.
    assert_eq!((bastion.count("grant"), bastion.count("permit")), (0, 0), "{what}");
}

#[tokio::test]
async fn an_approver_who_is_gone_before_the_last_signature_does_not_count_for_any_kind() {
    for kind in KINDS {
        for how in ["suspended", "out of the group", "without the key", "with an expired key"] {
            let bastion = one().await;
            let (id, [first, last]) = asked(&bastion, kind).await;
            bastion.answer(first, id, Answer::Approve).await.unwrap();
            let person = bastion.store.person(first).await.unwrap().unwrap().id;
            let key = bastion.store.keys(&person).await.unwrap().remove(0);
            match how {
                "suspended" => bastion.store.set_suspended(&person, true).await.unwrap(),
                "out of the group" => bastion.store.set_groups(&person, &groups(&["ops"])).await.unwrap(),
                "without the key" => bastion.store.remove_key(&person, &key.fingerprint).await.unwrap(),
                _ => {
                    let expires = Some(bastion.in_seconds(0));
                    bastion.store.put_key(&access::model::PersonKey { expires, ..key }).await.unwrap();
                }
            }
            let _told = bastion.answer(last, id, Answer::Approve).await;
            nothing_came_of_it(&bastion, &format!("{kind}, {how}"));
        }
    }
}

#[tokio::test]
async fn silence_is_consent_to_no_kind() {
    for kind in KINDS {
        let bastion = one().await;
        let (id, [first, last]) = asked(&bastion, kind).await;
        bastion.answer(first, id, Answer::Approve).await.unwrap();
        let statement = bastion.statement(last, id, Answer::Approve).await;
        bastion.clock.advance(4 * 86_400);
        let late = Key::of(last).sign(NAMESPACE, statement.as_bytes());
        let who = bastion.enter(last).await;
        assert!(bastion.road.decide(&who, id, Answer::Approve, &late).await.is_err(), "{kind}");
        bastion.road.sweep().await.unwrap();
        assert_eq!(bastion.state(id).await, RequestState::Expired, "{kind}");
        nothing_came_of_it(&bastion, kind);
    }
}

#[tokio::test]
async fn nobody_signs_for_themselves_whatever_the_kind() {
    for kind in KINDS {
        let bastion = one().await;
        let (id, [first, _]) = asked(&bastion, kind).await;
        let requester = if kind == "change" { "sue" } else { "erin" };
        let told = bastion.answer(requester, id, Answer::Approve).await.unwrap_err().to_string();
        assert!(told.contains("is your own"), "{kind}: {told}");
        bastion.answer(first, id, Answer::Approve).await.unwrap();
        nothing_came_of_it(&bastion, kind);
    }
}

#[tokio::test]
async fn two_last_signatures_at_once_bring_about_one_of_each_kind() {
    for kind in KINDS {
        for round in 0..6 {
            let bastion = one().await;
            let (id, [first, last]) = asked(&bastion, kind).await;
            bastion.store.shuffle(round);
            let mut both = Vec::new();
            for name in [first, last] {
                let statement = bastion.statement(name, id, Answer::Approve).await;
                both.push((bastion.enter(name).await, Key::of(name).sign(NAMESPACE, statement.as_bytes())));
            }
            let decide = |n: usize| bastion.road.decide(&both[n].0, id, Answer::Approve, &both[n].1);
            let (one, other) = tokio::join!(decide(0), decide(1));
            assert!(one.is_ok() || other.is_ok(), "{kind}, round {round}");
            assert_eq!(bastion.count("grant"), 1, "{kind}, round {round}");
            assert_eq!(bastion.count("permit"), usize::from(kind != "change"), "{kind}, round {round}");
        }
    }
}

#[tokio::test]
async fn a_group_that_only_looks_like_the_right_one_is_not_even_accepted() {
    let bastion = Bastion::start().await;
    // Cyrillic letters, full width, a hyphen that is none, something invisible, a blank at the end, capitals.
    for look in [
        "dba-l\u{435}ads",
        "ｄｂａ-leads",
        "dba\u{2010}leads",
        "dba-leads\u{200b}",
        "dba-leads ",
        "DBA-leads",
    ] {
        let name = "alice".to_owned();
        let change = Change::PersonGroups { name, groups: groups(&[look]) };
        assert!(bastion.road.administer("root", &change).await.is_err(), "{look:?}");
        // Nor does it count when SQL has put it there.
        let pending = bastion.held().await;
        bastion.appoint("dave", &[look]).await;
        let statement = bastion.statement("bob", pending.id(), Answer::Approve).await;
        let signature = Key::of("dave").sign(NAMESPACE, statement.as_bytes());
        let dave = bastion.enter("dave").await;
        assert!(
            bastion.road.decide(&dave, pending.id(), Answer::Approve, &signature).await.is_err(),
            "{look:?}"
        );
    }
    assert_eq!(bastion.count("approval"), 0);
}

#[tokio::test]
async fn a_second_account_needs_a_second_key() {
    let mut bastion = Bastion::start().await;
    bastion.change(Change::PersonAdd { name: "bob-2".into(), groups: groups(&["dba-leads"]) }).await;
    let again = Change::KeyAdd { name: "bob-2".into(), key: Key::of("bob").line() };
    assert!(bastion.road.administer("root", &again).await.is_err(), "one key, one person");
    bastion.person("bob-3", &["dba-leads"]).await;
    let pending = bastion.held().await;
    bastion.answer("bob", pending.id(), Answer::Approve).await.unwrap();
    let told =
        bastion.answer_with("bob-3", "bob", pending.id(), Answer::Approve).await.unwrap_err().to_string();
    assert!(told.contains("not enrolled") || told.contains("key"), "{told}");
    bastion.cannot_claim(pending).await;
}

#[tokio::test]
async fn access_for_a_time_approves_no_command() {
    let bastion = guarded().await;
    let _permit = bastion.permitted().await;
    let session = bastion.session("erin", "db-1").await;
    let _grant = allowed(bastion.road.submit(&session, 0, exec("uptime")).await);
    let pending = held(bastion.road.submit(&session, 1, exec(REMOVAL)).await);
    bastion.cannot_claim(pending).await;
}

#[tokio::test]
async fn a_session_does_not_outlast_those_who_let_it_in() {
    for how in ["suspended", "out of the group", "without the key"] {
        let bastion = guarded().await;
        let _permit = bastion.permitted().await;
        let session = bastion.session("erin", "db-1").await;
        assert_eq!(bastion.road.standing(&session).await, Standing::Stays);
        match how {
            "suspended" => bastion.suspend("bob").await,
            "out of the group" => bastion.regroup("bob", &["ops"]).await,
            _ => bastion.revoke("bob", "bob").await,
        }
        assert!(matches!(bastion.road.standing(&session).await, Standing::Ends(_)), "{how}");
        let _told = refused(bastion.road.submit(&session, 0, exec("uptime")).await);
    }
}
