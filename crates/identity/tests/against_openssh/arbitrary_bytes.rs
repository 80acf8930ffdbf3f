//! Whatever arrives from outside, no parser panics, and none accepts noise.

use identity::name::MAX_NAME;
use identity::proof::Credential;
use identity::sshsig::verify;
use identity::totp::Secret;
use identity::{Destination, HostCa, Login, PasswordHash, PersonName, PublicKey};
use proptest::prelude::*;

use crate::openssh::{Blob, NAMESPACE, armored, string};

/// Bytes that look like SSH wire strings, so that they get past the first checks.
fn wire() -> impl Strategy<Value = Vec<u8>> {
    let names = prop::sample::select(vec![
        "ssh-ed25519",
        "ssh-rsa",
        "ecdsa-sha2-nistp256",
        "nistp256",
        "ssh-dss",
        "sk-ssh-ed25519@openssh.com",
        "sk-ecdsa-sha2-nistp256@openssh.com",
        "ssh-ed25519-cert-v01@openssh.com",
        "rsa-sha2-512",
        "x@example.org",
    ]);
    let noise = prop::collection::vec(any::<u8>(), 0..80);
    let part = prop_oneof![
        names.prop_map(|name| string(name.as_bytes())),
        noise.clone().prop_map(|bytes| string(&bytes)),
        prop::collection::vec(any::<u8>(), 32).prop_map(|bytes| string(&bytes)),
        noise,
    ];
    prop::collection::vec(part, 0..6).prop_map(|parts| parts.concat())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn texts_are_refused_or_read_back_the_same(text in ".{0,80}") {
        if let Ok(login) = Login::parse(&text) {
            prop_assert_eq!(login.to_string(), text.clone());
        }
        let _ = Destination::parse(&text);
        let _ = Secret::from_base32(&text);
        let _ = Credential::parse(&text);
        let _ = HostCa::from_openssh(&text);
        prop_assert!(PasswordHash::parse(&text).is_err());
        prop_assert!(PublicKey::parse(&text).is_err());
    }

    #[test]
    fn logins_of_well_formed_names_are_read_back(
        person in "[a-z0-9_][a-z0-9._-]{0,63}", account in "[a-z0-9_][a-z0-9._-]{0,63}", target in "[a-z0-9_][a-z0-9._-]{0,63}",
    ) {
        let login = Login::parse(&format!("{person}+{account}@{target}")).unwrap();
        let place = login.destination.unwrap();
        prop_assert_eq!((login.person.as_str(), place.account.as_str(), place.target.as_str()), (&*person, &*account, &*target));
    }

    #[test]
    fn accepted_names_are_short_lower_case_ascii(text in "\\PC{0,80}|[a-z._-]{0,80}") {
        if let Ok(name) = PersonName::parse(&text) {
            prop_assert!(name.as_str().len() <= MAX_NAME);
            prop_assert!(name.as_str().bytes().all(|b| matches!(b, b'a'..=b'z' | b'0'..=b'9' | b'.' | b'_' | b'-')));
        }
    }

    #[test]
    fn one_time_codes_of_any_shape_are_refused(code in ".{0,12}", now: u64, last: Option<u64>) {
        let secret = Secret::from_bytes(&[5; 20]).unwrap();
        let expected = [now.saturating_sub(30), now, now.saturating_add(30)].map(|at| secret.code_at(at));
        let checked = secret.check(&code, now, last);
        prop_assert!(checked.is_err() || expected.iter().any(|right| right.as_str() == code));
    }

    #[test]
    fn stored_secrets_of_any_shape_never_panic(text in "[A-Za-z2-7= ]{0,300}") {
        if let Ok(secret) = Secret::from_base32(&text) {
            let again = Secret::from_base32(&secret.to_base32()).unwrap();
            prop_assert_eq!(again.as_bytes(), secret.as_bytes());
        }
    }

    #[test]
    fn stored_hashes_of_any_shape_never_panic(text in "\\$argon2(id|i|d)?\\$(v=[0-9]{1,3}\\$)?[mtp=,0-9]{0,30}\\$[A-Za-z0-9+/]{0,90}\\$[A-Za-z0-9+/]{0,90}") {
        let _ = PasswordHash::parse(&text);
    }

    #[test]
    fn keys_of_any_shape_are_refused_or_canonical(wire in wire()) {
        if let Ok(key) = PublicKey::from_wire(&wire) {
            prop_assert_eq!(key.as_wire(), &wire);
            prop_assert_eq!(PublicKey::parse(&key.to_line()), Ok(key));
        }
    }

    #[test]
    fn armor_of_any_shape_is_refused(bytes in prop::collection::vec(any::<u8>(), 0..400)) {
        prop_assert!(verify(&bytes, NAMESPACE, b"").is_err());
        prop_assert!(verify(&armored(&bytes), NAMESPACE, b"").is_err());
    }

    #[test]
    fn blobs_of_any_shape_are_refused(key in wire(), signature in wire(), hash in "sha256|sha512|.{0,9}") {
        let mut blob = Blob::new(key);
        blob.signature = signature;
        blob.hash = hash.into_bytes();
        prop_assert!(verify(&blob.armored(), NAMESPACE, b"").is_err());
    }
}
