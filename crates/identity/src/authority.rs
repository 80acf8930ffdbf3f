//! Certificate authorities that a server's certificate must come from, as PEM (RFC 7468).

use rustls_pki_types::CertificateDer;
use rustls_pki_types::pem::{self, PemObject as _};

/// Why text does not name certificate authorities.
#[derive(Debug, thiserror::Error)]
pub enum AuthorityError {
    /// A block does not decode.
    #[error("is not PEM: {0}")]
    Pem(pem::Error),
    /// There is no certificate in it.
    #[error("holds no certificate (-----BEGIN CERTIFICATE-----)")]
    Empty,
    /// A certificate cannot be an authority.
    #[error("holds something that is no certificate authority: {0}")]
    Certificate(webpki::Error),
}

/// The certificates in `text`, each usable as an authority; at least one.
pub fn parse(text: &str) -> Result<Vec<CertificateDer<'static>>, AuthorityError> {
    let certificates: Vec<_> = CertificateDer::pem_slice_iter(text.as_bytes())
        .collect::<Result<_, _>>()
        .map_err(AuthorityError::Pem)?;
    if certificates.is_empty() {
        return Err(AuthorityError::Empty);
    }
    for certificate in &certificates {
        webpki::anchor_from_trusted_cert(certificate).map_err(AuthorityError::Certificate)?;
    }
    Ok(certificates)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_authority_is_told_apart() {
        assert!(matches!(parse(""), Err(AuthorityError::Empty)));
        assert!(matches!(parse("-----BEGIN CERTIFICATE-----\n*\n"), Err(AuthorityError::Pem(_))));
        let other = "-----BEGIN CERTIFICATE-----\nMAA=\n-----END CERTIFICATE-----\n";
        assert!(matches!(parse(other), Err(AuthorityError::Certificate(_))));
    }
}
