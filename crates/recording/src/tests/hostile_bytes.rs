//! No bytes make a parser panic, and what is written is what is read.

use bytes::Bytes;
use proptest::prelude::*;

use crate::keyfile::KeyFile;
use crate::segment::{self, Header, Packing, Press, take_frame};
use crate::testing::{random, session, vault};
use crate::vault::DataKey;
use crate::wal::format::WalFrame;
use crate::*;

fn a_wal_frame() -> Vec<u8> {
    let frame = WalFrame {
        session: session(1),
        number: 3,
        at_us: 4,
        channel: 5,
        durable: 64,
        direction: Direction::ToClient,
        kind: Kind::Data,
        payload: b"some payload",
    };
    let mut bytes = Vec::new();
    frame.encode(&mut bytes);
    assert_eq!(WalFrame::decode(&bytes), Some(frame));
    bytes
}

fn a_header() -> Header {
    Header {
        session: session(1),
        number: 1,
        packing: Packing::Zstd,
        first_frame: 1,
        last_frame: 2,
        first_us: 3,
        last_us: 4,
        plain_bytes: 5,
        sealed_bytes: 6,
        previous_chain: [7; 32],
        nonce: [8; 12],
    }
}

proptest! {
    #[test]
    fn arbitrary_bytes_never_panic(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        let _ = WalFrame::decode(&bytes);
        let _ = Header::parse(&bytes);
        let _ = KeyFile::parse(&bytes);
        let _ = SessionEvent::from_json(&bytes);
        let _ = take_frame(&mut Bytes::copy_from_slice(&bytes), session(1));
        let _ = vault().unwrap(&session(1), &bytes);
        let _ = String::from_utf8_lossy(&bytes).parse::<SessionId>();
        let (key, _) = DataKey::generate(&session(1), &*vault(), &random());
        let _ = segment::open(&mut bytes.clone(), &a_header(), &key);
    }

    #[test]
    fn a_changed_write_ahead_frame_is_never_taken_for_one(at in 0_usize..72, flip in 1_u8..) {
        let mut bytes = a_wal_frame();
        bytes[at] ^= flip;
        prop_assert_eq!(WalFrame::decode(&bytes), None);
    }

    #[test]
    fn a_cut_write_ahead_frame_is_never_taken_for_one(length in 0_usize..72) {
        let bytes = a_wal_frame();
        prop_assert_eq!(WalFrame::decode(&bytes[..length]), None);
    }

    #[test]
    fn a_header_is_read_only_as_it_is_written(at in 0_usize..128, flip in 1_u8..) {
        let mut bytes = a_header().encode();
        bytes[at] ^= flip;
        if let Some(header) = Header::parse(&bytes) {
            prop_assert_eq!(header.encode(), bytes);
        }
    }

    #[test]
    fn a_decrypted_segment_of_arbitrary_bytes_never_panics(plain in prop::collection::vec(any::<u8>(), 1..300)) {
        let (key, _) = DataKey::generate(&session(1), &*vault(), &random());
        let mut header = a_header();
        let mut file = Press::new(100).unwrap().seal(&mut header, &plain, &key).to_vec();
        let mut opened = segment::open(&mut file, &header, &key).unwrap();
        prop_assert_eq!(&opened[..], &plain[..]);
        while take_frame(&mut opened, session(1)).is_some() {}
    }

    #[test]
    fn frames_survive_the_way_into_a_segment_and_back(
        payloads in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..200), 1..20),
    ) {
        let frames: Vec<Frame> =
            payloads.into_iter().zip(0..).map(|(bytes, at)| testing::output(session(1), at, bytes)).collect();
        let mut plain = Vec::new();
        frames.iter().for_each(|frame| segment::encode_frame(frame, &mut plain));
        let mut plain = Bytes::from(plain);
        let read: Vec<Frame> = std::iter::from_fn(|| take_frame(&mut plain, session(1))).collect();
        prop_assert_eq!(read, frames);
        prop_assert!(plain.is_empty());
    }
}
