//! Questions and answers in lines on a channel, for people who are led through something before they may do anything.

use std::sync::Arc;

use access::text::Line;
use zeroize::Zeroizing;

use super::client_outlet::ClientOutlet;
use super::connection::Connection;
use super::feed::Feed;
use crate::relay::{Crossing, Outlet, Stream};

/// Longest line that is read; attestations and certificates of devices are pasted as one.
const MAX_LINE: usize = 16 * 1024;

const CTRL_C: u8 = 3;
const CTRL_D: u8 = 4;
const BACKSPACES: [u8; 2] = [8, 127];

/// How a channel began.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Opening {
    /// With a shell: somebody to talk to.
    Shell,
    /// With a command or a subsystem.
    Other,
    /// Not at all.
    Gone,
}

/// See the module. On a terminal it echoes, since the client has left that to the far side.
pub(super) struct Dialogue {
    pub(super) connection: Arc<Connection>,
    feed: Arc<Feed>,
    pub(super) outlet: ClientOutlet,
    terminal: bool,
    unread: Zeroizing<Vec<u8>>,
}

impl Dialogue {
    pub(super) fn new(connection: Arc<Connection>, feed: Arc<Feed>, outlet: ClientOutlet) -> Self {
        Self { connection, feed, outlet, terminal: false, unread: Zeroizing::default() }
    }

    /// Waits for what the channel is for.
    pub(super) async fn opening(&mut self) -> Opening {
        loop {
            match self.take().await {
                Some(Crossing::Shell) => return Opening::Shell,
                Some(Crossing::Exec(_) | Crossing::Subsystem(_)) => return Opening::Other,
                Some(Crossing::Pty(_)) => self.terminal = true,
                Some(Crossing::Close) | None => return Opening::Gone,
                Some(_) => {}
            }
        }
    }

    /// Says a line of the catalogue.
    pub(super) async fn say(&mut self, line: &Line, values: &[(&str, &str)]) {
        let text = Zeroizing::new(self.connection.words(line, values) + "\n");
        self.write(&text).await;
    }

    /// Asks, and waits for a line. `None`: they are gone, or have given up.
    pub(super) async fn ask(&mut self, prompt: &Line) -> Option<Zeroizing<String>> {
        let prompt = self.connection.words(prompt, &[]);
        self.write(&prompt).await;
        let mut line = Zeroizing::new(Vec::new());
        loop {
            let byte = self.next().await?;
            match byte {
                b'\r' | b'\n' => break,
                CTRL_C | CTRL_D => return None,
                byte if BACKSPACES.contains(&byte) => self.rub_out(&mut line).await,
                byte if byte >= b' ' || byte == b'\t' => {
                    if line.len() >= MAX_LINE {
                        return None;
                    }
                    line.push(byte);
                    self.echo(&[byte]).await;
                }
                _ => {}
            }
        }
        self.echo(b"\r\n").await;
        Some(Zeroizing::new(String::from_utf8_lossy(&line).trim().to_owned()))
    }

    async fn rub_out(&mut self, line: &mut Vec<u8>) {
        // The bytes after the first of a character look like 10xxxxxx.
        while line.pop().is_some_and(|byte| byte & 0xc0 == 0x80) {}
        self.echo(b"\x08 \x08").await;
    }

    async fn next(&mut self) -> Option<u8> {
        while self.unread.is_empty() {
            match self.take().await? {
                Crossing::Data(_, bytes) => {
                    self.unread.extend(bytes.iter().rev());
                    // A terminal's line ends with CR, a file's with LF, and some have both: one end is enough.
                    let ends = std::mem::take(&mut *self.unread);
                    self.unread = Zeroizing::new(without_doubled_ends(ends));
                }
                Crossing::Eof | Crossing::Close => return None,
                _ => {}
            }
        }
        self.unread.pop()
    }

    async fn take(&mut self) -> Option<Crossing> {
        tokio::select! {
            taken = self.feed.spool.take() => taken.ok(),
            _ = self.connection.ended() => None,
        }
    }

    async fn write(&mut self, text: &str) {
        let shown = if self.terminal { text.replace('\n', "\r\n") } else { text.to_owned() };
        self.outlet.deliver(Crossing::Data(Stream::Plain, shown.into())).await;
    }

    async fn echo(&mut self, bytes: &[u8]) {
        if self.terminal {
            self.outlet.deliver(Crossing::Data(Stream::Plain, bytes.to_vec().into())).await;
        }
    }

    /// The last word, and the end of the channel.
    pub(super) async fn end(mut self, last: &str, status: u32) {
        self.write(&format!("{last}\n")).await;
        for word in [Crossing::ExitStatus(status), Crossing::Eof, Crossing::Close] {
            self.outlet.deliver(word).await;
        }
    }
}

/// CR LF becomes CR; the bytes are in reverse.
fn without_doubled_ends(reversed: Vec<u8>) -> Vec<u8> {
    let mut kept = Vec::with_capacity(reversed.len());
    for (at, byte) in reversed.iter().enumerate() {
        let follows_cr = reversed.get(at + 1) == Some(&b'\r');
        if !(*byte == b'\n' && follows_cr) {
            kept.push(*byte);
        }
    }
    kept
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_ends_once() {
        let reversed = |text: &str| text.bytes().rev().collect::<Vec<_>>();
        assert_eq!(without_doubled_ends(reversed("a\r\nb\n\r")), reversed("a\rb\n\r"));
        assert_eq!(without_doubled_ends(Vec::new()), Vec::<u8>::new());
    }
}
