//! Greeting, login and proofs: what is offered and used is what is spoken here.

use proptest::prelude::*;
use wire::mysql::handshake::{Answer, Exchange, Greeting, Login, more, switch};
use wire::mysql::proof::{in_clear, inside_tls};
use wire::mysql::{Failure, capability};

fn greeting(capabilities: u64) -> Greeting {
    Greeting {
        version: "11.4.2-MariaDB".to_owned(),
        connection: 42,
        nonce: *b"01234567890123456789",
        capabilities,
        character_set: 45,
        status: 2,
        plugin: "mysql_native_password".to_owned(),
    }
}

fn login(capabilities: u64) -> Login {
    Login {
        capabilities,
        longest: 1 << 24,
        character_set: 45,
        user: "ana+app@orders".to_owned(),
        proof: vec![3; 20].into(),
        database: Some("orders".to_owned()),
        plugin: "caching_sha2_password".to_owned(),
        attributes: vec![("program_name".to_owned(), "mariadb".to_owned())],
    }
}

const USUAL: u64 = capability::PROTOCOL_41
    | capability::SECURE_CONNECTION
    | capability::PLUGIN_AUTH
    | capability::CONNECT_WITH_DB
    | capability::CONNECT_ATTRS;

#[test]
fn a_greeting_offers_nothing_that_is_not_spoken_here() {
    let all = greeting(!1);
    let read = Greeting::parse(&all.encode()).unwrap();
    assert_eq!(read, Greeting { capabilities: capability::SPOKEN & !1, ..all });
    for stripped in [
        capability::COMPRESS,
        capability::LOCAL_FILES,
        capability::MULTI_STATEMENTS,
        capability::ZSTD,
        capability::QUERY_ATTRIBUTES,
    ] {
        assert_eq!(read.capabilities & stripped, 0);
    }
    assert_ne!(read.capabilities & capability::PROGRESS, 0, "MariaDB's capabilities are read and written");
}

#[test]
fn a_greeting_of_a_real_server_is_read() {
    let bytes = b"\x0a5.7.44\0\x08\0\0\0abcdefgh\0\xff\xf7\x08\x02\0\xff\x81\x15\0\0\0\0\0\0\0\0\0\0ijklmnopqrst\0mysql_native_password\0";
    let read = Greeting::parse(bytes).unwrap();
    assert_eq!((read.version.as_str(), read.connection), ("5.7.44", 8));
    assert_eq!((&read.nonce, read.plugin.as_str()), (b"abcdefghijklmnopqrst", "mysql_native_password"));
    assert_eq!(read.capabilities, 0x81ff_f7ff);
}

#[test]
fn a_login_reads_back_and_asks_for_nothing_else() {
    let sent = login(USUAL | capability::MULTI_STATEMENTS | capability::LOCAL_FILES);
    let Ok(Answer::Login(read)) = Answer::parse(&sent.encode().unwrap(), u64::MAX) else { panic!("a login") };
    assert_eq!(read, login(USUAL));
    assert!(!format!("{read:?}").contains("[3, 3"), "no proofs in logs");
    assert_eq!(Answer::parse(&login(USUAL | capability::SSL).tls_request(), u64::MAX), Ok(Answer::Tls));
}

#[test]
fn whoever_uses_what_was_not_offered_gets_nothing_by_it() {
    let set = |capability: u64| {
        let mut bytes = login(USUAL).encode().unwrap().to_vec();
        let low = u32::from_le_bytes(bytes[..4].try_into().unwrap()) | u32::try_from(capability).unwrap();
        bytes[..4].copy_from_slice(&low.to_le_bytes());
        Answer::parse(&bytes, capability::SPOKEN)
    };
    for form in [capability::COMPRESS, capability::ZSTD] {
        assert!(set(form).is_err(), "{form:x}");
    }
    // The last is set by mysql2 for node, which looks at the offer only when it sends a query.
    for permission in [capability::LOCAL_FILES, capability::MULTI_STATEMENTS, capability::QUERY_ATTRIBUTES] {
        let Ok(Answer::Login(read)) = set(permission) else { panic!("a login") };
        assert_eq!(read.capabilities & permission, 0);
    }
    let old = login(USUAL & !capability::PROTOCOL_41);
    assert!(Answer::parse(&old.encode().unwrap(), u64::MAX).is_err());
}

#[test]
fn a_password_in_clear_has_one_end() {
    assert_eq!(in_clear(&inside_tls("ticket")), Ok(&b"ticket"[..]));
    assert!(in_clear(b"ticket").is_err() && in_clear(b"tick\0et\0").is_err() && in_clear(b"").is_err());
}

#[test]
fn names_with_zero_bytes_are_not_sent() {
    let smuggled = Login { user: "app\0x".to_owned(), ..login(USUAL) };
    assert!(smuggled.encode().is_err());
}

#[test]
fn the_exchange_of_proofs_is_understood() {
    let nonce = *b"abcdefghijklmnopqrst";
    let bytes = switch("caching_sha2_password", &nonce).unwrap();
    let expected = Exchange::Switch { plugin: b"caching_sha2_password", nonce: &nonce };
    assert_eq!(Exchange::parse(&bytes), Ok(expected));
    assert_eq!(Exchange::parse(&[1, 4]), Ok(Exchange::More(wire::mysql::proof::FULL)));
    assert_eq!(Exchange::parse(&[0, 0, 0, 2, 0, 0, 0]), Ok(Exchange::Ok));
    assert_eq!(Exchange::parse(&more(wire::mysql::proof::FULL)), Ok(Exchange::More(&[4])));
    let failure = Failure { code: 1045, state: "28000".to_owned(), message: "Access denied".to_owned() };
    let packet = failure.encode(2);
    assert_eq!(packet[..4], [packet[0], 0, 0, 2]);
    assert_eq!(Exchange::parse(&packet[4..]), Ok(Exchange::Failed(failure)));
    assert!(Exchange::parse(&[7]).is_err());
}

proptest! {
    #[test]
    fn arbitrary_beginnings_never_panic(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        let _ = Greeting::parse(&bytes);
        let _ = Answer::parse(&bytes, u64::MAX);
        let _ = Exchange::parse(&bytes);
    }
}
