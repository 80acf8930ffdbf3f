//! `countersign init DIR`: a new node's folder, with keys, configuration, policies and an empty ledger.

use std::net::SocketAddr;
use std::path::Path;

use access::identity::{HostCa, hostca};
use anyhow::{Context as _, Result, bail};
use ledger::{Log, NoteSigner};
use ssh_key::LineEnding;

use crate::{secrets, surroundings, tls};

/// The name that the shipped configuration has.
pub const LEDGER_NAME: &str = "countersign.example/node-1";

const CONFIG: &str = include_str!("../../../../config/countersign.toml");

/// The shipped policies with their cases, as files.
const POLICIES: &[(&str, &str)] = &[
    ("schema.cedarschema", include_str!("../../../../config/policies/schema.cedarschema")),
    ("quorums.toml", include_str!("../../../../config/policies/quorums.toml")),
    ("areas.toml", include_str!("../../../../config/policies/areas.toml")),
    ("production.cedar", include_str!("../../../../config/policies/production.cedar")),
    ("command-gated.cedar", include_str!("../../../../config/policies/command-gated.cedar")),
    ("statement-gated.cedar", include_str!("../../../../config/policies/statement-gated.cedar")),
    ("for-a-time.cedar", include_str!("../../../../config/policies/for-a-time.cedar")),
    ("office-hours.cedar", include_str!("../../../../config/policies/office-hours.cedar")),
    ("devices.cedar", include_str!("../../../../config/policies/devices.cedar")),
    ("cases/facts.toml", include_str!("../../../../config/policies/cases/facts.toml")),
    ("cases/for-a-time.toml", include_str!("../../../../config/policies/cases/for-a-time.toml")),
    ("cases/office-hours.toml", include_str!("../../../../config/policies/cases/office-hours.toml")),
    ("cases/devices.toml", include_str!("../../../../config/policies/cases/devices.toml")),
    ("cases/commands.toml", include_str!("../../../../config/policies/cases/commands.toml")),
    (
        "cases/sessions-and-files.toml",
        include_str!("../../../../config/policies/cases/sessions-and-files.toml"),
    ),
    ("cases/statements.toml", include_str!("../../../../config/policies/cases/statements.toml")),
    ("cases/forwards.toml", include_str!("../../../../config/policies/cases/forwards.toml")),
];

/// The shipped notice about recording.
const NOTICE: &[(&str, &str)] = &[
    ("notice.en.txt", include_str!("../../../../config/consent/notice.en.txt")),
    ("notice.zh.txt", include_str!("../../../../config/consent/notice.zh.txt")),
];

/// Makes the folder. Refuses one that already holds a node.
pub fn init(dir: &Path, listen: SocketAddr, ledger_name: &str) -> Result<()> {
    let config = dir.join("countersign.toml");
    if config.exists() {
        bail!("{} exists already: this folder holds a node", config.display());
    }
    for folder in ["", "secrets", "policies", "policies/cases", "consent", "run"] {
        secrets::folder(&dir.join(folder))?;
    }
    make_keys(dir)?;
    for (name, text) in POLICIES {
        std::fs::write(dir.join("policies").join(name), text)?;
    }
    for (name, text) in NOTICE {
        std::fs::write(dir.join("consent").join(name), text)?;
    }
    make_ledger(dir, ledger_name)?;
    let text = CONFIG.replace("0.0.0.0:2222", &listen.to_string()).replace(LEDGER_NAME, ledger_name);
    // Last, since its presence says that the folder is complete.
    std::fs::write(&config, text).with_context(|| format!("cannot write {}", config.display()))
}

fn make_keys(dir: &Path) -> Result<()> {
    secrets::make_key(&dir.join("secrets/node.key"))?;
    secrets::make_key(&dir.join("secrets/ledger.key"))?;
    let host = hostca::ed25519_key(&mut surroundings::fill, "countersign host key")?;
    secrets::write(&dir.join("secrets/ssh_host_ed25519_key"), &host.to_openssh(LineEnding::LF)?)?;
    let public = host.public_key().to_openssh()?;
    std::fs::write(dir.join("ssh_host_ed25519_key.pub"), public + "\n")?;
    let authority = HostCa::generate(&mut surroundings::fill)?;
    secrets::write(&dir.join("secrets/host_ca"), &authority.to_openssh()?)?;
    std::fs::write(dir.join("host_ca.pub"), authority.public_key().to_openssh()? + "\n")?;
    tls::make_client_authority(&dir.join("secrets/client_ca.key"))?;
    tls::make_authority(&dir.join("tls_ca.pem"), &dir.join("secrets/tls_ca.key"))
}

fn make_ledger(dir: &Path, name: &str) -> Result<()> {
    let seed = secrets::read_key(&dir.join("secrets/ledger.key"))?;
    let signer = NoteSigner::from_seed(name, *seed)?;
    std::fs::write(dir.join("ledger.pub"), format!("{}\n", signer.verifier()))?;
    Log::create(&dir.join("ledger"), signer)?;
    Ok(())
}
