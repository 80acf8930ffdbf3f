//! Access for a time: what lets somebody in, what ends it, and what of its approval must still hold when it is used.

use access::administer::Change;
use access::model::{Answer, RequestState, Way};
use access::policy::Level;
use access::ports::Store;
use access::road::Standing;

use crate::bastion::*;
use crate::keys::Key;
use crate::lasting::*;

#[tokio::test]
async fn two_signatures_let_somebody_in_for_the_time_that_was_signed() {
    let bastion = guarded().await;
    assert!(!bastion.reaches("erin", "db-1").await);
    let id = bastion.asked().await;
    bastion.answer("bob", id, Answer::Approve).await.unwrap();
    assert!(!bastion.reaches("erin", "db-1").await, "one signature is not two");
    let told = bastion.answer("carol", id, Answer::Approve).await.unwrap();
    assert!(told.contains("permit 1 begins now"), "{told}");
    assert_eq!(bastion.state(id).await, RequestState::Used);
    assert!(bastion.reaches("erin", "db-1").await);
    assert!(!bastion.reaches("erin", "web-1").await, "another target was not asked for");
    bastion.clock.advance(7199);
    assert!(bastion.reaches("erin", "db-1").await);
    bastion.clock.advance(1);
    assert!(!bastion.reaches("erin", "db-1").await, "it ends by itself, whether anybody sweeps or not");
    assert_eq!(bastion.count("permit-end"), 0);
    assert_eq!(bastion.road.sweep().await.unwrap(), 1);
    assert_eq!(bastion.road.sweep().await.unwrap(), 0);
    assert_eq!((bastion.count("grant"), bastion.count("permit"), bastion.count("permit-end")), (1, 1, 1));
}

#[tokio::test]
async fn a_permit_is_nobody_elses_and_for_no_other_account() {
    let mut bastion = guarded().await;
    bastion.person("finn", &["guests"]).await;
    let _permit = bastion.permitted().await;
    assert!(!bastion.reaches("finn", "db-1").await);
    let private_key = access::administer::Secret(Key::of("credential").private().into());
    let (target, login) = ("db-1".into(), "postgres".into());
    bastion.change(Change::AccountAdd { target, login, private_key, password: Default::default() }).await;
    let who = bastion.enter("erin").await;
    let to = access::identity::Destination::parse("postgres@db-1").unwrap();
    assert!(bastion.road.open(&who, &to, Way::Direct).await.is_err());
    assert!(bastion.reaches("erin", "db-1").await);
}

#[tokio::test]
async fn a_permit_for_labels_covers_whole_labels_only() {
    let bastion = guarded().await;
    bastion.target("db-2", "core-data", "command-gated").await;
    bastion.target("db-3", "core-data-archive", "command-gated").await;
    bastion.ask_for_access("erin", labelled("tier", "core-data")).await.unwrap();
    bastion.agree(bastion.newest_request().await).await.unwrap();
    assert!(bastion.reaches("erin", "db-1").await && bastion.reaches("erin", "db-2").await);
    assert!(!bastion.reaches("erin", "db-3").await);
    let told = bastion.ask_for_access("erin", labelled("tier", "core-dat")).await.unwrap_err();
    assert!(told.to_string().contains("there is no target"), "{told}");
}

#[tokio::test]
async fn targets_of_two_levels_are_not_asked_for_at_once() {
    let bastion = guarded().await;
    let told = bastion.ask_for_access("erin", labelled("env", "prod")).await.unwrap_err();
    assert!(told.to_string().contains("different assurance levels"), "{told}");
}

#[tokio::test]
async fn a_target_whose_level_fell_is_not_what_was_approved() {
    let bastion = guarded().await;
    let _permit = bastion.permitted().await;
    let mut target = bastion.store.target("db-1").await.unwrap().unwrap();
    target.level = Level::Recorded;
    bastion.store.set_target(&target).await.unwrap();
    assert!(!bastion.reaches("erin", "db-1").await);
}

#[tokio::test]
async fn approvals_must_hold_whenever_a_permit_is_used() {
    for case in ["suspended", "regrouped", "revoked", "policy", "requester"] {
        let bastion = guarded().await;
        let _permit = bastion.permitted().await;
        match case {
            "suspended" => bastion.suspend("bob").await,
            "regrouped" => bastion.regroup("bob", &["dba-leads-emeriti"]).await,
            "revoked" => bastion.revoke("carol", "carol").await,
            "policy" => {
                let never = r#"@id("x") @description("x") forbid (principal, action == Action::"request-access", resource);"#;
                bastion.road.replace_policies(asking(never)).await.unwrap();
            }
            _ => bastion.regroup("erin", &["ops-guests"]).await,
        }
        assert!(!bastion.reaches("erin", "db-1").await, "{case}");
    }
}

#[tokio::test]
async fn a_suspension_ends_permits_and_requests_for_good() {
    let bastion = guarded().await;
    let _permit = bastion.permitted().await;
    let id = bastion.asked().await;
    bastion.suspend("erin").await;
    assert_eq!(bastion.road.sweep().await.unwrap(), 2);
    assert_eq!(bastion.state(id).await, RequestState::Refused);
    bastion.change(Change::PersonResume { name: "erin".into() }).await;
    // Codes work once.
    bastion.clock.advance(60);
    assert!(!bastion.reaches("erin", "db-1").await, "what was ended does not come back");
    assert_eq!(bastion.newest_permit().await.ended.unwrap().1, "suspended");
}

#[tokio::test]
async fn holder_approvers_and_security_administrators_end_it_at_once_and_nobody_else_does() {
    for (name, ends) in [("erin", true), ("bob", true), ("sam", true), ("alice", false), ("ada", false)] {
        let bastion = guarded().await;
        let permit = bastion.permitted().await;
        let before = bastion.store.stirred().await.unwrap();
        let who = bastion.enter(name).await;
        assert_eq!(bastion.road.revoke_permit(&who, permit.id).await.is_ok(), ends, "{name}");
        assert_eq!(bastion.reaches("erin", "db-1").await, !ends, "{name}");
        assert_eq!(bastion.store.stirred().await.unwrap() > before, ends, "{name}");
        assert_eq!(bastion.road.revoke_permit(&who, permit.id).await.is_ok(), ends, "again, by {name}");
        assert_eq!(bastion.count("permit-end"), usize::from(ends), "{name}");
    }
}

#[tokio::test]
async fn a_session_is_warned_twice_and_ended_with_its_permit() {
    let bastion = guarded().await;
    let _permit = bastion.permitted().await;
    let session = bastion.session("erin", "db-1").await;
    let own = bastion.session("alice", "db-1").await;
    assert_eq!(bastion.road.standing(&session).await, Standing::Stays);
    assert_eq!(bastion.road.next_look(&session).await, Some(bastion.in_seconds(7200 - 300)));
    for minutes in ["5 min", "1 min"] {
        let look = bastion.road.next_look(&session).await.unwrap();
        bastion.clock.advance(look.seconds() - bastion.road.now().seconds());
        let Standing::Warn(line) = bastion.road.standing(&session).await else { panic!("no warning") };
        assert!(line.contains(minutes), "{line}");
        assert_eq!(bastion.road.standing(&session).await, Standing::Stays, "once");
    }
    bastion.clock.advance(60);
    let Standing::Ends(line) = bastion.road.standing(&session).await else { panic!("it goes on") };
    assert!(line.contains("db-1 as root"), "{line}");
    assert_eq!(bastion.road.standing(&own).await, Standing::Stays, "who needs no permit stays");
}

#[tokio::test]
async fn a_second_permit_carries_the_session_on() {
    let bastion = guarded().await;
    let _first = bastion.permitted().await;
    let session = bastion.session("erin", "db-1").await;
    bastion.clock.advance(3600);
    let _second = bastion.permitted().await;
    bastion.clock.advance(3600);
    assert_eq!(bastion.road.standing(&session).await, Standing::Stays);
}

#[tokio::test]
async fn what_nobody_must_sign_begins_at_once_and_ends_by_itself() {
    let open = r#"@id("ops-ask") @description("x") permit (principal in Group::"ops", action == Action::"request-access", resource);"#;
    let mut bastion = guarded_with(open).await;
    // Only the leads' rule stands in the way; alice needs nobody on what it does not speak of.
    bastion.person("olga", &["ops"]).await;
    let told = bastion.ask_for_access("olga", at("db-1")).await.unwrap();
    assert!(told.contains("2 of dba-leads"), "{told}");
    let only = r#"@id("all-ask") @description("x") permit (principal in Group::"ops", action == Action::"request-access", resource)
        when { context.duration_seconds <= 7200 };"#;
    let bastion =
        Bastion::with_policies(policies(|s| s.policies.push(("only.cedar".into(), only.into())))).await;
    let told = bastion.ask_for_access("alice", at("db-1")).await.unwrap();
    assert!(told.contains("permit 1 begins now"), "{told}");
    let who = bastion.enter("alice").await;
    let longer = access::desk_command::AccessWanted { seconds: 7201, ..access(at("db-1")) };
    let told = bastion.road.request_access(&who, &longer).await.unwrap_err();
    assert!(told.to_string().contains("request-access"), "{told}");
}

#[tokio::test]
async fn whoever_may_not_even_ask_is_refused_on_the_record() {
    let bastion = guarded().await;
    let told = bastion.ask_for_access("dave", at("db-1")).await.unwrap_err();
    assert!(told.to_string().contains("Ask the owners"), "{told}");
    assert_eq!((bastion.count("refusal"), bastion.count("request")), (1, 0));
}

#[tokio::test]
async fn texts_and_times_are_bounded() {
    let bastion = guarded().await;
    let who = bastion.enter("erin").await;
    let long = "x".repeat(501);
    for (reason, ticket, seconds) in [
        ("", "T", 7200),
        ("  ", "T", 7200),
        ("a\nb", "T", 7200),
        ("r", "T\r", 7200),
        (&long, "T", 7200),
        ("r", &long, 7200),
        ("r", "T", 59),
        ("r", "T", 90 * 86_400 + 1),
    ] {
        let wanted = access::desk_command::AccessWanted {
            because: access::desk_command::Because::new(reason),
            ticket: Some(ticket.into()),
            seconds,
            ..access(at("db-1"))
        };
        assert!(bastion.road.request_access(&who, &wanted).await.is_err(), "{reason:?} {seconds}");
    }
    assert_eq!(bastion.count("request"), 0);
}

#[tokio::test]
async fn a_permit_that_the_ledger_does_not_know_lets_nobody_in() {
    let bastion = guarded().await;
    let permit = bastion.permitted().await;
    let longer = access::model::Permit {
        id: access::model::PermitId(99),
        request: None,
        until: bastion.in_seconds(1 << 30),
        ..permit.clone()
    };
    bastion.store.add_permit(&longer).await.unwrap();
    bastion.clock.advance(7200);
    assert!(!bastion.reaches("erin", "db-1").await);
    assert!(bastion.road.permits_seen_by(&bastion.enter("erin").await, false).await.unwrap().len() <= 1);
}

#[tokio::test]
async fn what_approvers_are_shown_hides_nothing() {
    let bastion = guarded().await;
    let who = bastion.enter("erin").await;
    let wanted = access::desk_command::AccessWanted {
        because: access::desk_command::Because::new("routine\u{202e}\u{200b}  account    guest"),
        ..access(at("db-1"))
    };
    bastion.road.request_access(&who, &wanted).await.unwrap();
    let id = bastion.newest_request().await;
    let shown = bastion.ask_desk("bob", &format!("show {id}"), b"").await.stdout;
    assert!(shown.contains("\\u{202e}\\u{200b}  account"), "{shown}");
    for part in ["db-1", "env=prod", "root", "2h", "INC-7"] {
        assert!(shown.contains(part), "{part}: {shown}");
    }
    let statement = bastion.statement("bob", id, Answer::Approve).await;
    for part in [
        r#""asks":"access""#,
        r#""duration_seconds":7200"#,
        r#""requester":"erin""#,
        r#""level":"command-gated""#,
    ] {
        assert!(statement.contains(part), "{part}: {statement}");
    }
}

#[tokio::test]
async fn of_many_who_end_a_permit_at_once_one_does() {
    let bastion = guarded().await;
    let _permit = bastion.permitted().await;
    bastion.clock.advance(7200);
    let (one, other, third) = tokio::join!(bastion.road.sweep(), bastion.road.sweep(), bastion.road.sweep());
    assert_eq!(one.unwrap() + other.unwrap() + third.unwrap(), 1);
    assert_eq!(bastion.count("permit-end"), 1);
}
