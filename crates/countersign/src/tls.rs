//! The gateway's own TLS authority, for a first start: clients trust one file, and certificates are made out as they are
//! needed.

use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use anyhow::{Context as _, Result};
use gateway::CertificateFiles;
use rcgen::{
    BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair,
    KeyUsagePurpose,
};
use zeroize::Zeroizing;

use crate::config::DoorCertificate;
use crate::{secrets, surroundings};

/// Name of the authority in its certificate, and so in those that it signs.
const AUTHORITY: &str = "Countersign gateway authority";

const DAY: Duration = Duration::from_secs(86_400);
/// A clock may be so much behind the gateway's.
const SLACK: Duration = Duration::from_secs(3600);
const AUTHORITY_DAYS: u32 = 3650;
const CERTIFICATE_DAYS: u32 = 30;

/// How often a certificate of the gateway's own is made anew.
pub const RENEWAL: Duration = DAY;

/// Makes an authority: its certificate for everybody, its key for the gateway alone.
pub fn make_authority(certificate: &Path, key: &Path) -> Result<()> {
    let pair = KeyPair::generate()?;
    let made = authority(surroundings::system_time())?.self_signed(&pair)?;
    secrets::write(key, &Zeroizing::new(pair.serialize_pem()))?;
    std::fs::write(certificate, made.pem()).with_context(|| format!("cannot write {}", certificate.display()))
}

/// The files of the certificate that clients see. One of the gateway's own is made now, in `run`.
pub fn certificate(from: &DoorCertificate, run: &Path) -> Result<CertificateFiles> {
    match from {
        DoorCertificate::Files { chain, key } => {
            Ok(CertificateFiles { chain: chain.clone(), key: key.clone() })
        }
        DoorCertificate::Own { key, names, .. } => issue(key, names, run),
    }
}

fn issue(authority_key: &Path, names: &[String], run: &Path) -> Result<CertificateFiles> {
    let pem = std::fs::read_to_string(authority_key).map(Zeroizing::new);
    let pem = pem.with_context(|| format!("cannot read {}", authority_key.display()))?;
    let signer = KeyPair::from_pem(&pem)
        .with_context(|| format!("{} holds no private key in PEM", authority_key.display()))?;
    let now = surroundings::system_time();
    let issuer = Issuer::new(authority(now)?, signer);
    let pair = KeyPair::generate()?;
    let made = server(names, now)?.signed_by(&pair, &issuer)?;
    // The key first: the gateway reads both again when either changes, and keeps what it has while they do not fit.
    let key = replace(&run.join("tls.key"), &pair.serialize_pem())?;
    let chain = replace(&run.join("tls.pem"), &made.pem())?;
    Ok(CertificateFiles { chain, key })
}

/// Writes a private file whole or not at all.
fn replace(path: &Path, text: &str) -> Result<PathBuf> {
    let draft = path.with_extension(format!("draft.{}", std::process::id()));
    secrets::write(&draft, text)?;
    std::fs::rename(&draft, path).with_context(|| format!("cannot write {}", path.display()))?;
    Ok(path.to_owned())
}

fn authority(now: SystemTime) -> Result<CertificateParams> {
    let mut params = CertificateParams::new(vec![])?;
    params.distinguished_name.push(DnType::CommonName, AUTHORITY);
    params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign];
    params.not_before = (now - SLACK).into();
    params.not_after = (now + DAY * AUTHORITY_DAYS).into();
    Ok(params)
}

fn server(names: &[String], now: SystemTime) -> Result<CertificateParams> {
    let mut params = CertificateParams::new(names.to_vec())?;
    params.distinguished_name.push(DnType::CommonName, "Countersign gateway");
    params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    params.use_authority_key_identifier_extension = true;
    params.not_before = (now - SLACK).into();
    params.not_after = (now + DAY * CERTIFICATE_DAYS).into();
    Ok(params)
}
