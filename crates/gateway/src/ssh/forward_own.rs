//! Which addresses are this machine's own: a forwarding never leads back to the gateway.

use std::io::ErrorKind;
use std::net::{IpAddr, UdpSocket};

use access::Forwarding;
use tokio::net::lookup_host;

use super::options::SshOptions;

/// Whether this machine has the address: only then a socket can be bound to it. In doubt it has.
pub(crate) fn is_own(address: IpAddr) -> bool {
    match UdpSocket::bind((address, 0)) {
        Ok(_) => true,
        Err(fault) => fault.kind() != ErrorKind::AddrNotAvailable,
    }
}

/// Whether a target lives on this machine, as far as its configured host tells before it is dialled.
pub(crate) async fn is_here(options: &SshOptions, host: &str, port: u16) -> bool {
    let found = lookup_host((host, port)).await;
    found.is_ok_and(|mut all| all.any(|address| (options.is_own)(address.ip().to_canonical())))
}

/// Whether a forwarding could reach this machine. Seen from a target on this machine, loopback is ours, its sockets are
/// ours, and no name can be trusted to be somebody else's.
pub(crate) fn leads_home(options: &SshOptions, target_is_here: bool, forwarding: &Forwarding) -> bool {
    let Forwarding::Tcp(to) = forwarding else { return target_is_here };
    match to.host.parse::<IpAddr>() {
        Ok(address) if address.is_loopback() => target_is_here,
        Ok(address) => (options.is_own)(address),
        Err(_) => target_is_here,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn loopback_is_ours_and_a_documentation_address_is_not() {
        for ours in ["127.0.0.1", "127.3.2.1", "::1"] {
            assert!(is_own(ours.parse().unwrap()), "{ours}");
        }
        for other in ["203.0.113.7", "2001:db8::7"] {
            assert!(!is_own(other.parse().unwrap()), "{other}");
        }
    }
}
