//! Keys do what people expect of them, and the terminal shows the result.

use super::Desk;
use crate::managed::Outcome;

/// Types a line key by key and submits it.
fn line(keys: &[&[u8]]) -> String {
    let mut desk = Desk::new(40);
    desk.history = vec!["ls /srv".into(), "cat x".into()];
    for key in keys {
        assert_eq!(desk.submitted(key), Vec::<String>::new(), "{key:?}");
    }
    let lines = desk.submitted(b"\r");
    assert_eq!(lines.len(), 1);
    assert_eq!(desk.shown(), desk.expected(&lines[0]));
    lines[0].clone()
}

#[test]
fn typed_lines_are_submitted_by_enter_or_line_feed() {
    assert_eq!(line(&[b"l", b"s"]), "ls");
    let mut desk = Desk::new(40);
    assert_eq!(desk.submitted(b"ls\n"), ["ls"]);
    assert_eq!(desk.submitted(b"ls\r\n"), ["ls"]);
}

#[test]
fn the_cursor_moves_by_characters_words_and_to_the_ends() {
    assert_eq!(line(&[b"ac", b"\x1b[D", b"b"]), "abc");
    assert_eq!(line(&[b"bc", b"\x01", b"a", b"\x05", b"d"]), "abcd");
    assert_eq!(line(&[b"one three", b"\x1bb", b"two "]), "one two three");
    assert_eq!(line(&[b"one three", b"\x1b[H", b"\x1bf", b" two"]), "one two three");
    assert_eq!(line(&[b"b", b"\x1bOD", b"a", b"\x1b[1;5C", b"c"]), "abc");
    assert_eq!(line(&["数据".as_bytes(), b"\x02", b"x"]), "数x据");
}

#[test]
fn characters_words_and_rests_are_cut_and_put_back() {
    assert_eq!(line(&[b"abx", b"\x7f"]), "ab");
    assert_eq!(line(&[b"xab", b"\x01", b"\x1b[3~"]), "ab");
    assert_eq!(line(&[b"rm -rf /x y", b"\x17"]), "rm -rf /x ");
    assert_eq!(line(&[b"a b", b"\x17", b"\x01", b"\x19", b" "]), "b a ");
    assert_eq!(line(&[b"junk", b"\x15", b"ls"]), "ls");
    assert_eq!(line(&[b"ls junk", b"\x01\x06\x06", b"\x0b"]), "ls");
    assert_eq!(line(&[b"sl", b"\x14"]), "ls");
    assert_eq!(line(&[b"e\xcc\x81x", b"\x7f\x7f", b"y"]), "y");
}

#[test]
fn a_step_is_undone() {
    assert_eq!(line(&[b"ls", b"\x15", b"\x1f"]), "ls");
    assert_eq!(line(&[b"a", b"b", b"\x1f"]), "a");
}

#[test]
fn earlier_lines_are_recalled_edited_and_left_again() {
    assert_eq!(line(&[b"\x1b[A"]), "cat x");
    assert_eq!(line(&[b"\x10\x10"]), "ls /srv");
    assert_eq!(line(&[b"\x10", b"\x7f", b"y"]), "cat y");
    assert_eq!(line(&[b"draft", b"\x10", b"\x0e"]), "draft");
    assert_eq!(line(&[b"\x10\x10\x10\x10", b"\x0e"]), "cat x");
}

#[test]
fn what_a_search_finds_is_shown_in_the_line_before_it_can_be_submitted() {
    assert_eq!(line(&[b"\x12", b"s", b"l", b"\x7f\x7f", b"l", b"\r"]), "ls /srv");
    assert_eq!(line(&[b"\x12", b"a", b"\r", b" z"]), "cat x z");
    assert_eq!(line(&[b"keep", b"\x12", b"l", b"\x07"]), "keep");
    let mut desk = Desk::new(40);
    desk.history = vec!["rm x".into()];
    assert_eq!(desk.submitted(b"\x12rm\r"), Vec::<String>::new());
    assert_eq!(desk.text(), "rm x");
}

#[test]
fn open_lines_go_on_and_whole_ones_do_not() {
    let mut desk = Desk::new(40);
    for (packet, lines) in [(&b"echo 'a\r"[..], vec![]), (b"b'\r", vec!["echo 'a\nb'"])] {
        assert_eq!(desk.submitted(packet), lines);
    }
    assert_eq!(desk.shown(), desk.expected("echo 'a\nb'"));
}

#[test]
fn ctrl_c_takes_the_line_away_and_ctrl_d_leaves_only_an_empty_one() {
    let mut desk = Desk::new(40);
    desk.send(b"rm x");
    assert_eq!(desk.send(b"\x03"), [Outcome::Interrupt]);
    assert_eq!(desk.text(), "");
    assert_eq!(desk.send(b"\x04"), [Outcome::End]);
    desk.send(b"ab");
    desk.send(b"\x01");
    assert_eq!(desk.send(b"\x04"), [Outcome::Edited]);
    assert_eq!(desk.text(), "b");
}

#[test]
fn long_and_wide_lines_wrap_and_the_cursor_follows() {
    for columns in [8, 9, 20, 80] {
        let mut desk = Desk::new(columns);
        for _ in 0..30 {
            desk.send("数a".as_bytes());
        }
        desk.send(b"\x01");
        assert_eq!(desk.cursor(), (0, 6), "{columns} columns");
        desk.send(b"\x05");
        let line = "数a".repeat(30);
        assert_eq!(desk.submitted(b"\r"), std::slice::from_ref(&line));
        assert_eq!(desk.shown(), desk.expected(&line), "{columns} columns");
    }
}

#[test]
fn a_new_size_in_the_middle_of_a_line_keeps_the_line() {
    for (before, after) in [(40, 20), (20, 40), (40, 9), (9, 80)] {
        let mut desk = Desk::new(before);
        desk.send("echo 数据 one two three four five".as_bytes());
        desk.resize(after);
        desk.send(b" six");
        let line = "echo 数据 one two three four five six";
        assert_eq!(desk.submitted(b"\r"), [line]);
        assert!(desk.shown().ends_with(&desk.expected(line)), "{before} to {after}: {}", desk.shown());
    }
}
