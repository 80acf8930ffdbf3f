//! The gateway's own TLS authorities. One signs its own certificate, for a first start: clients trust one file, and
//! certificates are made out as they are needed. The other, with another key, signs those of clients.

use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use access::identity::ClientAuthority;
use access::road::ClientCertificates;
use anyhow::{Context as _, Result};
use gateway::CertificateFiles;
use rcgen::{
    BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair,
    KeyUsagePurpose,
};
use zeroize::Zeroizing;

use crate::config::{DatabaseDoor, DoorCertificate};
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

/// Makes the key of an authority for clients' certificates.
pub fn make_client_authority(key: &Path) -> Result<()> {
    secrets::write(key, &Zeroizing::new(KeyPair::generate()?.serialize_pem()))
}

/// What signs clients' certificates, if the configuration names a key for it.
pub fn client_certificates(door: &DatabaseDoor) -> Result<Option<ClientCertificates>> {
    let Some(key) = &door.client_authority_key else { return Ok(None) };
    let now = surroundings::system_time();
    let seconds = now.duration_since(SystemTime::UNIX_EPOCH)?.as_secs();
    let authority = ClientAuthority::from_pem(&read(key)?, seconds);
    let authority = authority.with_context(|| format!("{} cannot be used", key.display()))?;
    let gateway = match &door.certificate {
        DoorCertificate::Own { key, .. } => Some(self::authority(now)?.self_signed(&signer(key)?)?.pem()),
        DoorCertificate::Files { .. } => None,
    };
    Ok(Some(ClientCertificates { authority, gateway }))
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
    let signer = signer(authority_key)?;
    let now = surroundings::system_time();
    let issuer = Issuer::new(authority(now)?, signer);
    let pair = KeyPair::generate()?;
    let made = server(names, now)?.signed_by(&pair, &issuer)?;
    // The key first: the gateway reads both again when either changes, and keeps what it has while they do not fit.
    let key = replace(&run.join("tls.key"), Zeroizing::new(pair.serialize_pem()).as_bytes())?;
    let chain = replace(&run.join("tls.pem"), made.pem().as_bytes())?;
    Ok(CertificateFiles { chain, key })
}

fn signer(key: &Path) -> Result<KeyPair> {
    KeyPair::from_pem(&read(key)?).with_context(|| format!("{} holds no private key in PEM", key.display()))
}

fn read(key: &Path) -> Result<Zeroizing<String>> {
    let pem = std::fs::read_to_string(key).map(Zeroizing::new);
    pem.with_context(|| format!("cannot read {}", key.display()))
}

/// Writes a private file whole or not at all.
pub fn replace(path: &Path, content: &[u8]) -> Result<PathBuf> {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let draft = path.with_file_name(format!("{name}.draft.{}", std::process::id()));
    secrets::write_bytes(&draft, content)?;
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
