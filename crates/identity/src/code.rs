//! Codes that people read, say and type: twelve characters that cannot be mistaken for each other, sixty random bits.

use std::fmt;

use zeroize::Zeroizing;

use crate::Random;
use crate::password::{self, Password, PasswordError, PasswordHash};

/// Letters and digits without I, O, 0 and 1.
const ALPHABET: &[u8; 32] = b"ABCDEFGHJKLMNPQRSTUVWXYZ23456789";

/// Characters of a code, and of each group in which it is shown.
const LENGTH: usize = 12;
const GROUP: usize = 4;

/// One code: half of an enrolment code, or a recovery code. Wiped when dropped, never printed.
#[derive(Clone)]
pub struct Code(Zeroizing<String>);

impl Code {
    /// Makes a new code.
    pub fn generate(random: Random<'_>) -> Self {
        let mut bytes = Zeroizing::new([0; LENGTH]);
        random(&mut *bytes);
        // 256 is a multiple of 32, so every character is as likely.
        let letters = bytes.iter().filter_map(|byte| ALPHABET.get(usize::from(byte % 32)));
        Self(Zeroizing::new(letters.map(|letter| char::from(*letter)).collect()))
    }

    /// Reads what somebody typed: any case, with or without separators. `None` when it cannot be a code.
    pub fn read(typed: &str) -> Option<Self> {
        if typed.len() > 4 * LENGTH {
            return None;
        }
        let kept = typed.bytes().filter(|byte| !matches!(byte, b' ' | b'-' | b'\r' | b'\n'));
        let kept: Zeroizing<Vec<u8>> = Zeroizing::new(kept.map(|byte| byte.to_ascii_uppercase()).collect());
        let fits = kept.len() == LENGTH && kept.iter().all(|byte| ALPHABET.contains(byte));
        fits.then(|| Self(Zeroizing::new(kept.iter().copied().map(char::from).collect())))
    }

    /// As people copy it: `ABCD-EFGH-JKLM`.
    pub fn shown(&self) -> Zeroizing<String> {
        let groups: Vec<_> = self.0.as_bytes().chunks(GROUP).map(String::from_utf8_lossy).collect();
        Zeroizing::new(groups.join("-"))
    }

    /// Its Argon2id hash; `salt` must be random and fresh.
    pub fn hash(&self, salt: [u8; password::SALT]) -> Result<PasswordHash, PasswordError> {
        PasswordHash::make(&self.password()?, salt)
    }

    /// Whether it is the code of that hash.
    #[must_use]
    pub fn fits(&self, hash: &PasswordHash) -> bool {
        self.password().is_ok_and(|code| hash.verify(&code))
    }

    /// Spends what [`Code::fits`] spends, for a hash that is not there; the answer is always no.
    pub fn fits_nothing(&self) -> bool {
        if let Ok(code) = self.password() {
            password::verify_unknown(&code);
        }
        false
    }

    fn password(&self) -> Result<Password, PasswordError> {
        Password::new(self.0.clone())
    }
}

impl fmt::Debug for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Code(hidden)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn code(seed: u8) -> Code {
        let mut next = seed;
        Code::generate(&mut |bytes| {
            for byte in bytes {
                next = next.wrapping_mul(73).wrapping_add(41);
                *byte = next;
            }
        })
    }

    #[test]
    fn a_code_is_read_however_it_is_typed() {
        let shown = code(1).shown();
        assert_eq!(shown.len(), 14);
        for typed in
            [shown.to_string(), shown.to_lowercase(), shown.replace('-', " "), shown.replace('-', "")]
        {
            assert_eq!(*Code::read(&typed).unwrap().shown(), *shown);
        }
    }

    #[test]
    fn what_is_not_a_code_is_not_read() {
        for typed in ["", "123456", "ABCD-EFGH-JKL", "ABCD-EFGH-JKLMN", "ABCD-EFGH-JKL0", "ABCD-EFGH-JKLé"] {
            assert!(Code::read(typed).is_none(), "{typed}");
        }
        assert!(Code::read(&"-".repeat(1 << 20)).is_none());
    }

    #[test]
    fn only_the_code_itself_fits_its_hash() {
        let hash = code(1).hash([7; password::SALT]).unwrap();
        assert!(code(1).fits(&hash) && !code(2).fits(&hash) && !code(1).fits_nothing());
        assert_eq!(format!("{:?}", code(1)), "Code(hidden)");
    }
}
