//! What the ledger says of an ordinary day, entry by entry.

use std::collections::BTreeSet;

use access::entry::{Entry, Event};
use access::model::{Answer, Outcome, Way};
use access::{Road, Start};
use tokio::sync::oneshot;

use crate::bastion::*;

pub async fn record(session: &access::Session, text: &'static str) {
    let (durable, told) = oneshot::channel();
    session.recorder().record(output(session, text), Box::new(move |done| durable.send(done).unwrap()));
    told.await.unwrap().unwrap();
}

#[tokio::test]
async fn from_login_to_close_every_step_is_an_entry_in_its_order() {
    let bastion = Bastion::start().await;
    let road: &Road = &bastion.road;
    let alice = bastion.enter("alice").await;
    let session = road.open(&alice, &root_at("db-1"), Way::Direct).await.unwrap();
    let look = allowed(road.submit(&session, 0, exec("ls -l /srv")).await);
    assert_eq!(look.approvals(), None);
    let text = b"'ls' '-l' '/srv'".to_vec();
    assert_eq!(look.into_start(), Start::Exec { text, close_stdin: false });
    record(&session, "total 0\n").await;
    let pending = held(road.submit(&session, 1, exec(REMOVAL)).await);
    let id = pending.id();
    bastion.answer("bob", id, Answer::Approve).await.unwrap();
    bastion.answer("carol", id, Answer::Approve).await.unwrap();
    let grant = road.claim(pending).await.unwrap();
    let approvals = format!("countersign: request {id} approved by bob, carol; running now, once");
    assert_eq!(grant.approvals(), Some(&*approvals));
    let text = REMOVAL_RUN.as_bytes().to_vec();
    assert_eq!(grant.into_start(), Start::Exec { text, close_stdin: false });
    record(&session, "done\n").await;
    road.close(&session, Outcome::Finished).await;

    // Each answer is two logins: one that reads the statement, one that brings the signature.
    let expected = [
        "login",
        "session-open",
        "decision",
        "decision",
        "request",
        "login",
        "login",
        "approval",
        "login",
        "login",
        "approval",
        "grant",
        "segment",
        "session-close",
    ];
    assert_eq!(bastion.story(), expected);
    the_entries_agree(&bastion.entries(), &session.id().to_string(), id.0);
}

fn the_entries_agree(entries: &[Entry], ours: &str, number: i64) {
    let mut digests = BTreeSet::new();
    for entry in entries {
        match &entry.event {
            Event::SessionOpen { session, target, account, way, .. } => {
                assert_eq!([session, target, account, way], [ours, "db-1", "root", "direct"]);
            }
            Event::Decision { session, channel, act, verdict, request, effects, .. } => {
                let (word, held, effect) = match channel {
                    0 => ("allow", None, "read"),
                    _ => ("hold", Some(number), "data.destroy"),
                };
                assert_eq!([session, act, verdict], [ours, "exec", word]);
                assert_eq!((*request, effects.contains(effect)), (held, true));
            }
            Event::Request { request, session, digest, quorums, expires, asks: None, requester: None } => {
                assert_eq!((*request, session.as_deref().unwrap_or_default()), (number, ours));
                assert_eq!(
                    (&quorums[..], *expires),
                    (&["two-dba-leads".to_owned()][..], entry.at + 1_800_000_000)
                );
                digests.insert(digest);
            }
            Event::Approval { request, answer, .. } => assert_eq!((*request, &**answer), (number, "approve")),
            Event::Grant { request, session, digest, quorum, approvers } => {
                assert_eq!(
                    (*request, session.as_deref().unwrap_or_default(), &**quorum),
                    (number, ours, "two-dba-leads")
                );
                assert_eq!(approvers.len(), 2);
                digests.insert(digest);
            }
            Event::SessionClose { outcome, segments, frames, .. } => {
                assert_eq!((&**outcome, *segments, *frames), ("finished", 1, 2));
            }
            Event::Login { .. } | Event::Segment { .. } => {}
            other => panic!("not expected: {other:?}"),
        }
    }
    assert_eq!(digests.len(), 1, "what was granted is what was asked");
}

#[tokio::test]
async fn no_entry_carries_a_name_an_address_or_what_was_typed() {
    let bastion = Bastion::start().await;
    let pending = bastion.met().await;
    let _grant = bastion.road.claim(pending).await.unwrap();
    let ledger: Vec<u8> = bastion.entries().iter().flat_map(Entry::encode).collect();
    let ledger = String::from_utf8(ledger).unwrap();
    for personal in ["alice", "bob", "carol", "192.0.2.7", "production-data", "rm"] {
        assert!(!ledger.contains(personal), "{personal} is in {ledger}");
    }
}
