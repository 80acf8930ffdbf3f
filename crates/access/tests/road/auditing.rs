//! The audit as an oracle must itself be tried: every story that could not have happened is contradicted.

use access::audit::{Audit, Contradiction};
use access::entry::{Entry, Event};
use access::model::{Answer, Outcome};
use access::ports::Store as _;
use tokio::sync::oneshot;

use crate::bastion::*;

/// A whole story: a look, a recorded frame, a removal with two approvals, and one that is denied.
async fn story() -> Vec<Entry> {
    let bastion = Bastion::start().await;
    let session = bastion.session("alice", "db-1").await;
    let _grant = allowed(bastion.road.submit(&session, 0, exec("ls")).await);
    let pending = held(bastion.road.submit(&session, 1, exec(REMOVAL)).await);
    for name in ["bob", "carol"] {
        bastion.answer(name, pending.id(), Answer::Approve).await.unwrap();
    }
    let _grant = bastion.road.claim(pending).await.unwrap();
    let pending = held(bastion.road.submit(&session, 2, exec(REMOVAL)).await);
    bastion.answer("bob", pending.id(), Answer::Deny).await.unwrap();
    let (durable, told) = oneshot::channel();
    session
        .recorder()
        .record(output(&session, "x"), Box::new(move |done| durable.send(done.is_ok()).unwrap()));
    assert!(told.await.unwrap());
    bastion.road.close(&session, Outcome::Finished).await;
    bastion.journal.entries()
}

fn audit(entries: &[Entry]) -> Result<Audit, Contradiction> {
    let mut audit = Audit::default();
    for (entry, index) in entries.iter().zip(0..) {
        audit.take(index, &entry.encode())?;
    }
    Ok(audit)
}

#[track_caller]
fn contradicted(entries: &[Entry], what: &str) {
    match audit(entries) {
        Err(wrong) => assert!(wrong.to_string().contains(what), "{wrong}"),
        Ok(_) => panic!("taken for true; expected: {what}"),
    }
}

fn place(entries: &[Entry], wanted: &str) -> usize {
    entries.iter().position(|entry| kind(entry) == wanted).unwrap()
}

/// The story with one entry rewritten.
fn rewritten(entries: &[Entry], wanted: &str, change: impl FnOnce(&mut Event)) -> Vec<Entry> {
    let mut entries = entries.to_vec();
    let at = place(&entries, wanted);
    change(&mut entries[at].event);
    entries
}

#[tokio::test]
async fn what_happened_is_believed() {
    let entries = story().await;
    let audit = audit(&entries).unwrap();
    assert_eq!((audit.entries(), audit.sessions()), (entries.len() as u64, 1));
    assert_eq!(audit.open_sessions().count(), 0);
}

#[tokio::test]
async fn a_missing_entry_is_noticed_by_what_follows_from_it() {
    let entries = story().await;
    for (wanted, what) in [
        ("login", "never logged in"),
        ("session-open", "is not open"),
        ("request", "was never made"),
        ("approval", "not borne out"),
        ("segment", "totals"),
        ("key", "never enrolled"),
    ] {
        let mut short = entries.clone();
        let at = match wanted {
            // The first key is alice's, who signs nothing.
            "key" => (0..entries.len()).filter(|at| kind(&entries[*at]) == "key").nth(1).unwrap(),
            wanted => place(&entries, wanted),
        };
        let gone = short.remove(at);
        assert_eq!(kind(&gone), wanted);
        contradicted(&short, what);
    }
    let hold = |entry: &Entry| matches!(&entry.event, Event::Decision { verdict, .. } if verdict == "hold");
    let mut short = entries.clone();
    short.remove(entries.iter().position(hold).unwrap());
    contradicted(&short, "follows from no decision");
}

#[tokio::test]
async fn a_repeated_entry_is_noticed() {
    let entries = story().await;
    for (wanted, what) in [
        ("session-open", "opened twice"),
        ("request", "follows from no decision"),
        ("grant", "is over already"),
        ("request-end", "is over already"),
        ("segment", "does not follow"),
        ("session-close", "is not open"),
    ] {
        let mut long = entries.clone();
        let at = place(&entries, wanted);
        long.insert(at + 1, entries[at].clone());
        contradicted(&long, what);
    }
    let hold = entries.iter().position(|entry| kind(entry) == "request").unwrap() - 1;
    let mut long = entries.clone();
    long.splice(hold + 2..hold + 2, entries[hold..hold + 2].iter().cloned());
    contradicted(&long, "is made twice");
}

#[tokio::test]
async fn entries_in_another_order_are_noticed() {
    let entries = story().await;
    for (first, second, what) in [
        ("session-open", "decision", "is not open"),
        ("request", "approval", "was never made"),
        ("approval", "grant", "not borne out"),
        ("request", "grant", "was never made"),
        ("segment", "session-close", "totals"),
    ] {
        let mut swapped = entries.clone();
        swapped.swap(place(&entries, first), place(&entries, second));
        contradicted(&swapped, what);
    }
}

#[tokio::test]
async fn a_forged_grant_is_noticed() {
    let entries = story().await;
    let forge = |change: fn(&mut Event)| rewritten(&entries, "grant", change);
    let forgeries: [fn(&mut Event); 6] = [
        |event| {
            if let Event::Grant { approvers, .. } = event {
                approvers.clear()
            }
        },
        |event| {
            if let Event::Grant { approvers, .. } = event {
                approvers[1] = approvers[0].clone()
            }
        },
        |event| {
            if let Event::Grant { approvers, .. } = event {
                approvers.push("p-0000000000000000".into())
            }
        },
        |event| {
            if let Event::Grant { digest, .. } = event {
                *digest = "0".repeat(64)
            }
        },
        |event| {
            if let Event::Grant { quorum, .. } = event {
                *quorum = "one-friend".into()
            }
        },
        |event| {
            if let Event::Grant { session, .. } = event {
                *session = Some("0".repeat(32))
            }
        },
    ];
    for (n, forgery) in forgeries.into_iter().enumerate() {
        contradicted(&forge(forgery), if n == 5 { "is not open" } else { "not borne out" });
    }
    let mut other = entries.clone();
    let at = place(&entries, "grant");
    if let Event::Grant { request, .. } = &mut other[at].event {
        *request += 1;
    }
    contradicted(&other, "was never made");
    let mut late = entries.clone();
    late[at].at += 1_800_000_000;
    contradicted(&late, "after it had lapsed");
}

#[tokio::test]
async fn a_denied_request_is_not_granted() {
    let entries = story().await;
    let (grant, end) = (place(&entries, "grant"), place(&entries, "request-end"));
    let mut forged = entries.clone();
    let mut granted = entries[grant].clone();
    if let (Event::Grant { request, .. }, Event::RequestEnd { request: denied, .. }) =
        (&mut granted.event, &entries[end].event)
    {
        *request = *denied;
    }
    forged.insert(end + 1, granted);
    contradicted(&forged, "is over already");
}

#[tokio::test]
async fn a_forged_approval_is_noticed() {
    let entries = story().await;
    let Event::SessionOpen { person: alice, .. } = entries[place(&entries, "session-open")].event.clone()
    else {
        panic!("no session")
    };
    let Event::Key { fingerprint: alices, .. } = entries[place(&entries, "key")].event.clone() else {
        panic!("no key")
    };
    let own = rewritten(&entries, "approval", |event| {
        if let Event::Approval { person, key, .. } = event {
            (*person, *key) = (alice.clone(), alices.clone());
        }
    });
    contradicted(&own, "by its own requester");
    let borrowed = rewritten(&entries, "approval", |event| {
        if let Event::Approval { key, .. } = event {
            *key = alices.clone();
        }
    });
    contradicted(&borrowed, "never enrolled");
    let turned = rewritten(&entries, "approval", |event| {
        if let Event::Approval { answer, .. } = event {
            *answer = "deny".into();
        }
    });
    contradicted(&turned, "not borne out");
}

#[tokio::test]
async fn a_forged_segment_or_close_is_noticed() {
    let entries = story().await;
    let segments: [fn(&mut Event); 5] = [
        |event| {
            if let Event::Segment { number, .. } = event {
                *number = 2
            }
        },
        |event| {
            if let Event::Segment { first_frame, .. } = event {
                *first_frame = 2
            }
        },
        |event| {
            if let Event::Segment { last_frame, .. } = event {
                *last_frame = 0
            }
        },
        |event| {
            if let Event::Segment { digest, .. } = event {
                *digest = "0".repeat(64)
            }
        },
        |event| {
            if let Event::Segment { chain, .. } = event {
                *chain = "0".repeat(64)
            }
        },
    ];
    for change in segments {
        contradicted(&rewritten(&entries, "segment", change), "does not follow");
    }
    let totals: [fn(&mut Event); 4] = [
        |event| {
            if let Event::SessionClose { segments, .. } = event {
                *segments += 1
            }
        },
        |event| {
            if let Event::SessionClose { frames, .. } = event {
                *frames += 1
            }
        },
        |event| {
            if let Event::SessionClose { bytes, .. } = event {
                *bytes += 1
            }
        },
        |event| {
            if let Event::SessionClose { chain, .. } = event {
                *chain = "0".repeat(64)
            }
        },
    ];
    for change in totals {
        contradicted(&rewritten(&entries, "session-close", change), "totals");
    }
}

#[tokio::test]
async fn a_decision_says_what_became_of_it() {
    let entries = story().await;
    for (word, number) in [("allow", Some(9)), ("hold", None), ("perhaps", None), ("deny", Some(1))] {
        let forged = rewritten(&entries, "decision", |event| {
            if let Event::Decision { verdict, request, .. } = event {
                (*verdict, *request) = (word.into(), number);
            }
        });
        contradicted(&forged, "a decision says");
    }
}

#[tokio::test]
async fn what_is_not_an_entry_stops_the_audit() {
    for leaf in [
        &b""[..],
        b"{}",
        b"null",
        b"\xff",
        br#"{"at":0,"kind":"no-such-kind"}"#,
        br#"{"kind":"stop","at":0}"#,
    ] {
        assert!(Audit::default().take(0, leaf).is_err(), "{}", String::from_utf8_lossy(leaf));
    }
    let stop = Entry { at: 0, event: Event::Stop {} };
    assert!(Audit::default().take(0, &stop.encode()).is_ok());
}

#[tokio::test]
async fn a_session_that_was_never_closed_is_named() {
    let mut entries = story().await;
    entries.pop();
    let audit = audit(&entries).unwrap();
    assert_eq!(audit.open_sessions().count(), 1);
}

/// An entry that enrols a key, and one that says what its row contains.
fn brought(person: &str, fingerprint: &str, row: &str) -> [Event; 2] {
    let (key, change) = (fingerprint.to_owned(), "enrolled".to_owned());
    let after = Some("0".repeat(64));
    [
        Event::Key { person: person.into(), fingerprint: key, change },
        Event::State { of: "key".into(), id: row.into(), before: None, after, request: None },
    ]
}

/// The ledger of a bastion whose bootstrap is over, in which bob may bring a key, and bob's identifier.
async fn with_a_code() -> (Vec<Entry>, String) {
    let mut bastion = Bastion::start().await;
    bastion.hold_ceremony().await;
    let enrol = access::administer::Change::PersonEnrol { name: "bob".into() };
    bastion.agreed("sue", enrol, &["sam", "abe"]).await;
    let bob = bastion.store.person("bob").await.unwrap().unwrap().id.0;
    (bastion.journal.entries(), bob)
}

fn followed_by(entries: &[Entry], events: impl IntoIterator<Item = Event>) -> Vec<Entry> {
    let at = entries.last().unwrap().at;
    let more = events.into_iter().map(|event| Entry { at, event });
    entries.iter().cloned().chain(more).collect()
}

#[tokio::test]
async fn a_key_is_brought_with_a_code_of_the_same_person_and_one_with_each() {
    let (entries, bob) = with_a_code().await;
    audit(&followed_by(&entries, brought(&bob, "SHA256:new", "SHA256:new"))).unwrap();
    let consent = "without anybody's consent";
    for (person, fingerprint, row) in
        [("p-mallory", "SHA256:new", "SHA256:new"), (&*bob, "SHA256:new", "SHA256:other")]
    {
        contradicted(&followed_by(&entries, brought(person, fingerprint, row)), consent);
    }
    let twice = [brought(&bob, "SHA256:new", "SHA256:new"), brought(&bob, "SHA256:two", "SHA256:two")];
    contradicted(&followed_by(&entries, twice.into_iter().flatten()), consent);
}

#[tokio::test]
async fn nobody_begins_a_code_alone() {
    let (entries, bob) = with_a_code().await;
    let known = entries.iter().rev().find_map(|entry| match &entry.event {
        Event::State { of, id, after, .. } if of == "enrolment" && *id == bob => after.clone(),
        _ => None,
    });
    let state = |id: &str, before: &Option<String>, after: Option<String>| {
        let (of, id, before) = ("enrolment".to_owned(), id.to_owned(), before.clone());
        [Event::State { of, id, before, after, request: None }]
    };
    audit(&followed_by(&entries, state(&bob, &known, None))).unwrap();
    for (id, before) in [(&*bob, &known), ("p-mallory", &None)] {
        contradicted(
            &followed_by(&entries, state(id, before, Some("0".repeat(64)))),
            "without anybody's consent",
        );
    }
}
