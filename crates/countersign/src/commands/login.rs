//! `countersign login`: a key that stays on this machine, and the gateway's certificate for it, for clients that show one.

use std::path::{Path, PathBuf};

use access::policy::quoted;
use access::text::{self, Language};
use anyhow::{Context as _, Result, bail, ensure};
use clap::Args;
use rcgen::{CertificateParams, KeyPair};
use zeroize::Zeroizing;

use super::gateway::Gateway;
use crate::{secrets, tls};

/// What ends a certificate in PEM.
const END: &str = "-----END CERTIFICATE-----\n";

/// Options of login.
#[derive(Clone, Debug, Args)]
pub struct Login {
    /// The gateway, and your name there, as ssh takes it: HOST or NAME@HOST
    #[arg(value_name = "[NAME@]HOST")]
    gateway: String,
    /// Port of the gateway
    #[arg(long, short)]
    port: Option<u16>,
    /// An ssh_config file
    #[arg(long, short = 'F')]
    ssh_config: Option<PathBuf>,
    /// The key that you come in with
    #[arg(long, short)]
    identity: Option<PathBuf>,
    /// How long the certificate counts, at most 12h
    #[arg(long = "for", value_name = "TIME", default_value = "8h")]
    time: String,
    /// Write the files into this folder; default: ~/.countersign/HOST
    #[arg(long)]
    folder: Option<PathBuf>,
}

/// What the gateway has answered.
#[derive(Debug, PartialEq, Eq)]
struct Answer {
    /// The client's certificate and its authority's.
    chain: String,
    /// The authority of the gateway's own certificate, when that is the gateway's too.
    server: Option<String>,
}

/// Gets a certificate and says how clients use it.
pub fn login(options: &Login) -> Result<()> {
    let (person, host) = options.gateway.rsplit_once('@').unwrap_or(("NAME", &options.gateway));
    let folder = match &options.folder {
        Some(folder) => folder.clone(),
        None => own_folder(host)?,
    };
    let key = KeyPair::generate()?;
    let request = CertificateParams::new(vec![])?.serialize_request(&key)?.pem()?;
    let command = format!("certificate --for={} --with-authority", quoted(&options.time));
    let answer = Answer::read(&options.gateway().ask(&command, request.as_bytes())?)?;
    answer.keep(&key, &folder)?;
    let language = Language::of_locale(&std::env::var("LANG").unwrap_or_default());
    print!("{}", told(person, host, &folder, &options.time, answer.server.is_some(), language));
    Ok(())
}

impl Login {
    fn gateway(&self) -> Gateway {
        let Self { gateway, port, ssh_config, identity, .. } = self.clone();
        Gateway { address: gateway, port, ssh_config, identity }
    }
}

fn own_folder(host: &str) -> Result<PathBuf> {
    let home = std::env::home_dir().context("there is no home folder; say --folder")?;
    Ok(home.join(".countersign").join(name_of(host)?))
}

/// The name of a gateway's folder: never another place.
fn name_of(host: &str) -> Result<&str> {
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_' | ':' | '[' | ']');
    ensure!(
        !host.is_empty() && !host.starts_with('.') && host.chars().all(plain),
        "{host:?} cannot name a folder; say --folder"
    );
    Ok(host)
}

impl Answer {
    fn read(pem: &str) -> Result<Self> {
        let blocks: Vec<_> = pem.split_inclusive(END).collect();
        let whole = blocks
            .iter()
            .all(|block| block.starts_with("-----BEGIN CERTIFICATE-----") && block.ends_with(END));
        match blocks.as_slice() {
            [own, authority, rest @ ..] if whole => {
                let server = (!rest.is_empty()).then(|| rest.concat());
                Ok(Self { chain: [*own, *authority].concat(), server })
            }
            _ => bail!("the gateway answered with something that is no certificate"),
        }
    }

    /// Each file is there whole or not at all. The key is private from its first byte.
    fn keep(&self, key: &KeyPair, folder: &Path) -> Result<()> {
        secrets::folder(folder)?;
        tls::replace(&folder.join("client.key"), Zeroizing::new(key.serialize_pem()).as_bytes())?;
        tls::replace(&folder.join("client.pk8"), &Zeroizing::new(key.serialize_der()))?;
        tls::replace(&folder.join("client.crt"), self.chain.as_bytes())?;
        if let Some(server) = &self.server {
            tls::replace(&folder.join("server-ca.crt"), server.as_bytes())?;
        }
        Ok(())
    }
}

/// How clients are told where the files are.
fn told(person: &str, host: &str, folder: &Path, time: &str, has_server: bool, language: Language) -> String {
    let shown = folder.display().to_string();
    let file = |name: &str| folder.join(name).display().to_string();
    let (crt, key, pk8, ca) =
        (file("client.crt"), file("client.key"), file("client.pk8"), file("server-ca.crt"));
    let mut lines = vec![text::LOGIN_DONE.say(language, &[("for", time), ("folder", &shown)])];
    lines.push(text::LOGIN_USER.say(language, &[("person", person)]));
    if !has_server {
        lines.push(text::LOGIN_NO_AUTHORITY.say(language, &[]));
    }
    let environment = [("PGSSLCERT", &crt), ("PGSSLKEY", &key), ("PGSSLROOTCERT", &ca)]
        .map(|(name, file)| format!("{name}={}", quoted(file)))
        .join(" ");
    lines.extend([
        format!("psql:    sslmode=verify-full sslcert={crt} sslkey={key} sslrootcert={ca}"),
        format!("libpq:   export PGHOST={} PGSSLMODE=verify-full {environment}", quoted(host)),
        format!("JDBC:    ?sslmode=verify-full&sslcert={crt}&sslkey={pk8}&sslrootcert={ca}"),
        format!(
            "mariadb: --ssl-verify-server-cert --ssl-cert={} --ssl-key={} --ssl-ca={}",
            quoted(&crt),
            quoted(&key),
            quoted(&ca)
        ),
    ]);
    lines.join("\n") + "\n"
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    fn block(name: &str) -> String {
        format!("-----BEGIN CERTIFICATE-----\n{name}\n{END}")
    }

    #[test]
    fn an_answer_is_a_chain_and_perhaps_the_servers_authority() {
        let chain = block("own") + &block("authority");
        assert_eq!(Answer::read(&chain).unwrap(), Answer { chain: chain.clone(), server: None });
        let three = chain.clone() + &block("server");
        assert_eq!(Answer::read(&three).unwrap(), Answer { chain, server: Some(block("server")) });
        for wrong in ["", "Welcome\n", &block("own"), &(block("own") + "x" + &block("a"))] {
            assert!(Answer::read(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn what_is_written_replaces_what_was_there_and_is_private() {
        let folder = tempfile::tempdir().unwrap();
        let place = folder.path().join("new/gateway");
        let answer = Answer { chain: block("own"), server: Some(block("server")) };
        for _ in 0..2 {
            let key = KeyPair::generate().unwrap();
            answer.keep(&key, &place).unwrap();
            assert_eq!(std::fs::read_to_string(place.join("client.key")).unwrap(), key.serialize_pem());
            assert_eq!(std::fs::read(place.join("client.pk8")).unwrap(), key.serialize_der());
        }
        for entry in std::fs::read_dir(&place).unwrap() {
            let entry = entry.unwrap();
            assert_eq!(entry.metadata().unwrap().permissions().mode() & 0o777, 0o600, "{entry:?}");
        }
        assert_eq!(std::fs::read_dir(&place).unwrap().count(), 4, "no draft is left behind");
    }

    #[test]
    fn no_name_of_a_gateway_leads_out_of_the_folder() {
        for host in ["", ".", "..", "../x", "a/b", ".ssh", "a b"] {
            assert!(name_of(host).is_err(), "{host}");
        }
        assert!(name_of("gw-1.example.org").is_ok());
    }
}
