//! Questions that the gateway itself asks the target for its shell: where it is, and what a directory holds. Each is
//! judged as looking at files, recorded as the gateway's own, and answered on a channel without a terminal.

use std::time::Duration;

use access::policy::FileOperation;
use access::{Ask, Start, Step};
use tokio::time::timeout;

use super::channel::{Exit, Prepared};
use super::managed::Shell;
use super::running::{ask_target, take_leg};
use super::target::TargetLeg;
use crate::managed::quoted;
use crate::relay::{Crossing, Spool, Stream};

/// Longest answer that is read; the rest of a longer one is cut off with its connection.
const LONGEST: usize = 256 * 1024;

/// How long a directory may take to answer.
pub(crate) const PATIENT: Duration = Duration::from_secs(10);

/// What a question led to.
pub(crate) enum Answer {
    /// The target's output.
    Yes(String),
    /// It says no: the command failed.
    No,
    /// It was not asked, and why.
    Refused(String),
    /// No answer in time.
    Silent,
}

impl Shell<'_> {
    /// A connection without a channel: the one that is kept, or another.
    pub(crate) async fn take_leg(&mut self) -> Result<TargetLeg, Exit> {
        match self.leg.take().filter(TargetLeg::is_usable) {
            Some(leg) => Ok(leg),
            None => take_leg(self.channel).await,
        }
    }

    /// Asks, if the person may do what the question does.
    pub(crate) async fn ask(
        &mut self,
        looks_at: FileOperation,
        command: String,
        limit: Duration,
    ) -> Result<Answer, Exit> {
        let connection = self.channel.connection.clone();
        let asked = Ask::File(looks_at);
        match connection.road.submit(&self.channel.session, self.channel.number, asked).await {
            Step::Run(_) => {}
            Step::Refused(refusal) => return Ok(Answer::Refused(refusal.to_string())),
            // Nobody is asked to sign for a look around.
            Step::Held(pending) => {
                return Ok(Answer::Refused(connection.road.abandon(*pending).await.to_string()));
            }
        }
        self.within(limit, command).await
    }

    async fn within(&mut self, limit: Duration, command: String) -> Result<Answer, Exit> {
        // A leg whose answer did not come in time is dropped with what may still come on it.
        match timeout(limit, self.answer(command)).await {
            Ok(Err(Exit::Refused(told))) => Ok(Answer::Refused(told)),
            Ok(answer) => answer,
            Err(_) => Ok(Answer::Silent),
        }
    }

    /// A file's content, if the person may have it printed.
    pub(crate) async fn read_file(&mut self, path: &str) -> Result<Answer, Exit> {
        let connection = self.channel.connection.clone();
        let asked = Ask::Line(self.state.line(&format!("cat -- {}", quoted(path))));
        let command = match connection.road.submit(&self.channel.session, self.channel.number, asked).await {
            Step::Run(grant) => match grant.into_start() {
                Start::Exec { text, .. } => String::from_utf8_lossy(&text).into_owned(),
                _ => return Ok(Answer::Silent),
            },
            Step::Refused(refusal) => return Ok(Answer::Refused(refusal.to_string())),
            Step::Held(pending) => {
                return Ok(Answer::Refused(connection.road.abandon(*pending).await.to_string()));
            }
        };
        self.within(PATIENT, command).await
    }

    async fn answer(&mut self, command: String) -> Result<Answer, Exit> {
        let leg = self.take_leg().await?;
        let spool = self.channel.connection.spool(leg.brake.clone());
        let Ok(mut target) = leg.open(spool.clone()).await else { return Ok(Answer::Silent) };
        let last = Crossing::Exec(command.into_bytes().into());
        ask_target(self.channel, &mut target, &spool, Prepared::default(), last).await?;
        target.close_stdin().await;
        let (status, output) = self.output(&spool).await?;
        let Some(status) = status else { return Ok(Answer::Silent) };
        self.leg = Some(leg);
        Ok(if status == 0 { Answer::Yes(String::from_utf8_lossy(&output).into_owned()) } else { Answer::No })
    }

    /// The output up to the channel's end, recorded; no status if there is too much of it.
    async fn output(&mut self, spool: &Spool) -> Result<(Option<u32>, Vec<u8>), Exit> {
        let (mut status, mut output) = (None, Vec::new());
        loop {
            let crossing = tokio::select! {
                taken = spool.take() => taken?,
                ending = self.channel.connection.ended() => return Err(Exit::Ended(ending)),
            };
            if !self.channel.own.take_down(&crossing).await {
                return Err(Exit::NotRecorded);
            }
            match crossing {
                Crossing::Data(Stream::Plain, bytes) => output.extend_from_slice(&bytes),
                Crossing::ExitStatus(code) => status = Some(code),
                Crossing::Close => return Ok((status, output)),
                _ => {}
            }
            if output.len() > LONGEST {
                return Ok((None, output));
            }
        }
    }
}
