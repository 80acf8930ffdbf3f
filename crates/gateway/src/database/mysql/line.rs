//! A stream of packets before both directions go their own ways.

use bytes::Bytes;
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use wire::mysql::{Decoder, Packet};

/// The longest packet of a login.
const LOGIN: usize = 64 << 10;

/// See the module.
pub(super) struct Line<S> {
    pub stream: S,
    pub decoder: Decoder,
}

/// Why there is no next packet.
#[derive(Debug, thiserror::Error)]
pub(super) enum LineError {
    #[error("the connection failed: {0}")]
    Io(#[from] std::io::Error),
    #[error("{0}")]
    Wire(#[from] wire::Error),
}

impl<S: AsyncRead + AsyncWrite + Unpin> Line<S> {
    pub(super) fn new(stream: S) -> Self {
        Self { stream, decoder: Decoder::new(LOGIN) }
    }

    /// The next packet, and no byte behind it: where TLS begins, what follows is TLS's own.
    pub(super) async fn packet(&mut self) -> Result<Packet, LineError> {
        loop {
            if let Some(packet) = self.decoder.packet()? {
                return Ok(packet);
            }
            let missing = self.decoder.missing() as u64;
            let mut rest = (&mut self.stream).take(missing);
            if rest.read_buf(self.decoder.buffer()).await? == 0 {
                return Err(std::io::Error::from(std::io::ErrorKind::UnexpectedEof).into());
            }
        }
    }

    pub(super) async fn send(&mut self, bytes: &Bytes) -> std::io::Result<()> {
        self.stream.write_all(bytes).await?;
        self.stream.flush().await
    }
}
