//! Somebody on the target exchanges files while the gateway looks the other way.

use access::policy::{FileOperation, Obligations};

use super::super::far::Ruling;
use super::super::reply::{Answer, code};
use super::super::request::Request;
use super::fake::{Node, Target, conversation, done};
use super::{CREATE, READ, TRUNCATE, WRITE, file, link, open};

fn nodes() -> Vec<(&'static str, Node)> {
    vec![("/tmp/mine/a", file("mine")), ("/etc/secret/a", file("a secret")), ("/home/x", file("x"))]
}

fn closes(target: &Target) -> usize {
    target.did.iter().filter(|request| matches!(request, Request::Close { .. })).count()
}

#[test]
fn a_folder_that_becomes_a_link_before_the_open_is_noticed_and_the_file_closed() {
    let mut target = Target::with(&nodes()).trick("Open", |nodes| {
        nodes.insert("/tmp/mine".into(), link("/etc/secret"));
    });
    let answer = done(&mut conversation(), &mut target, open("/tmp/mine/a", READ));
    assert_eq!(answer.code(), Some(code::FAILURE));
    assert!(answer.sentence().unwrap().contains("exchanged"));
    assert_eq!(closes(&target), 1);
}

#[test]
fn a_file_that_becomes_a_link_is_noticed_before_it_is_cut() {
    let mut target = Target::with(&nodes()).trick("Open", |nodes| {
        nodes.insert("/tmp/mine/a".into(), link("/etc/secret/a"));
    });
    done(&mut conversation(), &mut target, open("/tmp/mine/a", WRITE | TRUNCATE));
    assert!(
        !target.did.iter().any(|request| matches!(request, Request::FSetStat { .. })),
        "{:?}",
        target.did
    );
    assert_eq!(closes(&target), 1);
}

#[test]
fn a_swap_there_and_back_is_noticed_by_what_was_opened() {
    let mut target = Target::with(&nodes())
        .trick("Open", |nodes| {
            nodes.insert("/tmp/mine/a".into(), link("/etc/secret/a"));
        })
        .trick("FStat", |nodes| {
            nodes.insert("/tmp/mine/a".into(), file("mine"));
        });
    let answer = done(&mut conversation(), &mut target, open("/tmp/mine/a", READ));
    assert_eq!(answer.code(), Some(code::FAILURE));
    assert_eq!(closes(&target), 1);
}

#[test]
fn a_listed_folder_that_becomes_a_link_is_noticed() {
    let mut target = Target::with(&nodes()).trick("OpenDir", |nodes| {
        nodes.insert("/tmp/mine".into(), link("/etc/secret"));
    });
    let answer = done(&mut conversation(), &mut target, Request::OpenDir { path: "/tmp/mine".into() });
    assert_eq!(answer.code(), Some(code::FAILURE));
    assert_eq!(closes(&target), 1);
}

#[test]
fn a_removal_in_an_exchanged_folder_is_told() {
    let mut target = Target::with(&nodes()).trick("Remove", |nodes| {
        nodes.insert("/tmp/mine".into(), link("/etc/secret"));
    });
    let answer = done(&mut conversation(), &mut target, Request::Remove { path: "/tmp/mine/a".into() });
    assert!(answer.sentence().unwrap().contains("exchanged"));
}

#[test]
fn what_changed_while_others_had_to_agree_is_looked_at_again() {
    for (request, operation) in [
        (open("/tmp/mine/a", READ), FileOperation::Read { path: "/tmp/mine/a".into() }),
        (
            Request::Remove { path: "/tmp/mine/a".into() },
            FileOperation::Remove { path: "/tmp/mine/a".into() },
        ),
    ] {
        let act = operation.act().as_str();
        let waited = Ruling::Granted { operation, obligations: Obligations::default(), waited: true };
        let mut unchanged = Target::with(&nodes());
        unchanged.rulings.push((act, waited.clone()));
        done(&mut conversation(), &mut unchanged, request.clone());
        assert!(!unchanged.did.is_empty(), "{request:?}");

        // The second resolving is the one after the wait.
        let mut target = Target::with(&nodes()).trick("RealPath", |_| {}).trick("RealPath", |nodes| {
            nodes.insert("/tmp/mine".into(), link("/etc/secret"));
        });
        target.rulings.push((act, waited));
        let answer = done(&mut conversation(), &mut target, request.clone());
        assert_eq!(answer.code(), Some(code::FAILURE), "{request:?}");
        assert!(target.did.is_empty(), "{:?}", target.did);
    }
}

#[test]
fn a_grant_for_something_else_is_none() {
    let mut target = Target::with(&nodes());
    let operation = FileOperation::Read { path: "/home/x".into() };
    let other = Ruling::Granted { operation, obligations: Obligations::default(), waited: false };
    target.rulings.push(("read-file", other));
    let answer = done(&mut conversation(), &mut target, open("/etc/secret/a", READ));
    assert!(!matches!(answer, Answer::Handle(_)) && target.did.is_empty());
}

#[test]
fn a_server_that_does_not_resolve_links_gets_no_operation() {
    // Its REALPATH only tidies the text; the look at each folder shows that one is a link.
    let mut target = Target::with(&nodes()).trick("LStat", |nodes| {
        nodes.insert("/tmp/mine".into(), link("/etc/secret"));
    });
    let answer = done(&mut conversation(), &mut target, open("/tmp/mine/new", WRITE | CREATE));
    assert_eq!(answer.code(), Some(code::FAILURE));
    assert!(target.judged.is_empty() && target.did.is_empty());
}
