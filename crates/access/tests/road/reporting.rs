//! The access report says what the policies say, to those who may know it, and that somebody had it is on the record.

use access::administer::Change;
use access::entry::Event;
use access::text::Language;
use testkit::sample::NOW;

use crate::bastion::*;

const DAY: u64 = 86_400;

async fn reviewed(bastion: &Bastion, line: &str) -> String {
    let told = bastion.ask_desk("erin", line, b"").await;
    assert_eq!(told.status, 0, "{told:?}");
    told.stdout
}

async fn with_reviewer() -> Bastion {
    let mut bastion = Bastion::start().await;
    bastion.person("erin", &[]).await;
    bastion.appoint("erin", &["audit-administrators"]).await;
    bastion
}

async fn as_json(bastion: &Bastion) -> serde_json::Value {
    serde_json::from_str(&reviewed(bastion, "report access --json").await).unwrap()
}

fn of<'v>(report: &'v serde_json::Value, name: &str) -> &'v serde_json::Value {
    report["people"].as_array().unwrap().iter().find(|person| person["name"] == name).unwrap()
}

#[tokio::test]
async fn the_report_and_the_door_agree_for_everybody_and_every_place() {
    let bastion = with_reviewer().await;
    let report = as_json(&bastion).await;
    let mut reached = 0;
    for name in ["alice", "bob", "carol", "dave", "erin"] {
        for target in ["web-1", "db-1"] {
            let who = bastion.enter(name).await;
            let may = bastion.road.may_reach(&who, target).await;
            let rows = of(&report, name)["access"].as_array().unwrap();
            let row = rows.iter().find(|row| row["target"] == target);
            assert_eq!(row.is_some(), may, "{name} on {target}: {report}");
            if let Some(row) = row {
                assert!(!row["rules"].as_array().unwrap().is_empty() && row["permit"].is_null(), "{row}");
                reached += 1;
            }
        }
    }
    assert!(reached > 0, "{report}");
}

#[tokio::test]
async fn last_use_is_that_of_the_newest_session_and_ages() {
    let bastion = with_reviewer().await;
    let place = |report: &serde_json::Value| {
        let rows = of(report, "alice")["access"].as_array().unwrap().clone();
        rows.into_iter().find(|row| row["target"] == "db-1").unwrap()
    };
    let never = place(&as_json(&bastion).await);
    assert!(never["last_used"].is_null() && never["unused"] == true, "{never}");
    let session = bastion.session("alice", "db-1").await;
    bastion.road.close(&session, access::model::Outcome::Finished).await;
    let used = place(&as_json(&bastion).await);
    assert_eq!((&used["last_used"], &used["unused"]), (&"2020-02-23T18:56:00Z".into(), &false.into()));
    bastion.clock.set(NOW.plus_seconds(91 * DAY));
    assert_eq!(place(&as_json(&bastion).await)["unused"], true);
    bastion.change(Change::SettingSet { name: "unused-days".into(), value: "120".into() }).await;
    let lenient = as_json(&bastion).await;
    assert_eq!((place(&lenient)["unused"].clone(), &lenient["unused_days"]), (false.into(), &120.into()));
}

#[tokio::test]
async fn who_is_suspended_or_expired_is_shown_as_such() {
    let bastion = with_reviewer().await;
    bastion.suspend("bob").await;
    let expires = Some(NOW.plus_seconds(DAY).0);
    bastion.change(Change::PersonExpiry { name: "carol".into(), expires }).await;
    let before = as_json(&bastion).await;
    assert_eq!(
        (&of(&before, "bob")["state"], &of(&before, "carol")["state"]),
        (&"suspended".into(), &"active".into())
    );
    bastion.clock.set(NOW.plus_seconds(2 * DAY));
    assert_eq!(of(&as_json(&bastion).await, "carol")["state"], "expired");
    let told = reviewed(&bastion, "report access").await;
    assert!(told.contains("bob        suspended") && told.contains("UNUSED"), "{told}");
}

#[tokio::test]
async fn only_administrators_of_people_and_records_see_everybody() {
    let bastion = with_reviewer().await;
    for groups in [&["ops"][..], &["system-administrators"], &["auditors"], &[]] {
        bastion.appoint("dave", groups).await;
        let told = bastion.ask_desk("dave", "report access", b"").await;
        assert!(told.status == 1 && told.stdout.is_empty(), "{groups:?}: {told:?}");
        let own = bastion.ask_desk("dave", "report access --mine --json", b"").await;
        assert!(own.status == 0 && own.stdout.contains("dave") && !own.stdout.contains("alice"), "{own:?}");
    }
    assert_eq!(bastion.count("reported"), 0, "one's own is nobody's business");
    bastion.appoint("dave", &["security-administrators"]).await;
    assert_eq!(bastion.ask_desk("dave", "report access", b"").await.status, 0);
    assert_eq!(bastion.count("reported"), 1);
}

#[tokio::test]
async fn what_was_handed_out_is_what_the_ledger_says() {
    let bastion = with_reviewer().await;
    let told = reviewed(&bastion, "report access --json").await;
    let digest = access::blind::sha256_hex(told.trim_end().as_bytes());
    let entered = bastion.entries().into_iter().find_map(|entry| match entry.event {
        Event::Reported { digest, .. } => Some(digest),
        _ => None,
    });
    assert_eq!(entered, Some(digest));
    let who = bastion.enter("erin").await;
    bastion.journal.fail_after(0);
    let refused = bastion.road.desk(&who, "report access --csv", b"").await;
    assert!(refused.status == 1 && refused.stdout.is_empty(), "shown without a record: {refused:?}");
    bastion.journal.mend();
}

#[tokio::test]
async fn the_report_is_for_spreadsheets_and_in_two_languages_too() {
    let bastion = with_reviewer().await;
    let csv = reviewed(&bastion, "report access --csv").await;
    let lines: Vec<_> = csv.lines().collect();
    assert!(lines[0].starts_with("person,state,team"), "{csv}");
    assert!(lines.iter().any(|line| line.starts_with(r#""alice","active","","ops","db-1","root""#)), "{csv}");
    let mut chinese = Bastion::speaking(Language::Chinese).await;
    chinese.person("erin", &[]).await;
    chinese.appoint("erin", &["audit-administrators"]).await;
    assert!(reviewed(&chinese, "report access").await.contains("未使用"));
}
