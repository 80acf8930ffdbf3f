//! One granted line on a channel of its own: the client's terminal, exactly the granted text, the program's output.

use access::{Grant, Start, text};
use tokio::sync::oneshot;

use super::channel::{Channel, Exit, Prepared};
use super::client_outlet::ClientOutlet;
use super::ending::Ending;
use super::feed::closed;
use super::managed::{Next, Shell};
use super::running::{ask_target, idle, refused_by_target};
use super::target_outlet::TargetOutlet;
use crate::relay::{Crossing, Ended, Outlet, Pty, Recorder, Spool, Stream, Window, pump};
use crate::scribe::Scribe;

/// Terminal modes of RFC 4254, section 8.
mod mode {
    pub const END_OF_FILE: u8 = 5;
    pub const SUSPEND: u8 = 10;
    pub const DELAYED_SUSPEND: u8 = 11;
    pub const CANONICAL: u8 = 51;
    /// The character is switched off.
    pub const NONE: u32 = 255;
}

/// EOT, which ends the input of a program that reads its terminal line by line.
const END_OF_INPUT: &[u8] = &[4];

/// Ctrl-C and Ctrl-\, which say nothing but "end".
const INTERRUPTS: [u8; 2] = [0x03, 0x1c];

/// Runs a line. The grant is spent here.
pub(crate) async fn run(shell: &mut Shell<'_>, grant: Grant) -> Result<Next, Exit> {
    let Start::Exec { text, close_stdin } = grant.into_start() else {
        return Err(refused_by_target(shell.channel, &text::TARGET_NO_START));
    };
    match carried(shell, text, close_stdin).await {
        Ok(end) => shell.ended(end).await,
        // The target did not start it, or could not be reached: the shell goes on.
        Err(Exit::Refused(told)) => shell.refused(&told, super::managed::REFUSED).await,
        Err(over) => Err(over),
    }
}

async fn carried(shell: &mut Shell<'_>, text: Vec<u8>, close_stdin: bool) -> Result<End, Exit> {
    let leg = shell.take_leg().await?;
    let spool = shell.channel.connection.spool(leg.brake.clone());
    let opened = leg.open(spool.clone()).await;
    let mut target = opened.map_err(|_| refused_by_target(shell.channel, &text::TARGET_NO_CHANNEL))?;
    let pty = shell.pty.clone().map(|pty| without_job_control(pty, close_stdin));
    let prepared = Prepared { pty, env: shell.env.clone() };
    ask_target(shell.channel, &mut target, &spool, prepared, Crossing::Exec(text.into())).await?;
    shell.channel.connection.runs(&spool, shell.channel.terminal);
    let input = match (close_stdin, shell.pty.is_some()) {
        (false, true) => Input::Keys,
        (true, true) => Input::Interrupts,
        (_, false) => Input::None,
    };
    match input {
        Input::Keys => {}
        Input::Interrupts => {
            target.deliver(Crossing::Data(Stream::Plain, END_OF_INPUT.into())).await;
        }
        Input::None => {
            target.close_stdin().await;
        }
    }
    let end = relay(shell, target, &spool, input).await?;
    shell.leg = Some(leg);
    Ok(end)
}

/// The client's terminal, on which nothing can be suspended: there is nobody to take it up again.
fn without_job_control(mut pty: Pty, close_stdin: bool) -> Pty {
    let mut set = vec![(mode::SUSPEND, mode::NONE), (mode::DELAYED_SUSPEND, mode::NONE)];
    if close_stdin {
        set.extend([(mode::END_OF_FILE, u32::from(END_OF_INPUT[0])), (mode::CANONICAL, 1)]);
    }
    pty.modes.retain(|(code, _)| set.iter().all(|(known, _)| known != code));
    // The terminal's speeds come first in what OpenSSH sends; their order does not matter.
    pty.modes.extend(set);
    pty
}

/// What of the client's goes to the program.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Input {
    Keys,
    Interrupts,
    None,
}

/// How a program ended.
#[derive(Default)]
pub(crate) struct End {
    status: Option<u32>,
    signal: Option<String>,
    window: Option<Window>,
    input_ended: bool,
}

async fn relay(
    shell: &mut Shell<'_>,
    target: TargetOutlet,
    spool: &Spool,
    input: Input,
) -> Result<End, Exit> {
    let terminal = shell.pty.is_some();
    let Channel { connection, feed, outlet, inward, outward, own, .. } = &mut *shell.channel;
    let mut noticing = Noticing { inward, window: None, input_ended: false };
    let mut keys = Keys { target, input };
    let mut kept = Kept { outward, own };
    let mut output = Output { outlet, end: End::default() };
    let mut signs = feed.signs();
    {
        let mut upward = std::pin::pin!(pump(&feed.spool, &mut noticing, &mut keys));
        let mut downward = std::pin::pin!(pump(spool, &mut kept, &mut output));
        let mut sending = input != Input::None;
        loop {
            tokio::select! {
                ended = &mut downward => match ended {
                    Ended::Closed => break,
                    other => return Err(broken(other)),
                },
                ended = &mut upward, if sending => match ended {
                    Ended::Closed | Ended::PeerGone => sending = false,
                    other => return Err(broken(other)),
                },
                () = closed(&mut signs) => return Err(Exit::Gone),
                ending = connection.ended() => return Err(Exit::Ended(ending)),
                () = idle(connection), if terminal => return Err(Exit::Ended(Ending::Idle)),
            }
        }
    }
    Ok(End { window: noticing.window, input_ended: noticing.input_ended, ..output.end })
}

fn broken(ended: Ended) -> Exit {
    match ended {
        Ended::NotRecorded => Exit::NotRecorded,
        Ended::Spool(fault) => Exit::Spool(fault),
        Ended::PeerGone | Ended::Closed => Exit::Gone,
    }
}

/// Takes down what the client sends, and remembers what the prompt must know of it: it may not be delivered any more.
struct Noticing<'a> {
    inward: &'a mut Scribe,
    window: Option<Window>,
    input_ended: bool,
}

impl Recorder for Noticing<'_> {
    fn record(&mut self, crossing: &Crossing) -> oneshot::Receiver<bool> {
        match crossing {
            Crossing::Window(window) => self.window = Some(*window),
            Crossing::Eof => self.input_ended = true,
            _ => {}
        }
        self.inward.record(crossing)
    }
}

/// Takes down what the client receives; what only ends the program's channel is the gateway's own affair.
struct Kept<'a> {
    outward: &'a mut Scribe,
    own: &'a mut Scribe,
}

impl Recorder for Kept<'_> {
    fn record(&mut self, crossing: &Crossing) -> oneshot::Receiver<bool> {
        match crossing {
            Crossing::Data(..) | Crossing::Notice(_) => self.outward.record(crossing),
            _ => self.own.record(crossing),
        }
    }
}

/// Delivers the client's keys to a program.
struct Keys {
    target: TargetOutlet,
    input: Input,
}

impl Outlet for Keys {
    async fn deliver(&mut self, crossing: Crossing) -> bool {
        match (crossing, self.input) {
            (Crossing::Data(stream, bytes), Input::Interrupts) => {
                let only: Vec<u8> = bytes.iter().copied().filter(|byte| INTERRUPTS.contains(byte)).collect();
                only.is_empty() || self.target.deliver(Crossing::Data(stream, only.into())).await
            }
            // A terminal's end of input is the shell's to see, after the line.
            (Crossing::Eof, _) => true,
            (other, _) => self.target.deliver(other).await,
        }
    }
}

/// Delivers a program's output; its end is not the channel's.
struct Output<'a> {
    outlet: &'a mut ClientOutlet,
    end: End,
}

impl Outlet for Output<'_> {
    async fn deliver(&mut self, crossing: Crossing) -> bool {
        match crossing {
            Crossing::Data(..) | Crossing::Notice(_) => return self.outlet.deliver(crossing).await,
            Crossing::ExitStatus(status) => self.end.status = Some(status),
            Crossing::ExitSignal { name, .. } => self.end.signal = Some(name),
            _ => {}
        }
        true
    }
}

impl Shell<'_> {
    async fn ended(&mut self, end: End) -> Result<Next, Exit> {
        self.input_ended |= end.input_ended;
        if let (Some(pty), Some(window)) = (&mut self.pty, end.window) {
            pty.window = window;
        }
        self.state.status = match (end.status, &end.signal) {
            (Some(status), _) => u8::try_from(status & 0xff).unwrap_or(u8::MAX),
            (None, Some(name)) => 128 + signal_number(name),
            (None, None) => u8::MAX,
        };
        if let Some(name) = end.signal {
            self.show(&text::SHELL_SIGNALLED, &[("signal", &name)]).await?;
        }
        Ok(if self.state.status == 0 || self.pty.is_none() { Next::Go } else { Next::Stop })
    }
}

/// As a shell on Linux shows it in `$?`; 0 for the rare ones.
fn signal_number(name: &str) -> u8 {
    match name {
        "HUP" => 1,
        "INT" => 2,
        "QUIT" => 3,
        "ABRT" => 6,
        "KILL" => 9,
        "SEGV" => 11,
        "PIPE" => 13,
        "TERM" => 15,
        _ => 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_can_be_suspended_whatever_the_client_asks_for() {
        let modes = vec![(10, 26), (3, 127), (11, 25)];
        let pty = Pty { term: "xterm".into(), window: Window::default(), modes };
        assert_eq!(without_job_control(pty.clone(), false).modes, [(3, 127), (10, 255), (11, 255)]);
        let closed = without_job_control(pty, true).modes;
        assert!(closed.contains(&(5, 4)) && closed.contains(&(51, 1)));
    }
}
