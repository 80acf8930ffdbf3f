//! The configuration's part about people: the notice that they accept, and who vouches for their devices.

use std::path::PathBuf;

use access::identity::{Devices, PublicKey};
use access::road::ConsentNotice;
use anyhow::Result;
use serde::Deserialize;
use toml::Spanned;

use super::Reader;

/// The texts of a configuration that names none.
const ENGLISH: &str = include_str!("../../../../config/consent/notice.en.txt");
const CHINESE: &str = include_str!("../../../../config/consent/notice.zh.txt");

/// Longest text, in bytes: it has to fit into one question of the SSH login.
const LONGEST: usize = 16 * 1024;

/// `[consent]`, as written. Without the section the shipped notice has to be accepted.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Consent {
    required: Option<bool>,
    notice_en: Option<Spanned<PathBuf>>,
    notice_zh: Option<Spanned<PathBuf>>,
}

/// `[devices]`, as written.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Trusted {
    #[serde(default)]
    attestation_roots: Vec<Spanned<PathBuf>>,
    authority: Option<Spanned<PathBuf>>,
}

impl Reader<'_> {
    /// Makers of security keys and the device authority, as far as the file names any.
    pub(super) fn devices(&self, section: &Trusted) -> Result<Devices> {
        let mut devices = Devices::default();
        for path in &section.attestation_roots {
            let trusted = devices.trust_roots(self.text_of(path)?.as_bytes());
            trusted.map_err(|fault| self.wrong(path, fault))?;
        }
        if let Some(path) = &section.authority {
            let key = PublicKey::parse(self.text_of(path)?.trim());
            devices.trust_authority(&key.map_err(|fault| self.wrong(path, fault))?);
        }
        Ok(devices)
    }

    fn text_of(&self, path: &Spanned<PathBuf>) -> Result<String> {
        let place = self.place(path);
        std::fs::read_to_string(&place)
            .map_err(|fault| self.wrong(path, format!("cannot read {}: {fault}", place.display())))
    }

    /// The notice that everybody has to accept; none when the file says that nobody has to.
    pub(super) fn consent(&self, section: &Consent) -> Result<Option<ConsentNotice>> {
        if section.required == Some(false) {
            return Ok(None);
        }
        let english = self.notice(section.notice_en.as_ref(), ENGLISH)?;
        let chinese = self.notice(section.notice_zh.as_ref(), CHINESE)?;
        Ok(Some(ConsentNotice::new(&english, &chinese)))
    }

    fn notice(&self, path: Option<&Spanned<PathBuf>>, shipped: &str) -> Result<String> {
        let Some(path) = path else { return Ok(shipped.to_owned()) };
        let (place, text) = (self.place(path), self.text_of(path)?);
        let is_plain = |c: char| !c.is_control() || c == '\n';
        match text.trim().is_empty() || text.len() > LONGEST || !text.chars().all(is_plain) {
            false => Ok(text),
            true => {
                Err(self.wrong(path, format!("{} must be plain text of 1 to 16384 bytes", place.display())))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::config::tests::{read, refusal};

    #[test]
    fn the_shipped_notice_has_to_be_accepted_unless_the_file_says_otherwise() {
        let shipped = read(|text| text).unwrap().consent.unwrap();
        let bare = read(|text| text.split("[consent]").next().unwrap().to_owned() + &after_consent(&text));
        assert_eq!(bare.unwrap().consent.unwrap(), shipped, "a forgotten section turns nothing off");
        let off = read(|text| text.replace("required = true", "required = false"));
        assert_eq!(off.unwrap().consent, None);
    }

    #[test]
    fn a_notice_that_cannot_be_shown_is_refused_with_its_line() {
        let told = refusal(|text| text.replace("consent/notice.en.txt", "consent/gone.txt"));
        assert!(told.contains("line ") && told.contains("gone.txt"), "{told}");
    }

    #[test]
    fn whoever_vouches_for_devices_must_be_readable() {
        for section in ["attestation_roots = [\"gone.pem\"]", "authority = \"gone.pub\""] {
            let told = refusal(|text| text.replace("attestation_roots = []", section));
            assert!(told.contains("line ") && told.contains("gone."), "{told}");
        }
        assert!(!read(|text| text).unwrap().devices.trusts_anybody());
        let own = read(|text| text.replace("# authority = \"device_ca.pub\"", "authority = \"host_ca.pub\""));
        assert!(own.unwrap().devices.trusts_anybody());
        let no_root = refusal(|text| text.replace("roots = []", "roots = [\"host_ca.pub\"]"));
        assert!(no_root.contains("no certificate"), "{no_root}");
    }

    /// What follows the section.
    fn after_consent(text: &str) -> String {
        let section = text.split("[consent]").nth(1).unwrap();
        section.find("\n[").map(|at| section[at..].to_owned()).unwrap_or_default()
    }
}
