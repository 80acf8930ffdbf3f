//! Behaviour of the SFTP conversation against a target in memory.

mod fake;
mod flows;
mod races;

use access::policy::{FileOperation, Writing};

use super::attributes::Attributes;
use super::extension::Extension;
use super::reply::{Answer, code};
use super::request::Request;
use fake::{Node, Target, conversation, done};

const READ: u32 = 1;
const WRITE: u32 = 2;
const APPEND: u32 = 4;
const CREATE: u32 = 8;
const TRUNCATE: u32 = 16;
const EXCLUSIVE: u32 = 32;

fn open(path: &str, flags: u32) -> Request {
    Request::Open { path: path.to_owned().into(), flags, attributes: Attributes::default() }
}

fn file(content: &str) -> Node {
    Node::File(content.as_bytes().to_vec())
}

fn link(to: &str) -> Node {
    Node::Link(to.to_owned())
}

/// What the road was asked for one request.
fn judged(nodes: &[(&str, Node)], request: Request) -> Vec<FileOperation> {
    let mut target = Target::with(nodes);
    done(&mut conversation(), &mut target, request);
    target.judged
}

fn read(path: &str) -> Vec<FileOperation> {
    vec![FileOperation::Read { path: path.into() }]
}

fn write(path: &str, writing: Writing) -> Vec<FileOperation> {
    vec![FileOperation::Write { path: path.into(), writing }]
}

#[test]
fn what_is_judged_is_where_the_path_leads() {
    let nodes = [
        ("/etc/shadow", file("secret")),
        ("/home/link", link("/etc/shadow")),
        ("/home/relative", link("../etc")),
        ("/home/~/x", file("a tilde is a name")),
    ];
    for (path, real) in [
        ("/etc/shadow", "/etc/shadow"),
        ("link", "/etc/shadow"),
        ("./link", "/etc/shadow"),
        ("relative/shadow", "/etc/shadow"),
        ("relative/../etc/shadow", "/etc/shadow"),
        ("../etc//shadow", "/etc/shadow"),
        ("~/x", "/home/~/x"),
    ] {
        assert_eq!(judged(&nodes, open(path, READ)), read(real), "{path}");
    }
}

#[test]
fn a_link_is_removed_renamed_and_looked_at_itself() {
    let nodes = [("/etc/shadow", file("secret")), ("/home/link", link("/etc/shadow"))];
    let path = || "/home/link".to_owned();
    assert_eq!(
        judged(&nodes, Request::Remove { path: path().into() }),
        [FileOperation::Remove { path: path() }]
    );
    let rename = Request::Rename { from: path().into(), to: "new".into() };
    let to = "/home/new".to_owned();
    assert_eq!(judged(&nodes, rename), [FileOperation::Rename { path: path(), to, replaces: false }]);
    assert_eq!(
        judged(&nodes, Request::LStat { path: path().into() }),
        [FileOperation::List { path: path() }]
    );
    let stat = Request::Stat { path: path().into() };
    assert_eq!(judged(&nodes, stat), [FileOperation::List { path: "/etc/shadow".into() }]);
}

#[test]
fn writing_is_judged_by_what_is_there() {
    let nodes = [("/home/old", file("x"))];
    for (path, flags, writing) in [
        ("old", WRITE, Writing::Replaces),
        ("old", WRITE | CREATE, Writing::Replaces),
        ("old", WRITE | CREATE | TRUNCATE, Writing::Replaces),
        ("old", WRITE | APPEND | TRUNCATE, Writing::Replaces),
        ("old", WRITE | APPEND, Writing::Extends),
        ("new", WRITE | CREATE, Writing::Creates),
        ("new", WRITE | CREATE | TRUNCATE | APPEND, Writing::Creates),
        ("new", WRITE | CREATE | EXCLUSIVE, Writing::Creates),
    ] {
        assert_eq!(
            judged(&nodes, open(path, flags)),
            write(&format!("/home/{path}"), writing),
            "{path} {flags}"
        );
    }
    assert_eq!(judged(&nodes, open("new", READ | CREATE)).len(), 2);
    assert_eq!(judged(&nodes, open("old", READ | WRITE)).len(), 2);
    assert!(judged(&nodes, open("new", WRITE)).is_empty());
    assert!(judged(&nodes, open("old", WRITE | CREATE | EXCLUSIVE)).is_empty());
}

#[test]
fn a_new_file_is_asked_to_be_new_and_an_old_one_is_not_cut_before_it_was_checked() {
    let mut target = Target::with(&[("/home/old", file("x"))]);
    let talk = &mut conversation();
    done(talk, &mut target, open("new", WRITE | CREATE | TRUNCATE));
    done(talk, &mut target, open("old", WRITE | CREATE | TRUNCATE));
    let flags =
        |request: &Request| if let Request::Open { flags, .. } = request { Some(*flags) } else { None };
    assert_eq!(flags(&target.did[0]), Some(WRITE | CREATE | EXCLUSIVE));
    assert_eq!(flags(&target.did[1]), Some(WRITE));
    assert!(matches!(&target.did[2], Request::FSetStat { attributes, .. } if attributes.size == Some(0)));
}

#[test]
fn what_is_refused_reaches_the_target_in_no_form() {
    let mut target = Target::with(&[("/home/old", file("x")), ("/home/folder", Node::Folder)]);
    for act in [
        "list-files",
        "read-file",
        "write-file",
        "remove-file",
        "rename-file",
        "link-file",
        "change-attributes",
    ] {
        target = target.refusing(act);
    }
    let mode = Attributes { permissions: Some(0o777), ..Attributes::default() };
    let old = || "old".into();
    for request in [
        open("old", READ),
        open("new", WRITE | CREATE),
        Request::OpenDir { path: "folder".into() },
        Request::Remove { path: old() },
        Request::RemoveDir { path: "folder".into() },
        Request::MakeDir { path: "new".into(), attributes: Attributes::default() },
        Request::Rename { from: old(), to: "new".into() },
        Request::Extended(Extension::PosixRename { from: old(), to: "folder".into() }),
        Request::SymLink { to: "/etc".into(), path: "new".into() },
        Request::Extended(Extension::HardLink { from: old(), to: "new".into() }),
        Request::SetStat { path: old(), attributes: mode },
        Request::Extended(Extension::LSetStat { path: old(), attributes: mode }),
        Request::ReadLink { path: old() },
        Request::Stat { path: old() },
    ] {
        let answer = done(&mut conversation(), &mut target, request.clone());
        assert_eq!(answer.code(), Some(code::PERMISSION_DENIED), "{request:?}");
    }
    assert_eq!(target.did, []);
    assert_eq!(target.judged.len(), 14);
}

#[test]
fn a_path_that_nobody_could_read_is_refused_unjudged() {
    let mut target = Target::with(&[]);
    for path in [&b"a\nb"[..], b"\xff", b"\x1b[2J", b"a\0b"] {
        let request = Request::Remove { path: bytes::Bytes::copy_from_slice(path) };
        assert_eq!(done(&mut conversation(), &mut target, request).code(), Some(code::BAD_MESSAGE));
    }
    assert!(target.judged.is_empty() && target.did.is_empty());
}

#[test]
fn an_unknown_extension_is_refused_and_noted() {
    let mut target = Target::with(&[]);
    let run = Request::Extended(Extension::Unknown { name: "run@example.com".into() });
    assert_eq!(done(&mut conversation(), &mut target, run).code(), Some(code::OP_UNSUPPORTED));
    // Understood, but not offered by this target.
    let limits = Request::Extended(Extension::Limits);
    assert_eq!(done(&mut conversation(), &mut target, limits).code(), Some(code::OP_UNSUPPORTED));
    assert_eq!(target.turned_down.len(), 2);
    assert!(target.turned_down[0].contains("run@example.com") && target.did.is_empty());
}

#[test]
fn a_rename_replaces_only_when_something_is_there_and_posix_was_asked_for() {
    let nodes = [("/home/a", file("a")), ("/home/b", file("b"))];
    let rename = |to: &'static str| Request::Rename { from: "a".into(), to: to.into() };
    let posix =
        |to: &'static str| Request::Extended(Extension::PosixRename { from: "a".into(), to: to.into() });
    assert!(judged(&nodes, rename("b")).is_empty());
    let replaces = |request| match judged(&nodes, request).as_slice() {
        [FileOperation::Rename { replaces, .. }] => *replaces,
        other => panic!("{other:?}"),
    };
    assert!(!replaces(rename("c")) && !replaces(posix("c")) && replaces(posix("b")));
    let mut target = Target::with(&nodes);
    done(&mut conversation(), &mut target, posix("c"));
    assert!(matches!(target.did.as_slice(), [Request::Rename { .. }]), "{:?}", target.did);
}

#[test]
fn attributes_are_judged_one_by_one_and_what_is_so_already_is_not() {
    let nodes = [("/home/a", file("a"))];
    let path = || "/home/a".to_owned();
    let all = Attributes {
        size: Some(0),
        owner: Some((0, 0)),
        permissions: Some(0o4755),
        times: Some((5, 5)),
        extended: false,
    };
    let set = |attributes| Request::SetStat { path: "a".into(), attributes };
    assert_eq!(
        judged(&nodes, set(all)),
        [
            FileOperation::Resize { path: path(), size: 0 },
            FileOperation::ChangeOwner { path: path(), user: 0, group: 0 },
            FileOperation::ChangeMode { path: path(), mode: 0o4755 },
            FileOperation::ChangeTimes { path: path() },
        ]
    );
    let same = Attributes { permissions: Some(0o100_644), size: Some(1), ..Attributes::default() };
    let mut target = Target::with(&nodes);
    assert_eq!(done(&mut conversation(), &mut target, set(same)), Answer::ok());
    assert!(target.judged.is_empty() && target.did.is_empty());
    let extended = Attributes { extended: true, ..Attributes::default() };
    assert_eq!(done(&mut conversation(), &mut target, set(extended)).code(), Some(code::OP_UNSUPPORTED));
}

#[test]
fn nothing_but_a_regular_file_is_opened() {
    let mut target = Target::with(&[("/home/folder", Node::Folder), ("/home/dangling", link("/home/gone"))]);
    let talk = &mut conversation();
    assert_eq!(done(talk, &mut target, open("folder", READ)).code(), Some(code::FAILURE));
    assert_eq!(done(talk, &mut target, open("dangling", READ)).code(), Some(code::NO_SUCH_FILE));
    assert!(target.judged.is_empty());
    // Through a dangling link it is made where the link leads.
    done(talk, &mut target, open("dangling", WRITE | CREATE));
    assert_eq!(target.judged, write("/home/gone", Writing::Creates));
}

#[test]
fn open_files_are_bounded() {
    let mut target = Target::with(&[("/home/a", file("a")), ("/home/d", Node::Folder)]);
    let talk = &mut conversation();
    for _ in 0..super::handle::MOST / 2 {
        assert!(matches!(done(talk, &mut target, open("a", READ)), Answer::Handle(_)));
        assert!(matches!(done(talk, &mut target, Request::OpenDir { path: "d".into() }), Answer::Handle(_)));
    }
    let asked = target.did.len();
    assert_eq!(done(talk, &mut target, open("a", READ)).code(), Some(code::FAILURE));
    assert_eq!(done(talk, &mut target, Request::OpenDir { path: "d".into() }).code(), Some(code::FAILURE));
    assert_eq!(target.did.len(), asked);
}
