//! Hostile bytes, in what `make test` has time for. `scripts/fuzz` tries the same for as long as it is left running.

mod mysql;
mod postgres;
mod steps;

use proptest::prelude::*;

/// Bytes that get past the first checks often enough: messages of the right shape among anything.
fn bytes(messages: impl Strategy<Value = Vec<u8>>) -> impl Strategy<Value = Vec<u8>> {
    let anything = prop::collection::vec(any::<u8>(), 0..40);
    let said = prop_oneof![5 => messages, 1 => anything];
    let step = (any::<u8>(), said).prop_map(|(kind, mut bytes)| {
        bytes.truncate(255);
        let length = u8::try_from(bytes.len()).expect("short");
        [&[kind, length], &*bytes].concat()
    });
    prop::collection::vec(step, 0..40).prop_map(|steps| steps.concat())
}

fn postgres_messages() -> impl Strategy<Value = Vec<u8>> {
    let tags = prop::sample::select(b"QPBDECHSdcfFX123ACEGHIKNRSTWZcnstvDdV".to_vec());
    let body = prop_oneof![
        prop::collection::vec(any::<u8>(), 0..20),
        prop::sample::select(vec![
            b"I".to_vec(),
            b"\0select 1\0\0\0".to_vec(),
            b"select 1\0".to_vec(),
            vec![0; 8]
        ]),
    ];
    (tags, body).prop_map(|(tag, body)| {
        let length = u32::try_from(body.len() + 4).expect("short");
        [&[tag], &length.to_be_bytes()[..], &body].concat()
    })
}

fn mysql_packets() -> impl Strategy<Value = Vec<u8>> {
    let body = prop_oneof![
        (0u8..0x20, prop::collection::vec(any::<u8>(), 0..20))
            .prop_map(|(tag, rest)| [&[tag], &*rest].concat()),
        prop::sample::select(vec![
            b"\x03select 1".to_vec(),
            b"\x16select ?".to_vec(),
            b"\x00\x00\x00\x02\x00\x00\x00".to_vec(),
            b"\xfe\x00\x00\x02\x00".to_vec(),
            b"\xff\x28\x04#42000no".to_vec(),
        ]),
    ];
    (0u8..4, body).prop_map(|(sequence, body)| {
        let length = u8::try_from(body.len()).expect("short");
        [&[length, 0, 0, sequence], &*body].concat()
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn nothing_refused_runs_at_postgres(data in bytes(postgres_messages())) {
        postgres::session(&data);
    }

    #[test]
    fn nothing_refused_runs_at_mysql(capabilities in any::<u64>(), data in bytes(mysql_packets())) {
        mysql::session(&[&capabilities.to_le_bytes()[..], &data].concat());
    }

    #[test]
    fn nobody_begins_in_a_way_that_cannot_be_written_again(data in prop::collection::vec(any::<u8>(), 0..200)) {
        postgres::opening(&data);
        let startup = [&u32::try_from(data.len() + 8).expect("short").to_be_bytes()[..], &[0, 3, 0, 0], &data].concat();
        postgres::opening(&[&[1], &*startup].concat());
    }

    #[test]
    fn arrivals_and_servers_may_say_anything(data in bytes(mysql_packets())) {
        mysql::arrival(&data);
        mysql::joining(&data);
    }
}
