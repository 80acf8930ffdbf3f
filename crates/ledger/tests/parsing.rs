//! Checkpoints and verifier keys from anywhere: one spelling is accepted, everything else refused, nothing panics.

#![expect(clippy::unwrap_used, reason = "a test stops at what it did not expect")]

use std::sync::LazyLock;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use ledger::{Checkpoint, Log, NoteSigner, NoteVerifier};
use proptest::prelude::*;

fn signer() -> NoteSigner {
    NoteSigner::from_seed("log.example/parse", [2; 32]).unwrap()
}

fn note() -> &'static str {
    static NOTE: LazyLock<String> = LazyLock::new(|| {
        let dir = tempfile::tempdir().unwrap();
        let mut log = Log::create(dir.path(), signer()).unwrap();
        log.append(&[vec![1], vec![2]]).unwrap().checkpoint.note().to_owned()
    });
    &NOTE
}

fn parses(note: &[u8]) -> bool {
    Checkpoint::parse(note, signer().verifier()).is_ok()
}

/// A note over any text, with this log's own key: what a verifier must refuse although the signature is good.
fn signed(text: &str) -> String {
    let pair = aws_lc_rs::signature::Ed25519KeyPair::from_seed_unchecked(&[2; 32]).unwrap();
    let hash =
        signer().verifier().to_string().split('+').nth(1).map(|hex| u32::from_str_radix(hex, 16).unwrap());
    let body = [&hash.unwrap().to_be_bytes()[..], pair.sign(text.as_bytes()).as_ref()].concat();
    format!("{text}\n\u{2014} log.example/parse {}\n", STANDARD.encode(body))
}

#[test]
fn a_signed_text_that_is_not_exactly_a_checkpoint_is_refused() {
    let root = STANDARD.encode([7; 32]);
    assert!(
        parses(signed(&format!("log.example/parse\n2\n{root}\n")).as_bytes()),
        "the helper signs as the log does"
    );
    let short = STANDARD.encode([7; 31]);
    for text in [
        format!("log.example/parse\n+2\n{root}\n"),
        format!("log.example/parse\n02\n{root}\n"),
        format!("log.example/parse\n-1\n{root}\n"),
        format!("log.example/parse\n18446744073709551616\n{root}\n"),
        format!("log.example/parse\n2\n{root}\nextension\n"),
        format!("log.example/parse\n2\n{root} \n"),
        format!("log.example/parse\n2\n{short}\n"),
        format!("log.example/parse\n2\n{}\n", root.trim_end_matches('=')),
        format!("log.example/other\n2\n{root}\n"),
        "log.example/parse\n2\n".to_owned(),
        "\n".to_owned(),
    ] {
        assert!(!parses(signed(&text).as_bytes()), "{text}");
    }
}

#[test]
fn a_note_signed_twice_or_by_nobody_is_refused() {
    let note = note();
    assert!(parses(note.as_bytes()));
    let (text, line) = note.split_once("\n\n").unwrap();
    assert!(!parses(format!("{text}\n\n{line}{line}").as_bytes()));
    assert!(!parses(format!("{text}\n\n").as_bytes()));
    assert!(!parses(format!("{text}\n{line}").as_bytes()));
    assert!(!parses(note.trim_end().as_bytes()));
    assert!(!parses(note.replace('\n', "\r\n").as_bytes()));
    assert!(!parses(format!("{text}\n\n{}{line}", "\u{2014} someone AAAAAAA=\n".repeat(200)).as_bytes()));
    assert!(parses(format!("{text}\n\n\u{2014} someone AAAAAAA=\n{line}").as_bytes()));
}

#[test]
fn a_verifier_key_has_one_spelling() {
    let key = signer().verifier().to_string();
    assert_eq!(&key.parse::<NoteVerifier>().unwrap(), signer().verifier());
    let (name, rest) = key.split_once('+').unwrap();
    let (hash, body) = rest.split_once('+').unwrap();
    let other_type = STANDARD.encode([&[2][..], &STANDARD.decode(body).unwrap()[1..]].concat());
    for wrong in [
        format!("{name}x+{hash}+{body}"),
        format!("{name}+{}+{body}", hash.to_uppercase()),
        format!("{name}+00000000+{body}"),
        format!("{name}+{hash}+{other_type}"),
        format!("{name}+{hash}+{}", &body[4..]),
        format!("{name}+{hash}"),
        format!("+{hash}+{body}"),
        format!(" {key}"),
        format!("{key}\n"),
    ] {
        assert!(NoteVerifier::parse(&wrong).is_err(), "{wrong}");
    }
}

#[test]
fn a_log_name_without_a_place_in_a_note_is_refused() {
    for name in ["", "a b", "a+b", "a\nb", "a\u{a0}b", "a\u{7}b"] {
        assert!(NoteSigner::from_seed(name, [0; 32]).is_err(), "{name:?}");
    }
}

#[test]
fn a_signer_does_not_show_its_seed() {
    let shown = format!("{:?}", NoteSigner::from_seed("log", [0x5a; 32]).unwrap());
    assert!(!shown.contains("90, 90") && !shown.to_lowercase().contains("5a5a"), "{shown}");
}

proptest! {
    #[test]
    fn arbitrary_bytes_are_refused(bytes in prop::collection::vec(any::<u8>(), 0..300), text: String) {
        prop_assert!(!parses(&bytes));
        prop_assert!(!parses(text.as_bytes()));
        prop_assert!(NoteVerifier::parse(&text).is_err());
    }

    #[test]
    fn arbitrary_changes_to_a_checkpoint_are_refused(at: prop::sample::Index, with in prop::collection::vec(any::<u8>(), 0..5), cut in 0usize..5) {
        let note = note().as_bytes().to_vec();
        let start = at.index(note.len());
        let mut changed = note.clone();
        changed.splice(start..(start + cut).min(note.len()), with);
        prop_assert_eq!(parses(&changed), changed == note);
    }
}
