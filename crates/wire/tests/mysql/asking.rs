//! The gateway's own questions: rows as text, within bounds, and answers that cannot be.

use wire::mysql::{Answer, Asking, Decoder, Packet, capability, literal, packets};
use wire::{Bounds, Error};

const COLUMN: &[u8] = b"\x03def\0";
const EOF: &[u8] = &[0xfe, 0, 0, 2, 0];
const OK: &[u8] = &[0, 3, 0, 2, 0, 0, 0];
const LAST_OK: &[u8] = &[0xfe, 0, 0, 2, 0, 0, 0];

fn all(bytes: &[u8]) -> Vec<Packet> {
    let mut decoder = Decoder::new(64 << 20);
    decoder.feed(bytes);
    std::iter::from_fn(|| decoder.packet().expect("packets")).collect()
}

fn asked(capabilities: u64, bounds: Bounds) -> Asking {
    let mut asking = Asking::new(capabilities, bounds);
    let question = asking.ask("SELECT a, b FROM t").expect("nothing is open");
    assert_eq!(question.as_ref(), b"\x13\0\0\0\x03SELECT a, b FROM t");
    asking
}

fn answer(asking: &mut Asking, payloads: &[&[u8]]) -> Result<Option<Answer>, Error> {
    let mut answer = None;
    for (sequence, payload) in (1..).zip(payloads) {
        for packet in all(&packets(sequence, payload)) {
            assert_eq!(answer, None, "nothing comes behind an answer");
            answer = asking.server(&packet)?;
        }
    }
    Ok(answer)
}

#[test]
fn rows_are_text_or_null_in_both_forms_of_the_protocol() {
    let row: &[u8] = b"\x01a\xfb";
    let expected = Answer::Rows(vec![vec![Some("a".to_owned()), None]; 2]);
    for (capabilities, payloads) in [
        (0, vec![&[2][..], COLUMN, COLUMN, EOF, row, row, EOF]),
        (capability::DEPRECATE_EOF, vec![&[2], COLUMN, COLUMN, row, row, LAST_OK]),
    ] {
        let mut asking = asked(capabilities, Bounds::default());
        assert_eq!(answer(&mut asking, &payloads), Ok(Some(expected.clone())));
        assert!(asking.ask("SELECT 2").is_ok(), "it is over");
    }
    let mut asking = asked(0, Bounds::default());
    assert_eq!(answer(&mut asking, &[OK]), Ok(Some(Answer::Rows(Vec::new()))), "a statement without rows");
}

#[test]
fn more_than_the_bounds_is_not_kept_and_is_read_to_its_end() {
    let long = [&[0xfd, 0, 0, 1][..], &vec![b'x'; 65_536]].concat();
    let huge = [&[0xfe, 0, 0, 0, 1, 0, 0, 0, 0][..], &vec![b'x'; 16 << 20]].concat();
    for rows in [vec![&b"\x01a"[..]; 3], vec![&long], vec![&huge]] {
        let mut asking = asked(0, Bounds { rows: 2, bytes: 1000 });
        let payloads = [&[&[1][..], COLUMN, EOF][..], &rows, &[EOF]].concat();
        assert_eq!(answer(&mut asking, &payloads), Ok(Some(Answer::TooMuch)));
        assert!(asking.ask("SELECT 2").is_ok());
    }
}

#[test]
fn errors_are_the_servers_and_the_next_question_may_be_asked() {
    for before in [vec![], vec![&[1][..], COLUMN, EOF]] {
        let mut asking = asked(0, Bounds::default());
        let payloads = [&before[..], &[b"\xff\x15\x04#42000no"]].concat();
        let answer = answer(&mut asking, &payloads);
        assert!(matches!(&answer, Ok(Some(Answer::Failed(failure))) if failure.code == 1045), "{answer:?}");
        assert!(asking.ask("SELECT 2").is_ok());
    }
}

#[test]
fn answers_that_no_question_has_end_the_connection() {
    for payloads in [
        vec![&b"\xfb/etc/passwd"[..]],
        vec![&[1], COLUMN, EOF, b"\x01\xff", EOF],
        vec![&[1], COLUMN, EOF, b"\x05a", EOF],
        vec![&[0, 3, 0, 10, 0, 0, 0]],
    ] {
        let mut asking = asked(0, Bounds::default());
        assert!(answer(&mut asking, &payloads).is_err(), "{payloads:?}");
    }
    let mut asking = Asking::new(0, Bounds::default());
    assert!(answer(&mut asking, &[OK]).is_err(), "nobody asked");
    let mut asking = asked(0, Bounds::default());
    assert!(asking.ask("SELECT 2").is_err(), "one at a time");
}

#[test]
fn a_literal_has_nothing_in_it_that_could_end_it() {
    assert_eq!(literal("a'\\\n"), "_utf8mb4 X'61275c0a'");
    assert_eq!(literal(""), "_utf8mb4 X''");
}
