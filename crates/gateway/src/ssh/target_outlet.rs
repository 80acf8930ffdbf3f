//! Delivery to a target's channel.

use std::sync::Arc;

use russh::client::Msg;
use russh::{ChannelWriteHalf, Error};

use super::client_outlet::send;
use crate::relay::{Brake, Crossing, Outlet, Pty, Stream, Window};

/// The writing side of one channel on a target.
pub(crate) struct TargetOutlet {
    write: ChannelWriteHalf<Msg>,
    brake: Arc<Brake>,
    stdin_closed: bool,
}

impl TargetOutlet {
    pub(crate) fn new(write: ChannelWriteHalf<Msg>, brake: Arc<Brake>) -> Self {
        Self { write, brake, stdin_closed: false }
    }

    /// Ends the program's standard input; nothing that the client sends later reaches it.
    pub(crate) async fn close_stdin(&mut self) -> bool {
        self.stdin_closed = true;
        self.write.eof().await.is_ok()
    }

    async fn request(&self, crossing: Crossing) -> Result<(), Error> {
        match crossing {
            Crossing::Pty(pty) => self.pty(&pty).await,
            Crossing::Env { name, value } => self.write.set_env(false, name, value).await,
            Crossing::Shell => self.write.request_shell(true).await,
            Crossing::Exec(text) => self.write.exec(true, text.to_vec()).await,
            Crossing::Subsystem(name) => self.write.request_subsystem(true, name).await,
            Crossing::Window(Window { columns, rows, width, height }) => {
                self.write.window_change(columns, rows, width, height).await
            }
            Crossing::Signal(name) => self.write.signal(super::signal::parse(&name)).await,
            Crossing::Eof if self.stdin_closed => Ok(()),
            Crossing::Eof => self.write.eof().await,
            Crossing::Close => self.write.close().await,
            // The rest only ever goes to clients.
            _ => Ok(()),
        }
    }

    async fn pty(&self, pty: &Pty) -> Result<(), Error> {
        let Window { columns, rows, width, height } = pty.window;
        let known = |&(code, value): &(u8, u32)| Some((russh::Pty::from_u8(code)?, value));
        let modes: Vec<_> = pty.modes.iter().filter_map(known).collect();
        self.write.request_pty(true, &pty.term, columns, rows, width, height, &modes).await
    }
}

impl Outlet for TargetOutlet {
    async fn deliver(&mut self, crossing: Crossing) -> bool {
        match crossing {
            Crossing::Data(..) if self.stdin_closed => true,
            Crossing::Data(Stream::Plain, bytes) => send(&self.write, &self.brake, None, bytes).await,
            Crossing::Data(Stream::Error, _) => true,
            request => self.request(request).await.is_ok(),
        }
    }
}
