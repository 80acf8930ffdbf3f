//! One-time codes after RFC 6238: HMAC-SHA-1, six digits, 30 seconds, one step of tolerance, and each code once.

use std::fmt;

use aws_lc_rs::constant_time::verify_slices_are_equal;
use aws_lc_rs::hmac;
use data_encoding::BASE32_NOPAD;
use zeroize::Zeroizing;

use crate::Random;
use crate::name::PersonName;

/// Seconds for which a code is shown.
pub const PERIOD: u64 = 30;

/// Digits of a code.
pub const DIGITS: usize = 6;

/// Bytes of a new secret: the length of the HMAC's output (RFC 4226 section 4, R6).
const SECRET: usize = 20;

/// Lengths in bytes of the secrets that are accepted: 128 bits at least (RFC 4226 section 4, R6).
const ACCEPTED: std::ops::RangeInclusive<usize> = 16..=64;

/// The latest step whose code passes at that moment: the next one.
pub fn latest_step(now: u64) -> u64 {
    (now / PERIOD).saturating_add(1)
}

/// Why a code did not pass.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum TotpError {
    /// Not the code of this, the previous or the next step.
    #[error("the one-time code is wrong")]
    Wrong,
    /// Right, but a code of this step or a later one has passed before.
    #[error("the one-time code was used already; wait for the next one")]
    AlreadyUsed,
}

/// Why text is not a secret. Never repeats it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SecretError {
    /// Not base32 (RFC 4648 section 6).
    #[error("the TOTP secret is not base32")]
    NotBase32,
    /// Outside 16 to 64 bytes.
    #[error("the TOTP secret has {0} bytes; 16 to 64 are allowed")]
    Length(usize),
}

/// The number of a 30-second interval since 1970 whose code has passed.
///
/// Store it, with a compare-and-swap, before anything follows from the code: it is the next check's `last_step`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Step(u64);

impl Step {
    /// The number to store.
    pub fn number(self) -> u64 {
        self.0
    }
}

/// A seed shared with someone's authenticator: wiped when dropped, never printed.
#[derive(Clone)]
pub struct Secret(Zeroizing<Vec<u8>>);

impl Secret {
    /// Makes a new secret.
    pub fn generate(random: Random<'_>) -> Self {
        let mut bytes = Zeroizing::new(vec![0; SECRET]);
        random(&mut bytes);
        Self(bytes)
    }

    /// Takes 16 to 64 raw bytes.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, SecretError> {
        Self::checked(Zeroizing::new(bytes.to_vec()))
    }

    /// Reads base32 as people copy it: any case, with spaces, with or without padding.
    pub fn from_base32(text: &str) -> Result<Self, SecretError> {
        // A refusal by length first: the text may come from outside.
        if text.len() > 256 {
            return Err(SecretError::Length(text.len()));
        }
        let kept = text.bytes().filter(|b| !matches!(b, b' ' | b'=')).map(|b| b.to_ascii_uppercase());
        let kept: Zeroizing<Vec<u8>> = Zeroizing::new(kept.collect());
        let bytes = BASE32_NOPAD.decode(&kept).map_err(|_| SecretError::NotBase32)?;
        Self::checked(Zeroizing::new(bytes))
    }

    fn checked(bytes: Zeroizing<Vec<u8>>) -> Result<Self, SecretError> {
        if ACCEPTED.contains(&bytes.len()) { Ok(Self(bytes)) } else { Err(SecretError::Length(bytes.len())) }
    }

    /// The raw bytes, to be encrypted at rest.
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    /// Base32 without padding, to be typed into an authenticator.
    pub fn to_base32(&self) -> Zeroizing<String> {
        Zeroizing::new(BASE32_NOPAD.encode(&self.0))
    }

    /// The `otpauth://` address that authenticators read from a QR code.
    pub fn to_uri(&self, issuer: &str, person: &PersonName) -> Zeroizing<String> {
        let (issuer, secret) = (percent_encoded(issuer), self.to_base32());
        Zeroizing::new(format!(
            "otpauth://totp/{issuer}:{person}?secret={}&issuer={issuer}&algorithm=SHA1&digits={DIGITS}&period={PERIOD}",
            secret.as_str()
        ))
    }

    /// The code at a time in unix seconds.
    pub fn code_at(&self, now: u64) -> Zeroizing<String> {
        self.code(now / PERIOD)
    }

    /// Checks `code` against the previous, this and the next step; `last_step` is the last one that has passed.
    pub fn check(&self, code: &str, now: u64, last_step: Option<u64>) -> Result<Step, TotpError> {
        let latest = latest_step(now);
        let window = latest.saturating_sub(2)..=latest;
        // All three are computed and compared always, and the latest match counts: if two steps happen to share a
        // code, the earlier one being used up must not refuse the later one.
        let matched = window.filter(|step| self.matches(code, *step)).max().ok_or(TotpError::Wrong)?;
        match last_step {
            Some(last) if matched <= last => Err(TotpError::AlreadyUsed),
            _ => Ok(Step(matched)),
        }
    }

    fn matches(&self, code: &str, step: u64) -> bool {
        verify_slices_are_equal(self.code(step).as_bytes(), code.as_bytes()).is_ok()
    }

    /// HOTP(secret, step), RFC 4226 section 5.3.
    fn code(&self, step: u64) -> Zeroizing<String> {
        let key = hmac::Key::new(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, &self.0);
        let tag = hmac::sign(&key, &step.to_be_bytes());
        let number = truncated(tag.as_ref()) % 10_u32.pow(DIGITS as u32);
        Zeroizing::new(format!("{number:0DIGITS$}"))
    }
}

/// Dynamic truncation: 31 bits from the offset that the last four bits name (RFC 4226 section 5.3).
fn truncated(tag: &[u8]) -> u32 {
    let offset = usize::from(tag.last().copied().unwrap_or_default() & 0x0f);
    let word = tag.iter().skip(offset).take(4).fold(0_u32, |word, byte| word << 8 | u32::from(*byte));
    word & 0x7fff_ffff
}

fn percent_encoded(text: &str) -> String {
    text.bytes()
        .map(|b| match b {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => char::from(b).to_string(),
            _ => format!("%{b:02X}"),
        })
        .collect()
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(hidden)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rfc_secret() -> Secret {
        Secret::from_bytes(b"12345678901234567890").unwrap()
    }

    #[test]
    fn codes_equal_those_of_rfc_4226_appendix_d() {
        let codes = [
            "755224", "287082", "359152", "969429", "338314", "254676", "287922", "162583", "399871",
            "520489",
        ];
        for (step, code) in codes.iter().enumerate() {
            assert_eq!(rfc_secret().code_at(step as u64 * PERIOD).as_str(), *code);
        }
    }

    #[test]
    fn codes_equal_those_of_rfc_6238_appendix_b() {
        for (now, code) in [
            (59, "287082"),
            (1_111_111_109, "081804"),
            (1_111_111_111, "050471"),
            (1_234_567_890, "005924"),
            (2_000_000_000, "279037"),
            (20_000_000_000, "353130"),
        ] {
            assert_eq!(rfc_secret().code_at(now).as_str(), code);
            assert_eq!(rfc_secret().check(code, now, None), Ok(Step(now / PERIOD)));
        }
    }

    #[test]
    fn one_step_of_tolerance_and_no_more() {
        let secret = rfc_secret();
        let now = 1_234_567_890_u64;
        for (offset, expected) in [(-2, false), (-1, true), (0, true), (1, true), (2, false)] {
            let code = secret.code_at(now.wrapping_add_signed(offset * 30));
            assert_eq!(secret.check(&code, now, None).is_ok(), expected, "offset {offset}");
        }
    }

    #[test]
    fn a_code_works_once() {
        let secret = rfc_secret();
        let now = 1_234_567_890;
        let code = secret.code_at(now);
        let step = secret.check(&code, now, None).unwrap();
        assert_eq!(secret.check(&code, now, Some(step.number())), Err(TotpError::AlreadyUsed));
        assert_eq!(secret.check(&code, now + 30, Some(step.number())), Err(TotpError::AlreadyUsed));
        assert_eq!(secret.check(&code, now + 60, Some(step.number())), Err(TotpError::Wrong));
    }

    #[test]
    fn an_older_code_does_not_pass_after_a_newer_one() {
        let secret = rfc_secret();
        let now = 1_234_567_890;
        let newer = secret.check(&secret.code_at(now), now, None).unwrap();
        let older = secret.code_at(now - 30);
        assert_eq!(secret.check(&older, now, Some(newer.number())), Err(TotpError::AlreadyUsed));
        let next = secret.code_at(now + 30);
        assert!(secret.check(&next, now + 30, Some(newer.number())).is_ok());
    }

    #[test]
    fn a_code_that_two_steps_share_is_not_refused_for_the_earlier() {
        // One pair of neighbouring steps in a million has equal codes; for this seed it is this one.
        let (secret, shared) = (rfc_secret(), 910_737);
        let code = secret.code(shared);
        assert_eq!(secret.code(shared + 1), code);
        assert_eq!(secret.check(&code, (shared + 1) * PERIOD, Some(shared)), Ok(Step(shared + 1)));
    }

    #[test]
    fn anything_but_six_digits_is_wrong() {
        let secret = rfc_secret();
        for code in ["", "5924", " 005924", "005924 ", "0059240", "００５９２４", "+05924", "005 924"] {
            assert_eq!(secret.check(code, 1_234_567_890, None), Err(TotpError::Wrong), "{code:?}");
        }
    }

    #[test]
    fn the_ends_of_time_do_not_overflow() {
        for now in [0, 1, 29, u64::MAX] {
            let code = rfc_secret().code_at(now);
            assert!(rfc_secret().check(&code, now, None).is_ok());
        }
    }

    #[test]
    fn base32_is_read_as_people_copy_it() {
        let text = "GEZD GNBV gy3t qojq GEZDGNBVGY3TQOJQ";
        assert_eq!(Secret::from_base32(text).unwrap().as_bytes(), b"12345678901234567890");
        assert_eq!(rfc_secret().to_base32().as_str(), "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ");
        assert_eq!(Secret::from_base32("GEZDGNBV").err(), Some(SecretError::Length(5)));
        assert_eq!(Secret::from_base32("0189").err(), Some(SecretError::NotBase32));
        assert_eq!(Secret::from_base32(&"A".repeat(10_000)).err(), Some(SecretError::Length(10_000)));
    }

    #[test]
    fn the_uri_carries_everything_an_authenticator_needs() {
        let alice = PersonName::parse("alice").unwrap();
        assert_eq!(
            rfc_secret().to_uri("Example & Söhne", &alice).as_str(),
            "otpauth://totp/Example%20%26%20S%C3%B6hne:alice?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ\
             &issuer=Example%20%26%20S%C3%B6hne&algorithm=SHA1&digits=6&period=30"
        );
    }

    #[test]
    fn secrets_come_from_the_given_randomness_and_are_not_printed() {
        let secret = Secret::generate(&mut |bytes| bytes.fill(0xAB));
        assert_eq!(secret.as_bytes(), [0xAB; SECRET]);
        assert_eq!(format!("{secret:?}"), "Secret(hidden)");
    }
}
