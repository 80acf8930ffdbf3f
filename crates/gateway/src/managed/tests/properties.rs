//! Whatever arrives: nothing panics, and what is submitted is what the terminal shows.

use proptest::collection::vec;
use proptest::prelude::*;

use super::Desk;
use crate::managed::continuation::{joined, open, pieces};
use crate::managed::{Outcome, State, first_step, own, wanted};

/// Bytes as a person, a paste and a hostile terminal send them.
fn packet() -> impl Strategy<Value = Vec<u8>> {
    let keys = prop::sample::select(vec![
        &b"\x1b[A"[..],
        b"\x1b[D",
        b"\x1b[C",
        b"\x01",
        b"\x05",
        b"\x7f",
        b"\x17",
        b"\x15",
        b"\x19",
        b"\x14",
        b"\x1f",
        b"\x12",
        b"\x1b[200~",
        b"\x1b[201~",
        b"\x1b]",
        b"\x1bP",
        b"\x1b\\",
        b"\x1b[",
        b"\x1b",
        b"\r",
        b"\n",
        b"\t",
        b"'",
        b"\\",
        b"\"",
        b"\x03",
        b"\x04",
        "数".as_bytes(),
        "e\u{301}".as_bytes(),
        "\u{202e}".as_bytes(),
        b"\xe6\x95",
    ]);
    let typed = "[a-z /'|;&-]{0,12}".prop_map(String::into_bytes);
    let raw = vec(any::<u8>(), 0..8);
    prop_oneof![4 => typed, 4 => keys.prop_map(<[u8]>::to_vec), 1 => raw]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn what_is_submitted_is_what_is_shown(columns in 8u16..100, packets in vec(packet(), 1..40)) {
        let mut desk = Desk::new(columns);
        desk.history = vec!["ls /srv".into(), "cat 'a\nb'".into(), "echo 数据".repeat(9)];
        for packet in packets {
            let outcomes = desk.send(&packet);
            if let Some(Outcome::Submit(line)) = outcomes.last() {
                prop_assert_eq!(desk.shown(), desk.expected(line));
                return Ok(());
            }
            if outcomes.iter().any(|outcome| matches!(outcome, Outcome::Interrupt | Outcome::End)) {
                return Ok(());
            }
        }
    }

    #[test]
    fn only_a_packet_that_ends_with_a_line_end_submits(packets in vec(packet(), 1..40)) {
        let mut desk = Desk::new(80);
        for packet in packets {
            let ends = packet.ends_with(b"\r") || packet.ends_with(b"\n");
            let submitted = desk.submitted(&packet);
            prop_assert!(submitted.len() <= usize::from(ends), "{:?} submitted {:?}", packet, submitted);
        }
    }

    #[test]
    fn no_text_makes_the_readers_of_lines_panic(text in "\\PC{0,60}|[a-z '\"\\\\$~|&;<>(){}=\n#!-]{0,60}") {
        let state = State::default();
        open(&text);
        joined(&text);
        own(&text, &state);
        first_step(&text, &state);
        wanted(&text);
        let kept: String = pieces(&text).concat();
        prop_assert_eq!(kept.split_whitespace().collect::<String>(), text.split_whitespace().collect::<String>());
    }
}
