//! Ways to get a line submitted that nobody saw, or another one than is shown.

use super::Desk;
use crate::managed::Outcome;

/// What terminals answer when a program asks them something, framed as they frame it.
const ANSWERS: &[&[u8]] = &[
    b"\x1b[24;80R",
    b"\x1b[?24;80;1R",
    b"\x1b[0n",
    b"\x1b[?62;1;6;22c",
    b"\x1b[>41;354;0c",
    b"\x1b[8;24;80t",
    b"\x1b[4;600;800t",
    b"\x1b[3;10;10t",
    b"\x1b[?2004;1$y",
    b"\x1b]lrm canary\r\x1b\\",
    b"\x1b]Lrm canary\r\x07",
    b"\x1b]10;rgb:ffff/ffff/ffff\x1b\\",
    b"\x1b]52;c;cm0gY2FuYXJ5DQ==\x07",
    b"\x1bP1$r0m\x1b\\",
    b"\x1bP>|XTerm(354)\x1b\\",
    b"\x1bP1+r544e=787465726d\x1b\\",
    b"\x1bP0$rrm canary\r\n\x1b\\",
    b"\x1b_Grm canary\r;OK\x1b\\",
    b"\x1bXrm canary\r\x1b\\",
    b"\x1b^rm canary\r\x1b\\",
    b"\x1b[M\r\r\r",
    b"\x1b[M !!",
    b"\x1b[<0;10;10M",
    b"\x1b[<0;10;10m",
    b"\x1b[I",
    b"\x1b[O",
    b"\x1b[200~\x1b[201~",
    b"\x1bOM",
    b"\x1b\r",
    b"\x1b[1;2\r",
    b"\x1bO\r",
];

#[test]
fn an_answer_of_the_terminal_is_neither_submitted_nor_typed() {
    for answer in ANSWERS {
        let mut desk = Desk::new(80);
        desk.send(b"ls");
        assert_eq!(desk.submitted(answer), Vec::<String>::new(), "{answer:?}");
        assert_eq!(desk.text(), "ls", "{answer:?}");
    }
}

#[test]
fn an_answer_that_arrives_byte_by_byte_is_one_too() {
    for answer in ANSWERS {
        let mut desk = Desk::new(80);
        for byte in *answer {
            assert_eq!(desk.submitted(&[*byte]), Vec::<String>::new(), "{answer:?}");
        }
        assert_eq!(desk.text(), "", "{answer:?}");
        assert_eq!(desk.submitted(b"ls\r"), ["ls"], "{answer:?}");
    }
}

#[test]
fn keys_that_submit_in_other_editors_do_not_here() {
    // Ctrl-O, Ctrl-X Ctrl-E, Ctrl-V, Meta-Enter, keypad Enter, shifted Enter.
    for keys in [&b"\x0f"[..], b"\x18\x05", b"\x16", b"\x1b\r", b"\x1bOM", b"\x1b[13;2u", b"\x1b[27;2;13~"] {
        let mut desk = Desk::new(80);
        desk.send(b"rm x");
        assert_eq!(desk.submitted(keys), Vec::<String>::new(), "{keys:?}");
        assert_eq!(desk.text(), "rm x", "{keys:?}");
    }
}

#[test]
fn a_paste_of_several_lines_waits_for_enter() {
    let mut desk = Desk::new(80);
    assert_eq!(desk.submitted(b"\x1b[200~ls\rrm x\r\x1b[201~"), Vec::<String>::new());
    assert_eq!(desk.text(), "ls\nrm x");
    assert_eq!(desk.shown(), desk.expected("ls\nrm x"));
    assert_eq!(desk.submitted(b"\r"), ["ls\nrm x"]);
}

#[test]
fn a_paste_without_marks_waits_too() {
    for paste in [&b"ls\rrm x\r"[..], b"ls\nrm x\n", b"ls\r\nrm x\r\n"] {
        let mut desk = Desk::new(80);
        assert_eq!(desk.submitted(paste), Vec::<String>::new(), "{paste:?}");
        assert!(desk.text().contains("rm x"));
    }
}

#[test]
fn a_paste_that_ends_itself_submits_nothing() {
    let mut desk = Desk::new(80);
    assert_eq!(desk.submitted(b"\x1b[200~ls \x1b[201~; rm x\r\x1b[201~"), Vec::<String>::new());
    assert_eq!(desk.shown(), desk.expected(desk.text()));
}

#[test]
fn a_paste_that_is_too_long_is_not_cut_but_dropped() {
    let mut desk = Desk::new(80);
    desk.send(b"\x1b[200~");
    for _ in 0..40 {
        desk.send(&[b'x'; 4096]);
    }
    assert_eq!(desk.send(b"\x1b[201~"), [Outcome::TooLong]);
    assert_eq!(desk.text(), "");
    assert_eq!(desk.submitted(b"ls\r"), ["ls"]);
}

#[test]
fn a_line_that_is_too_long_is_not_cut() {
    let mut desk = Desk::new(80);
    assert_eq!(desk.send(&[b'x'; 64 * 1024]), [Outcome::Edited]);
    assert_eq!(desk.send(b"y"), [Outcome::TooLong]);
    assert_eq!(desk.text().len(), 64 * 1024);
}

#[test]
fn invalid_and_invisible_text_is_shown_by_its_numbers() {
    for (typed, shown) in [
        (&b"rm \xff x"[..], "<U+FFFD>"),
        (b"rm \xc3(", "<U+FFFD>"),
        ("rm \u{202e}x".as_bytes(), "<U+202E>"),
        ("rm\u{200b} x".as_bytes(), "<U+200B>"),
        ("rm\u{a0}x".as_bytes(), "<U+00A0>"),
        ("\u{1160}rm".as_bytes(), "<U+1160>"),
        ("a\u{9b}2Jb".as_bytes(), "<U+009B>"),
        ("\u{5e9}\u{5dc}".as_bytes(), "<U+05E9>"),
    ] {
        let mut desk = Desk::new(80);
        desk.send(typed);
        assert!(desk.shown().contains(shown), "{typed:?}: {}", desk.shown());
        assert_eq!(desk.shown(), desk.expected(desk.text()));
    }
}

#[test]
fn what_follows_a_ctrl_c_in_a_packet_was_not_typed_to_it() {
    let mut desk = Desk::new(80);
    assert_eq!(desk.send(b"ls\x03rm x\r"), [Outcome::Edited, Outcome::Interrupt]);
    assert_eq!(desk.text(), "");
    assert_eq!(desk.send(b"\x1b]lrm x\x03\rrm x\r"), [Outcome::Interrupt]);
    assert_eq!(desk.text(), "");
}
