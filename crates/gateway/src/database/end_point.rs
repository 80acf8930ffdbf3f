//! `tls-server-end-point` (RFC 5929, section 4.1): the digest of a server's certificate, by the hash that it is signed with.

use aws_lc_rs::digest::{Algorithm, SHA256, SHA384, SHA512, digest};

const SEQUENCE: u8 = 0x30;
const OBJECT_IDENTIFIER: u8 = 0x06;

/// Signature algorithms by their object identifier in DER (RFC 4055, RFC 5758). MD5 and SHA-1 count as SHA-256.
const SIGNED_WITH: [(&[u8], &Algorithm); 8] = [
    (b"\x2a\x86\x48\x86\xf7\x0d\x01\x01\x04", &SHA256),
    (b"\x2a\x86\x48\x86\xf7\x0d\x01\x01\x05", &SHA256),
    (b"\x2a\x86\x48\x86\xf7\x0d\x01\x01\x0b", &SHA256),
    (b"\x2a\x86\x48\x86\xf7\x0d\x01\x01\x0c", &SHA384),
    (b"\x2a\x86\x48\x86\xf7\x0d\x01\x01\x0d", &SHA512),
    (b"\x2a\x86\x48\xce\x3d\x04\x03\x02", &SHA256),
    (b"\x2a\x86\x48\xce\x3d\x04\x03\x03", &SHA384),
    (b"\x2a\x86\x48\xce\x3d\x04\x03\x04", &SHA512),
];

/// The digest; none for a certificate whose signature has no hash of its own (Ed25519, RSA-PSS).
pub(crate) fn end_point(certificate: &[u8]) -> Option<Vec<u8>> {
    let (_, known) =
        SIGNED_WITH.iter().find(|(identifier, _)| signed_with(certificate) == Some(*identifier))?;
    Some(digest(known, certificate).as_ref().to_vec())
}

/// Certificate ::= SEQUENCE { tbsCertificate, signatureAlgorithm SEQUENCE { OBJECT IDENTIFIER, … }, … } (RFC 5280).
fn signed_with(certificate: &[u8]) -> Option<&[u8]> {
    let (content, _) = element(certificate, SEQUENCE)?;
    let (_, behind) = element(content, SEQUENCE)?;
    let (algorithm, _) = element(behind, SEQUENCE)?;
    Some(element(algorithm, OBJECT_IDENTIFIER)?.0)
}

/// The content of the first DER element, and what comes behind it.
fn element(bytes: &[u8], tag: u8) -> Option<(&[u8], &[u8])> {
    let (found, rest) = bytes.split_first()?;
    let (first, rest) = rest.split_first()?;
    let (length, rest) = match usize::from(*first) {
        short @ 0..=0x7f => (short, rest),
        long => {
            let (digits, rest) = rest.split_at_checked(long & 0x7f)?;
            let fold = |value: usize, digit: &u8| value.checked_mul(256)?.checked_add(usize::from(*digit));
            (digits.iter().try_fold(0, fold)?, rest)
        }
    };
    (*found == tag).then(|| rest.split_at_checked(length))?
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A certificate in outline: an empty body, an algorithm, an empty signature.
    fn signed(identifier: &[u8]) -> Vec<u8> {
        let length = |n: usize| u8::try_from(n).unwrap();
        let algorithm = [&[OBJECT_IDENTIFIER, length(identifier.len())], identifier].concat();
        let inner = [&[SEQUENCE, 0, SEQUENCE, length(algorithm.len())], &*algorithm, &[3, 0]].concat();
        [&[SEQUENCE, 0x81, length(inner.len())], &*inner].concat()
    }

    #[test]
    fn the_hash_is_the_one_of_the_signature() {
        for (identifier, bytes) in [(SIGNED_WITH[2].0, 32), (SIGNED_WITH[6].0, 48), (SIGNED_WITH[4].0, 64)] {
            assert_eq!(end_point(&signed(identifier)).map(|digest| digest.len()), Some(bytes));
        }
    }

    #[test]
    fn what_is_not_known_binds_nothing() {
        let ed25519 = signed(b"\x2b\x65\x70");
        for certificate in [&b""[..], b"\x30", b"\x30\x85\xff\xff\xff\xff\xff", b"\x30\x02\x30\x09", &ed25519]
        {
            assert_eq!(end_point(certificate), None);
        }
    }
}
