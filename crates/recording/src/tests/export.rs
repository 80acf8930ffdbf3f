//! What an export and a replay show, and when.

use std::time::Duration;

use proptest::prelude::*;

use crate::testing::{output, session};
use crate::*;

fn pty(at_us: u64) -> Frame {
    let event = SessionEvent::Pty { term: "xterm".into(), columns: 100, rows: 30, width: 0, height: 0 };
    Frame::of_event(session(1), 1, at_us, Direction::ToTarget, &event)
}

fn typed(at_us: u64, bytes: &'static [u8]) -> Frame {
    Frame { direction: Direction::ToTarget, ..output(session(1), at_us, bytes) }
}

fn cast(frames: Vec<Frame>, options: CastOptions) -> Vec<serde_json::Value> {
    let mut out = Vec::new();
    asciicast(frames.into_iter().map(Ok), options, &mut out).unwrap();
    String::from_utf8(out).unwrap().lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

fn a_session() -> Vec<Frame> {
    let wider = SessionEvent::WindowChange { columns: 120, rows: 40, width: 0, height: 0 };
    vec![
        Frame { kind: Kind::Open, ..typed(2_999_999, b"session") },
        pty(3_000_000),
        Frame { channel: 2, ..output(session(1), 3_100_000, "another channel") },
        output(session(1), 3_250_000, "caf\u{e9} \u{5220}".as_bytes()[..8].to_vec()),
        output(session(1), 3_500_000, "\u{5220}".as_bytes()[2..].to_vec()),
        typed(3_600_000, b"secret\r"),
        Frame::of_event(session(1), 1, 4_000_000, Direction::ToTarget, &wider),
        Frame {
            kind: Kind::Notice,
            direction: Direction::Gateway,
            ..output(session(1), 3_900_000, "held \u{2026}")
        },
    ]
}

#[test]
fn an_asciicast_holds_the_terminal_of_one_channel() {
    use serde_json::json;
    let lines = cast(a_session(), CastOptions::default());
    let header = json!({"version": 2, "width": 100, "height": 30, "timestamp": 3, "env": {"TERM": "xterm"}});
    assert_eq!(lines[0], header);
    let events =
        [json!([0.25, "o", "caf\u{e9} "]), json!([0.5, "o", "\u{5220}"]), json!([1.0, "r", "120x40"])];
    assert_eq!(lines[1..4], events, "a character split between frames is whole, the time never goes back");
    assert_eq!(lines[4], json!([1.0, "o", "held \u{2026}"]));
    assert_eq!(lines.len(), 5, "typed bytes are left out unless they are asked for");
}

#[test]
fn typed_bytes_are_exported_when_asked_for() {
    let lines = cast(a_session(), CastOptions { input: true, ..CastOptions::default() });
    assert!(lines.contains(&serde_json::json!([0.6, "i", "secret\r"])));
}

#[test]
fn another_channel_can_be_chosen() {
    let lines = cast(a_session(), CastOptions { channel: Some(2), ..CastOptions::default() });
    assert_eq!(lines[0]["width"], 80);
    assert_eq!(lines[1], serde_json::json!([0.0, "o", "another channel"]));
}

#[test]
fn bytes_that_are_not_text_are_marked() {
    let lines = cast(vec![output(session(1), 1, &b"a\xffb\xe5\x88"[..])], CastOptions::default());
    assert_eq!(lines[1][2], "a\u{fffd}b");
    assert_eq!(lines[2][2], "\u{fffd}");
}

#[test]
fn an_error_in_the_recording_ends_the_export_with_it() {
    let frames = vec![Ok(pty(1)), Err(RecordingError::Closed)];
    assert!(asciicast(frames.into_iter(), CastOptions::default(), &mut Vec::new()).is_err());
}

proptest! {
    #[test]
    fn however_text_is_cut_it_is_exported_whole(text in "\\PC{1,40}", cuts in prop::collection::vec(1_usize..5, 1..100)) {
        let mut rest = text.as_bytes();
        let mut frames = Vec::new();
        for cut in cuts.into_iter().cycle() {
            let (piece, left) = rest.split_at(cut.min(rest.len()));
            frames.push(output(session(1), 1, piece.to_vec()));
            rest = left;
            if rest.is_empty() { break }
        }
        let lines = cast(frames, CastOptions::default());
        let shown: String = lines[1..].iter().map(|line| line[2].as_str().unwrap()).collect();
        prop_assert_eq!(shown, text);
    }
}

fn delays(options: PlayOptions) -> Vec<u64> {
    let frames = [0, 1_000, 5_000, 65_000].map(|ms| Ok(output(session(1), ms * 1000 + 77, "x")));
    let steps = play(frames.into_iter(), options).map(Result::unwrap);
    steps.map(|step| u64::try_from(step.delay.as_millis()).unwrap()).collect()
}

#[test]
fn a_replay_waits_as_long_as_it_took() {
    assert_eq!(delays(PlayOptions::default()), [0, 1_000, 4_000, 60_000]);
}

#[test]
fn a_replay_can_be_faster_skip_pauses_and_start_later() {
    assert_eq!(delays(PlayOptions { speed: 4.0, ..PlayOptions::default() }), [0, 250, 1_000, 15_000]);
    let short = Some(Duration::from_secs(2));
    assert_eq!(
        delays(PlayOptions { longest_pause: short, ..PlayOptions::default() }),
        [0, 1_000, 2_000, 2_000]
    );
    let later = PlayOptions { from: Duration::from_secs(3), ..PlayOptions::default() };
    assert_eq!(delays(later), [0, 0, 2_000, 60_000], "what was before is shown at once");
    for speed in [0.0, -1.0, f64::NAN] {
        assert_eq!(delays(PlayOptions { speed, ..PlayOptions::default() })[1], 1_000);
    }
    assert_eq!(delays(PlayOptions { speed: f64::INFINITY, ..PlayOptions::default() }), [0; 4]);
}

#[test]
fn a_replay_tells_the_size_of_the_window() {
    let steps: Vec<_> =
        play(a_session().into_iter().map(Ok), PlayOptions::default()).map(Result::unwrap).collect();
    assert_eq!(steps[0].action, Action::Resize { columns: 100, rows: 30 });
    assert!(matches!(&steps[1].action, Action::Show(bytes) if bytes.starts_with(b"caf")));
    assert_eq!(steps[3].action, Action::Resize { columns: 120, rows: 40 });
}
