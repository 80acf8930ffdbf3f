//! The beginning of PostgreSQL connections, byte for byte, and what is refused there.

use proptest::prelude::*;
use wire::Error;
use wire::postgres::startup::{CancelKey, Opening, Start, Startup, Version};

fn opening(bytes: &[u8]) -> Result<Option<Opening>, Error> {
    let mut startup = Startup::new();
    startup.feed(bytes);
    startup.opening()
}

fn start(code: u32, parameters: &[u8]) -> Vec<u8> {
    let length = u32::try_from(parameters.len() + 8).expect("short");
    [&length.to_be_bytes()[..], &code.to_be_bytes(), parameters].concat()
}

const PSQL: &[u8] = b"user\0ana\0database\0orders\0application_name\0psql\0\0";

#[test]
fn encryption_is_asked_for_once_each_and_nothing_may_follow_in_clear() {
    let ssl = [0, 0, 0, 8, 4, 210, 22, 47];
    let gss = [0, 0, 0, 8, 4, 210, 22, 48];
    assert_eq!(opening(&ssl), Ok(Some(Opening::Tls)));
    assert_eq!(opening(&gss), Ok(Some(Opening::Gss)));
    let mut startup = Startup::new();
    startup.feed(&gss);
    assert_eq!(startup.opening(), Ok(Some(Opening::Gss)));
    startup.feed(&ssl);
    assert_eq!(startup.opening(), Ok(Some(Opening::Tls)));
    startup.feed(&ssl);
    assert_eq!(startup.opening(), Err(Error::Malformed("startup message")), "no endless wishing");
    assert_eq!(opening(&[&ssl[..], &start(0x30000, PSQL)].concat()), Err(Error::Stuffed));
    let mut inside = Startup::inside_tls();
    inside.feed(&ssl);
    assert!(inside.opening().is_err());
}

#[test]
fn a_start_is_read_to_its_end_and_no_further() {
    let mut startup = Startup::new();
    startup.feed(&start(0x30000, PSQL));
    startup.feed(b"pXXXX");
    let Ok(Some(Opening::Start(start))) = startup.opening() else { panic!("a start") };
    assert_eq!(start.version, Version::V3_0);
    let all = [("user", "ana"), ("database", "orders"), ("application_name", "psql")];
    assert_eq!(start.parameters().collect::<Vec<_>>(), all);
    assert_eq!(start.parameter("database"), Some("orders"));
    assert_eq!(start.negotiation(), None);
    assert_eq!(startup.into_rest(), &b"pXXXX"[..]);
}

#[test]
fn newer_versions_and_unknown_options_are_negotiated() {
    let spoken = |code, parameters: &[u8]| match opening(&start(code, parameters)) {
        Ok(Some(Opening::Start(start))) => (start.spoken(), start.negotiation()),
        other => panic!("{other:?}"),
    };
    assert_eq!(spoken(0x30002, PSQL), (Version::V3_2, None));
    let (version, said) = spoken(0x30001, PSQL);
    assert_eq!(
        (version, said.unwrap().as_ref()),
        (Version::V3_0, &[b'v', 0, 0, 0, 12, 0, 3, 0, 0, 0, 0, 0, 0][..])
    );
    let (version, said) = spoken(0x3270f, b"user\0ana\0_pq_.grease\0x\0\0");
    let expected = [&[b'v', 0, 0, 0, 24, 0, 3, 0, 2, 0, 0, 0, 1][..], b"_pq_.grease\0"].concat();
    assert_eq!((version, said.unwrap().as_ref()), (Version::V3_2, &expected[..]));
    let (version, said) = spoken(0x30000, b"user\0ana\0_pq_.x\0y\0\0");
    assert_eq!(version, Version::V3_0);
    assert!(said.is_some());
}

#[test]
fn replication_is_noticed_whatever_is_written() {
    let asks = |value: &str| {
        Start::new(Version::V3_0, vec![("replication".to_owned(), value.to_owned())]).is_replication()
    };
    assert!(["database", "true", "1", "yes", "on", "DATABASE", "t", "maybe"].into_iter().all(asks));
    assert!(!["false", "off", "no", "0", "OFF"].into_iter().any(asks));
    assert!(!Start::new(Version::V3_0, Vec::new()).is_replication());
}

#[test]
fn what_nobody_begins_with_is_refused_at_once() {
    assert_eq!(opening(&start(0x20000, PSQL)), Err(Error::Version(2, 0)));
    assert_eq!(
        opening(b"GET / HTTP/1.1\r\n"),
        Err(Error::TooLarge { kind: ' ', length: 0x4745_5420, limit: 10_000 })
    );
    for malformed in [
        &[0, 0, 0, 0][..],
        &[0, 0, 0, 7],
        &start(0x30000, b"user\0ana\0"),
        &start(0x30000, b"user\0ana\0user\0root\0\0"),
        &start(0x30000, b"user\0ana\0\0more"),
        &start(0x30000, b"user\0\xff\0\0"),
        &[0, 0, 0, 15, 4, 210, 22, 46, 0, 0, 0, 1, 1, 2, 3],
    ] {
        assert_eq!(opening(malformed), Err(Error::Malformed("startup message")), "{malformed:?}");
    }
}

#[test]
fn a_cancel_key_is_as_long_as_3_2_lets_it_be() {
    for length in [4, 32, 256] {
        let key = CancelKey { process: 77, secret: vec![9; length].into() };
        assert_eq!(opening(&key.request()), Ok(Some(Opening::Cancel(key.clone()))));
        assert!(key.matches(&key.clone()) && !key.matches(&CancelKey { process: 78, ..key.clone() }));
        assert!(!key.matches(&CancelKey { secret: vec![8; length].into(), ..key.clone() }));
        assert!(!format!("{key:?}").contains('9'), "{key:?}");
    }
    assert!(opening(&CancelKey { process: 1, secret: vec![9; 257].into() }.request()).is_err());
}

#[test]
fn a_zero_byte_cannot_smuggle_a_parameter_in() {
    let parameters = vec![("user".to_owned(), "ana\0database\0secret".to_owned())];
    assert_eq!(Start::new(Version::V3_0, parameters).encode(), Err(Error::Zero("text")));
}

proptest! {
    #[test]
    fn what_is_encoded_reads_back(parameters in prop::collection::btree_map("[a-z]{1,20}", "[^\0]{0,40}", 0..10)) {
        let start = Start::new(Version::V3_0, parameters.into_iter().collect());
        prop_assert_eq!(opening(&start.encode().unwrap()), Ok(Some(Opening::Start(start))));
    }

    #[test]
    fn arbitrary_beginnings_never_panic_and_are_bounded(bytes in prop::collection::vec(any::<u8>(), 0..12_000)) {
        let mut startup = Startup::new();
        for byte in bytes.chunks(97) {
            startup.feed(byte);
            if !matches!(startup.opening(), Ok(None)) {
                break;
            }
            prop_assert!(startup.buffer().len() < 10_000);
        }
    }
}
