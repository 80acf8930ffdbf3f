//! Destinations of forwardings: one spelling for each, and those that no policy can permit.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use thiserror::Error;

use crate::Destination;

/// Longest host name (RFC 1035, section 2.3.4).
const LONGEST_NAME: usize = 253;

/// Longest path of a Unix socket on Linux, without its terminating zero.
const LONGEST_PATH: usize = 107;

/// Names under which clouds hand out the credentials of a machine to whoever asks from it.
const METADATA_NAMES: [&str; 12] = [
    "instance-data",
    "instance-data.ec2.internal",
    "metadata",
    "metadata.azure.com",
    "metadata.azure.internal",
    "metadata.goog",
    "metadata.google.internal",
    "metadata.google.internal.internal",
    "metadata.internal",
    "metadata.packet.net",
    "metadata.platformequinix.com",
    "metadata.tencentyun.com",
];

/// The same, outside the link-local range: Alibaba Cloud, Oracle Cloud (classic), Azure.
const METADATA_V4: [Ipv4Addr; 3] =
    [Ipv4Addr::new(100, 100, 100, 200), Ipv4Addr::new(192, 0, 0, 192), Ipv4Addr::new(168, 63, 129, 16)];

/// Why a destination is refused, whatever the policies say.
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
pub enum Unreachable {
    /// Empty, too long, or with a character that no host name has.
    #[error("it is not a host name or address")]
    NotAHost,
    /// A number that is no IPv4 address in any spelling.
    #[error("it is a number, but not an address")]
    NotAnAddress,
    /// 0, or more than 65535.
    #[error("it is not a TCP port")]
    NotAPort,
    /// `0.0.0.0/8`, `::`: whatever listens on the machine itself.
    #[error("it is an unspecified address")]
    Unspecified,
    /// `169.254.0.0/16`, `fe80::/10`.
    #[error("it is a link-local address")]
    LinkLocal,
    /// Multicast, broadcast and the reserved `240.0.0.0/4`.
    #[error("it is not the address of one machine")]
    NotOneMachine,
    /// Where a cloud hands out credentials.
    #[error("it is a cloud's metadata service")]
    Metadata,
    /// An IPv6 address that stands for an IPv4 address (6to4, NAT64, Teredo, compatible).
    #[error("it is an IPv6 address that hides another one; name that one")]
    Disguised,
    /// Relative, too long, or not in its shortest spelling.
    #[error("it is not the full path of a socket, without `.`, `..` and doubled slashes")]
    NotAPath,
}

/// The destination of a `direct-tcpip` channel: a name in lower case without its last dot, or an address as RFC 5952 and
/// dotted decimals write it. Numbers that resolvers take for IPv4 addresses (`2130706433`, `0177.1`, `0x7f.1`) become them.
///
/// ```
/// use policy::destination::{Unreachable, tcp};
///
/// assert_eq!(tcp("0x7F.1", 5432).unwrap().host, "127.0.0.1");
/// assert_eq!(tcp("DB-2.Example.", 5432).unwrap().host, "db-2.example");
/// assert_eq!(tcp("169.254.169.254", 80), Err(Unreachable::LinkLocal));
/// ```
pub fn tcp(host: &str, port: u32) -> Result<Destination, Unreachable> {
    let port = u16::try_from(port).ok().filter(|port| *port != 0).ok_or(Unreachable::NotAPort)?;
    let host = match address(host)? {
        Some(address) => address.to_string(),
        None => name(host)?,
    };
    Ok(Destination { host, port })
}

/// The destination of a `direct-streamlocal@openssh.com` channel: an absolute path in its shortest spelling.
pub fn unix(path: &str) -> Result<Destination, Unreachable> {
    let plain = path.len() <= LONGEST_PATH && !path.chars().any(char::is_control);
    let mut parts = path.strip_prefix('/').ok_or(Unreachable::NotAPath)?.split('/');
    if plain && parts.all(|part| !["", ".", ".."].contains(&part)) {
        return Ok(Destination { host: path.to_owned(), port: 0 });
    }
    Err(Unreachable::NotAPath)
}

/// The address that a text is, if a resolver would take it for one.
fn address(host: &str) -> Result<Option<IpAddr>, Unreachable> {
    if host.contains(':') {
        // `[::1]` and `fe80::1%eth0` are not among what this accepts.
        let address: Ipv6Addr = host.parse().map_err(|_| Unreachable::NotAHost)?;
        return allowed_v6(address).map(Some);
    }
    let bare = host.strip_suffix('.').unwrap_or(host);
    if !ends_in_number(bare) {
        return Ok(None);
    }
    let address = old_v4(bare).ok_or(Unreachable::NotAnAddress)?;
    allowed_v4(address).map(|address| Some(address.into()))
}

/// No name ends in a number (RFC 3696, section 2), so what does is an address or nothing.
fn ends_in_number(host: &str) -> bool {
    let last = host.rsplit('.').next().unwrap_or_default();
    let digits = !last.is_empty() && last.bytes().all(|b| b.is_ascii_digit());
    digits || last.starts_with("0x") || last.starts_with("0X")
}

/// As `inet_aton` reads it: one to four parts, each decimal, octal or hexadecimal, the last fills what is left.
fn old_v4(host: &str) -> Option<Ipv4Addr> {
    let parts: Vec<u32> = host.split('.').map(number).collect::<Option<_>>()?;
    let (last, first) = parts.split_last()?;
    let free = 32 - 8 * u32::try_from(first.len()).ok().filter(|count| *count < 4)?;
    let fits = u64::from(*last) < 1 << free && first.iter().all(|part| *part < 256);
    let high = first.iter().fold(0_u64, |high, part| high << 8 | u64::from(*part));
    let whole = u32::try_from(high << free | u64::from(*last)).ok()?;
    fits.then(|| Ipv4Addr::from(whole))
}

fn number(text: &str) -> Option<u32> {
    let lower = text.to_ascii_lowercase();
    let (digits, radix) = match lower.strip_prefix("0x") {
        Some(digits) => (digits, 16),
        None if lower.len() > 1 && lower.starts_with('0') => (&lower[1..], 8),
        None => (&*lower, 10),
    };
    // `from_str_radix` takes a sign, which is not a digit.
    digits.bytes().all(|b| b.is_ascii_alphanumeric()).then(|| u32::from_str_radix(digits, radix).ok())?
}

fn allowed_v4(address: Ipv4Addr) -> Result<Ipv4Addr, Unreachable> {
    let first = address.octets()[0];
    Err(match address {
        _ if METADATA_V4.contains(&address) => Unreachable::Metadata,
        _ if address.is_link_local() => Unreachable::LinkLocal,
        _ if first == 0 => Unreachable::Unspecified,
        _ if first >= 224 => Unreachable::NotOneMachine,
        _ => return Ok(address),
    })
}

fn allowed_v6(address: Ipv6Addr) -> Result<IpAddr, Unreachable> {
    if let Some(mapped) = address.to_ipv4_mapped() {
        return allowed_v4(mapped).map(IpAddr::V4);
    }
    let parts = address.segments();
    Err(match address {
        _ if address.is_unspecified() => Unreachable::Unspecified,
        _ if address.is_loopback() => return Ok(address.into()),
        _ if address.is_multicast() => Unreachable::NotOneMachine,
        _ if address.is_unicast_link_local() => Unreachable::LinkLocal,
        // fd00:ec2::/32 is Amazon's, fd20:ce::/32 Google's.
        _ if matches!(parts, [0xfd00, 0xec2, ..] | [0xfd20, 0xce, ..]) => Unreachable::Metadata,
        _ if is_disguise(parts) => Unreachable::Disguised,
        _ => return Ok(address.into()),
    })
}

/// Compatible `::/96`, translated `::ffff:0:0:0/96`, NAT64 `64:ff9b::/32`, Teredo `2001::/32`, 6to4 `2002::/16`, ISATAP.
fn is_disguise(parts: [u16; 8]) -> bool {
    matches!(
        parts,
        [0, 0, 0, 0, 0, 0, ..]
            | [0, 0, 0, 0, 0xffff, 0, ..]
            | [0x64, 0xff9b, ..]
            | [0x2001, 0, ..]
            | [0x2002, ..]
            | [_, _, _, _, 0 | 0x200, 0x5efe, ..]
    )
}

/// Letters, digits, `-` and `_` between dots.
fn name(host: &str) -> Result<String, Unreachable> {
    let host = host.strip_suffix('.').unwrap_or(host).to_ascii_lowercase();
    if host.len() > LONGEST_NAME || !host.split('.').all(is_label) {
        return Err(Unreachable::NotAHost);
    }
    if METADATA_NAMES.contains(&&*host) {
        return Err(Unreachable::Metadata);
    }
    Ok(host)
}

fn is_label(label: &str) -> bool {
    let inner = |b: u8| b.is_ascii_alphanumeric() || b == b'-' || b == b'_';
    (1..=63).contains(&label.len()) && !label.starts_with('-') && label.bytes().all(inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn host(text: &str) -> Result<String, Unreachable> {
        tcp(text, 80).map(|destination| destination.host)
    }

    #[test]
    fn every_spelling_of_an_address_becomes_the_usual_one() {
        for (text, usual) in [
            ("127.0.0.1", "127.0.0.1"),
            ("127.0.0.1.", "127.0.0.1"),
            ("2130706433", "127.0.0.1"),
            ("0x7f000001", "127.0.0.1"),
            ("0X7F.1", "127.0.0.1"),
            ("0177.1", "127.0.0.1"),
            ("017700000001", "127.0.0.1"),
            ("127.1", "127.0.0.1"),
            ("127.0.1", "127.0.0.1"),
            ("10.0.258", "10.0.1.2"),
            ("010.0.0.1", "8.0.0.1"),
            ("::1", "::1"),
            ("0:0:0:0:0:0:0:1", "::1"),
            ("::ffff:127.0.0.1", "127.0.0.1"),
            ("::FFFF:7f00:1", "127.0.0.1"),
            ("2001:DB8::00ff", "2001:db8::ff"),
        ] {
            assert_eq!(host(text).as_deref(), Ok(usual), "{text}");
        }
    }

    #[test]
    fn names_are_lower_case_without_the_last_dot() {
        for (text, usual) in [
            ("db", "db"),
            ("DB.Example.ORG.", "db.example.org"),
            ("Localhost.", "localhost"),
            ("my_db-2.internal", "my_db-2.internal"),
            ("1db.x1", "1db.x1"),
            ("xn--bcher-kva.example", "xn--bcher-kva.example"),
        ] {
            assert_eq!(host(text).as_deref(), Ok(usual), "{text}");
        }
    }

    #[test]
    fn link_local_and_metadata_are_never_reached_however_they_are_spelled() {
        use Unreachable::{Disguised, LinkLocal, Metadata};
        for (text, why) in [
            ("169.254.169.254", LinkLocal),
            ("169.254.169.254.", LinkLocal),
            ("2852039166", LinkLocal),
            ("0xa9fea9fe", LinkLocal),
            ("0xA9.0376.43518", LinkLocal),
            ("169.254.43518", LinkLocal),
            ("::ffff:169.254.169.254", LinkLocal),
            ("::ffff:a9fe:a9fe", LinkLocal),
            ("::169.254.169.254", Disguised),
            ("::ffff:0:169.254.169.254", Disguised),
            ("64:ff9b::a9fe:a9fe", Disguised),
            ("64:ff9b:1::a9fe:a9fe", Disguised),
            ("2002:a9fe:a9fe::1", Disguised),
            ("2001:0:a9fe:a9fe::1", Disguised),
            ("2001:db8::5efe:a9fe:a9fe", Disguised),
            ("fe80::1", LinkLocal),
            ("febf::1", LinkLocal),
            ("fd00:ec2::254", Metadata),
            ("FD00:0EC2:0:0:0:0:0:254", Metadata),
            ("fd20:ce::254", Metadata),
            ("100.100.100.200", Metadata),
            ("1684301000", Metadata),
            ("168.63.129.16", Metadata),
            ("metadata.google.internal", Metadata),
            ("Metadata.Google.Internal.", Metadata),
            ("METADATA", Metadata),
        ] {
            assert_eq!(host(text), Err(why), "{text}");
        }
    }

    #[test]
    fn what_is_not_one_machine_is_never_reached() {
        use Unreachable::{NotOneMachine, Unspecified};
        for (text, why) in [
            ("0.0.0.0", Unspecified),
            ("0", Unspecified),
            ("0x0", Unspecified),
            ("0.1.2.3", Unspecified),
            ("::", Unspecified),
            ("::ffff:0.0.0.0", Unspecified),
            ("0:0:0:0:0:0:0:0", Unspecified),
            ("224.0.0.1", NotOneMachine),
            ("255.255.255.255", NotOneMachine),
            ("4294967295", NotOneMachine),
            ("240.0.0.1", NotOneMachine),
            ("ff02::1", NotOneMachine),
        ] {
            assert_eq!(host(text), Err(why), "{text}");
        }
    }

    #[test]
    fn what_is_neither_name_nor_address_is_refused() {
        for text in [
            "",
            ".",
            "..",
            "a..b",
            ".db",
            "db..",
            "db ",
            " db",
            "d b",
            "db\0",
            "127.0.0.1\0.example",
            "db\n",
            "db\t",
            "db%eth0",
            "fe80::1%eth0",
            "::1%lo",
            "[::1]",
            "-db",
            "db/x",
            "db:80",
            "a@b",
            "bücher.example",
            "１２７.example",
            "db。example",
            "1.+2",
            ":::",
        ] {
            assert_eq!(host(text), Err(Unreachable::NotAHost), "{text:?}");
        }
        assert_eq!(host(&"a".repeat(64)), Err(Unreachable::NotAHost));
        assert_eq!(host(&["a"; 128].join(".")), Err(Unreachable::NotAHost));
    }

    #[test]
    fn numbers_that_are_no_address_are_refused() {
        for text in [
            "256.1.1.1",
            "1.2.3.256",
            "1.2.3.4.5",
            "4294967296",
            "08",
            "0x",
            "0xg",
            "1..2",
            "a.1",
            "db.0x7f",
            "１２７.0.0.1",
            "99999999999999999999",
            "1.2.65536",
            ".1",
        ] {
            assert_eq!(host(text), Err(Unreachable::NotAnAddress), "{text}");
        }
    }

    #[test]
    fn a_port_is_one_that_tcp_has() {
        for port in [0, 65_536, u32::MAX] {
            assert_eq!(tcp("db", port), Err(Unreachable::NotAPort));
        }
        assert_eq!(tcp("db", 65_535).map(|destination| destination.port), Ok(65_535));
    }

    #[test]
    fn a_socket_has_one_full_path() {
        for path in ["/run/postgresql/.s.PGSQL.5432", "/var/run/docker.sock", "/a b"] {
            assert_eq!(unix(path).map(|destination| destination.host).as_deref(), Ok(path));
        }
        let long = format!("/{}", "x".repeat(107));
        for path in [
            "", "x", "./x", "/", "/a/", "//a", "/a//b", "/a/./b", "/a/../b", "/..", "/a\0", "/a\n", "~/x",
            &long,
        ] {
            assert_eq!(unix(path), Err(Unreachable::NotAPath), "{path:?}");
        }
    }
}
