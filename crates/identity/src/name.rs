//! Names of persons, accounts, targets and groups: one strict alphabet, so that no two names look alike.

use std::fmt;
use std::str::FromStr;

use crate::quote::Quoted;

/// Longest name, in bytes.
pub const MAX_NAME: usize = 64;

/// The user name under which a new key is brought; nobody may be called that.
pub const ENROL: &str = "enrol";

/// Why some text is not a name.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NameError {
    /// Nothing is there.
    #[error("the {kind} name is empty")]
    Empty {
        /// What was to be named.
        kind: &'static str,
    },
    /// More than [`MAX_NAME`] bytes.
    #[error("the {kind} name has {length} bytes; at most {MAX_NAME} are allowed")]
    TooLong {
        /// What was to be named.
        kind: &'static str,
        /// Bytes found.
        length: usize,
    },
    /// The gateway itself uses the name.
    #[error("the {kind} name {name} is reserved")]
    Reserved {
        /// What was to be named.
        kind: &'static str,
        /// The name.
        name: Quoted,
    },
    /// The first character is allowed only further on.
    #[error("the {kind} name {name} must start with a lower-case letter, a digit or '_'")]
    Start {
        /// What was to be named.
        kind: &'static str,
        /// The refused text.
        name: Quoted,
    },
    /// A character outside the alphabet.
    #[error(
        "the {kind} name {name} has U+{code:04X} at byte {at}; only a-z, 0-9, '.', '_' and '-' are allowed"
    )]
    Character {
        /// What was to be named.
        kind: &'static str,
        /// The refused text.
        name: Quoted,
        /// The character's code point.
        code: u32,
        /// Its offset in bytes.
        at: usize,
    },
}

fn check(kind: &'static str, text: &str, reserved: &[&str]) -> Result<(), NameError> {
    let Some(first) = text.chars().next() else { return Err(NameError::Empty { kind }) };
    if text.len() > MAX_NAME {
        return Err(NameError::TooLong { kind, length: text.len() });
    }
    if let Some((at, odd)) = text.char_indices().find(|(_, c)| !in_alphabet(*c)) {
        return Err(NameError::Character { kind, name: Quoted::text(text), code: odd.into(), at });
    }
    // "-x" would be read as an option by the programs that a name is passed to, and ".." as a path.
    if matches!(first, '.' | '-') {
        return Err(NameError::Start { kind, name: Quoted::text(text) });
    }
    if reserved.contains(&text) {
        return Err(NameError::Reserved { kind, name: Quoted::text(text) });
    }
    Ok(())
}

fn in_alphabet(c: char) -> bool {
    c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, '.' | '_' | '-')
}

macro_rules! name {
    ($(#[$doc:meta])* $type:ident, $kind:literal, $reserved:expr) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $type(String);

        impl $type {
            /// Checks `text`: 1 to 64 of `a-z 0-9 . _ -`, not starting with `.` or `-`.
            pub fn parse(text: &str) -> Result<Self, NameError> {
                check($kind, text, $reserved)?;
                Ok(Self(text.to_owned()))
            }

            /// The name itself.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl FromStr for $type {
            type Err = NameError;

            fn from_str(text: &str) -> Result<Self, NameError> {
                Self::parse(text)
            }
        }

        impl fmt::Display for $type {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.pad(&self.0)
            }
        }

        impl AsRef<str> for $type {
            fn as_ref(&self) -> &str {
                &self.0
            }
        }

        impl From<$type> for String {
            fn from(name: $type) -> String {
                name.0
            }
        }
    };
}

name!(
    /// A named human, such as `alice`; what quorums count.
    PersonName,
    "person",
    &[ENROL]
);
name!(
    /// A login on a target, such as `root` or `www-data`.
    AccountName,
    "account",
    &[]
);
name!(
    /// A host or database behind the gateway, such as `db-1`.
    TargetName,
    "target",
    &[]
);
name!(
    /// A group of persons, such as `dba-leads`.
    GroupName,
    "group",
    &[]
);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ordinary_names_are_accepted() {
        for name in ["a", "alice", "www-data", "_apt", "db-1.eu_west", "0", "a..b", &"x".repeat(64)] {
            assert_eq!(PersonName::parse(name).unwrap().as_str(), name);
        }
    }

    #[test]
    fn lookalikes_and_unprintable_names_are_refused() {
        for name in
            ["Alice", "аlice", "alice\u{202e}", "al ice", "alice\n", "al\0ice", "alice\u{200b}", "ａlice"]
        {
            assert!(matches!(PersonName::parse(name), Err(NameError::Character { .. })), "{name:?}");
        }
    }

    #[test]
    fn names_that_programs_misread_are_refused() {
        for name in ["-oProxyCommand", "..", ".ssh", "-"] {
            let lower = name.to_ascii_lowercase();
            assert!(matches!(AccountName::parse(&lower), Err(NameError::Start { .. })), "{name:?}");
        }
        assert!(AccountName::parse("a/b").is_err());
    }

    #[test]
    fn nobody_is_called_what_the_gateway_uses() {
        assert!(matches!(PersonName::parse(ENROL), Err(NameError::Reserved { .. })));
        assert!(AccountName::parse(ENROL).is_ok(), "an account on a target may be");
    }

    #[test]
    fn length_is_bounded_on_both_sides() {
        assert_eq!(GroupName::parse(""), Err(NameError::Empty { kind: "group" }));
        let long = "x".repeat(65);
        assert_eq!(GroupName::parse(&long), Err(NameError::TooLong { kind: "group", length: 65 }));
    }

    #[test]
    fn the_error_names_the_character_and_shows_it_harmlessly() {
        let error = PersonName::parse("bob\u{202e}").unwrap_err().to_string();
        assert!(error.contains("U+202E at byte 3"), "{error}");
        assert!(error.is_ascii(), "{error}");
    }
}
