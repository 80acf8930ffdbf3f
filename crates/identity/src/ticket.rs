//! Tickets: short passwords for clients that know nothing but passwords. Each stands for one login that was proved with
//! both factors, counts for the address of that login only, and is kept as a digest.

use std::fmt;
use std::net::IpAddr;

use aws_lc_rs::digest::{SHA256, digest};
use data_encoding::HEXLOWER;
use zeroize::Zeroizing;

use crate::Random;
use crate::name::PersonName;
use crate::proof::{Credential, VerifiedIdentity};

/// What every ticket begins with, so that one that leaked is recognised.
const PREFIX: &str = "cst-";
const IDENTIFIER: usize = 6;
const SECRET: usize = 16;

/// A ticket as its holder has it: `cst-`, an identifier, `-`, 128 random bits. Wiped when dropped, never printed.
pub struct Ticket {
    id: String,
    secret: Zeroizing<String>,
}

impl Ticket {
    /// Makes a new ticket.
    pub fn generate(random: Random<'_>) -> Self {
        let mut id = [0; IDENTIFIER];
        let mut secret = Zeroizing::new([0; SECRET]);
        random(&mut id);
        random(&mut *secret);
        Self { id: HEXLOWER.encode(&id), secret: Zeroizing::new(HEXLOWER.encode(&*secret)) }
    }

    /// Reads what a client gave as its password. `None` when it cannot be a ticket.
    pub fn read(typed: &str) -> Option<Self> {
        let (id, secret) = typed.strip_prefix(PREFIX)?.split_once('-')?;
        let hex =
            |text: &str, bytes| HEXLOWER.decode(text.as_bytes()).is_ok_and(|found| found.len() == bytes);
        let fits = hex(id, IDENTIFIER) && hex(secret, SECRET);
        fits.then(|| Self { id: id.to_owned(), secret: Zeroizing::new(secret.to_owned()) })
    }

    /// What it is found by; no secret.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// As its holder gives it to a client.
    pub fn shown(&self) -> Zeroizing<String> {
        Zeroizing::new(format!("{PREFIX}{}-{}", self.id, *self.secret))
    }

    /// SHA-256 of the whole ticket, lower hex: what is kept of it. 128 random bits need no slow hash.
    pub fn digest(&self) -> String {
        HEXLOWER.encode(digest(&SHA256, self.shown().as_bytes()).as_ref())
    }
}

impl fmt::Debug for Ticket {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Ticket({}, hidden)", self.id)
    }
}

/// What is kept of a ticket: the login that it stands for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TicketedLogin {
    /// Whose login it was.
    pub person: PersonName,
    /// Its first factor.
    pub credential: Credential,
    /// From where it came; a ticket counts there only.
    pub source: IpAddr,
    /// When its one-time code passed, in unix seconds.
    pub mfa_at: u64,
    /// [`Ticket::digest`].
    pub digest: String,
}

impl TicketedLogin {
    /// What to keep of a ticket that `who` is given.
    pub fn of(who: &VerifiedIdentity, ticket: &Ticket) -> Self {
        Self {
            person: who.person().clone(),
            credential: who.credential().clone(),
            source: who.source(),
            mfa_at: who.mfa_at(),
            digest: ticket.digest(),
        }
    }

    /// The identity behind a ticket, if this is the ticket and it comes from where its login came from.
    ///
    /// The caller vouches that the ticket is still in force, and takes it away when it has been used up.
    pub fn redeem(&self, ticket: &Ticket, source: IpAddr) -> Option<VerifiedIdentity> {
        let same = aws_lc_rs::constant_time::verify_slices_are_equal(
            self.digest.as_bytes(),
            ticket.digest().as_bytes(),
        );
        let fits = same.is_ok() && self.source.to_canonical() == source.to_canonical();
        fits.then(|| VerifiedIdentity::by_ticket(self))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ticket(seed: u8) -> Ticket {
        Ticket::generate(&mut |bytes| bytes.fill(seed))
    }

    fn kept(ticket: &Ticket) -> TicketedLogin {
        TicketedLogin {
            person: PersonName::parse("alice").unwrap(),
            credential: Credential::Password,
            source: "192.0.2.7".parse().unwrap(),
            mfa_at: 1_800_000_000,
            digest: ticket.digest(),
        }
    }

    #[test]
    fn a_ticket_is_read_as_it_was_shown() {
        let shown = ticket(7).shown();
        assert_eq!(*shown, format!("cst-{}-{}", "07".repeat(6), "07".repeat(16)));
        assert_eq!(*Ticket::read(&shown).unwrap().shown(), *shown);
        for typed in ["", "cst-", "cst-07-07", &shown.to_uppercase(), &format!("{}0", *shown)] {
            assert!(Ticket::read(typed).is_none(), "{typed}");
        }
        assert!(!format!("{:?}", ticket(7)).contains(&"07".repeat(16)));
    }

    #[test]
    fn a_ticket_stands_for_its_login_and_says_so() {
        let who = kept(&ticket(7)).redeem(&ticket(7), "192.0.2.7".parse().unwrap()).unwrap();
        assert_eq!((who.person().as_str(), who.mfa_at()), ("alice", 1_800_000_000));
        assert_eq!(who.how(), "password + totp (by ticket)");
        assert!(!who.is_worth_remembering() && !who.is_fresh());
    }

    #[test]
    fn another_ticket_and_another_address_are_turned_away() {
        let (kept, home) = (kept(&ticket(7)), "192.0.2.7".parse().unwrap());
        assert!(kept.redeem(&ticket(8), home).is_none());
        assert!(kept.redeem(&ticket(7), "198.51.100.1".parse().unwrap()).is_none());
        assert!(kept.redeem(&ticket(7), "::ffff:192.0.2.7".parse().unwrap()).is_some());
    }
}
