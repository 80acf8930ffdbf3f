//! When the ledger or the recorder fails: nothing starts without its entries, and nothing more starts at all.

use std::sync::atomic::Ordering;

use access::model::{Answer, Outcome, RequestId, RequestState, Way};
use access::ports::Store;
use access::road::Standing;
use access::{Refusal, Session, Step};
use tokio::sync::oneshot;

use crate::bastion::*;
use crate::keys::Key;

/// What a day's work got out of the road.
#[derive(Debug, Default, PartialEq, Eq)]
struct Got {
    logins: usize,
    sessions: usize,
    allowed: usize,
    held: usize,
    answers: usize,
    grants: usize,
}

/// The appends that a whole day takes.
const DAY: u64 = 11;

/// Everything that people do in a day, until something fails; whatever fails says that recording failed.
async fn day(bastion: &Bastion, got: &mut Got) -> Result<(), Refusal> {
    let road = &bastion.road;
    let alice = bastion.try_enter("alice").await?;
    got.logins += 1;
    let session = road.open(&alice, &root_at("db-1"), Way::Direct).await?;
    got.sessions += 1;
    let id = acts(bastion, &session, got).await;
    road.close(&session, Outcome::Finished).await;
    id
}

async fn acts(bastion: &Bastion, session: &Session, got: &mut Got) -> Result<(), Refusal> {
    let road = &bastion.road;
    match road.submit(session, 0, exec("ls")).await {
        Step::Run(_grant) => got.allowed += 1,
        Step::Refused(refusal) => return Err(refusal),
        Step::Held(_) => panic!("ls is held"),
    }
    let pending = match road.submit(session, 1, exec(REMOVAL)).await {
        Step::Held(pending) => *pending,
        Step::Refused(refusal) => return Err(refusal),
        Step::Run(_) => panic!("a removal ran"),
    };
    got.held += 1;
    for name in ["bob", "carol"] {
        sign(bastion, name, pending.id(), got).await?;
    }
    let id = pending.id();
    let claimed = road.claim(pending).await;
    if claimed.is_err() {
        assert_eq!(bastion.state(id).await, RequestState::Used, "taken, and never to be taken again");
    }
    let _grant = claimed?;
    got.grants += 1;
    Ok(())
}

async fn sign(bastion: &Bastion, name: &str, id: RequestId, got: &mut Got) -> Result<(), Refusal> {
    let who = bastion.try_enter(name).await?;
    got.logins += 1;
    let printed = bastion.road.desk(&who, &format!("show {id} --statement approve"), b"").await;
    let signature = Key::of(name).sign("countersign", printed.stdout.as_bytes());
    let _told = bastion.road.decide(&who, id, Answer::Approve, &signature).await?;
    got.answers += 1;
    Ok(())
}

fn on_the_record(bastion: &Bastion) -> Got {
    let allowed = bastion.count("decision") - bastion.count("request");
    Got {
        logins: bastion.count("login"),
        sessions: bastion.count("session-open"),
        allowed,
        held: bastion.count("request"),
        answers: bastion.count("approval"),
        grants: bastion.count("grant"),
    }
}

#[tokio::test]
async fn wherever_the_ledger_fails_nothing_is_had_that_is_not_on_it() {
    for n in 1..DAY {
        let bastion = failing_from(n).await;
        let mut got = Got::default();
        let told = day(&bastion, &mut got).await;
        assert_eq!(got, on_the_record(&bastion), "append {n}");
        if let Err(refusal) = told {
            assert!(refusal.is_recording_failure(), "append {n}: {refusal}");
            assert!(refusal.to_string().contains("nothing was run"), "append {n}: {refusal}");
        } else {
            assert_eq!(n, DAY - 1, "only the closing entry may fail unseen");
            assert_eq!(bastion.count("session-close"), 0);
        }
        let mut more = Got::default();
        let _told = day(&bastion, &mut more).await.unwrap_err();
        assert_eq!(more, Got::default(), "append {n}: it went on without a ledger");
    }
}

#[tokio::test]
async fn a_day_takes_the_appends_that_the_sweep_covers() {
    let bastion = failing_from(DAY).await;
    let mut got = Got::default();
    day(&bastion, &mut got).await.unwrap();
    assert_eq!(got, Got { logins: 3, sessions: 1, allowed: 1, held: 1, answers: 2, grants: 1 });
    assert_eq!(bastion.count("session-close"), 1);
}

#[tokio::test]
async fn a_denial_that_cannot_be_entered_is_not_counted_and_nothing_runs() {
    for n in 0..2 {
        // Six appends hold the removal and let erin in; then the denial, then the end of the request.
        let mut bastion = failing_from(9 + n).await;
        bastion.person("erin", &["dba-leads"]).await;
        let pending = bastion.held().await;
        let id = pending.id();
        let told = bastion.answer("erin", id, Answer::Deny).await;
        assert!(told.is_err_and(|refusal| refusal.is_recording_failure()), "{n}");
        assert_eq!(bastion.store.decisions(id).await.unwrap().len(), n as usize);
        bastion.cannot_claim(pending).await;
    }
}

async fn break_recorder(bastion: &Bastion) {
    let session = bastion.session("alice", "web-1").await;
    let (durable, told) = oneshot::channel();
    session
        .recorder()
        .record(output(&session, "x"), Box::new(move |done| durable.send(done.is_ok()).unwrap()));
    assert!(told.await.unwrap());
    bastion.sealing.refuses.store(true, Ordering::SeqCst);
    bastion.road.close(&session, Outcome::Finished).await;
    assert_eq!(bastion.count("session-close"), 0, "what could not be sealed is not closed");
}

#[tokio::test]
async fn a_recorder_that_cannot_write_stops_everything() {
    let bastion = Bastion::start().await;
    let session = bastion.session("alice", "db-1").await;
    let pending = bastion.met().await;
    let (other, id) = (bastion.held().await, pending.id());
    let statement = bastion.statement("bob", other.id(), Answer::Approve).await;
    let signature = Key::of("bob").sign("countersign", statement.as_bytes());
    bastion.road.may_serve().unwrap();
    break_recorder(&bastion).await;
    let before = bastion.story().len();
    let told = bastion.road.may_serve().unwrap_err();
    assert!(told.is_recording_failure() && told.to_string().contains("the recorder cannot write"), "{told}");
    assert!(bastion.road.open(session.who(), &root_at("web-1"), Way::Direct).await.is_err());
    assert!(
        refused(bastion.road.submit(&session, 0, exec("ls")).await).contains("the recorder cannot write")
    );
    let bob = bastion.enter("bob").await;
    let told = bastion.road.decide(&bob, other.id(), Answer::Approve, &signature).await.unwrap_err();
    assert!(told.is_recording_failure());
    bastion.cannot_claim(pending).await;
    assert_eq!(bastion.state(id).await, RequestState::Waiting, "it was not used up");
    assert_eq!(bastion.story().len(), before + 1, "only bob's login");
}

#[tokio::test]
async fn a_store_that_does_not_answer_lets_nothing_begin_and_ends_sessions_after_the_grace() {
    let bastion = Bastion::start().await;
    let session = bastion.session("alice", "db-1").await;
    bastion.store.silent.store(true, Ordering::SeqCst);
    let _told = refused(bastion.road.submit(&session, 0, exec("ls")).await);
    for (seconds, stays) in [(0, true), (299, true), (1, false)] {
        bastion.clock.advance(seconds);
        assert_eq!(bastion.road.standing(&session).await == Standing::Stays, stays, "{seconds} more");
    }
    bastion.store.silent.store(false, Ordering::SeqCst);
    assert_eq!(bastion.road.standing(&session).await, Standing::Stays);
    bastion.store.silent.store(true, Ordering::SeqCst);
    assert_eq!(bastion.road.standing(&session).await, Standing::Stays, "the grace begins anew");
}
