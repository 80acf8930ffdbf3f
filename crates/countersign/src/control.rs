//! How `countersign admin` reaches the ledger's single writer: through the running gateway's socket, or by opening
//! the node itself when none runs. Both ways end in the same function.

use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::time::Duration;

use access::administer::{Change, Changed};
use access::recording::SessionId;
use access::road::Road;
use anyhow::{Context as _, Result, anyhow, bail};
use serde::{Deserialize, Serialize};
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::{UnixListener, UnixStream};
use tokio::time::timeout;

use crate::config::Config;
use crate::node::Node;
use crate::policies::policy_files;

/// Longest line in either direction.
const MAX_LINE: u64 = 1 << 20;

/// Longest wait for the other side.
const PATIENCE: Duration = Duration::from_secs(10);

/// What may be asked of a node from its own host.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Request {
    /// An administrative change.
    Change(Change),
    /// Read the policies again.
    ReloadPolicies,
    /// Note that a recording is looked at.
    Replay(String),
}

type Answer = std::result::Result<Changed, String>;

/// Asks the node that the configuration names, running or not.
pub async fn ask(config: &Path, request: Request) -> Result<Changed> {
    let config = Config::read(config)?;
    let answer = match UnixStream::connect(&config.control).await {
        Ok(stream) => timeout(PATIENCE, ask_running(stream, &request))
            .await
            .context("the gateway does not answer")??,
        Err(_) => ask_directly(&config, request).await?,
    };
    answer.map_err(|refused| anyhow!(refused))
}

async fn ask_running(mut stream: UnixStream, request: &Request) -> Result<Answer> {
    stream.write_all(format!("{}\n", serde_json::to_string(request)?).as_bytes()).await?;
    let mut line = String::new();
    BufReader::new(stream).take(MAX_LINE).read_line(&mut line).await?;
    serde_json::from_str(&line).context("the gateway's answer cannot be read")
}

async fn ask_directly(config: &Config, request: Request) -> Result<Answer> {
    let node = Node::open(config).await?;
    let by = local_account(rustix::process::geteuid().as_raw());
    let answer = carry_out(&node.road, &config.policies, &by, request).await;
    node.close();
    Ok(answer)
}

/// Serves the control socket until the task is dropped.
pub async fn serve(road: Road, listener: UnixListener, policies: std::path::PathBuf) {
    loop {
        match listener.accept().await {
            Ok((stream, _)) => {
                let (road, policies) = (road.clone(), policies.clone());
                tokio::spawn(async move {
                    if let Err(fault) =
                        timeout(PATIENCE, converse(&road, &policies, stream)).await.unwrap_or(Ok(()))
                    {
                        tracing::warn!(%fault, "a control connection ended");
                    }
                });
            }
            Err(fault) => {
                tracing::warn!(%fault, "the control socket");
                tokio::time::sleep(Duration::from_millis(200)).await;
            }
        }
    }
}

/// Binds the socket so that only this account can open it.
pub fn listen(path: &Path) -> Result<UnixListener> {
    match std::fs::remove_file(path) {
        Err(fault) if fault.kind() != std::io::ErrorKind::NotFound => {
            bail!("{} is in the way: {fault}", path.display())
        }
        _ => {}
    }
    let listener =
        UnixListener::bind(path).with_context(|| format!("cannot listen on {}", path.display()))?;
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o600))?;
    Ok(listener)
}

async fn converse(road: &Road, policies: &Path, stream: UnixStream) -> Result<()> {
    let peer = stream.peer_cred()?.uid();
    let own = rustix::process::geteuid().as_raw();
    if peer != own && peer != 0 {
        bail!("uid {peer} may not administer this node");
    }
    let (reading, mut writing) = stream.into_split();
    let mut line = String::new();
    BufReader::new(reading).take(MAX_LINE).read_line(&mut line).await?;
    let answer = match serde_json::from_str(&line) {
        Ok(request) => carry_out(road, policies, &local_account(peer), request).await,
        Err(fault) => Err(format!("not a request: {fault}")),
    };
    writing.write_all(format!("{}\n", serde_json::to_string(&answer)?).as_bytes()).await?;
    Ok(())
}

async fn carry_out(road: &Road, policies: &Path, by: &str, request: Request) -> Answer {
    match request {
        Request::Change(change) => road.administer(by, &change).await.map_err(|fault| fault.to_string()),
        Request::ReloadPolicies => {
            let files = policy_files(policies).map_err(|fault| format!("{fault:#}"))?;
            road.offer_policies(&files).await.map_err(|fault| fault.to_string())?;
            Ok(Changed::default())
        }
        // Who looks is a person with a reason, and judged: the desk's business once there are administrators.
        Request::Replay(_) if road.register().ceremony_held() => Err(
            "the administrators are enrolled: recordings are shown to persons, over SSH: countersign replay SESSION --gateway NAME@HOST".into(),
        ),
        Request::Replay(id) => {
            let id: SessionId = id.parse().map_err(|_| format!("{id} is not a session id"))?;
            road.note_replay(by, &id).await.map_err(|fault| fault.to_string())?;
            Ok(Changed::default())
        }
    }
}

fn local_account(uid: u32) -> String {
    format!("uid {uid}")
}
