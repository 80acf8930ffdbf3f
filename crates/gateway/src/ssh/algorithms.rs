//! The algorithms that both legs accept: nothing with SHA-1, CBC or a group below 3072 bits.

use std::borrow::Cow;

use russh::keys::{Algorithm, EcdsaCurve, HashAlg};
use russh::{Limits, Preferred, SshId, cipher, compression, kex, mac};

use super::options::SshOptions;

/// What the other side is told that this is.
pub(crate) const IDENTIFICATION: SshId = SshId::Standard(Cow::Borrowed("SSH-2.0-Countersign"));

const KEX: &[kex::Name] = &[
    kex::MLKEM768X25519_SHA256,
    kex::CURVE25519,
    kex::CURVE25519_PRE_RFC_8731,
    kex::ECDH_SHA2_NISTP256,
    kex::ECDH_SHA2_NISTP384,
    kex::ECDH_SHA2_NISTP521,
    kex::DH_G16_SHA512,
    kex::DH_G18_SHA512,
    kex::EXTENSION_SUPPORT_AS_CLIENT,
    kex::EXTENSION_SUPPORT_AS_SERVER,
    kex::EXTENSION_OPENSSH_STRICT_KEX_AS_CLIENT,
    kex::EXTENSION_OPENSSH_STRICT_KEX_AS_SERVER,
];

/// By processor time for each byte, cheapest first; a client's own order decides on its leg. The last is for clients
/// that know no authenticated cipher, such as Paramiko 2.
const CIPHERS: &[cipher::Name] =
    &[cipher::AES_128_GCM, cipher::AES_256_GCM, cipher::CHACHA20_POLY1305, cipher::AES_256_CTR];

/// For the last cipher alone; encrypt-then-MAC only.
const MACS: &[mac::Name] = &[mac::HMAC_SHA512_ETM, mac::HMAC_SHA256_ETM];

const KEYS: &[Algorithm] = &[
    Algorithm::Ed25519,
    Algorithm::Ecdsa { curve: EcdsaCurve::NistP256 },
    Algorithm::Ecdsa { curve: EcdsaCurve::NistP384 },
    Algorithm::Ecdsa { curve: EcdsaCurve::NistP521 },
    Algorithm::SkEd25519,
    Algorithm::SkEcdsaSha2NistP256,
    Algorithm::Rsa { hash: Some(HashAlg::Sha512) },
    Algorithm::Rsa { hash: Some(HashAlg::Sha256) },
];

/// The lists for the server leg.
pub(crate) fn for_clients() -> Preferred {
    Preferred {
        kex: Cow::Borrowed(KEX),
        key: Cow::Borrowed(KEYS),
        host_key_certificates: Cow::Borrowed(&[]),
        cipher: Cow::Borrowed(CIPHERS),
        mac: Cow::Borrowed(MACS),
        compression: Cow::Borrowed(&[compression::NONE]),
    }
}

/// The lists for a target whose pinned host key is of this kind: it must prove that key and no other.
pub(crate) fn for_target(pinned: &Algorithm) -> Preferred {
    let fits = |offered: &&Algorithm| match (pinned, offered) {
        (Algorithm::Rsa { .. }, Algorithm::Rsa { .. }) => true,
        (pinned, offered) => pinned == *offered,
    };
    Preferred { key: KEYS.iter().filter(fits).cloned().collect(), ..for_clients() }
}

/// When keys are exchanged anew.
pub(crate) fn limits(options: &SshOptions) -> Limits {
    let bytes = options.rekey_bytes.min(1 << 30);
    Limits::new(bytes, bytes, options.rekey_time)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_list_has_sha1_or_cbc() {
        let lists = for_clients();
        let names = lists.key.iter().map(|key| key.as_str().to_owned());
        let names = names.chain(lists.kex.iter().map(|name| name.as_ref().to_owned()));
        let names = names.chain(lists.cipher.iter().map(|name| name.as_ref().to_owned()));
        let names: Vec<_> = names.chain(lists.mac.iter().map(|name| name.as_ref().to_owned())).collect();
        assert!(names.len() > 15);
        for name in names {
            assert!(!name.ends_with("sha1") && !name.contains("cbc") && name != "ssh-rsa", "{name}");
        }
    }

    #[test]
    fn a_target_is_asked_only_for_the_kind_of_key_that_is_pinned() {
        assert_eq!(*for_target(&Algorithm::Ed25519).key, [Algorithm::Ed25519]);
        assert_eq!(for_target(&Algorithm::Rsa { hash: None }).key.len(), 2);
    }
}
