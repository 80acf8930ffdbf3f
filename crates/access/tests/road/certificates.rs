//! Client certificates on the road: whose they are, how they end, and what no row and no request can make of them.

use access::administer::Change;
use access::entry::Event;
use access::identity::certificate::fingerprint;
use access::model::{Certificate, Way};
use access::ports::Store;
use access::road::Standing;
use access::{Refusal, Road};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use rcgen::{CertificateParams, KeyPair};

use crate::bastion::*;
use crate::keys::Key;
use crate::lasting::*;

const ELSEWHERE: &str = "198.51.100.1";

fn request() -> String {
    let key = KeyPair::generate().unwrap();
    CertificateParams::new(vec![]).unwrap().serialize_request(&key).unwrap().pem().unwrap()
}

/// The first certificate of some PEM, in DER.
fn first(pem: &str) -> Vec<u8> {
    let body: String = pem.split("-----").nth(2).unwrap().split_whitespace().collect();
    STANDARD.decode(body).unwrap()
}

/// A certificate that the person gets at the desk, in DER.
async fn given(bastion: &Bastion, name: &str) -> Vec<u8> {
    let told = bastion.ask_desk(name, "certificate --for 8h", request().as_bytes()).await;
    assert_eq!(told.status, 0, "{told:?}");
    first(&told.stdout)
}

async fn enters(road: &Road, name: &str, der: &[u8]) -> Result<(), Refusal> {
    road.enter_with_certificate(name, der, ELSEWHERE.parse().unwrap()).await.map(drop)
}

#[tokio::test]
async fn it_stands_for_the_login_that_asked_for_it_from_any_address() {
    let bastion = Bastion::start().await;
    let asked = bastion.enter("alice").await;
    let der = first(&bastion.road.desk(&asked, "certificate", request().as_bytes()).await.stdout);
    bastion.clock.advance(3600);
    let who = bastion.road.enter_with_certificate("alice", &der, ELSEWHERE.parse().unwrap()).await.unwrap();
    assert_eq!((who.mfa_at(), who.credential()), (asked.mfa_at(), asked.credential()));
    assert_eq!(
        (who.source().to_string(), who.mfa_age(bastion.road.now().seconds())),
        (ELSEWHERE.into(), 3600)
    );
    let entered = bastion.entries().into_iter().rev().find_map(|entry| match entry.event {
        Event::Login { how, .. } => Some(how),
        _ => None,
    });
    assert!(entered.is_some_and(|how| how.ends_with("+ totp (by certificate)")));
    let listed = bastion.ask_desk("alice", "certificates", b"").await.stdout;
    assert!(listed.contains(&fingerprint(&der)[..16]), "{listed}");
    assert!(bastion.ask_desk("bob", "certificates", b"").await.stdout.contains("no certificates"));
}

#[tokio::test]
async fn only_its_own_person_comes_in_by_it() {
    let bastion = Bastion::start().await;
    let der = given(&bastion, "alice").await;
    for name in ["bob", "nobody", "", "alice+root@db-1"] {
        let told = enters(&bastion.road, name, &der).await.unwrap_err();
        assert_eq!(told.to_string(), "authentication failed", "{name}");
    }
    // Of this authority, perhaps, but nobody was ever given it.
    let told = enters(&bastion.road, "alice", b"another certificate").await.unwrap_err();
    assert!(told.to_string().contains("was ended"), "{told}");
    assert!(enters(&bastion.road, "alice", &der).await.is_ok());
}

#[tokio::test]
async fn it_lapses_and_lasts_no_longer_than_twelve_hours() {
    let bastion = Bastion::start().await;
    for bounds in ["--for 13h", "--for 43201s", "--for 59s"] {
        let line = format!("certificate {bounds}");
        let told = bastion.ask_desk("alice", &line, request().as_bytes()).await;
        assert!(told.status == 1 && told.stdout.is_empty() && told.stderr.contains("12 hours"), "{told:?}");
    }
    let der = given(&bastion, "alice").await;
    let who = bastion.road.enter_with_certificate("alice", &der, HOME).await.unwrap();
    let session = bastion.road.open(&who, &root_at("db-1"), Way::Direct).await.unwrap();
    bastion.clock.advance(8 * 3600 - 1);
    assert!(enters(&bastion.road, "alice", &der).await.is_ok());
    assert_eq!(bastion.road.standing(&session).await, Standing::Stays);
    bastion.clock.advance(1);
    assert!(enters(&bastion.road, "alice", &der).await.is_err());
    assert!(matches!(bastion.road.standing(&session).await, Standing::Ends(why) if why.contains("lapsed")));
    let before = bastion.count("state");
    bastion.road.sweep().await.unwrap();
    assert_eq!(bastion.store.certificate(&fingerprint(&der)).await.unwrap(), None);
    assert_eq!(bastion.count("state"), before + 1, "its end is on the record");
    assert_eq!(bastion.road.sweep().await.unwrap(), 0);
}

#[tokio::test]
async fn ending_it_ends_what_came_in_by_it_and_only_its_person_can() {
    let bastion = Bastion::start().await;
    let (der, other) = (given(&bastion, "alice").await, given(&bastion, "alice").await);
    let open = async |der: &[u8]| {
        let who = bastion.road.enter_with_certificate("alice", der, HOME).await.unwrap();
        bastion.road.open(&who, &root_at("db-1"), Way::Direct).await.unwrap()
    };
    let (session, untouched) = (open(&der).await, open(&other).await);
    let id = fingerprint(&der);
    for (name, id) in [("bob", &id[..]), ("alice", &id[..7]), ("alice", "0000000000"), ("alice", "")] {
        let told = bastion.ask_desk(name, &format!("certificate revoke '{id}'"), b"").await;
        assert!(told.status == 1 && told.stderr.contains("no certificate"), "{name} {id}: {told:?}");
    }
    assert_eq!(bastion.road.standing(&session).await, Standing::Stays);
    let stirred = bastion.store.stirred().await.unwrap();
    let told = bastion.ask_desk("alice", &format!("certificate revoke {}", &id[..16]), b"").await;
    assert_eq!(told.status, 0, "{told:?}");
    assert!(bastion.store.stirred().await.unwrap() > stirred, "connections look again at once");
    assert!(matches!(bastion.road.standing(&session).await, Standing::Ends(_)));
    assert_eq!(bastion.road.standing(&untouched).await, Standing::Stays);
    assert!(enters(&bastion.road, "alice", &der).await.is_err());
    assert!(enters(&bastion.road, "alice", &other).await.is_ok());
}

#[tokio::test]
async fn whoever_is_suspended_has_none_and_gets_none_back() {
    let bastion = Bastion::start().await;
    let der = given(&bastion, "alice").await;
    let who = bastion.road.enter_with_certificate("alice", &der, HOME).await.unwrap();
    let session = bastion.road.open(&who, &root_at("db-1"), Way::Direct).await.unwrap();
    bastion.suspend("alice").await;
    assert!(enters(&bastion.road, "alice", &der).await.is_err());
    assert!(matches!(bastion.road.standing(&session).await, Standing::Ends(_)));
    bastion.road.sweep().await.unwrap();
    bastion.change(Change::PersonResume { name: "alice".into() }).await;
    assert!(enters(&bastion.road, "alice", &der).await.is_err());
}

#[tokio::test]
async fn it_ends_with_the_key_that_asked_for_it() {
    let bastion = Bastion::start().await;
    let der = given(&bastion, "alice").await;
    bastion.change(Change::KeyAdd { name: "alice".into(), key: Key::of("alice's second").line() }).await;
    bastion.revoke("alice", "alice").await;
    let told = enters(&bastion.road, "alice", &der).await.unwrap_err();
    assert!(told.to_string().contains("no longer enrolled"), "{told}");

    let der = given(&bastion, "bob").await;
    let (name, fingerprint) = ("bob".to_owned(), Key::of("bob").fingerprint());
    let expires = Some(bastion.road.now().0);
    bastion.change(Change::KeyExpiry { name, fingerprint, expires }).await;
    assert!(enters(&bastion.road, "bob", &der).await.is_err());
}

#[tokio::test]
async fn a_row_that_nobody_entered_or_that_was_edited_lets_nobody_in() {
    let bastion = Bastion::start().await;
    let der = given(&bastion, "alice").await;
    let road = bastion.explained(bastion.audit().register(), asking(""));
    assert!(enters(&road, "alice", &der).await.is_ok());
    let row = bastion.store.certificate(&fingerprint(&der)).await.unwrap().unwrap();
    let bob = bastion.store.person("bob").await.unwrap().unwrap().id;
    let later = row.expires.plus_seconds(3600);
    for (name, edited) in [
        ("bob", Certificate { person: bob, ..row.clone() }),
        ("alice", Certificate { expires: later, ..row.clone() }),
        ("alice", Certificate { passed: row.passed.plus_seconds(60), ..row.clone() }),
        ("alice", Certificate { credential: "password".into(), ..row.clone() }),
    ] {
        bastion.store.drop_certificate(&row.id).await.unwrap();
        bastion.store.add_certificate(&edited).await.unwrap();
        assert!(enters(&road, name, &der).await.is_err(), "{edited:?}");
        assert!(road.register().findings().iter().any(|found| found.contains("certificate")), "{edited:?}");
    }
    let forged = Certificate { id: fingerprint(b"forged"), ..row };
    bastion.store.add_certificate(&forged).await.unwrap();
    assert!(enters(&road, "alice", b"forged").await.is_err());
}

#[tokio::test]
async fn what_is_no_proof_of_a_key_gets_none() {
    let bastion = Bastion::start().await;
    let honest = request();
    let at = honest.len() - 60;
    let other = if honest.as_bytes()[at] == b'A' { "B" } else { "A" };
    let forged = format!("{}{other}{}", &honest[..at], &honest[at + 1..]);
    let before = bastion.count("state");
    for input in ["", "not a request", &forged, &(honest.clone() + &honest)] {
        let told = bastion.ask_desk("alice", "certificate", input.as_bytes()).await;
        assert!(told.status == 1 && told.stdout.is_empty(), "{told:?}");
    }
    assert_eq!(bastion.count("state"), before);
}

#[tokio::test]
async fn a_replayed_request_is_another_certificate_of_whoever_replays_it() {
    let bastion = Bastion::start().await;
    let asked = request();
    let of = async |name| first(&bastion.ask_desk(name, "certificate", asked.as_bytes()).await.stdout);
    let (hers, again, his) = (of("alice").await, of("alice").await, of("bob").await);
    assert!(hers != again && hers != his);
    assert!(enters(&bastion.road, "alice", &his).await.is_err(), "bob cannot make himself alice with it");
    assert!(enters(&bastion.road, "bob", &hers).await.is_err());
}

#[tokio::test]
async fn nothing_leaves_before_it_is_on_the_record() {
    // The login is the first entry, the certificate the second.
    let bastion = failing_from(2).await;
    let who = bastion.enter("alice").await;
    let told = bastion.road.desk(&who, "certificate", request().as_bytes()).await;
    assert!(told.status == 1 && told.stdout.is_empty(), "{told:?}");
    assert_eq!(
        bastion.store.certificates(&bastion.store.person("alice").await.unwrap().unwrap().id).await.unwrap(),
        []
    );
}

#[tokio::test]
async fn the_gateways_own_authority_comes_along_when_asked_for() {
    let bastion = Bastion::start().await;
    let with = bastion.ask_desk("alice", "certificate --with-authority", request().as_bytes()).await.stdout;
    let without = bastion.ask_desk("alice", "certificate", request().as_bytes()).await.stdout;
    assert!(with.ends_with("the gateway's authority\n") && !without.contains("the gateway's"));
    assert_eq!(without.matches("BEGIN CERTIFICATE").count(), 2);
}
