//! Evidence of everything that is no single act: access with its sessions, runbooks with their runs, looks at recordings,
//! administrative changes with before and after, emergencies with their review; and that no part of it can be exchanged.

use access::administer::Change;
use access::desk_command::Because;
use access::model::{Answer, Outcome};
use access::text::Language;

use crate::bastion::*;
use crate::evidence::Made;
use crate::lasting::*;
use crate::story::record;

/// With erin, who may do nothing by herself, after the ceremony; and a ledger that knows everybody.
async fn administered(mut bastion: Bastion) -> Bastion {
    bastion.more_policies.insert("asking.cedar".into(), format!("{ASKING}\n"));
    bastion.person("erin", &["guests"]).await;
    bastion.person("frank", &["ops", "guests"]).await;
    bastion.hold_ceremony().await;
    bastion
}

/// Such a bastion.
pub async fn one() -> Bastion {
    administered(Bastion::with_policies(asking("")).await).await
}

async fn another() -> Bastion {
    administered(Bastion::another_with(asking("")).await).await
}

/// A session of that person in which those commands are submitted, recorded and closed.
async fn works(bastion: &Bastion, name: &str, commands: &[&str]) {
    let session = bastion.session(name, "db-1").await;
    for (command, channel) in commands.iter().zip(0..) {
        let _step = bastion.road.submit(&session, channel, exec(command)).await;
    }
    record(&session, "done\n").await;
    bastion.road.close(&session, Outcome::Finished).await;
}

async fn accessed(bastion: &Bastion) -> Made {
    let permit = bastion.permitted().await;
    works(bastion, "erin", &["ls -l /srv", "history -c"]).await;
    works(bastion, "erin", &["uptime"]).await;
    // Somebody else's session at the same time is no part of it.
    works(bastion, "alice", &["ls"]).await;
    let who = bastion.enter("sue").await;
    bastion.road.revoke_permit(&who, permit.id).await.unwrap();
    Made::of(bastion, "erin", permit.request.unwrap()).await
}

async fn run(bastion: &Bastion) -> Made {
    let who = bastion.enter("frank").await;
    let wanted = runbook(&[("dir", "path")], &["ops"]);
    bastion.road.request_runbook(&who, &wanted, b"rm -rf \"$dir\"\n").await.unwrap();
    let id = bastion.newest_request().await;
    bastion.agree(id).await.unwrap();
    works(bastion, "frank", &["ls", "runbook clean dir=/srv/a"]).await;
    works(bastion, "alice", &["runbook clean dir=/srv/b"]).await;
    Made::of(bastion, "bob", id).await
}

async fn viewed(bastion: &Bastion) -> Made {
    let session = bastion.session("alice", "db-1").await;
    let erin = bastion.enter("erin").await;
    bastion.road.request_replay(&erin, &replay(&session)).await.unwrap();
    let id = bastion.newest_request().await;
    bastion.agree(id).await.unwrap();
    bastion.road.look(&erin, &session.id(), "post mortem").await.unwrap();
    bastion.clock.advance(3600);
    bastion.road.sweep().await.unwrap();
    Made::of(bastion, "abe", id).await
}

async fn changed(bastion: &Bastion) -> Made {
    let change = Change::PersonGroups { name: "erin".into(), groups: groups(&["guests", "dba-leads"]) };
    bastion.agreed("sue", change, &["sam", "abe"]).await;
    Made::of(bastion, "sue", bastion.newest_request().await).await
}

async fn appointed(bastion: &Bastion) -> Made {
    let change = Change::PersonTotp { name: "dave".into() };
    bastion.agreed("sue", change, &["sam", "abe"]).await;
    Made::of(bastion, "sue", bastion.newest_request().await).await
}

async fn declared(bastion: &Bastion) -> Made {
    let erin = bastion.enter("erin").await;
    bastion.road.declare_emergency(&erin, &emergency("db-1", 1800)).await.unwrap();
    let permit = bastion.newest_permit().await;
    works(bastion, "erin", &["uptime", REMOVAL]).await;
    bastion.clock.advance(1800);
    bastion.road.sweep().await.unwrap();
    let who = bastion.enter("abe").await;
    bastion.road.review_emergency(&who, permit.id, &Because::new("as declared")).await.unwrap();
    Made::asked(bastion, "erin", &format!("evidence --permit {}", permit.id)).await
}

async fn denied(bastion: &Bastion) -> Made {
    let id = bastion.asked().await;
    bastion.answer("bob", id, Answer::Deny).await.unwrap();
    Made::of(bastion, "erin", id).await
}

async fn expired(bastion: &Bastion) -> Made {
    let id = bastion.waits("sue", &Change::PersonResume { name: "alice".into() }).await;
    bastion.answer("sam", id, Answer::Approve).await.unwrap();
    bastion.clock.advance(4 * 86_400);
    bastion.road.sweep().await.unwrap();
    Made::of(bastion, "sue", id).await
}

#[track_caller]
fn tells(made: &Made, facts: &[&str]) {
    let story = made.story();
    for fact in facts {
        assert!(story.contains(fact), "{fact} is not in\n{story}");
    }
}

#[tokio::test]
async fn each_kind_tells_its_whole_story() {
    let bastion = one().await;
    let made = accessed(&bastion).await;
    let access = ["asked for access", "disk is full", "2 of dba-leads", "The permit 1 (access) began"];
    tells(
        &made,
        &[&access[..], &["erin (p-", "opened the session", "exec, deny", "recorded in 1 segments"]].concat(),
    );
    tells(&made, &["The permit ended: revoked; by: sue (p-"]);
    assert_eq!(made.story().matches("opened the session").count(), 2, "{}", made.story());
    let made = run(&bastion).await;
    tells(
        &made,
        &["clean", "rm -rf", "frank (p-", "alice (p-", "exec, allow", "data.destroy", "No end of the permit"],
    );
    assert_eq!(made.story().matches("In it: exec").count(), 2, "the runs and nothing else: {}", made.story());
    tells(&viewed(&bastion).await, &["asked for replay", "They looked at the recording", "lapsed; by: -"]);
    tells(
        &changed(&bastion).await,
        &[r#"groups: ["guests"] → ["dba-leads","guests"]"#, "sam (p-", "it took effect, once"],
    );
    tells(&appointed(&bastion).await, &["credentials p-", "Its content is secret"]);
    let made = declared(&bastion).await;
    tells(&made, &["erin (p-", "without anybody's signature", "db-1", "database is down", "exec, hold"]);
    tells(&made, &["The permit ended: lapsed", "abe (p-", "closed the review"]);
    tells(&denied(&bastion).await, &["bob (p-", "So it was denied"]);
    tells(&expired(&bastion).await, &["Its time was over", "sam (p-"]);
}

#[tokio::test]
async fn the_chinese_story_says_quorums_in_chinese() {
    let bastion = one().await;
    let told = accessed(&bastion).await.told(Language::Chinese);
    assert!(told.contains("dba-leads 中的 2 人") && !told.contains(" of "), "{told}");
}

#[tokio::test]
async fn an_unreviewed_emergency_and_an_unused_one_say_so() {
    let bastion = one().await;
    let erin = bastion.enter("erin").await;
    bastion.road.declare_emergency(&erin, &emergency("db-1", 1800)).await.unwrap();
    let line = format!("evidence --permit {}", bastion.newest_permit().await.id);
    let made = Made::asked(&bastion, "abe", &line).await;
    tells(&made, &["It was not used", "No end of the permit", "Its review was still open"]);
    let told = bastion.ask_desk("alice", &line, b"").await;
    assert!(told.status == 1 && told.stdout.is_empty(), "{told:?}");
    let permit = bastion.permitted().await;
    let told = bastion.ask_desk("erin", &format!("evidence --permit {}", permit.id), b"").await;
    assert!(told.stderr.contains("follows from the request"), "{told:?}");
}

#[tokio::test]
async fn nothing_secret_is_in_it() {
    let bastion = one().await;
    for made in [appointed(&bastion).await, changed(&bastion).await, accessed(&bastion).await] {
        let text = made.bundle.to_string();
        for secret in [r#""totp":"#, r#""password":"#, r#""credential":"#, "$argon2"] {
            assert!(!text.contains(secret), "{secret}");
        }
    }
}

/// A use that was left out whole, with all of its entries, is the seal's business; so is which login it was.
fn only_the_seal_tells(what: &str) -> bool {
    [r#""kind":"login""#, r#""kind":"replay-viewed""#, r#""kind":"decision""#]
        .iter()
        .any(|kind| what.contains(kind))
        || what.starts_with("/story/entries:")
}

async fn withstands(made: Made, stranger: Made, least: usize) {
    let (tried, by_seal) = made.withstands(&[&made, &stranger], only_the_seal_tells);
    println!("{tried} exchanged parts; {by_seal} of them are found by the seal alone");
    assert!(tried > least, "{tried}");
    assert!(by_seal * 20 < tried, "{by_seal} of {tried}");
}

macro_rules! no_part_of_it_can_be_exchanged {
    ($($test:ident: $make:ident, $least:literal;)*) => { $(
        #[tokio::test]
        async fn $test() {
            let (bastion, other) = (one().await, another().await);
            withstands($make(&bastion).await, $make(&other).await, $least).await;
        }
    )* };
}

no_part_of_it_can_be_exchanged! {
    no_part_of_an_access_can_be_exchanged: accessed, 900;
    no_part_of_a_runbook_can_be_exchanged: run, 900;
    no_part_of_a_look_can_be_exchanged: viewed, 700;
    no_part_of_a_change_can_be_exchanged: changed, 600;
    no_part_of_a_secret_change_can_be_exchanged: appointed, 500;
    no_part_of_an_emergency_can_be_exchanged: declared, 400;
    no_part_of_a_denial_can_be_exchanged: denied, 400;
    no_part_of_a_lapse_can_be_exchanged: expired, 400;
}
