//! Runbooks: exactly the approved script, with values that are never anything but values, while its approvals hold.

use access::administer::Change;
use access::model::{Answer, RequestKind};
use access::{Ask, ShellLine, Start};

use crate::bastion::*;
use crate::lasting::*;

const SCRIPT: &[u8] = b"rm -rf \"$dir\"\n";

/// Alice's runbook `clean DIR` on db-1, approved.
async fn approved() -> Bastion {
    let bastion = guarded().await;
    asked(&bastion, SCRIPT, &[("dir", "path")], &["ops"]).await;
    bastion.agree(bastion.newest_request().await).await.unwrap();
    bastion
}

async fn asked(bastion: &Bastion, script: &[u8], parameters: &[(&str, &str)], groups: &[&str]) {
    bastion.regroup("alice", &["ops", "guests"]).await;
    let who = bastion.enter("alice").await;
    bastion.road.request_runbook(&who, &runbook(parameters, groups), script).await.unwrap();
}

async fn runs(bastion: &Bastion, name: &str, line: &str) -> Result<String, String> {
    let session = bastion.session(name, "db-1").await;
    match bastion.road.submit(&session, 0, exec(line)).await {
        access::Step::Run(grant) => match grant.into_start() {
            Start::Exec { text, .. } => Ok(String::from_utf8(text).unwrap()),
            other => panic!("{other:?}"),
        },
        access::Step::Refused(told) => Err(told.to_string()),
        access::Step::Held(pending) => panic!("{}", pending.notice()),
    }
}

#[tokio::test]
async fn an_approved_script_runs_again_and_again_with_its_values_quoted() {
    let bastion = approved().await;
    for dir in ["/srv/scratch", "/srv/other"] {
        let run = runs(&bastion, "alice", &format!("runbook clean dir={dir}")).await.unwrap();
        assert_eq!(run, format!("'rm' '-rf' '{dir}'"));
    }
    let permit = bastion.newest_permit().await.id.0;
    let named = bastion.entries().into_iter().filter(
        |entry| matches!(&entry.event, access::entry::Event::Decision { permit: Some(id), .. } if *id == permit),
    );
    assert_eq!(named.count(), 2, "each run is a decision that names the permit");
    assert_eq!(bastion.count("grant"), 1);
}

#[tokio::test]
async fn the_managed_shell_runs_it_where_it_stands() {
    let bastion = approved().await;
    let session = bastion.session("alice", "db-1").await;
    let line = ShellLine {
        text: "runbook clean dir=/srv/a".into(),
        directory: Some("/srv".into()),
        variables: [("dir".into(), "/etc".into())].into(),
        ..ShellLine::default()
    };
    let grant = allowed(bastion.road.submit(&session, 0, Ask::Line(line)).await);
    let Start::Exec { text, .. } = grant.into_start() else { panic!("no command") };
    let text = String::from_utf8(text).unwrap();
    assert!(text.starts_with("cd -- '/srv'") && text.ends_with("'rm' '-rf' '/srv/a'"), "{text}");
}

#[tokio::test]
async fn values_outside_their_type_run_nothing() {
    let bastion = approved().await;
    for value in [
        "dir=",
        "dir=srv",
        "dir=/srv/..",
        "dir=/srv;id",
        "'dir=/srv; id'",
        "dir=$(id)",
        "'dir=/a b'",
        "dir=/*",
        "",
        "x=1",
        "dir=/a dir=/b",
        "dir=/a more",
    ] {
        let told = runs(&bastion, "alice", &format!("runbook clean {value}")).await.unwrap_err();
        assert!(told.contains("Nothing was run"), "{value}: {told}");
    }
}

#[tokio::test]
async fn another_script_under_the_same_name_needs_its_own_approval() {
    let bastion = approved().await;
    asked(&bastion, b"rm -rf \"$dir\" /srv/data\n", &[("dir", "path")], &[]).await;
    let run = runs(&bastion, "alice", "runbook clean dir=/srv/a").await.unwrap();
    assert_eq!(run, "'rm' '-rf' '/srv/a'", "what waits for approval is not what runs");
    bastion.agree(bastion.newest_request().await).await.unwrap();
    let told = runs(&bastion, "alice", "runbook clean dir=/srv/a").await.unwrap_err();
    assert!(told.contains("several runbooks"), "{told}");
    let second = bastion.newest_permit().await.id;
    let run = runs(&bastion, "alice", &format!("runbook {second} dir=/srv/a")).await.unwrap();
    assert!(run.contains("/srv/data"), "{run}");
}

#[tokio::test]
async fn a_script_changed_in_the_database_runs_nothing() {
    let bastion = approved().await;
    bastion.store.alter(|request| {
        if request.kind == RequestKind::Runbook {
            request.text = String::from_utf8_lossy(&request.text).replace("$dir", "/").into_bytes();
        }
    });
    let told = runs(&bastion, "alice", "runbook clean dir=/srv/a").await.unwrap_err();
    assert!(told.contains("there is no runbook"), "{told}");
    bastion.store.restore();
}

#[tokio::test]
async fn its_approvals_are_counted_at_every_run() {
    for case in ["suspended", "left", "revoked", "ended", "over", "holder"] {
        let bastion = approved().await;
        match case {
            "suspended" => bastion.suspend("bob").await,
            "left" => bastion.regroup("carol", &["dba"]).await,
            "revoked" => bastion.revoke("bob", "bob").await,
            "ended" => {
                let id = bastion.newest_permit().await.id;
                bastion.road.revoke_permit(&bastion.enter("carol").await, id).await.map(drop).unwrap();
            }
            "over" => bastion.clock.advance(86_400),
            _ => bastion.regroup("alice", &["ops"]).await,
        }
        let told = runs(&bastion, "alice", "runbook clean dir=/srv/a").await.unwrap_err();
        assert!(told.contains("there is no runbook"), "{case}: {told}");
    }
}

#[tokio::test]
async fn groups_that_were_named_run_it_and_no_others() {
    let mut bastion = approved().await;
    bastion.person("olga", &["ops"]).await;
    assert!(runs(&bastion, "olga", "runbook clean dir=/srv/a").await.is_ok());
    bastion.regroup("olga", &["guests"]).await;
    let id = bastion.ask_for_access("olga", at("db-1")).await.map(|_| ());
    assert!(id.is_ok());
    bastion.agree(bastion.newest_request().await).await.unwrap();
    let told = runs(&bastion, "olga", "runbook clean dir=/srv/a").await.unwrap_err();
    assert!(told.contains("there is no runbook"), "{told}");
}

#[tokio::test]
async fn an_approver_who_runs_it_does_not_count_for_it() {
    let bastion = approved().await;
    bastion.regroup("bob", &["dba-leads", "ops"]).await;
    let told = runs(&bastion, "bob", "runbook clean dir=/srv/a").await.unwrap_err();
    assert!(told.contains("there is no runbook"), "{told}");
}

#[tokio::test]
async fn it_runs_on_no_other_target_and_for_no_other_account() {
    let bastion = approved().await;
    bastion.target("db-2", "core-data", "command-gated").await;
    let session = bastion.session("alice", "db-2").await;
    let told = refused(bastion.road.submit(&session, 0, exec("runbook clean dir=/srv/a")).await);
    assert!(told.contains("there is no runbook"), "{told}");
    let private_key = access::administer::Secret(crate::keys::Key::of("credential").private().into());
    let (target, login) = ("db-1".into(), "postgres".into());
    bastion.change(Change::AccountAdd { target, login, private_key, password: Default::default() }).await;
    let to = access::identity::Destination::parse("postgres@db-1").unwrap();
    let who = bastion.enter("alice").await;
    let session = bastion.road.open(&who, &to, access::model::Way::Direct).await.unwrap();
    let told = refused(bastion.road.submit(&session, 0, exec("runbook clean dir=/srv/a")).await);
    assert!(told.contains("there is no runbook"), "{told}");
}

#[tokio::test]
async fn what_no_quorum_allows_stays_forbidden_inside_a_runbook() {
    let bastion = guarded().await;
    asked(&bastion, b"history -c\n", &[], &[]).await;
    let wanted = bastion.newest_request().await;
    bastion.agree(wanted).await.unwrap();
    assert!(runs(&bastion, "alice", "runbook clean").await.is_err());
    assert_eq!(bastion.count("grant"), 1, "the runbook's own");
}

#[tokio::test]
async fn a_script_that_nobody_can_read_is_not_even_asked_for() {
    let bastion = guarded().await;
    let who = bastion.enter("erin").await;
    for script in [&b"$other x\n"[..], b"\"$(cat /srv/name)\" x\n", b"\xff"] {
        let wanted = runbook(&[("dir", "path")], &[]);
        assert!(bastion.road.request_runbook(&who, &wanted, script).await.is_err(), "{script:?}");
    }
    assert_eq!(bastion.count("request"), 0);
}

#[tokio::test]
async fn approvers_see_the_whole_script_and_its_digest() {
    let bastion = guarded().await;
    let script = format!("rm -rf \"$dir\"\n{}rm -rf /srv/last\n", "rm -f /srv/x\n".repeat(200));
    asked(&bastion, script.as_bytes(), &[("dir", "path")], &["ops"]).await;
    let id = bastion.newest_request().await;
    let shown = bastion.ask_desk("bob", &format!("show {id}"), b"").await.stdout;
    let statement = bastion.statement("bob", id, Answer::Approve).await;
    let digest = access::blind::sha256_hex(script.trim_end().as_bytes());
    for text in [&shown, &statement] {
        assert!(text.contains("/srv/last") && text.contains(&digest), "{text}");
    }
    assert!(statement.contains(r#""parameters":{"dir":"path"}"#), "{statement}");
}
