//! Reads and writes of open files: passed on under the grant of the open, counted, cut at the limit, summed up.

use access::policy::Obligations;
use access::recording::SessionEvent;
use bytes::Bytes;

use super::super::attributes::Attributes;
use super::super::conversation::{Conversation, Next, Reply};
use super::super::extension::{Copying, Extension};
use super::super::packet::Malformed;
use super::super::reply::{Answer, code};
use super::super::request::Request;
use super::super::transfer::sha256;
use super::fake::{Target, conversation, done};
use super::{APPEND, CREATE, READ, WRITE, file, open};

fn opened(target: &mut Target, talk: &mut Conversation, path: &str, flags: u32) -> Bytes {
    match done(talk, target, open(path, flags)) {
        Answer::Handle(handle) => handle,
        other => panic!("{other:?}"),
    }
}

fn take(talk: &mut Conversation, number: u32, request: Request) -> Next {
    talk.take(request.packet(number).slice(4..)).unwrap().1
}

/// The number under which a request was passed on.
fn passed(next: Next) -> u32 {
    match next {
        Next::Forward(packet) => Request::parse(packet.slice(4..)).unwrap().0,
        other => panic!("{other:?}"),
    }
}

fn answered(talk: &mut Conversation, number: u32, answer: Answer) -> Result<Reply, Malformed> {
    talk.answered(answer.packet(number).slice(4..))
}

fn refused(next: Next) -> Option<u32> {
    match next {
        Next::Answer(reply) => reply.answer.code(),
        other => panic!("{other:?}"),
    }
}

fn read(handle: &Bytes, offset: u64, length: u32) -> Request {
    Request::Read { handle: handle.clone(), offset, length }
}

fn write(handle: &Bytes, offset: u64, data: &'static str) -> Request {
    Request::Write { handle: handle.clone(), offset, data: data.into() }
}

fn limited(max_bytes: u64) -> Target {
    let mut target = Target::with(&[("/home/a", file("abcdefgh"))]);
    target.obligations = Obligations { max_bytes: Some(max_bytes), ..Obligations::default() };
    target
}

#[test]
fn reads_are_passed_on_unjudged_and_answered_to_whoever_asked() {
    let (mut target, mut talk) = (Target::with(&[("/home/a", file("abcdefgh"))]), conversation());
    let handle = opened(&mut target, &mut talk, "a", READ);
    let numbers: Vec<_> =
        (0..64).map(|at| passed(take(&mut talk, 900 + at, read(&handle, u64::from(at), 1)))).collect();
    assert_eq!(target.judged.len(), 1);
    assert!(!talk.is_quiet());
    for (at, number) in numbers.into_iter().enumerate().rev() {
        let reply = answered(&mut talk, number, Answer::Data("x".into())).unwrap();
        assert_eq!(reply.number as usize, 900 + at);
    }
    assert!(talk.is_quiet());
}

#[test]
fn a_handle_serves_only_what_it_was_opened_for() {
    let (mut target, mut talk) = (Target::with(&[("/home/a", file("abc"))]), conversation());
    let reading = opened(&mut target, &mut talk, "a", READ);
    let writing = opened(&mut target, &mut talk, "a", WRITE);
    let folder = match done(&mut talk, &mut target, Request::OpenDir { path: "/home".into() }) {
        Answer::Handle(handle) => handle,
        other => panic!("{other:?}"),
    };
    for wrong in [
        write(&reading, 0, "x"),
        read(&writing, 0, 1),
        read(&folder, 0, 1),
        Request::ReadDir { handle: reading.clone() },
        read(&Bytes::from_static(b"\0\0\0\x63"), 0, 1),
        read(&Bytes::from_static(b"another channel's"), 0, 1),
        Request::FStat { handle: Bytes::new() },
    ] {
        assert_eq!(refused(take(&mut talk, 1, wrong.clone())), Some(code::FAILURE), "{wrong:?}");
    }
    done(&mut talk, &mut target, Request::Close { handle: reading.clone() });
    assert_eq!(refused(take(&mut talk, 1, read(&reading, 0, 1))), Some(code::FAILURE));
}

#[test]
fn a_download_is_cut_before_the_byte_that_crosses_the_limit() {
    let (mut target, mut talk) = (limited(5), conversation());
    let handle = opened(&mut target, &mut talk, "a", READ);
    let numbers = [0, 4].map(|offset| passed(take(&mut talk, 1, read(&handle, offset, 4))));
    assert_eq!(
        answered(&mut talk, numbers[0], Answer::Data("abcd".into())).unwrap().answer,
        Answer::Data("abcd".into())
    );
    assert_eq!(
        answered(&mut talk, numbers[1], Answer::Data("efgh".into())).unwrap().answer,
        Answer::Data("e".into())
    );
    let beyond = passed(take(&mut talk, 3, read(&handle, 5, 3)));
    let reply = answered(&mut talk, beyond, Answer::Data("fgh".into())).unwrap();
    assert_eq!((reply.answer.code(), reply.content.is_none()), (Some(code::PERMISSION_DENIED), true));
}

#[test]
fn a_file_as_long_as_its_limit_ends_as_any_other() {
    let (mut target, mut talk) = (limited(8), conversation());
    let handle = opened(&mut target, &mut talk, "a", READ);
    let whole = passed(take(&mut talk, 1, read(&handle, 0, 9)));
    answered(&mut talk, whole, Answer::Data("abcdefgh".into())).unwrap();
    let end = passed(take(&mut talk, 2, read(&handle, 8, 9)));
    let reply = answered(&mut talk, end, Answer::status(code::EOF, "")).unwrap();
    assert_eq!(reply.answer.code(), Some(code::EOF));
}

#[test]
fn an_upload_is_cut_before_the_byte_that_crosses_the_limit() {
    let (mut target, mut talk) = (limited(5), conversation());
    let handle = opened(&mut target, &mut talk, "new", WRITE | CREATE);
    passed(take(&mut talk, 1, write(&handle, 0, "abc")));
    assert_eq!(refused(take(&mut talk, 2, write(&handle, 3, "def"))), Some(code::PERMISSION_DENIED));
    passed(take(&mut talk, 3, write(&handle, 0, "xy")));
    assert_eq!(refused(take(&mut talk, 4, write(&handle, 0, "z"))), Some(code::PERMISSION_DENIED));
}

#[test]
fn a_file_is_not_made_longer_than_its_limit() {
    let (mut target, mut talk) = (limited(5), conversation());
    let handle = opened(&mut target, &mut talk, "new", WRITE | CREATE);
    for (size, said) in [(5, code::OK), (6, code::PERMISSION_DENIED)] {
        let attributes = Attributes { size: Some(size), ..Attributes::default() };
        let resize = Request::FSetStat { handle: handle.clone(), attributes };
        assert_eq!(done(&mut talk, &mut target, resize).code(), Some(said), "{size}");
    }
}

#[test]
fn what_may_only_be_extended_is_not_changed() {
    let (mut target, mut talk) = (Target::with(&[("/home/a", file("abc"))]), conversation());
    let handle = opened(&mut target, &mut talk, "a", WRITE | APPEND);
    assert_eq!(refused(take(&mut talk, 1, write(&handle, 0, "x"))), Some(code::PERMISSION_DENIED));
    passed(take(&mut talk, 2, write(&handle, 3, "def")));
}

fn transferred(target: &Target) -> (u64, String, bool) {
    let last = target.notes.iter().rev().find_map(|note| match note {
        SessionEvent::FileTransferred { bytes, sha256, partial, .. } => {
            Some((*bytes, sha256.clone(), *partial))
        }
        _ => None,
    });
    last.expect("a summary")
}

#[test]
fn a_whole_file_is_summed_up_and_a_part_of_one_says_so() {
    let (mut target, mut talk) = (Target::with(&[("/home/a", file("abcdefgh"))]), conversation());
    for (pieces, whole) in [(&["abcd", "efgh"][..], true), (&["abcd"], false)] {
        let handle = opened(&mut target, &mut talk, "a", READ);
        for (at, piece) in pieces.iter().enumerate() {
            let number = passed(take(&mut talk, 1, read(&handle, at as u64 * 4, 4)));
            answered(&mut talk, number, Answer::Data(Bytes::from_static(piece.as_bytes()))).unwrap();
        }
        done(&mut talk, &mut target, Request::Close { handle });
        let (bytes, digest, partial) = transferred(&target);
        assert_eq!(bytes as usize, pieces.concat().len());
        assert_eq!(partial, !whole);
        assert_eq!(digest, if whole { sha256(b"abcdefgh") } else { String::new() });
    }
}

#[test]
fn an_upload_that_the_target_did_not_take_is_partial() {
    for (taken, partial) in [(code::OK, false), (code::FAILURE, true)] {
        let (mut target, mut talk) = (Target::with(&[]), conversation());
        let handle = opened(&mut target, &mut talk, "new", WRITE | CREATE);
        let number = passed(take(&mut talk, 1, write(&handle, 0, "abc")));
        answered(&mut talk, number, Answer::status(taken, "")).unwrap();
        done(&mut talk, &mut target, Request::Close { handle });
        assert_eq!(transferred(&target).2, partial);
    }
}

#[test]
fn content_is_recorded_by_its_digest_and_kept_where_a_copy_is_owed() {
    for keep_copy in [false, true] {
        let (mut target, mut talk) = (Target::with(&[]), conversation());
        target.obligations.keep_copy = keep_copy;
        let handle = opened(&mut target, &mut talk, "new", WRITE | CREATE);
        let packet = write(&handle, 7, "abc").packet(1).slice(4..);
        let content = talk.take(packet).unwrap().0.expect("a record of the content");
        assert_eq!(content.kept.is_some(), keep_copy);
        let SessionEvent::FileContent { offset, length, sha256: digest, .. } = content.event else {
            panic!()
        };
        assert_eq!((offset, length, digest), (7, 3, sha256(b"abc")));
    }
}

#[test]
fn an_answer_of_another_kind_or_to_no_question_ends_the_channel() {
    let (mut target, mut talk) = (Target::with(&[("/home/a", file("abc"))]), conversation());
    let handle = opened(&mut target, &mut talk, "a", READ);
    let read_one = |talk: &mut Conversation| passed(take(talk, 1, read(&handle, 0, 2)));
    let number = read_one(&mut talk);
    assert_eq!(
        answered(&mut talk, number, Answer::Data("abc".into())),
        Err(Malformed::Stray),
        "longer than asked"
    );
    let number = read_one(&mut talk);
    assert_eq!(answered(&mut talk, number, Answer::name("/x")), Err(Malformed::Stray));
    assert_eq!(answered(&mut talk, 4711, Answer::ok()), Err(Malformed::Stray));
    let number = passed(take(&mut talk, 2, Request::FStat { handle: handle.clone() }));
    assert_eq!(answered(&mut talk, number, Answer::Data("content".into())), Err(Malformed::Stray));
}

#[test]
fn a_copy_on_the_target_needs_both_grants_and_counts_in_both() {
    let (mut target, mut talk) = (limited(5), conversation());
    let from = opened(&mut target, &mut talk, "a", READ);
    let to = opened(&mut target, &mut talk, "new", WRITE | CREATE);
    let copy = |from: &Bytes, to: &Bytes, length| {
        let (from, to) = (from.clone(), to.clone());
        Request::Extended(Extension::CopyData(Copying { from, from_offset: 0, length, to, to_offset: 0 }))
    };
    assert_eq!(done(&mut talk, &mut target, copy(&to, &from, 1)).code(), Some(code::FAILURE));
    assert_eq!(done(&mut talk, &mut target, copy(&from, &to, 0)).code(), Some(code::PERMISSION_DENIED));
    assert_eq!(done(&mut talk, &mut target, copy(&from, &to, 5)).code(), Some(code::OK));
    assert_eq!(done(&mut talk, &mut target, copy(&from, &to, 1)).code(), Some(code::PERMISSION_DENIED));
    let number = passed(take(&mut talk, 1, read(&from, 0, 1)));
    let reply = answered(&mut talk, number, Answer::Data("a".into())).unwrap();
    assert_eq!(reply.answer.code(), Some(code::PERMISSION_DENIED));
}
