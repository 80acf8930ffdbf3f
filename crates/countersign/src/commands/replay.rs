//! `countersign replay ID`: a recorded session in the terminal, with its original timing, or as asciicast.

use std::io::{IsTerminal as _, Write as _, stdout};
use std::path::Path;
use std::process::ExitCode;
use std::time::Duration;

use access::recording::{
    Action, CastOptions, NodeVault, PlayOptions, Reader, RecordingError, SessionId, asciicast, play,
};
use anyhow::{Context as _, Result, bail};

use super::desk::line;
use super::legible::legible;
use crate::cli::Replay;
use crate::config::Config;
use crate::control::{self, Request};
use crate::secrets::{NodeKeys, recorder_random};

/// How to show it.
pub struct Show {
    /// Which channel; the first with something to see if not given.
    pub channel: Option<u32>,
    /// How many times faster than it happened.
    pub speed: f64,
    /// From this second on.
    pub from: f64,
    /// As asciicast v2 on standard output, without waiting.
    pub as_cast: bool,
}

/// Shows a session. That somebody looked is an entry before the first byte is shown.
pub async fn replay(path: &Path, id: &str, show: &Show) -> Result<()> {
    let config = Config::read(path)?;
    let session: SessionId =
        id.parse().with_context(|| format!("{id} is not a session id; see: countersign sessions"))?;
    let keys = NodeKeys::read(&config.node_key)?;
    let vault = NodeVault::new(&keys.recording, recorder_random());
    let reader = Reader::open(&config.ledger, &session, &vault)
        .with_context(|| format!("there is no readable recording of session {id}"))?;
    control::ask(path, Request::Replay(id.to_owned())).await?;
    tokio::task::block_in_place(|| match show.as_cast {
        true => cast(reader, show.channel),
        false => watch(reader, show),
    })
}

/// Has a gateway show it, to who may see it there.
pub fn at_gateway(options: &Replay) -> Result<ExitCode> {
    let Some(gateway) = options.gateway.named() else { bail!("no gateway is named") };
    let terminal = !options.asciicast && stdout().is_terminal();
    let mut words = vec!["replay".to_owned(), options.session.clone()];
    if let Some(channel) = options.channel {
        words.push(format!("--channel={channel}"));
    }
    if terminal {
        words.push(format!("--speed={}", options.speed));
        words.push(format!("--from={}", options.from.max(0.0).floor()));
    }
    words.extend(options.reason.iter().map(|reason| format!("--reason={reason}")));
    gateway.hand_over(&line(&words), terminal)
}

fn cast(reader: Reader, channel: Option<u32>) -> Result<()> {
    let options = CastOptions { channel, input: false };
    asciicast(legible(reader), options, &mut stdout().lock())?;
    Ok(())
}

fn watch(reader: Reader, show: &Show) -> Result<()> {
    let from = Duration::try_from_secs_f64(show.from).unwrap_or_default();
    let options = PlayOptions { channel: show.channel, speed: show.speed, from, ..PlayOptions::default() };
    for step in play(legible(reader), options) {
        perform(step)?;
    }
    Ok(())
}

fn perform(step: Result<access::recording::Step, RecordingError>) -> Result<()> {
    let step = step?;
    std::thread::sleep(step.delay);
    if let Action::Show(bytes) = step.action {
        let mut out = stdout().lock();
        out.write_all(&bytes)?;
        out.flush()?;
    }
    Ok(())
}
