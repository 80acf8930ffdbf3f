//! Proving a password to a server: SCRAM-SHA-256 (RFC 5802, RFC 7677), with channel binding inside TLS, and MD5 for servers
//! that insist.
//!
//! ```text
//! Proof::begin → client-first  ·  Proof::answer(server-first) → client-final  ·  Answered::check(server-final)
//! ```

use aws_lc_rs::{constant_time, digest, hmac, pbkdf2};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use md5::{Digest, Md5};
use std::num::NonZeroU32;
use zeroize::Zeroizing;

use crate::Error;

/// SCRAM with channel binding.
pub const PLUS: &str = "SCRAM-SHA-256-PLUS";
/// SCRAM without.
pub const PLAIN: &str = "SCRAM-SHA-256";

/// More rounds than that are an attempt to keep us busy.
const MOST_ROUNDS: u32 = 2_000_000;
const KEY: usize = 32;

/// What ties the proof to the TLS connection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Binding {
    /// There is no TLS, or nothing that could be bound to.
    Impossible,
    /// There is TLS, but the server does not offer to check it.
    NotOffered,
    /// `tls-server-end-point`: the digest of the server's certificate.
    ServerCertificate(Vec<u8>),
}

impl Binding {
    /// Chooses the mechanism among those that the server offers, given the digest of its certificate if there is TLS.
    ///
    /// # Errors
    ///
    /// SCRAM-SHA-256 is not among them.
    pub fn choose(offered: &[&[u8]], certificate: Option<Vec<u8>>) -> Result<(&'static str, Self), Error> {
        let offers = |name: &str| offered.contains(&name.as_bytes());
        match certificate {
            Some(digest) if offers(PLUS) => Ok((PLUS, Self::ServerCertificate(digest))),
            _ if !offers(PLAIN) => Err(Error::Authentication("the server offers no SCRAM-SHA-256")),
            Some(_) => Ok((PLAIN, Self::NotOffered)),
            None => Ok((PLAIN, Self::Impossible)),
        }
    }

    fn header(&self) -> &'static str {
        match self {
            Self::Impossible => "n,,",
            Self::NotOffered => "y,,",
            Self::ServerCertificate(_) => "p=tls-server-end-point,,",
        }
    }

    /// The `c=` of the last message.
    fn encoded(&self) -> String {
        let mut bytes = self.header().as_bytes().to_vec();
        if let Self::ServerCertificate(digest) = self {
            bytes.extend_from_slice(digest);
        }
        STANDARD.encode(bytes)
    }
}

/// A proof that was begun.
#[derive(Debug)]
pub struct Proof {
    binding: Binding,
    nonce: String,
}

/// A proof that was sent; the server's own is awaited.
pub struct Answered {
    expected: hmac::Tag,
}

impl std::fmt::Debug for Answered {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Answered")
    }
}

impl Proof {
    /// Begins, with random bytes that were never used before.
    #[must_use]
    pub fn begin(binding: Binding, random: [u8; 24]) -> Self {
        Self { binding, nonce: STANDARD.encode(random) }
    }

    /// The first message. It names no user: PostgreSQL takes the one of the startup message.
    #[must_use]
    pub fn first(&self) -> String {
        format!("{}{}", self.binding.header(), self.bare())
    }

    fn bare(&self) -> String {
        format!("n=,r={}", self.nonce)
    }

    /// The answer to the server's challenge.
    ///
    /// # Errors
    ///
    /// A challenge that is malformed, not for this proof, or asks for too much work.
    pub fn answer(self, challenge: &[u8], password: &str) -> Result<(String, Answered), Error> {
        let text =
            std::str::from_utf8(challenge).map_err(|_| Error::Authentication("the challenge is no text"))?;
        let parsed = Challenge::parse(text, &self.nonce)?;
        let unproved = format!("c={},r={}", self.binding.encoded(), parsed.nonce);
        let signed = format!("{},{text},{unproved}", self.bare());
        let salted = parsed.salted(password);
        let proof = proof(&salted, signed.as_bytes());
        let server_key = tag(&*salted, b"Server Key");
        let expected = tag(server_key.as_ref(), signed.as_bytes());
        Ok((format!("{unproved},p={}", STANDARD.encode(proof)), Answered { expected }))
    }
}

impl Answered {
    /// Whether the server knows the password's key too. Only then is it the right server.
    ///
    /// # Errors
    ///
    /// It does not.
    pub fn check(self, last: &[u8]) -> Result<(), Error> {
        let wrong = Error::Authentication("the server does not prove that it knows the password");
        let encoded = last.strip_prefix(b"v=").ok_or_else(|| wrong.clone())?;
        let signature = STANDARD.decode(encoded).map_err(|_| wrong.clone())?;
        constant_time::verify_slices_are_equal(&signature, self.expected.as_ref()).map_err(|_| wrong)
    }
}

struct Challenge<'a> {
    nonce: &'a str,
    salt: Vec<u8>,
    rounds: NonZeroU32,
}

impl<'a> Challenge<'a> {
    fn parse(text: &'a str, ours: &str) -> Result<Self, Error> {
        let wrong = || Error::Authentication("the challenge is malformed");
        let mut parts = text.split(',');
        let mut part = |name| parts.next().and_then(|part| part.strip_prefix(name)).ok_or_else(wrong);
        let (nonce, salt, rounds) = (part("r=")?, part("s=")?, part("i=")?);
        let salt = STANDARD.decode(salt).map_err(|_| wrong())?;
        let rounds: NonZeroU32 = rounds.parse().map_err(|_| wrong())?;
        // A server that adds nothing of its own could replay an old answer of ours.
        let added = nonce.strip_prefix(ours).is_some_and(|added| !added.is_empty());
        if !added || rounds.get() > MOST_ROUNDS {
            return Err(wrong());
        }
        Ok(Self { nonce, salt, rounds })
    }

    fn salted(&self, password: &str) -> Zeroizing<[u8; KEY]> {
        // As the server does it: a password that SASLprep refuses is taken as it is.
        let prepared = stringprep::saslprep(password).map(|text| text.into_owned());
        let prepared = Zeroizing::new(prepared.unwrap_or_else(|_| password.to_owned()));
        let mut salted = Zeroizing::new([0; KEY]);
        let algorithm = pbkdf2::PBKDF2_HMAC_SHA256;
        pbkdf2::derive(algorithm, self.rounds, &self.salt, prepared.as_bytes(), &mut *salted);
        salted
    }
}

fn tag(key: &[u8], of: &[u8]) -> hmac::Tag {
    hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, key), of)
}

/// The client's key, covered by a signature that only the stored key yields.
fn proof(salted: &[u8; KEY], signed: &[u8]) -> Vec<u8> {
    let client_key = tag(salted, b"Client Key");
    let stored_key = digest::digest(&digest::SHA256, client_key.as_ref());
    let signature = tag(stored_key.as_ref(), signed);
    client_key.as_ref().iter().zip(signature.as_ref()).map(|(key, cover)| key ^ cover).collect()
}

/// The answer to AuthenticationMD5Password.
#[must_use]
pub fn md5_answer(user: &str, password: &str, salt: [u8; 4]) -> String {
    let inner = hex(Md5::new().chain_update(password).chain_update(user).finalize().as_slice());
    format!("md5{}", hex(Md5::new().chain_update(inner).chain_update(salt).finalize().as_slice()))
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const FIRST: &str = "n=user,r=rOprNGfwEbeRWgbNEkqO";
    const CHALLENGE: &str =
        "r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096";
    const LAST: &str = "c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0";

    #[test]
    fn the_example_of_rfc_7677_is_proved() {
        let salted = Challenge::parse(CHALLENGE, "rOprNGfwEbeRWgbNEkqO").unwrap().salted("pencil");
        let proof = proof(&salted, format!("{FIRST},{CHALLENGE},{LAST}").as_bytes());
        assert_eq!(STANDARD.encode(proof), "dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=");
    }

    #[test]
    fn a_challenge_that_adds_nothing_or_asks_too_much_is_refused() {
        for wrong in
            ["r=abc,s=AAAA,i=4096", "r=xyz1,s=AAAA,i=1", "r=abc1,s=AAAA,i=0", "r=abc1,s=AAAA,i=2000001"]
        {
            assert!(Challenge::parse(wrong, "abc").is_err(), "{wrong}");
        }
        assert!(Challenge::parse("r=abc1,s=AAAA,i=4096", "abc").is_ok());
    }

    #[test]
    fn a_server_that_does_not_know_the_password_is_not_believed() {
        let proof = Proof::begin(Binding::Impossible, [7; 24]);
        let challenge = format!("r={}x,s=AAAA,i=10", proof.nonce);
        let (_, answered) = proof.answer(challenge.as_bytes(), "secret").unwrap();
        let forged = format!("v={}", STANDARD.encode([0; 32]));
        assert!(answered.check(forged.as_bytes()).is_err());
    }

    #[test]
    fn the_binding_follows_what_is_offered() {
        let (plus, plain): (&[u8], &[u8]) = (PLUS.as_bytes(), PLAIN.as_bytes());
        let bound = Binding::choose(&[plus, plain], Some(vec![1])).unwrap();
        assert_eq!(bound, (PLUS, Binding::ServerCertificate(vec![1])));
        assert_eq!(Binding::choose(&[plain], Some(vec![1])), Ok((PLAIN, Binding::NotOffered)));
        assert_eq!(Binding::choose(&[plus, plain], None), Ok((PLAIN, Binding::Impossible)));
        assert!(Binding::choose(&[plus], None).is_err());
    }

    #[test]
    fn md5_is_what_servers_expect() {
        assert_eq!(
            md5_answer("md5_user", "password", [0x2a, 0x3d, 0x8f, 0xe0]),
            "md562af4dd09bbb41884907a838a3233294"
        );
    }
}
