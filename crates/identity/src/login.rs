//! The SSH user name as a client sends it: `PERSON`, or `PERSON+ACCOUNT@TARGET` to go straight to a target.

use std::fmt;
use std::str::FromStr;

use crate::name::{AccountName, MAX_NAME, NameError, PersonName, TargetName};

/// Longest user name that can be well-formed: three names and their separators.
pub const MAX_LOGIN: usize = 3 * MAX_NAME + 2;

/// Who wants in, and where to.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Login {
    /// The person who claims to connect; nothing is proved yet.
    pub person: PersonName,
    /// The account and target, unless the person only wants the bastion itself.
    pub destination: Option<Destination>,
}

/// An account on a target, written `ACCOUNT@TARGET`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Destination {
    /// The login on the target.
    pub account: AccountName,
    /// The host or database behind the gateway.
    pub target: TargetName,
}

/// Why an SSH user name was refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum LoginError {
    /// More than [`MAX_LOGIN`] bytes.
    #[error("the user name has {0} bytes; at most {MAX_LOGIN} are allowed")]
    TooLong(usize),
    /// `alice+root`: an account without a target.
    #[error("the user name has '+' but no '@TARGET'; write PERSON or PERSON+ACCOUNT@TARGET")]
    NoTarget,
    /// `root@db-1`: a target without a person.
    #[error("the user name has '@' but no '+ACCOUNT'; write PERSON or PERSON+ACCOUNT@TARGET")]
    NoAccount,
    /// One of the three names is malformed.
    #[error(transparent)]
    Name(#[from] NameError),
}

impl Login {
    /// Splits and checks the user name; a second `+` or `@` is refused as part of a name.
    pub fn parse(user: &str) -> Result<Self, LoginError> {
        if user.len() > MAX_LOGIN {
            return Err(LoginError::TooLong(user.len()));
        }
        match user.split_once('+') {
            Some((person, place)) => {
                let destination = Destination::parse(place)?;
                Ok(Self { person: PersonName::parse(person)?, destination: Some(destination) })
            }
            None if user.contains('@') => Err(LoginError::NoAccount),
            None => Ok(Self { person: PersonName::parse(user)?, destination: None }),
        }
    }
}

impl Destination {
    /// Splits and checks `ACCOUNT@TARGET`.
    pub fn parse(place: &str) -> Result<Self, LoginError> {
        let (account, target) = place.split_once('@').ok_or(LoginError::NoTarget)?;
        Ok(Self { account: AccountName::parse(account)?, target: TargetName::parse(target)? })
    }
}

impl FromStr for Login {
    type Err = LoginError;

    fn from_str(user: &str) -> Result<Self, LoginError> {
        Self::parse(user)
    }
}

impl fmt::Display for Login {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.destination {
            Some(destination) => write!(f, "{}+{destination}", self.person),
            None => write!(f, "{}", self.person),
        }
    }
}

impl fmt::Display for Destination {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}@{}", self.account, self.target)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn well_formed_user_names_parse_and_print_the_same() {
        for (user, person, place) in [
            ("alice", "alice", None),
            ("alice+root@db-1", "alice", Some(("root", "db-1"))),
            ("a.b_c-1+www-data@web.eu-1", "a.b_c-1", Some(("www-data", "web.eu-1"))),
        ] {
            let login = Login::parse(user).unwrap();
            assert_eq!(login.person.as_str(), person);
            let found = login.destination.as_ref().map(|d| (d.account.as_str(), d.target.as_str()));
            assert_eq!(found, place);
            assert_eq!(login.to_string(), user);
        }
    }

    #[test]
    fn everything_else_is_refused() {
        for user in [
            "",
            "+",
            "@",
            "+@",
            "alice+",
            "alice+root",
            "alice+root@",
            "alice+@db-1",
            "+root@db-1",
            "root@db-1",
            "alice@",
            "alice+root@db-1@x",
            "alice+root+x@db-1",
            "alice++root@db-1",
            "alice root@db-1",
            "Alice+root@db-1",
            "alice+root@db-1\n",
            "alice+-root@db-1",
            "alice+root@DB-1",
            "alice+ro\u{0301}ot@db-1",
            "alice+root@db-1:22",
            "alice%root@db-1",
        ] {
            assert!(Login::parse(user).is_err(), "{user:?}");
        }
    }

    #[test]
    fn half_a_destination_is_explained() {
        assert_eq!(Login::parse("alice+root"), Err(LoginError::NoTarget));
        assert_eq!(Login::parse("root@db-1"), Err(LoginError::NoAccount));
    }

    #[test]
    fn the_longest_names_fit_and_one_byte_more_does_not() {
        let name = "x".repeat(MAX_NAME);
        let user = format!("{name}+{name}@{name}");
        assert_eq!(user.len(), MAX_LOGIN);
        assert!(Login::parse(&user).is_ok());
        assert_eq!(Login::parse(&format!("{user}x")), Err(LoginError::TooLong(MAX_LOGIN + 1)));
    }
}
