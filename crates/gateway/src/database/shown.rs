//! What a client shows to be let in, whatever it speaks: a certificate, or a ticket where a password goes.

use std::net::IpAddr;

use access::Road;
use access::identity::{Destination, VerifiedIdentity};
use access::text;
use rustls_pki_types::CertificateDer;
use zeroize::Zeroizing;

/// See the module.
pub(crate) enum Shown {
    /// TLS has verified it, and that the client holds its key.
    Certificate(CertificateDer<'static>),
    /// As it was sent.
    Ticket(Zeroizing<String>),
}

/// Why that lets nobody in, and what would.
pub(crate) struct Unproved {
    pub why: String,
    pub hint: String,
}

impl Shown {
    /// Who shows it.
    pub(crate) async fn identify(
        &self,
        road: &Road,
        person: &str,
        to: &Destination,
        source: IpAddr,
    ) -> Result<VerifiedIdentity, Unproved> {
        let (who, hint) = match self {
            Self::Certificate(der) => (
                road.enter_with_certificate(person, der, source).await,
                text::CERTIFICATE_HINT.say(road.language(), &[("person", person)]),
            ),
            Self::Ticket(typed) => (
                road.enter_with_ticket(person, typed, to, source).await,
                text::TICKET_HINT.say(road.language(), &[("target", to.target.as_str())]),
            ),
        };
        who.map_err(|why| Unproved { why: why.to_string(), hint })
    }
}
