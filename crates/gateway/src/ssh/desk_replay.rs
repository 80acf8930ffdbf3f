//! `replay SESSION`: played on a terminal with its timing, or written as asciicast v2 for who has none.

use std::io::{self, Write};
use std::sync::Arc;
use std::time::Duration;

use access::desk_command::Replay;
use access::ports::Recordings;
use access::recording::{Action, CastOptions, PlayOptions, RecordingError, Step, asciicast, play};
use access::text;
use tokio::sync::mpsc;
use tokio::task::spawn_blocking;

use super::desk_seat::{Over, Seat};

/// Pieces of a recording that may be read ahead.
const AHEAD: usize = 16;

/// The longest wait on a terminal: nobody looks at an hour of silence.
const LONGEST_PAUSE: Duration = Duration::from_secs(10);

/// Undoes what a recorded program may have left on the terminal.
const FRESH: &[u8] = b"\x1b[!p\x1b[0m\x1b(B\x0f\x1b[?1049l\x1b[?1000l\x1b[?2004l\x1b[?25h\r\n";

/// Shows a recording to who may see it. That they looked is an entry before the first byte.
pub(super) async fn run(seat: &mut Seat, replay: &Replay) -> Result<u32, Over> {
    let looked = seat.connection.road.look(&seat.who, &replay.session, &replay.reason.join(" ")).await;
    if let Err(refusal) = looked {
        seat.tell(&format!("{refusal}\n")).await?;
        return Ok(1);
    }
    let Some(recordings) = seat.connection.options.recordings.clone() else {
        return unreadable(seat, replay).await;
    };
    match seat.pty.is_some() {
        true => watch(seat, recordings, replay).await,
        false => cast(seat, recordings, replay).await,
    }
}

async fn unreadable(seat: &mut Seat, replay: &Replay) -> Result<u32, Over> {
    let values = [("session", &*replay.session.to_string())];
    let line = seat.connection.words(&text::REPLAY_NONE, &values);
    seat.tell(&(line + "\n")).await?;
    Ok(1)
}

async fn cast(seat: &mut Seat, recordings: Arc<dyn Recordings>, replay: &Replay) -> Result<u32, Over> {
    let (sender, mut pieces) = mpsc::channel(AHEAD);
    let (session, channel) = (replay.session, replay.channel);
    let writing = spawn_blocking(move || {
        let frames = recordings.frames(&session)?;
        let mut out = io::BufWriter::with_capacity(32 * 1024, Pieces(sender));
        asciicast(frames, CastOptions { channel, input: false }, &mut out)?;
        out.flush().map_err(RecordingError::Output)
    });
    while let Some(piece) = seat.unless_over(pieces.recv()).await? {
        seat.send(piece).await?;
    }
    end(seat, writing.await.is_ok_and(|written| written.is_ok())).await
}

async fn watch(seat: &mut Seat, recordings: Arc<dyn Recordings>, replay: &Replay) -> Result<u32, Over> {
    let (sender, mut steps) = mpsc::channel::<Step>(AHEAD);
    let options = PlayOptions {
        channel: replay.channel,
        speed: replay.speed,
        from: Duration::from_secs(replay.from.into()),
        longest_pause: Some(LONGEST_PAUSE),
    };
    let session = replay.session;
    let reading = spawn_blocking(move || {
        for step in play(recordings.frames(&session)?, options) {
            if sender.blocking_send(step?).is_err() {
                break;
            }
        }
        Ok::<_, RecordingError>(())
    });
    let played = perform(seat, &mut steps).await;
    drop(steps);
    if !matches!(played, Err(Over::Gone | Over::Ended(_))) {
        seat.send(FRESH.to_vec()).await?;
    }
    played?;
    end(seat, reading.await.is_ok_and(|read| read.is_ok())).await
}

async fn perform(seat: &mut Seat, steps: &mut mpsc::Receiver<Step>) -> Result<(), Over> {
    while let Some(Step { delay, action }) = seat.unless_over(steps.recv()).await? {
        seat.pause(delay).await?;
        if let Action::Show(bytes) = action {
            seat.send(bytes.to_vec()).await?;
        }
    }
    Ok(())
}

/// What cannot be read to its end must not look like a recording that ends there.
async fn end(seat: &mut Seat, whole: bool) -> Result<u32, Over> {
    if whole {
        return Ok(0);
    }
    let line = seat.connection.words(&text::REPLAY_BROKEN, &[]);
    seat.tell(&(line + "\n")).await?;
    Ok(1)
}

/// A writer whose pieces go to the channel's task, which may be slow; it ends when that has ended.
struct Pieces(mpsc::Sender<Vec<u8>>);

impl Write for Pieces {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.blocking_send(bytes.to_vec()).map_err(|_| io::ErrorKind::BrokenPipe)?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
