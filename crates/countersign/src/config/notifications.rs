//! The configuration's receivers of notices: who is told what, in which language, and by which way.

use std::collections::BTreeSet;
use std::path::PathBuf;

use access::announcement::{EVENTS, Receiver as Told};
use access::text::Language;
use anyhow::{Context as _, Result};
use notify::format::Format;
use notify::{Address, Hook, Mail, Secret, Security, Transport};
use serde::Deserialize;
use toml::Spanned;

use super::Reader;

/// `[notifications]`, as written.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Notifications {
    #[serde(default)]
    receiver: Vec<Declared>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Declared {
    name: Spanned<String>,
    kind: Spanned<String>,
    events: Option<Vec<Spanned<String>>>,
    #[serde(default)]
    commands: bool,
    language: Option<Spanned<String>>,
    ca_file: Option<Spanned<PathBuf>>,
    secret_file: Option<Spanned<PathBuf>>,
    url_file: Option<Spanned<PathBuf>>,
    server: Option<Spanned<String>>,
    port: Option<Spanned<u16>>,
    security: Option<Spanned<String>>,
    user: Option<Spanned<String>>,
    from: Option<Spanned<String>>,
    to: Option<Spanned<Vec<String>>>,
}

/// A receiver, checked.
#[derive(Clone, Debug)]
pub struct Receiver {
    /// Its name, and what it is told.
    pub told: Told,
    language: Language,
    authority: Option<Vec<u8>>,
    way: Way,
}

#[derive(Clone, Debug)]
enum Way {
    Hook { format: Format, address: Address, secret: Option<Secret> },
    Mail(Letters),
}

#[derive(Clone, Debug)]
struct Letters {
    server: (String, u16),
    security: Security,
    login: Option<(String, Secret)>,
    from: String,
    to: Vec<String>,
}

impl Receiver {
    /// The way there, ready for deliveries.
    pub fn open(&self) -> Result<notify::Receiver> {
        let authority = self.authority.as_deref();
        let transport: Box<dyn Transport> = match self.way.clone() {
            Way::Hook { format, address, secret } => Box::new(Hook::new(format, address, secret, authority)?),
            Way::Mail(Letters { server: (host, port), security, login, from, to }) => {
                Box::new(Mail::new((&host, port), security, login, (&from, &to), authority)?)
            }
        };
        Ok(notify::Receiver { name: self.told.name.clone(), language: self.language, transport })
    }
}

impl Reader<'_> {
    pub(super) fn receivers(&self, declared: &Notifications) -> Result<Vec<Receiver>> {
        let mut names = BTreeSet::new();
        declared
            .receiver
            .iter()
            .map(|one| match names.insert(one.name.get_ref()) {
                true => self.receiver(one),
                false => Err(self.wrong(&one.name, "this name is taken by another receiver")),
            })
            .collect()
    }

    fn receiver(&self, one: &Declared) -> Result<Receiver> {
        let way = match one.kind.get_ref().as_str() {
            "mail" => Way::Mail(self.letters(one)?),
            _ => self.hook(one)?,
        };
        let receiver = Receiver {
            told: Told {
                name: self.receiver_name(&one.name)?,
                events: one.events.as_deref().map(|words| self.events(words)).transpose()?,
                commands: one.commands,
            },
            language: self.language(one.language.as_ref())?,
            authority: one.ca_file.as_ref().map(|file| self.authority(file)).transpose()?,
            way,
        };
        // Opened once for its faults: a wrong address or certificate is told here, with its line.
        receiver.open().map_err(|fault| self.wrong(&one.name, format!("{fault:#}")))?;
        Ok(receiver)
    }

    fn receiver_name(&self, name: &Spanned<String>) -> Result<String> {
        let text = name.get_ref();
        let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
        match (1..=32).contains(&text.len()) && text.chars().all(plain) {
            true => Ok(text.clone()),
            false => Err(self.wrong(name, "a receiver's name has 1 to 32 of a-z, 0-9 and -")),
        }
    }

    fn events(&self, words: &[Spanned<String>]) -> Result<BTreeSet<String>> {
        let known = |word: &Spanned<String>| match EVENTS.contains(&word.get_ref().as_str()) {
            true => Ok(word.get_ref().clone()),
            false => Err(self.wrong(word, format!("{:?} is none of {}", word.get_ref(), EVENTS.join(", ")))),
        };
        words.iter().map(known).collect()
    }

    fn hook(&self, one: &Declared) -> Result<Way> {
        let format = Format::parse(one.kind.get_ref()).ok_or_else(|| {
            self.wrong(&one.kind, "kind is none of json, wecom, dingtalk, feishu, slack, mail")
        })?;
        let mail_only = one.server.is_some() || one.port.is_some() || one.security.is_some();
        if mail_only || one.user.is_some() || one.from.is_some() || one.to.is_some() {
            return Err(
                self.wrong(&one.kind, "server, port, security, user, from and to are for kind = \"mail\"")
            );
        }
        let file = self.needed(one, &one.url_file, "url_file")?;
        let address = Address::parse(&self.content(file)?).map_err(|fault| self.wrong(file, fault))?;
        let secret = self.signing_secret(one, format)?;
        Ok(Way::Hook { format, address, secret })
    }

    fn signing_secret(&self, one: &Declared, format: Format) -> Result<Option<Secret>> {
        match (format.signs(), &one.secret_file) {
            (Some(true), None) => Err(self.wrong(&one.name, "secret_file is missing: it signs every notice")),
            (None, Some(file)) => Err(self.wrong(file, "this kind has no signatures: its URL is the secret")),
            (_, file) => file.as_ref().map(|file| self.secret_line(file)).transpose(),
        }
    }

    fn letters(&self, one: &Declared) -> Result<Letters> {
        if let Some(file) = &one.url_file {
            return Err(self.wrong(file, "url_file is not for kind = \"mail\""));
        }
        let security = self.security(one)?;
        let login = match (&one.user, &one.secret_file) {
            (Some(user), Some(file)) => Some((user.get_ref().clone(), self.secret_line(file)?)),
            (None, None) => None,
            _ => {
                return Err(
                    self.wrong(&one.name, "user and secret_file (the password) are given both or neither")
                );
            }
        };
        let port = one.port.as_ref().map_or(security.port(), |port| *port.get_ref());
        let to = self.needed(one, &one.to, "to")?;
        if to.get_ref().is_empty() {
            return Err(self.wrong(to, "to names nobody"));
        }
        Ok(Letters {
            server: (self.needed(one, &one.server, "server")?.get_ref().clone(), port),
            security,
            login,
            from: self.needed(one, &one.from, "from")?.get_ref().clone(),
            to: to.get_ref().clone(),
        })
    }

    fn security(&self, one: &Declared) -> Result<Security> {
        let Some(word) = &one.security else { return Ok(Security::StartTls) };
        Security::parse(word.get_ref())
            .ok_or_else(|| self.wrong(word, "security is none of starttls, tls, plain"))
    }

    fn needed<'a, T>(&self, one: &Declared, value: &'a Option<T>, field: &str) -> Result<&'a T> {
        let missing =
            || self.wrong(&one.name, format!("{field} is missing for kind {:?}", one.kind.get_ref()));
        value.as_ref().ok_or_else(missing)
    }

    /// The content of a file that others cannot read. What goes wrong never shows it.
    fn content(&self, file: &Spanned<PathBuf>) -> Result<String> {
        let place = self.secret(file)?;
        std::fs::read_to_string(&place).map_err(|_| self.wrong(file, "it does not hold text"))
    }

    fn secret_line(&self, file: &Spanned<PathBuf>) -> Result<Secret> {
        let content = self.content(file)?;
        match content.trim() {
            "" => Err(self.wrong(file, "it is empty")),
            line if line.contains('\n') => Err(self.wrong(file, "it holds more than one line")),
            line => Ok(Secret::new(line)),
        }
    }

    fn authority(&self, file: &Spanned<PathBuf>) -> Result<Vec<u8>> {
        let place = self.place(file);
        let read = std::fs::read(&place).with_context(|| format!("{} cannot be read", place.display()));
        read.map_err(|fault| self.wrong(file, format!("{fault:#}")))
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::super::Config;
    use super::*;
    use crate::commands::init::{LEDGER_NAME, init};

    const SECRET: &str = "https://hooks.example.org/t0p-s3cret";

    /// A configuration with that receiver, and a file `u` that only its owner can read.
    fn with(receiver: &str) -> Result<Vec<Receiver>> {
        let folder = tempfile::tempdir()?;
        init(folder.path(), "127.0.0.1:2222".parse()?, LEDGER_NAME)?;
        for (name, mode) in [("u", 0o600), ("open", 0o644)] {
            let file = folder.path().join(name);
            std::fs::write(&file, format!("{SECRET}\n"))?;
            std::fs::set_permissions(&file, std::fs::Permissions::from_mode(mode))?;
        }
        let path = folder.path().join("countersign.toml");
        let text = std::fs::read_to_string(&path)?;
        std::fs::write(&path, format!("{text}\n[[notifications.receiver]]\n{receiver}\n"))?;
        Config::read(&path).map(|config| config.receivers)
    }

    fn refusal(receiver: &str) -> String {
        let told = format!("{:#}", with(receiver).unwrap_err());
        assert!(told.contains("line "), "{told}");
        assert!(!told.contains("t0p-s3cret"), "{told}");
        told
    }

    #[test]
    fn every_kind_of_receiver_is_understood() {
        for receiver in [
            "name = \"a\"\nkind = \"json\"\nurl_file = \"u\"\nsecret_file = \"u\"",
            "name = \"a\"\nkind = \"wecom\"\nurl_file = \"u\"\nlanguage = \"zh-CN\"",
            "name = \"a\"\nkind = \"dingtalk\"\nurl_file = \"u\"\nsecret_file = \"u\"",
            "name = \"a\"\nkind = \"feishu\"\nurl_file = \"u\"",
            "name = \"a\"\nkind = \"slack\"\nurl_file = \"u\"\ncommands = true\nevents = [\"alert\"]",
            "name = \"a\"\nkind = \"mail\"\nserver = \"mail.example.org\"\nfrom = \"c@example.org\"\nto = [\"Leads <l@example.org>\"]\nuser = \"c\"\nsecret_file = \"u\"",
        ] {
            let receivers = with(receiver).unwrap();
            assert!(!receivers.is_empty() && !format!("{receivers:?}").contains("t0p-s3cret"));
        }
        let told = with("name = \"a\"\nkind = \"slack\"\nurl_file = \"u\"").unwrap().remove(0).told;
        assert!(!told.commands && told.events.is_none(), "{told:?}");
    }

    /// The receivers of docs/operations.md, with a file for every secret that they name.
    #[test]
    fn the_documented_receivers_are_understood() {
        let guide = include_str!("../../../../docs/operations.md");
        let tables = guide.split("```toml\n").filter(|block| block.starts_with("[[notifications.receiver]]"));
        let tables: Vec<_> = tables.map(|block| block.split("```").next().unwrap()).collect();
        assert_eq!(tables.len(), 6);
        for table in tables {
            let (_, receiver) = table.split_once('\n').unwrap();
            let lines = receiver.lines().map(|line| match line.split_once("_file = ") {
                Some((key, _)) => format!("{key}_file = \"u\""),
                None => line.to_owned(),
            });
            with(&lines.collect::<Vec<_>>().join("\n")).unwrap();
        }
    }

    #[test]
    fn what_cannot_be_meant_is_refused_with_its_line() {
        for (receiver, part) in [
            ("name = \"A b\"\nkind = \"slack\"\nurl_file = \"u\"", "a-z"),
            ("name = \"a\"\nkind = \"pager\"\nurl_file = \"u\"", "none of json, wecom"),
            ("name = \"a\"\nkind = \"slack\"", "url_file is missing"),
            ("name = \"a\"\nkind = \"slack\"\nurl = \"https://x.example\"", "unknown field"),
            ("name = \"a\"\nkind = \"slack\"\nurl_file = \"u\"\nsecret_file = \"u\"", "no signatures"),
            ("name = \"a\"\nkind = \"slack\"\nurl_file = \"open\"", "chmod 600"),
            ("name = \"a\"\nkind = \"slack\"\nurl_file = \"u\"\nto = [\"x\"]", "kind = \"mail\""),
            ("name = \"a\"\nkind = \"slack\"\nurl_file = \"u\"\nevents = [\"everything\"]", "request-made"),
            ("name = \"a\"\nkind = \"slack\"\nurl_file = \"secrets/node.key\"", "one URL"),
            ("name = \"a\"\nkind = \"slack\"\nurl_file = \"u\"\nca_file = \"u\"", "no certificate"),
            ("name = \"a\"\nkind = \"json\"\nurl_file = \"u\"", "secret_file is missing"),
            ("name = \"a\"\nkind = \"mail\"\nserver = \"h\"\nfrom = \"c@x\"", "to is missing"),
            ("name = \"a\"\nkind = \"mail\"\nserver = \"h\"\nfrom = \"c@x\"\nto = []", "names nobody"),
            (
                "name = \"a\"\nkind = \"mail\"\nserver = \"h\"\nfrom = \"c@x\"\nto = [\"a@x\\nBcc: b@x\"]",
                "not a mail address",
            ),
            (
                "name = \"a\"\nkind = \"mail\"\nserver = \"h\"\nfrom = \"c@x\"\nto = [\"l@x\"]\nuser = \"c\"",
                "both or neither",
            ),
            (
                "name = \"a\"\nkind = \"mail\"\nserver = \"h\"\nfrom = \"c@x\"\nto = [\"l@x\"]\nsecurity = \"plain\"",
                "on this machine",
            ),
            (
                "name = \"a\"\nkind = \"mail\"\nserver = \"169.254.169.254\"\nfrom = \"c@x\"\nto = [\"l@x\"]",
                "link-local",
            ),
            (
                "name = \"a\"\nkind = \"slack\"\nurl_file = \"u\"\n[[notifications.receiver]]\nname = \"a\"\nkind = \"slack\"\nurl_file = \"u\"",
                "taken",
            ),
        ] {
            let told = refusal(receiver);
            assert!(told.contains(part), "{part}: {told}");
        }
    }
}
