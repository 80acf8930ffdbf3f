//! However the bytes are cut, the packets are the same, and memory is bounded.

use proptest::prelude::*;
use wire::Error;
use wire::mysql::{Command, Decoder, Handling, packets};

fn payloads(decoder: &mut Decoder) -> Result<Vec<Vec<u8>>, Error> {
    std::iter::from_fn(|| decoder.packet().transpose()).map(|packet| Ok(packet?.payload().to_vec())).collect()
}

proptest! {
    #[test]
    fn packets_are_the_same_however_they_are_cut(
        sent in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..300), 1..10),
        step in 1usize..50,
    ) {
        let bytes: Vec<u8> = sent.iter().flat_map(|payload| packets(0, payload)).collect();
        let mut decoder = Decoder::new(1000);
        let mut seen = Vec::new();
        for part in bytes.chunks(step) {
            decoder.feed(part);
            seen.extend(payloads(&mut decoder).unwrap());
        }
        prop_assert!(decoder.is_between());
        prop_assert_eq!(seen, sent);
    }

    #[test]
    fn arbitrary_bytes_never_panic_and_are_never_kept_beyond_the_bound(
        bytes in prop::collection::vec(any::<u8>(), 0..4000),
        step in 1usize..600,
    ) {
        let mut decoder = Decoder::new(1000);
        for part in bytes.chunks(step) {
            decoder.feed(part);
            match payloads(&mut decoder) {
                Ok(all) => all.iter().for_each(|payload| drop(Command::parse(payload))),
                Err(_) => break,
            }
            prop_assert!(decoder.buffer().len() < 1004);
        }
    }

    #[test]
    fn arbitrary_commands_never_panic_and_unknown_ones_never_cross(payload in prop::collection::vec(any::<u8>(), 1..100)) {
        let known = [1, 2, 3, 4, 9, 14, 22, 23, 24, 25, 26, 27, 28, 31];
        if let Ok(command) = Command::parse(&payload) && !known.contains(&payload[0]) {
            prop_assert_eq!(command.handling(), Handling::Refuse);
        }
    }
}

#[test]
fn a_payload_of_16_mib_goes_on_in_the_next_packet() {
    for (length, expected) in
        [(0xff_fffe, vec![0xff_fffe]), (0xff_ffff, vec![0xff_ffff, 0]), (0x100_0000, vec![0xff_ffff, 1])]
    {
        let mut decoder = Decoder::new(64 << 20);
        decoder.feed(&packets(255, &vec![7; length]));
        let mut sequence = 255u8;
        for part in expected {
            let packet = decoder.packet().unwrap().unwrap();
            assert_eq!((packet.payload().len(), packet.sequence()), (part, sequence));
            assert_eq!(packet.is_open(), part == 0xff_ffff);
            sequence = sequence.wrapping_add(1);
        }
        assert!(decoder.is_between());
    }
}

#[test]
fn a_reader_may_take_no_more_than_one_packet() {
    let mut decoder = Decoder::new(100);
    for (bytes, missing) in [(&[][..], 4), (&[3, 0], 2), (&[0, 0], 3), (&[7, 7, 7], 0)] {
        decoder.feed(bytes);
        assert_eq!(decoder.missing(), missing);
    }
    assert!(decoder.packet().unwrap().is_some() && decoder.is_between());
}

#[test]
fn a_payload_over_several_packets_has_one_limit() {
    let mut decoder = Decoder::new(0xff_ffff + 10);
    decoder.feed(&packets(0, &vec![7; 0xff_ffff + 11]));
    assert!(matches!(decoder.packet(), Ok(Some(_))));
    assert!(matches!(decoder.packet(), Err(Error::TooLarge { .. })));
    let mut decoder = Decoder::new(100);
    decoder.feed(&[101, 0, 0, 0]);
    assert_eq!(decoder.packet(), Err(Error::TooLarge { kind: ' ', length: 101, limit: 100 }));
    assert!(decoder.buffer().capacity() < 1000, "nothing was set aside for it");
}
