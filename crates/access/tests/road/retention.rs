//! Retention: a recording is erased when its time is over and not before, whoever holds it, moves the clock or edits rows;
//! and what was erased is told from what was taken away.

use std::fs;
use std::path::PathBuf;

use access::administer::Change;
use access::audit::Audit;
use access::entry::{Entry, Event};
use access::model::{Outcome, Timestamp};
use access::ports::Store;
use access::recording::SessionId;
use testkit::sample::NOW;

use crate::bastion::*;

const DAY: u64 = 86_400;
/// The floor, and the two days that recordings are kept longer.
const KEPT: u64 = 184 + 2;

/// A finished session of alice, with something recorded.
async fn recorded(bastion: &Bastion) -> SessionId {
    let session = bastion.session("alice", "db-1").await;
    session.recorder().record(output(&session, "hello"), Box::new(|_| {}));
    bastion.road.close(&session, Outcome::Finished).await;
    session.id()
}

fn key_of(bastion: &Bastion, session: &SessionId) -> PathBuf {
    bastion.dir.path().join("segments").join(session.to_string()).join("key")
}

/// Days on which the gateway serves, sweeping once a day.
async fn serve(bastion: &Bastion, days: u64) -> usize {
    let mut erased = 0;
    for _ in 0..days {
        bastion.clock.advance(DAY);
        erased += bastion.road.sweep_recordings().await.unwrap();
    }
    erased
}

async fn alerts(bastion: &Bastion) -> Vec<String> {
    bastion.road.raise_alerts().await.unwrap();
    let told = |entry: Entry| match entry.event {
        Event::Alert { what } => Some(what),
        _ => None,
    };
    bastion.entries().into_iter().filter_map(told).collect()
}

fn setting(name: &str, value: &str) -> Change {
    Change::SettingSet { name: name.into(), value: value.into() }
}

#[tokio::test]
async fn a_recording_is_erased_when_its_time_is_over_and_not_before() {
    let bastion = Bastion::start().await;
    let session = recorded(&bastion).await;
    assert_eq!(serve(&bastion, KEPT).await, 0);
    assert!(key_of(&bastion, &session).exists());
    assert_eq!(serve(&bastion, 1).await, 1);
    assert!(!key_of(&bastion, &session).exists());
    assert_eq!((bastion.count("erased"), serve(&bastion, 3).await), (1, 0));
    assert!(alerts(&bastion).await.is_empty(), "{:?}", alerts(&bastion).await);
}

#[tokio::test]
async fn longer_is_kept_longer_and_nobody_makes_it_shorter_than_lawful() {
    let bastion = Bastion::start().await;
    recorded(&bastion).await;
    bastion.change(setting("retention-days", "200")).await;
    assert_eq!(serve(&bastion, 202).await, 0);
    assert_eq!(serve(&bastion, 1).await, 1);
    for days in ["183", "0", "-1", "x", "36501"] {
        bastion.road.administer("root", &setting("retention-days", days)).await.unwrap_err();
    }
}

#[tokio::test]
async fn without_a_tombstone_nothing_is_erased() {
    let bastion = Bastion::start().await;
    let session = recorded(&bastion).await;
    serve(&bastion, KEPT).await;
    bastion.clock.advance(DAY);
    bastion.journal.fail_after(0);
    bastion.road.sweep_recordings().await.unwrap_err();
    assert!(key_of(&bastion, &session).exists());
    bastion.journal.mend();
    assert_eq!(bastion.road.sweep_recordings().await.unwrap(), 1);
}

#[tokio::test]
async fn what_a_crash_leaves_behind_a_tombstone_is_finished() {
    let bastion = Bastion::start().await;
    let session = recorded(&bastion).await;
    let key = key_of(&bastion, &session);
    let wrapped = fs::read(&key).unwrap();
    assert_eq!(serve(&bastion, KEPT + 1).await, 1);
    fs::write(&key, wrapped).unwrap();
    // The next start reads the ledger again.
    let tombstone = bastion.entries().into_iter().find(|entry| kind(entry) == "erased").unwrap();
    bastion.road.register().follow(&tombstone);
    assert_eq!(bastion.road.sweep_recordings().await.unwrap(), 0);
    assert!(!key.exists());
    assert_eq!(bastion.count("erased"), 1, "one tombstone is enough");
}

#[tokio::test]
async fn a_clock_that_leaps_erases_nothing_until_people_say_what_day_it_is() {
    let bastion = Bastion::start().await;
    let session = recorded(&bastion).await;
    bastion.clock.advance(400 * DAY);
    for _ in 0..3 {
        assert_eq!(bastion.road.sweep_recordings().await.unwrap(), 0);
    }
    assert!(alerts(&bastion).await[0].contains("time has leapt"));
    bastion.appoint("dave", &["audit-administrators"]).await;
    assert!(bastion.ask_desk("dave", "retention", b"").await.stdout.contains("Time has leapt"));
    // The alert is an entry of the leapt time: nothing seems to have leapt any more, and yet.
    assert_eq!(serve(&bastion, 3).await, 0);
    for day in ["2020-02-23", "2021-03-30", "2021-04-03", "2021-03-40", "today", "20210401"] {
        bastion.road.administer("root", &setting("clock-confirmed", day)).await.unwrap_err();
    }
    assert!(key_of(&bastion, &session).exists());
    let today = access::statement::rfc3339(bastion.road.now());
    bastion.change(setting("clock-confirmed", &today[..10])).await;
    assert_eq!(bastion.road.sweep_recordings().await.unwrap(), 1);
}

#[tokio::test]
async fn a_clock_that_was_wrong_for_a_while_ages_nothing() {
    let bastion = Bastion::start().await;
    let session = bastion.session("alice", "db-1").await;
    bastion.clock.set(Timestamp(0));
    bastion.road.close(&session, Outcome::Finished).await;
    bastion.clock.set(NOW);
    assert_eq!(serve(&bastion, KEPT).await, 0, "it ended in 1970, says its entry");
    assert_eq!(serve(&bastion, 1).await, 1);
}

#[tokio::test]
async fn a_gateway_that_was_off_for_long_waits_to_be_told_the_day() {
    let bastion = Bastion::start().await;
    recorded(&bastion).await;
    serve(&bastion, KEPT - 5).await;
    bastion.clock.advance(7 * DAY);
    bastion.road.note(Event::Stop {}).await.unwrap();
    assert_eq!(serve(&bastion, 10).await, 0);
}

#[tokio::test]
async fn a_hold_on_a_session_or_a_person_keeps_what_is_over() {
    let bastion = Bastion::start().await;
    let (session, name) = (recorded(&bastion).await.to_string(), "alice".to_owned());
    let reason = "case 7".to_owned();
    bastion.change(Change::LegalHold { session: session.clone(), reason: reason.clone() }).await;
    bastion.change(Change::PersonHold { name: name.clone(), reason }).await;
    assert_eq!(serve(&bastion, KEPT + 10).await, 0);
    bastion.change(Change::LegalHoldRelease { session: session.clone() }).await;
    assert_eq!(serve(&bastion, 10).await, 0, "the person is still held");
    bastion.change(Change::PersonHoldRelease { name }).await;
    assert_eq!(serve(&bastion, 1).await, 1);
    let again = Change::LegalHold { session, reason: "too late".into() };
    assert!(bastion.road.administer("root", &again).await.is_err());
}

#[tokio::test]
async fn edits_of_the_database_erase_nothing_earlier() {
    let bastion = Bastion::start().await;
    let session = recorded(&bastion).await;
    let hold = format!("hold:{session}");
    bastion.change(Change::LegalHold { session: session.to_string(), reason: "case 7".into() }).await;
    bastion.store.put_setting(&hold, None).await.unwrap();
    assert_eq!(serve(&bastion, KEPT + 5).await, 0, "the hold was removed behind the ledger's back");
    bastion.change(Change::SettingSet { name: "retention-days".into(), value: "200".into() }).await;
    for edited in [Some("184"), Some("1"), None] {
        bastion.store.put_setting("retention-days", edited).await.unwrap();
        assert_eq!(serve(&bastion, 20).await, 0, "{edited:?}");
    }
    assert!(alerts(&bastion).await.iter().any(|what| what.contains("retention-days")));
    assert!(key_of(&bastion, &session).exists());
}

#[tokio::test]
async fn no_tombstone_explains_what_was_taken_away_before() {
    let bastion = Bastion::start().await;
    let (gone, exchanged) = (recorded(&bastion).await, recorded(&bastion).await);
    let kept =
        [key_of(&bastion, &gone), key_of(&bastion, &exchanged)].map(|key| (fs::read(&key).unwrap(), key));
    fs::remove_file(&kept[0].1).unwrap();
    fs::write(&kept[1].1, kept[1].0.iter().map(|byte| byte ^ 1).collect::<Vec<_>>()).unwrap();
    assert_eq!(serve(&bastion, KEPT + 5).await, 0);
    let told = alerts(&bastion).await;
    let of = |session: &SessionId| told.iter().filter(|what| what.contains(&session.to_string())).count();
    assert_eq!((told.len(), of(&gone), of(&exchanged)), (2, 1, 1), "{told:?}");
    // They do not keep others from being erased, and verify once what was taken away is back.
    for (wrapped, key) in &kept {
        fs::write(key, wrapped).unwrap();
    }
}

#[tokio::test]
async fn a_sweep_erases_no_more_than_so_many() {
    let bastion = Bastion::start().await;
    for _ in 0..40 {
        recorded(&bastion).await;
    }
    serve(&bastion, KEPT).await;
    bastion.clock.advance(DAY);
    let sweeps =
        [bastion.road.sweep_recordings().await.unwrap(), bastion.road.sweep_recordings().await.unwrap()];
    assert_eq!(sweeps, [32, 8]);
}

#[tokio::test]
async fn a_ledger_with_a_tombstone_that_may_not_be_there_contradicts_itself() {
    let bastion = Bastion::start().await;
    let session = recorded(&bastion).await.to_string();
    let open = bastion.session("alice", "db-1").await;
    let (good, day) = (bastion.journal.entries(), DAY as i64 * 1_000_000);
    let tombstone = |session: &str, days: u32, after: i64| {
        Entry::new(Timestamp(NOW.0 + after * day), Event::Erased { session: session.to_owned(), days })
    };
    let tell = |more: &[Entry]| {
        let mut audit = Audit::default();
        let mut all = good.iter().chain(more).zip(0..);
        all.try_for_each(|(entry, index)| audit.take(index, &entry.encode()).map(drop))
    };
    let hold = |id: String| {
        let after = Some("00".repeat(32));
        Entry::new(NOW, Event::State { of: "setting".into(), id, before: None, after, request: None })
    };
    tell(&[tombstone(&session, 184, 184)]).unwrap();
    for (why, more) in [
        ("early", vec![tombstone(&session, 184, 183)]),
        ("fewer days than lawful", vec![tombstone(&session, 183, 400)]),
        ("days that nobody decided", vec![tombstone(&session, 365, 400)]),
        ("twice", vec![tombstone(&session, 184, 184), tombstone(&session, 184, 185)]),
        ("open", vec![tombstone(&open.id().to_string(), 184, 400)]),
        ("unknown", vec![tombstone(&"ab".repeat(16), 184, 400)]),
        ("held", vec![hold(format!("hold:{session}")), tombstone(&session, 184, 400)]),
        ("retention changed", vec![hold("retention-days".into()), tombstone(&session, 184, 400)]),
    ] {
        assert!(tell(&more).is_err(), "{why}");
    }
}

#[tokio::test]
async fn who_looks_at_what_was_erased_is_told_so_and_audit_administrators_see_the_list() {
    let mut bastion = Bastion::start().await;
    bastion.person("erin", &[]).await;
    bastion.appoint("erin", &["audit-administrators"]).await;
    let (first, second) = (recorded(&bastion).await, recorded(&bastion).await);
    let reason = "case 7".to_owned();
    bastion.change(Change::LegalHold { session: second.to_string(), reason }).await;
    serve(&bastion, KEPT + 1).await;
    let who = bastion.enter("dave").await;
    let told = bastion.road.may_view(&who, &first).await.unwrap_err().to_string();
    assert!(told.contains("erased on 2020-08-"), "{told}");
    let asked = bastion.ask_desk("dave", &format!("request replay {first} --for 1h --reason x"), b"").await;
    assert!(asked.stderr.contains("erased on"), "{asked:?}");
    let listed = bastion.ask_desk("erin", "retention", b"").await.stdout;
    assert!(listed.contains("184 days") && listed.contains(&first.to_string()), "{listed}");
    let held = bastion.ask_desk("erin", "holds", b"").await.stdout;
    assert!(held.contains(&second.to_string()) && held.contains("case 7"), "{held}");
    for name in ["alice", "bob"] {
        for line in ["retention", "holds"] {
            let told = bastion.ask_desk(name, line, b"").await;
            assert!(told.status == 1 && told.stdout.is_empty(), "{name} {line}: {told:?}");
        }
    }
}
