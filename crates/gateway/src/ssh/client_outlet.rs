//! Delivery to a client's channel.

use std::sync::Arc;

use bytes::Bytes;
use russh::server::{Handle, Msg};
use russh::{ChannelId, ChannelMsg, ChannelWriteHalf};

use super::connection::Connection;
use crate::relay::{Brake, Crossing, Outlet, Stream};

/// Type of extended data that is standard error (RFC 4254, section 5.2).
const STDERR: u32 = 1;

/// The writing side of one client channel.
///
/// Everything goes through the connection's one bounded queue, so order is kept, and nothing is put in there that the
/// peer's window does not admit: one channel without window would hold back all others.
pub(crate) struct ClientOutlet {
    write: ChannelWriteHalf<Msg>,
    handle: Handle,
    connection: Arc<Connection>,
    /// The program's output has ended, which the client is not told yet; see [`ClientOutlet::end_output`].
    output_ended: bool,
}

impl ClientOutlet {
    pub(crate) fn new(write: ChannelWriteHalf<Msg>, handle: Handle, connection: Arc<Connection>) -> Self {
        Self { write, handle, connection, output_ended: false }
    }

    fn id(&self) -> ChannelId {
        self.write.id()
    }

    /// Tells the end of output, after the status and before the closing.
    ///
    /// OpenSSH closes its side as soon as both ends of data are known, and russh answers that at once by forgetting
    /// the channel: a status that a target sends a moment after its `EOF` would be lost.
    async fn end_output(&mut self) -> bool {
        !std::mem::take(&mut self.output_ended) || self.handle.eof(self.id()).await.is_ok()
    }

    async fn exit_signal(&self, name: &str, core_dumped: bool, message: String) -> bool {
        let signal = super::signal::parse(name);
        self.handle.exit_signal_request(self.id(), signal, core_dumped, message, "en".into()).await.is_ok()
    }
}

impl Outlet for ClientOutlet {
    async fn deliver(&mut self, crossing: Crossing) -> bool {
        let (id, brake) = (self.id(), &self.connection.brake);
        self.connection.touch();
        match crossing {
            Crossing::Data(Stream::Plain, bytes) => send(&self.write, brake, None, bytes).await,
            Crossing::Data(Stream::Error, bytes) => send(&self.write, brake, Some(STDERR), bytes).await,
            Crossing::Notice(text) => send(&self.write, brake, Some(STDERR), text.into()).await,
            Crossing::ExitStatus(status) => {
                self.handle.exit_status_request(id, status).await.is_ok() && self.end_output().await
            }
            Crossing::ExitSignal { name, core_dumped, message } => {
                self.exit_signal(&name, core_dumped, message).await && self.end_output().await
            }
            Crossing::Eof => {
                self.output_ended = true;
                true
            }
            Crossing::Close => self.end_output().await && self.handle.close(id).await.is_ok(),
            // Requests go the other way; a client is told of its own requests when it makes them.
            _ => true,
        }
    }
}

/// Sends within the peer's window. While there is none, the brake of the peer's socket knows that we starve.
pub(crate) async fn send<M>(
    write: &ChannelWriteHalf<M>,
    brake: &Arc<Brake>,
    extended: Option<u32>,
    mut bytes: Bytes,
) -> bool
where
    M: From<(ChannelId, ChannelMsg)> + Send + Sync + 'static,
{
    while !bytes.is_empty() {
        let room = write.writable_packet_size().await;
        let starving = (room == 0).then(|| brake.starve());
        let packet =
            if room == 0 { std::mem::take(&mut bytes) } else { bytes.split_to(room.min(bytes.len())) };
        let sent = match extended {
            None => write.data_bytes(packet).await,
            Some(kind) => write.extended_data_bytes(kind, packet).await,
        };
        drop(starving);
        if sent.is_err() {
            return false;
        }
    }
    true
}
