//! Who someone is and how it was proved: names, passwords, one-time codes, SSH keys and signatures.
//!
//! Everything here is a pure function of its arguments: the time is unix seconds, randomness is passed in, and nothing
//! is looked up. What has been proved is a value with private fields ([`FirstFactor`], [`SecondFactor`],
//! [`VerifiedIdentity`], [`VerifiedSignature`]) that only the code which checked it can make.

pub mod authority;
pub mod certificate;
pub mod code;
pub mod device;
pub mod hostca;
pub mod key;
pub mod lockout;
pub mod login;
pub mod name;
pub mod password;
pub mod proof;
mod quote;
pub mod remembered;
pub mod sshsig;
pub mod ticket;
pub mod totp;

pub use certificate::{CertifiedLogin, ClientAuthority, KeyRequest};
pub use code::Code;
pub use device::Devices;
pub use hostca::HostCa;
pub use key::{EnrolledKey, Fingerprint, PublicKey};
pub use login::{Destination, Login};
pub use name::{AccountName, GroupName, NameError, PersonName, TargetName};
pub use password::{Password, PasswordHash};
pub use proof::{FirstFactor, SecondFactor, VerifiedIdentity};
pub use remembered::Remembered;
pub use sshsig::VerifiedSignature;
pub use ticket::{Ticket, TicketedLogin};

/// A source of random bytes: fills the whole slice, from the operating system in production.
pub type Random<'a> = &'a mut dyn FnMut(&mut [u8]);
