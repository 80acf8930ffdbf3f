//! Where a webhook may lie: over TLS, or on this machine, and never where clouds hand out credentials.

use std::net::IpAddr;

use access::policy::destination::{self, Unreachable};
use ureq::http::Uri;

use crate::receiver::Secret;

/// The URL of a webhook. It carries a token, so it is a secret as a whole.
#[derive(Clone, Debug)]
pub struct Address {
    url: Secret,
    on_this_machine: bool,
}

/// Why a URL is no address of a webhook. Never names the URL.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AddressError {
    /// Not a URL with a host.
    #[error("it does not hold one URL with a host, like https://HOST/PATH")]
    NotAUrl,
    /// A name or password before the host.
    #[error("its URL has a name before the host, which would be sent in clear")]
    Credentials,
    /// In clear over a network.
    #[error("its URL must begin with https:// (http:// only to this machine)")]
    Clear,
    /// A place that nothing may reach.
    #[error("its URL leads where nothing may be sent: {0}")]
    Unreachable(#[from] Unreachable),
}

impl Address {
    /// The address that a text is, without the white space around it.
    pub fn parse(text: &str) -> Result<Self, AddressError> {
        let uri: Uri = text.trim().parse().map_err(|_| AddressError::NotAUrl)?;
        let (Some(scheme), Some(authority)) = (uri.scheme_str(), uri.authority()) else {
            return Err(AddressError::NotAUrl);
        };
        if authority.as_str().contains('@') {
            return Err(AddressError::Credentials);
        }
        let host = authority.host().trim_start_matches('[').trim_end_matches(']');
        let host = destination::tcp(host, authority.port_u16().unwrap_or(443).into())?.host;
        let local = is_this_machine(&host);
        match scheme {
            "https" => Ok(Self { url: Secret::new(uri.to_string()), on_this_machine: false }),
            "http" if local => Ok(Self { url: Secret::new(uri.to_string()), on_this_machine: true }),
            _ => Err(AddressError::Clear),
        }
    }

    /// The URL with more in its query.
    pub(crate) fn with(&self, query: &[String]) -> String {
        let url = self.url.reveal();
        let first = if url.contains('?') { '&' } else { '?' };
        let mut whole = url.to_owned();
        for (part, mark) in query.iter().zip(std::iter::once(first).chain(std::iter::repeat('&'))) {
            whole.push(mark);
            whole.push_str(part);
        }
        whole
    }

    /// Whether what the host's name stands for now may be dialled.
    pub(crate) fn may_dial(&self, address: IpAddr) -> bool {
        let permitted = destination::tcp(&address.to_string(), 443).is_ok();
        permitted && (!self.on_this_machine || address.is_loopback())
    }
}

/// Whether a destination's host is this machine, whatever a resolver says.
pub(crate) fn is_this_machine(host: &str) -> bool {
    host == "localhost" || host.parse().is_ok_and(|address: IpAddr| address.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tls_goes_anywhere_and_clear_text_stays_here() {
        for good in [
            "https://hooks.example.org/x?key=1",
            "http://127.0.0.1:8080/x",
            "http://[::1]/",
            "http://localhost:1/",
            " https://10.0.0.1/\n",
        ] {
            assert!(Address::parse(good).is_ok(), "{good}");
        }
        for clear in [
            "http://hooks.example.org/x",
            "http://10.0.0.1/",
            "ftp://127.0.0.1/",
            "http://localhost.example.org/",
        ] {
            assert_eq!(Address::parse(clear).unwrap_err(), AddressError::Clear, "{clear}");
        }
        for wrong in ["", "hooks.example.org", "https://", "/x", "https://a b/"] {
            assert_eq!(Address::parse(wrong).unwrap_err(), AddressError::NotAUrl, "{wrong}");
        }
        assert_eq!(Address::parse("https://u:p@h.example/").unwrap_err(), AddressError::Credentials);
    }

    #[test]
    fn credentials_of_clouds_are_never_reached() {
        for place in [
            "https://169.254.169.254/x",
            "https://2852039166/",
            "https://metadata.google.internal/",
            "https://[fe80::1]/",
            "http://0.0.0.0/",
            "https://[::ffff:169.254.169.254]/",
        ] {
            assert!(matches!(Address::parse(place).unwrap_err(), AddressError::Unreachable(_)), "{place}");
        }
    }

    #[test]
    fn a_name_that_begins_to_stand_for_another_place_is_not_dialled() {
        let outside = Address::parse("https://hooks.example.org/").unwrap();
        let inside = Address::parse("http://localhost/").unwrap();
        assert!(outside.may_dial([192, 0, 2, 1].into()) && !outside.may_dial([169, 254, 169, 254].into()));
        assert!(inside.may_dial([127, 0, 0, 1].into()) && !inside.may_dial([192, 0, 2, 1].into()));
    }

    #[test]
    fn nothing_of_the_url_is_printed() {
        let address = Address::parse("https://hooks.example.org/t0ken").unwrap();
        assert!(!format!("{address:?}").contains("t0ken"));
        assert_eq!(address.with(&["a=1".into(), "b=2".into()]), "https://hooks.example.org/t0ken?a=1&b=2");
    }
}
