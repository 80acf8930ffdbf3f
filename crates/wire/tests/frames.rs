//! However the bytes of a PostgreSQL connection are cut and whatever they are, the frames are the same and memory is bounded.

use proptest::prelude::*;
use wire::Error;
use wire::postgres::{Decoder, Limits, Piece, Side};

const LIMITS: Limits = Limits { statement: 1000, answer: 500 };

fn message(tag: u8, body: &[u8]) -> Vec<u8> {
    let length = u32::try_from(body.len() + 4).expect("short");
    [&[tag], &length.to_be_bytes()[..], body].concat()
}

fn pieces(decoder: &mut Decoder) -> Result<Vec<Piece>, Error> {
    std::iter::from_fn(|| decoder.piece().transpose()).collect()
}

/// Everything as (tag, content): streamed messages put together again, however they were cut.
fn contents(side: Side, parts: &[&[u8]]) -> Result<Vec<(u8, Vec<u8>)>, Error> {
    let mut decoder = Decoder::new(side, LIMITS);
    let (mut all, mut raw): (Vec<(u8, Vec<u8>)>, Vec<u8>) = (Vec::new(), Vec::new());
    for part in parts {
        decoder.feed(part);
        for piece in pieces(&mut decoder)? {
            match piece {
                Piece::Whole(frame) => {
                    raw.extend_from_slice(frame.raw());
                    all.push((frame.tag(), frame.body().to_vec()));
                }
                Piece::Run(run) => {
                    raw.extend_from_slice(run.raw());
                    let continued = run.contents().count() - run.begun();
                    for (place, content) in run.contents().enumerate() {
                        match all.last_mut().filter(|_| place < continued) {
                            Some((_, last)) => last.extend_from_slice(content),
                            None => all.push((run.tag(), content.to_vec())),
                        }
                    }
                }
            }
        }
    }
    assert!(decoder.is_between());
    assert_eq!(raw, parts.concat(), "what is passed on is what came");
    Ok(all)
}

fn frontend_messages() -> impl Strategy<Value = Vec<(u8, Vec<u8>)>> {
    let tags = prop::sample::select(b"QPBDECHSdcfFXddddd".to_vec());
    prop::collection::vec((tags, prop::collection::vec(any::<u8>(), 0..60)), 0..30)
}

fn backend_messages() -> impl Strategy<Value = Vec<(u8, Vec<u8>)>> {
    let tags = prop::sample::select(b"123ACEGHIKNRSTWZcnstvDdVDDDdd".to_vec());
    prop::collection::vec((tags, prop::collection::vec(any::<u8>(), 0..60)), 0..30)
}

fn cut(bytes: &[u8], cuts: &[prop::sample::Index]) -> Vec<Vec<u8>> {
    let mut places: Vec<usize> = cuts.iter().map(|cut| cut.index(bytes.len() + 1)).collect();
    places.extend([0, bytes.len()]);
    places.sort_unstable();
    places.windows(2).map(|pair| bytes[pair[0]..pair[1]].to_vec()).collect()
}

fn same_however_cut(side: Side, messages: Vec<(u8, Vec<u8>)>, cuts: &[prop::sample::Index]) {
    let bytes: Vec<u8> = messages.iter().flat_map(|(tag, body)| message(*tag, body)).collect();
    let parts = cut(&bytes, cuts);
    let parts: Vec<&[u8]> = parts.iter().map(Vec::as_slice).collect();
    assert_eq!(contents(side, &parts), Ok(messages));
}

proptest! {
    #[test]
    fn a_clients_stream_gives_the_same_frames_however_it_is_cut(
        messages in frontend_messages(),
        cuts in prop::collection::vec(any::<prop::sample::Index>(), 0..40),
    ) {
        same_however_cut(Side::Frontend, messages, &cuts);
    }

    #[test]
    fn a_servers_stream_gives_the_same_frames_however_it_is_cut(
        messages in backend_messages(),
        cuts in prop::collection::vec(any::<prop::sample::Index>(), 0..40),
    ) {
        same_however_cut(Side::Backend, messages, &cuts);
    }

    #[test]
    fn arbitrary_bytes_never_panic_and_are_never_kept_beyond_the_bound(
        bytes in prop::collection::vec(any::<u8>(), 0..4000),
        step in 1usize..600,
        side in prop::sample::select(vec![Side::Login, Side::Frontend, Side::Backend]),
    ) {
        let mut decoder = Decoder::new(side, LIMITS);
        for part in bytes.chunks(step) {
            decoder.feed(part);
            if pieces(&mut decoder).is_err() {
                break;
            }
            let bound = if side == Side::Login { 65_536 } else { 10_001 };
            prop_assert!(decoder.buffer().len() <= bound);
        }
    }
}

#[test]
fn lengths_that_cannot_be_end_the_stream_at_once() {
    for length in [0u32, 1, 2, 3, 1 << 31, u32::MAX] {
        for (side, tag) in
            [(Side::Frontend, b'Q'), (Side::Frontend, b'd'), (Side::Backend, b'D'), (Side::Login, b'p')]
        {
            let mut decoder = Decoder::new(side, LIMITS);
            decoder.feed(&[&[tag], &length.to_be_bytes()[..]].concat());
            assert_eq!(decoder.piece(), Err(Error::Malformed("message length")), "{length}");
            assert_eq!(decoder.piece(), Err(Error::Malformed("message length")), "and again");
        }
    }
}

#[test]
fn what_is_too_long_for_its_kind_is_refused_by_its_head() {
    for (side, tag, limit) in [
        (Side::Frontend, b'Q', 1000),
        (Side::Frontend, b'S', 10_000),
        (Side::Frontend, b'd', 0x3fff_fffe),
        (Side::Backend, b'E', 500),
        (Side::Login, b'p', 65_535),
    ] {
        let mut decoder = Decoder::new(side, LIMITS);
        decoder.feed(&[tag]);
        decoder.feed(&u32::try_from(limit + 1).unwrap().to_be_bytes());
        assert_eq!(decoder.piece(), Err(Error::TooLarge { kind: tag.into(), length: limit + 1, limit }));
        assert!(decoder.buffer().capacity() < 100, "nothing was set aside for it");
        let mut decoder = Decoder::new(side, LIMITS);
        decoder.feed(&[tag]);
        decoder.feed(&u32::try_from(limit).unwrap().to_be_bytes());
        assert!(decoder.piece().is_ok());
    }
}

#[test]
fn before_the_login_a_client_can_only_send_its_secret() {
    for tag in (0..=u8::MAX).filter(|tag| !b"pX".contains(tag)) {
        let mut decoder = Decoder::new(Side::Login, LIMITS);
        decoder.feed(&[tag]);
        assert_eq!(decoder.piece(), Err(Error::Unexpected(tag.into())));
    }
    let mut decoder = Decoder::new(Side::Login, LIMITS);
    decoder.feed(&[message(b'p', b"secret\0"), message(b'Q', b"SELECT 1\0")].concat());
    assert!(matches!(decoder.piece(), Ok(Some(Piece::Whole(frame))) if frame.tag() == b'p'));
    let mut decoder = decoder.logged_in();
    assert!(matches!(decoder.piece(), Ok(Some(Piece::Whole(frame))) if frame.tag() == b'Q'));
}

#[test]
fn a_gigabyte_of_rows_passes_without_being_kept() {
    let mut decoder = Decoder::new(Side::Backend, LIMITS);
    decoder.feed(&[&b"D"[..], &0x3fff_fffe_u32.to_be_bytes()].concat());
    let mut to_come = 0x3fff_fffe_usize - 4;
    let mut passed = 0;
    while to_come > 0 {
        let part = vec![0; to_come.min(1 << 20)];
        to_come -= part.len();
        decoder.feed(&part);
        let Ok(Some(Piece::Run(run))) = decoder.piece() else { panic!("a run") };
        passed += run.raw().len();
        assert_eq!(run.is_open(), to_come > 0);
    }
    assert_eq!(passed, 0x3fff_ffff);
    assert!(decoder.is_between() && decoder.buffer().capacity() < 8 << 20);
}
