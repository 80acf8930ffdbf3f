//! `countersign init`: a new node's folder, and the ceremony that enrols its first three administrators.

use std::path::Path;

use access::administer::{Changed, First};
use access::qr;
use anyhow::{Context as _, Result, bail};

use super::init;
use crate::cli::Init;
use crate::config::Config;
use crate::node::{Node, offer_folder};
use crate::secrets;

/// Makes the folder unless it is there; holds the ceremony when the three are named.
pub async fn init(options: Init) -> Result<()> {
    let three = three(&options)?;
    let config = options.dir.join("countersign.toml");
    if !config.exists() || three.is_none() {
        init::init(&options.dir, options.listen, &options.ledger_name)?;
        println!("{} is ready", options.dir.display());
    }
    match three {
        None => {
            println!(
                "next: countersign admin to set things up, with countersign serve --before-ceremony beside it if you \
                 like; then enrol the first three administrators: countersign init {} --system NAME=KEY.pub --security \
                 NAME=KEY.pub --audit NAME=KEY.pub",
                options.dir.display()
            );
            Ok(())
        }
        Some(three) => hold(&config, &three, options.totp_dir.as_deref()).await,
    }
}

/// Holds the ceremony of a node that does not serve.
pub async fn hold(config: &Path, three: &[First; 3], totp_dir: Option<&Path>) -> Result<()> {
    if let Some(folder) = totp_dir {
        secrets::folder(folder)?;
    }
    let config = Config::read(config)?;
    let node = Node::open(&config).await?;
    let held = async {
        offer_folder(&node.road, &config).await?;
        Ok::<_, anyhow::Error>(node.road.hold_ceremony("ceremony", three).await?)
    };
    let held = held.await;
    node.close();
    for (first, changed) in three.iter().zip(&held?) {
        hand_over(first, changed, totp_dir)?;
    }
    println!(
        "The administrators are enrolled. From now on nobody changes anything alone; next: countersign serve"
    );
    Ok(())
}

fn three(options: &Init) -> Result<Option<[First; 3]>> {
    let Init { system: Some(system), security: Some(security), audit: Some(audit), .. } = options else {
        return Ok(None);
    };
    Ok(Some([first(system)?, first(security)?, first(audit)?]))
}

/// `NAME=KEY.pub`.
fn first(text: &str) -> Result<First> {
    let Some((name, file)) = text.split_once('=') else { bail!("{text:?} is not NAME=KEY.pub") };
    let key = std::fs::read_to_string(file).with_context(|| format!("cannot read {file}"))?;
    Ok(First { name: name.to_owned(), key: key.trim().to_owned() })
}

/// The seed, once: in a file that only this account reads, or on the terminal with a code to scan.
fn hand_over(first: &First, changed: &Changed, totp_dir: Option<&Path>) -> Result<()> {
    let (Some(secret), Some(uri)) = (&changed.totp_secret, &changed.totp_uri) else {
        bail!("no verification seed was made for {}", first.name);
    };
    if let Some(folder) = totp_dir {
        return secrets::write(&folder.join(&first.name), &secret.0);
    }
    let drawn = qr::in_terminal(&uri.0).unwrap_or_default();
    println!("{}: scan this once, nobody sees it again\n{drawn}\n{}\n", first.name, *secret.0);
    Ok(())
}
