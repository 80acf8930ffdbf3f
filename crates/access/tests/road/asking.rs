//! Lines of the managed shell, operations on files and forwardings go the same road as commands.

use access::model::Answer;
use access::policy::{Destination, FileOperation, Policies, Writing};
use access::{Ask, Forwarding, ShellLine, Start};

use crate::bastion::*;

/// Files may be looked at and created below /srv, are removed for a quorum, and one port may be reached.
const MORE: &str = r#"
@id("test-files") permit (principal in Group::"ops",
  action in [Action::"shell", Action::"sftp", Action::"list-files", Action::"write-file", Action::"remove-file"], resource);
@id("test-outside") forbid (principal, action in [Action::"write-file", Action::"list-files"], resource)
  unless { context.path like "/srv/*" };
@id("test-upload") @max_bytes("1000") permit (principal, action == Action::"write-file", resource);
@id("test-removal") forbid (principal, action == Action::"remove-file", resource)
  unless { context.quorums.contains(Quorum::"two-dba-leads") };
@id("test-forward") permit (principal in Group::"ops", action == Action::"forward", resource)
  when { context.host == "db.internal" && context.port == 5432 };
"#;

fn more() -> Policies {
    let own = ("own.cedar".to_owned(), MORE.to_owned());
    // The shipped rules for files are not what is tested here.
    policies(|sources| sources.policies = vec![sources.policies.remove(0), own])
}

async fn bastion() -> Bastion {
    let bastion = Bastion::start().await;
    bastion.road.replace_policies(more()).await.unwrap();
    bastion
}

fn line(text: &str, directory: &str) -> Ask {
    let directory = Some(directory.to_owned());
    Ask::Line(ShellLine { text: text.into(), directory, ..ShellLine::default() })
}

fn tcp(host: &str, port: u16) -> Ask {
    Ask::Forward(Forwarding::Tcp(Destination { host: host.into(), port }))
}

fn removal(path: &str) -> Ask {
    Ask::File(FileOperation::Remove { path: path.into() })
}

#[tokio::test]
async fn a_shell_is_the_gateways_own_where_commands_are_gated() {
    let bastion = bastion().await;
    let gated = bastion.session("alice", "db-1").await;
    assert_eq!(allowed(bastion.road.submit(&gated, 0, Ask::Shell).await).into_start(), Start::ManagedShell);
    let recorded = bastion.session("alice", "web-1").await;
    assert_eq!(allowed(bastion.road.submit(&recorded, 0, Ask::Shell).await).into_start(), Start::Shell);
}

#[tokio::test]
async fn a_line_runs_where_the_shell_stands_and_signatures_bind_the_place() {
    let bastion = Bastion::start().await;
    let session = bastion.session("alice", "db-1").await;
    let pending = held(bastion.road.submit(&session, 0, line("rm -rf scratch", "/srv/app")).await);
    let statement = bastion.statement("bob", pending.id(), Answer::Approve).await;
    assert!(statement.contains(r#""directory":"/srv/app""#), "{statement}");
    assert!(statement.contains("cd -- '/srv/app' || exit 1; 'rm' '-rf' 'scratch'"), "{statement}");
    for name in ["bob", "carol"] {
        bastion.answer(name, pending.id(), Answer::Approve).await.unwrap();
    }
    let Start::Exec { text, .. } = bastion.road.claim(pending).await.unwrap().into_start() else { panic!() };
    assert_eq!(String::from_utf8(text).unwrap(), "cd -- '/srv/app' || exit 1; 'rm' '-rf' 'scratch'");
}

#[tokio::test]
async fn a_program_that_the_operator_describes_is_known() {
    let bastion = Bastion::start().await;
    let session = bastion.session("alice", "db-1").await;
    let pending = held(bastion.road.submit(&session, 0, exec("deployctl status")).await);
    let _told = bastion.road.abandon(pending).await;
    let row = "[[program]]\nnames = [\"deployctl\"]\ndoes = \"shows releases\"\neffects = [\"read\"]\nrest = \"data\"\n";
    let own = policies(|sources| sources.commands.push(("deploy.toml".to_owned(), row.to_owned())));
    bastion.road.replace_policies(own).await.unwrap();
    for ask in [exec("deployctl status"), line("deployctl status", "/srv")] {
        let _grant = allowed(bastion.road.submit(&session, 0, ask).await);
    }
}

#[tokio::test]
async fn an_operation_on_files_is_judged_by_its_path_and_carries_its_limit() {
    let bastion = bastion().await;
    let session = bastion.session("alice", "db-1").await;
    let upload = |path: &str| FileOperation::Write { path: path.into(), writing: Writing::Creates };
    let grant = allowed(bastion.road.submit(&session, 0, Ask::File(upload("/srv/in/x"))).await);
    assert_eq!(grant.obligations().max_bytes, Some(1000));
    assert_eq!(grant.into_start(), Start::File(upload("/srv/in/x")));
    let told = refused(bastion.road.submit(&session, 0, Ask::File(upload("/etc/x"))).await);
    assert!(told.contains("test-outside"), "{told}");
    assert_eq!(bastion.count("decision"), 2);
}

#[tokio::test]
async fn looking_at_names_is_judged_and_no_entry_of_its_own() {
    let bastion = bastion().await;
    let session = bastion.session("alice", "db-1").await;
    let look = |path: &str| Ask::File(FileOperation::List { path: path.into() });
    let _grant = allowed(bastion.road.submit(&session, 0, look("/srv/in")).await);
    let _told = refused(bastion.road.submit(&session, 0, look("/etc")).await);
    assert_eq!(bastion.count("decision"), 0);
}

#[tokio::test]
async fn a_held_removal_waits_for_two_and_approves_no_other_file() {
    let bastion = bastion().await;
    let session = bastion.session("alice", "db-1").await;
    let one = held(bastion.road.submit(&session, 0, removal("/srv/one")).await);
    let other = held(bastion.road.submit(&session, 0, removal("/srv/other")).await);
    assert!(one.notice().contains("rm -f -- '/srv/one'"), "{}", one.notice());
    for name in ["bob", "carol"] {
        bastion.answer(name, one.id(), Answer::Approve).await.unwrap();
    }
    bastion.cannot_claim(other).await;
    let grant = bastion.road.claim(one).await.unwrap();
    assert_eq!(grant.into_start(), Start::File(FileOperation::Remove { path: "/srv/one".into() }));
}

#[tokio::test]
async fn a_path_that_hides_something_is_refused() {
    let bastion = bastion().await;
    let session = bastion.session("alice", "db-1").await;
    let told = refused(bastion.road.submit(&session, 0, removal("/srv/a\u{202e}b\nc")).await);
    assert!(!told.contains('\n') && !told.contains('\u{202e}'), "{told:?}");
}

#[tokio::test]
async fn a_forwarding_goes_only_where_policy_names_it() {
    let bastion = bastion().await;
    let session = bastion.session("alice", "db-1").await;
    let there = Forwarding::Tcp(Destination { host: "db.internal".into(), port: 5432 });
    let grant = allowed(bastion.road.submit(&session, 0, Ask::Forward(there.clone())).await);
    assert_eq!(grant.into_start(), Start::Forward(there));
    for (host, port) in [("db.internal", 5433), ("db.internal.", 5432), ("127.0.0.1", 5432)] {
        let told = refused(bastion.road.submit(&session, 0, tcp(host, port)).await);
        assert!(told.contains(host), "{told}");
    }
    for other in [Forwarding::Agent, Forwarding::X11] {
        let _told = refused(bastion.road.submit(&session, 0, Ask::Forward(other)).await);
    }
    assert_eq!(bastion.count("decision"), 6);
}
