//! Passwords: argon2id hashes as PHC strings, and the same work for a person who does not exist.

use std::fmt;

use argon2::password_hash::{PasswordHasher, PasswordVerifier, phc};
use argon2::{Algorithm, Argon2, Params, Version};
use zeroize::Zeroizing;

/// Longest password, in bytes; argon2 itself would take gigabytes from a client that is not yet known.
pub const MAX_PASSWORD: usize = 1024;

/// Memory in KiB, passes and lanes for new hashes (the OWASP recommendation for argon2id).
const MEMORY: u32 = 19 * 1024;
const PASSES: u32 = 2;
const LANES: u32 = 1;

/// Bytes of salt that [`PasswordHash::make`] takes, and of the hash that it makes.
pub const SALT: usize = 16;
const OUTPUT: usize = 32;

/// What a stored hash may ask for: more would let whoever edits a row stall the gateway.
const MAX_MEMORY: u32 = 256 * 1024;
const MAX_PASSES: u32 = 16;

/// Why a password or a stored hash was refused. Never repeats either.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum PasswordError {
    /// No bytes at all.
    #[error("the password is empty")]
    Empty,
    /// More than [`MAX_PASSWORD`] bytes.
    #[error("the password has {0} bytes; at most {MAX_PASSWORD} are allowed")]
    TooLong(usize),
    /// Not a PHC string.
    #[error("the stored password hash cannot be read; set the password again")]
    Unreadable,
    /// A PHC string of another algorithm, or with parameters below or above ours.
    #[error(
        "the stored password hash is not argon2id v19 with parameters in the allowed range; set the password again"
    )]
    Parameters,
    /// The hash function failed, for want of memory.
    #[error("the password could not be hashed: not enough memory")]
    Hashing,
}

/// A password as someone typed it: wiped when dropped, never printed.
#[derive(Clone)]
pub struct Password(Zeroizing<String>);

impl Password {
    /// Takes 1 to [`MAX_PASSWORD`] bytes.
    pub fn new(text: impl Into<Zeroizing<String>>) -> Result<Self, PasswordError> {
        let text = text.into();
        match text.len() {
            0 => Err(PasswordError::Empty),
            length if length > MAX_PASSWORD => Err(PasswordError::TooLong(length)),
            _ => Ok(Self(text)),
        }
    }

    fn bytes(&self) -> &[u8] {
        self.0.as_bytes()
    }
}

impl fmt::Debug for Password {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Password(hidden)")
    }
}

/// An argon2id hash with its salt and parameters.
#[derive(Clone, PartialEq, Eq)]
pub struct PasswordHash(phc::PasswordHash);

impl PasswordHash {
    /// Hashes `password` with the current parameters; `salt` must be random and fresh.
    pub fn make(password: &Password, salt: [u8; SALT]) -> Result<Self, PasswordError> {
        let hash = current()?.hash_password_with_salt(password.bytes(), &salt);
        hash.map(Self).map_err(|_| PasswordError::Hashing)
    }

    /// Reads a PHC string, and refuses weaker or absurd parameters.
    pub fn parse(phc_string: &str) -> Result<Self, PasswordError> {
        let hash = phc::PasswordHash::new(phc_string).map_err(|_| PasswordError::Unreadable)?;
        if is_acceptable(&hash) { Ok(Self(hash)) } else { Err(PasswordError::Parameters) }
    }

    /// Whether `password` is the one; takes the same time for a right and a wrong one.
    #[must_use]
    pub fn verify(&self, password: &Password) -> bool {
        Argon2::default().verify_password(password.bytes(), &self.0).is_ok()
    }

    /// The PHC string for storage.
    pub fn to_phc_string(&self) -> Zeroizing<String> {
        Zeroizing::new(self.0.to_string())
    }
}

impl fmt::Debug for PasswordHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PasswordHash(hidden)")
    }
}

/// Spends what [`PasswordHash::verify`] spends, for a person without a password; the answer is always no.
///
/// Without it the time of a refusal would tell which persons exist.
pub fn verify_unknown(password: &Password) {
    let hash = current().map(|argon2| argon2.hash_password_with_salt(password.bytes(), &[0; SALT]));
    std::hint::black_box(hash.is_ok());
}

fn current() -> Result<Argon2<'static>, PasswordError> {
    let params = Params::new(MEMORY, PASSES, LANES, Some(OUTPUT)).map_err(|_| PasswordError::Parameters)?;
    Ok(Argon2::new(Algorithm::Argon2id, Version::V0x13, params))
}

fn is_acceptable(hash: &phc::PasswordHash) -> bool {
    let Ok(params) = Params::try_from(hash) else { return false };
    hash.algorithm.as_str() == "argon2id"
        && hash.version == Some(Version::V0x13.into())
        && hash.salt.as_ref().is_some_and(|salt| salt.len() >= SALT)
        && hash.hash.as_ref().is_some_and(|hash| hash.len() == OUTPUT)
        && (MEMORY..=MAX_MEMORY).contains(&params.m_cost())
        && (PASSES..=MAX_PASSES).contains(&params.t_cost())
        && params.p_cost() == LANES
        && params.keyid().is_empty()
        && params.data().is_empty()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn password(text: &str) -> Password {
        Password::new(text.to_owned()).unwrap()
    }

    fn hash() -> PasswordHash {
        PasswordHash::make(&password("correct horse"), [7; SALT]).unwrap()
    }

    #[test]
    fn only_the_right_password_verifies() {
        let hash = hash();
        assert!(hash.verify(&password("correct horse")));
        for wrong in ["correct hors", "correct horse ", "Correct horse", "\0"] {
            assert!(!hash.verify(&password(wrong)), "{wrong:?}");
        }
    }

    #[test]
    fn a_hash_survives_storage() {
        let stored = hash().to_phc_string();
        assert!(stored.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{}", stored.as_str());
        assert!(PasswordHash::parse(&stored).unwrap().verify(&password("correct horse")));
    }

    #[test]
    fn the_hash_equals_that_of_openssl() {
        // Made with the ARGON2ID key derivation of OpenSSL 3.2 and the salt 'saltsaltsaltsalt'.
        let stored = "$argon2id$v=19$m=19456,t=2,p=1$c2FsdHNhbHRzYWx0c2FsdA$AdweBLwcflnNX2HVW8i1Mtu7frrn4Ki7h/rYSGuU7Is";
        assert!(PasswordHash::parse(stored).unwrap().verify(&password("correct horse")));
    }

    #[test]
    fn salts_make_equal_passwords_differ() {
        let other = PasswordHash::make(&password("correct horse"), [8; SALT]).unwrap();
        assert_ne!(hash().to_phc_string(), other.to_phc_string());
    }

    #[test]
    fn weak_absurd_and_foreign_hashes_are_refused() {
        let stored = hash().to_phc_string();
        for (ours, theirs) in [
            ("m=19456", "m=8192"),
            ("m=19456", "m=4194304"),
            ("t=2", "t=1"),
            ("t=2", "t=4294967295"),
            ("p=1", "p=4"),
            ("v=19", "v=16"),
            ("argon2id", "argon2i"),
            ("argon2id", "argon2d"),
            ("argon2id", "scrypt"),
            ("p=1$", "p=1,keyid=QUJD$"),
        ] {
            let changed = stored.replace(ours, theirs);
            assert_ne!(changed, *stored);
            assert!(PasswordHash::parse(&changed).is_err(), "{changed}");
        }
        let short = &stored[..stored.len() - 11];
        assert!(PasswordHash::parse(short).is_err(), "a shorter hash");
        for text in ["", "$", "plain", "$argon2id$", "$argon2id$v=19$m=19456,t=2,p=1$c2FsdHNhbHRzYWx0c2FsdA"]
        {
            assert!(PasswordHash::parse(text).is_err(), "{text:?}");
        }
    }

    #[test]
    fn length_is_bounded() {
        assert_eq!(Password::new(String::new()).err(), Some(PasswordError::Empty));
        assert!(Password::new("x".repeat(MAX_PASSWORD)).is_ok());
        assert_eq!(Password::new("x".repeat(MAX_PASSWORD + 1)).err(), Some(PasswordError::TooLong(1025)));
    }

    #[test]
    fn an_unknown_person_costs_what_a_known_one_costs() {
        let (hash, guess) = (hash(), password("guess"));
        let time = |work: &dyn Fn()| {
            let start = std::time::Instant::now();
            work();
            start.elapsed().as_secs_f64()
        };
        let fastest = |(known, unknown): (f64, f64), _| {
            let (this, that) = (time(&|| assert!(!hash.verify(&guess))), time(&|| verify_unknown(&guess)));
            (known.min(this), unknown.min(that))
        };
        let (known, unknown) = (0..10).fold((f64::MAX, f64::MAX), fastest);
        // Wide, since tests share the machine; doing nothing takes a thousandth.
        assert!((0.25..4.0).contains(&(unknown / known)), "known {known} s, unknown {unknown} s");
    }

    #[test]
    fn nothing_prints_a_password_or_its_hash() {
        assert_eq!(
            format!("{:?} {:?}", password("correct horse"), hash()),
            "Password(hidden) PasswordHash(hidden)"
        );
    }
}
