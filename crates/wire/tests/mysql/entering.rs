//! Both halves of the login, against each other and against peers that want too much.

use proptest::prelude::*;
use wire::Error;
use wire::mysql::handshake::{Greeting, Login, more, switch};
use wire::mysql::{
    Account, Admission, Arrival, Channel, Decoder, Failure, Joining, Next, Packet, capability, packets, proof,
};

const NONCE: [u8; 20] = *b"abcdefghijklmnopqrst";

fn packet(bytes: &[u8]) -> Packet {
    let mut decoder = Decoder::new(1 << 20);
    decoder.feed(bytes);
    let packet = decoder.packet().expect("a packet").expect("whole");
    assert!(decoder.is_between(), "one packet");
    packet
}

fn account(password: &str) -> Account {
    Account {
        user: "ana+app@orders".to_owned(),
        password: password.to_owned().into(),
        database: Some("orders".to_owned()),
        capabilities: capability::DEPRECATE_EOF | capability::MULTI_STATEMENTS,
        character_set: 45,
    }
}

/// Up to the login inside TLS.
fn named(password: &str) -> (Joining, Admission, Login) {
    let (mut admission, greeting) = Admission::begin("11.4.2-MariaDB", 7, NONCE);
    let mut joining = Joining::new(account(password), Channel::Tls);
    let Ok(Next::Tls(request)) = joining.packet(&packet(&greeting)) else { panic!("TLS first") };
    assert!(matches!(admission.packet(&packet(&request)), Ok(Arrival::Tls)));
    let login = joining.encrypted().expect("TLS has begun");
    let Ok(Arrival::Login(login)) = admission.packet(&packet(&login)) else { panic!("a login") };
    (joining, admission, login)
}

#[test]
fn a_client_brings_its_ticket_inside_tls_without_being_told_to() {
    let (mut joining, mut admission, login) = named("ticket");
    assert_eq!((login.user.as_str(), login.database.as_deref()), ("ana+app@orders", Some("orders")));
    assert_eq!(login.capabilities & capability::MULTI_STATEMENTS, 0);
    let Ok(Arrival::Send(question)) = admission.ask() else { panic!("a question") };
    let Ok(Next::Send(answer)) = joining.packet(&packet(&question)) else { panic!("an answer") };
    let Ok(Arrival::Ticket(ticket)) = admission.packet(&packet(&answer)) else { panic!("a ticket") };
    assert_eq!(ticket.as_str(), "ticket");
    let Ok(Next::Joined(capabilities)) = joining.packet(&packet(&admission.let_in())) else { panic!("in") };
    assert_eq!(capabilities & !capability::SSL, login.capabilities, "the same on both sides");
}

#[test]
fn a_wrong_ticket_is_an_ordinary_error() {
    let (mut joining, mut admission, _) = named("ticket");
    let Ok(Arrival::Send(question)) = admission.ask() else { panic!("a question") };
    let Ok(Next::Send(answer)) = joining.packet(&packet(&question)) else { panic!("an answer") };
    let Ok(Arrival::Ticket(_)) = admission.packet(&packet(&answer)) else { panic!("a ticket") };
    let failure = Failure { code: 1045, state: "28000".to_owned(), message: "not a ticket".to_owned() };
    let told = admission.turn_away(&failure);
    assert_eq!(joining.packet(&packet(&told)), Ok(Next::Failed(failure)));
}

#[test]
fn a_client_without_password_is_turned_away_and_not_waited_for() {
    let (_, mut admission, _) = named("");
    assert!(matches!(admission.ask(), Ok(Arrival::TurnedAway(_))));
}

#[test]
fn whoever_a_certificate_has_proved_is_let_in_without_ticket() {
    let (mut joining, mut admission, _) = named("ignored");
    let mut decoder = Decoder::new(1 << 20);
    decoder.feed(&admission.let_in());
    let mut next = || decoder.packet().expect("a packet").expect("whole");
    assert_eq!(joining.packet(&next()), Ok(Next::Wait), "the proof is known");
    assert!(matches!(joining.packet(&next()), Ok(Next::Joined(_))));
}

#[test]
fn nothing_is_heard_in_clear_but_the_wish_for_tls() {
    let (mut admission, greeting) = Admission::begin("8.0.36", 7, NONCE);
    let mut joining = Joining::new(account("ticket"), Channel::Clear(None));
    let Ok(Next::Send(login)) = joining.packet(&packet(&greeting)) else { panic!("a login in clear") };
    let Ok(Arrival::TurnedAway(told)) = admission.packet(&packet(&login)) else { panic!("turned away") };
    assert!(String::from_utf8_lossy(&told).contains("TLS"));
    assert!(admission.packet(&packet(&packets(2, &[0]))).is_err(), "it is over");
}

#[test]
fn a_client_that_is_out_of_turn_gets_nothing() {
    let (_, mut admission, _) = named("ticket");
    assert!(admission.packet(&packet(&packets(3, b"ticket\0"))).is_err(), "not asked yet");
    let (_, mut admission, _) = named("ticket");
    let Ok(Arrival::Send(_)) = admission.ask() else { panic!("a question") };
    assert!(admission.ask().is_err(), "once");
    assert!(admission.packet(&packet(&packets(9, b"ticket\0"))).is_err(), "packets are counted");
    for ticket in [&b"ticket"[..], b"tick\0et\0", b""] {
        let (_, mut admission, _) = named("ticket");
        let Ok(Arrival::Send(_)) = admission.ask() else { panic!("a question") };
        assert!(admission.packet(&packet(&packets(4, ticket))).is_err(), "{ticket:?}");
    }
}

fn greeting(capabilities: u64, plugin: &str) -> Packet {
    let greeting = Greeting {
        version: "8.0.36".to_owned(),
        connection: 7,
        nonce: NONCE,
        capabilities,
        character_set: 45,
        status: 2,
        plugin: plugin.to_owned(),
    };
    packet(&packets(0, &greeting.encode()))
}

/// A server whose answers are the test's own, up to the proof.
fn proved(channel: Channel, plugin: &str) -> (Joining, Vec<u8>) {
    let mut joining = Joining::new(account("pencil"), channel);
    let login = match joining.packet(&greeting(capability::SPOKEN, plugin)) {
        Ok(Next::Tls(_)) => joining.encrypted().expect("TLS has begun"),
        Ok(Next::Send(login)) => login,
        other => panic!("{other:?}"),
    };
    (joining, login.to_vec())
}

#[test]
fn a_server_that_knows_the_password_is_content_with_the_proof() {
    let (mut joining, login) = proved(Channel::Tls, proof::CACHING_SHA2);
    let proof = proof::proof(proof::CACHING_SHA2.as_bytes(), "pencil", &NONCE).expect("a proof");
    assert!(login.windows(proof.len()).any(|part| part == proof));
    assert!(!login.windows(6).any(|part| part == b"pencil"));
    assert_eq!(joining.packet(&packet(&packets(3, &more(proof::KNOWN)))), Ok(Next::Wait));
    let joined = joining.packet(&packet(&packets(4, &[0, 0, 0, 2, 0, 0, 0])));
    assert!(matches!(joined, Ok(Next::Joined(used)) if used & capability::DEPRECATE_EOF != 0), "{joined:?}");
}

#[test]
fn a_switch_is_followed_to_methods_that_keep_the_password() {
    let fresh = *b"ABCDEFGHIJKLMNOPQRST";
    let (mut joining, _) = proved(Channel::Tls, "client_ed25519");
    let switched = packets(3, &switch(proof::NATIVE, &fresh).expect("a name"));
    let expected = proof::proof(proof::NATIVE.as_bytes(), "pencil", &fresh).expect("a proof");
    assert_eq!(joining.packet(&packet(&switched)), Ok(Next::Send(packets(4, &expected))));
    for greedy in [proof::CLEAR, "mysql_old_password", "dialog"] {
        let (mut joining, _) = proved(Channel::Tls, proof::NATIVE);
        let switched = packets(3, &switch(greedy, &fresh).expect("a name"));
        assert!(matches!(joining.packet(&packet(&switched)), Err(Error::Authentication(_))), "{greedy}");
    }
}

#[test]
fn the_password_itself_leaves_inside_tls_only() {
    let full = packet(&packets(3, &more(proof::FULL)));
    let (mut inside, _) = proved(Channel::Tls, proof::CACHING_SHA2);
    assert_eq!(inside.packet(&full), Ok(Next::Send(packets(4, b"pencil\0"))));
    let full = packet(&packets(2, &more(proof::FULL)));
    for key in [None, Some(b"no key".to_vec())] {
        let (mut clear, _) = proved(Channel::Clear(key), proof::CACHING_SHA2);
        assert!(matches!(clear.packet(&full), Err(Error::Authentication(_))));
    }
    let (mut native, _) = proved(Channel::Tls, proof::NATIVE);
    let full = packet(&packets(3, &more(proof::FULL)));
    assert!(native.packet(&full).is_err(), "another method has no such word");
}

#[test]
fn a_server_without_tls_or_without_what_was_promised_gets_no_proof() {
    for missing in [capability::SSL, capability::DEPRECATE_EOF, capability::PLUGIN_AUTH] {
        let mut joining = Joining::new(account("pencil"), Channel::Tls);
        let answer = joining.packet(&greeting(capability::SPOKEN & !missing, proof::NATIVE));
        assert!(matches!(answer, Err(Error::Authentication(_))), "{missing:x}: {answer:?}");
    }
    let mut joining = Joining::new(account("pencil"), Channel::Tls);
    let full = Failure { code: 1040, state: "08004".to_owned(), message: "Too many connections".to_owned() };
    assert_eq!(joining.packet(&packet(&full.encode(0))), Ok(Next::Failed(full)));
}

#[test]
fn what_logs_show_has_no_password() {
    let (joining, _) = proved(Channel::Tls, proof::NATIVE);
    assert!(!format!("{joining:?}").contains("pencil"));
}

proptest! {
    #[test]
    fn arbitrary_peers_never_panic_and_never_get_the_password(
        peer in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..120), 1..6),
    ) {
        let (mut joining, _) = proved(Channel::Clear(None), proof::CACHING_SHA2);
        let (_, mut admission, _) = named("ticket");
        let _ = admission.ask();
        for (sequence, payload) in (2..).zip(&peer) {
            if let Ok(Next::Send(bytes)) = joining.packet(&packet(&packets(sequence, payload))) {
                prop_assert!(!bytes.windows(6).any(|part| part == b"pencil"));
            }
            let _ = admission.packet(&packet(&packets(sequence + 2, payload)));
        }
    }
}
