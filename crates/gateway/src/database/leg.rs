//! One side of a session: what it says, piece by piece, and what waits to be sent to it.

use std::collections::VecDeque;
use std::time::Duration;

use bytes::{Buf as _, Bytes, BytesMut};
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _, ReadHalf, WriteHalf, split};
use tokio::sync::oneshot;
use tokio::time::timeout;
use wire::{Error, mysql, postgres};

/// Bytes that fill a record of TLS.
const RECORD: usize = 16 << 10;

/// Room for what is read from a side that says little.
const LITTLE: usize = 1 << 10;

/// How long a client may take to receive the reason of its end.
const FAREWELL: Duration = Duration::from_secs(3);

/// Cuts a stream of bytes as its protocol does.
pub(crate) trait Cutter {
    /// What it gives.
    type Piece;

    /// Where bytes are read to.
    fn buffer(&mut self) -> &mut BytesMut;

    /// The next piece, if enough is there.
    fn cut(&mut self) -> Result<Option<Self::Piece>, Error>;
}

impl Cutter for postgres::Decoder {
    type Piece = postgres::Piece;

    fn buffer(&mut self) -> &mut BytesMut {
        self.buffer()
    }

    fn cut(&mut self) -> Result<Option<Self::Piece>, Error> {
        self.piece()
    }
}

impl Cutter for mysql::Decoder {
    type Piece = mysql::Packet;

    fn buffer(&mut self) -> &mut BytesMut {
        self.buffer()
    }

    fn cut(&mut self) -> Result<Option<Self::Piece>, Error> {
        self.packet()
    }
}

/// What a side says.
pub(crate) struct Inlet<S, D> {
    read: ReadHalf<S>,
    decoder: D,
    /// Room for the next read: little as long as it is not filled, so that a silent connection holds little.
    room: usize,
}

/// What a side is told.
pub(crate) struct Outlet<S> {
    write: WriteHalf<S>,
    /// What crosses next.
    next: Bytes,
    queue: VecDeque<Queued>,
    waiting: usize,
    is_unflushed: bool,
}

enum Queued {
    Bytes(Bytes),
    /// What is behind it crosses once this is durable.
    Durable(oneshot::Receiver<bool>),
}

/// Both of one stream.
pub(crate) struct Leg<S, D> {
    pub inlet: Inlet<S, D>,
    pub outlet: Outlet<S>,
}

impl<S: AsyncRead + AsyncWrite, D> Leg<S, D> {
    pub(crate) fn new(stream: S, decoder: D) -> Self {
        let (read, write) = split(stream);
        let (next, queue) = (Bytes::new(), VecDeque::new());
        let outlet = Outlet { write, next, queue, waiting: 0, is_unflushed: false };
        Self { inlet: Inlet { read, decoder, room: LITTLE }, outlet }
    }
}

impl<S: AsyncRead, D: Cutter> Inlet<S, D> {
    /// The next piece of what it has said already.
    pub(crate) fn said(&mut self) -> Result<Option<D::Piece>, Error> {
        self.decoder.cut()
    }

    /// The next piece of what it says; none when it has closed. Nothing is lost when this is not waited for to its end.
    pub(crate) async fn piece(&mut self) -> Result<Option<D::Piece>, PieceError> {
        loop {
            if let Some(piece) = self.decoder.cut()? {
                return Ok(Some(piece));
            }
            let buffer = self.decoder.buffer();
            // Left to itself a buffer grows by 64 bytes, and bulk data would cross in pieces of that size.
            if buffer.capacity() - buffer.len() < LITTLE {
                buffer.reserve(self.room);
            }
            match self.read.read_buf(buffer).await? {
                0 => return Ok(None),
                read if read >= self.room => self.room = RECORD,
                read if read < LITTLE => self.room = LITTLE,
                _ => {}
            }
        }
    }
}

impl<S: AsyncWrite> Outlet<S> {
    pub(crate) fn queue(&mut self, bytes: Bytes) {
        self.waiting += bytes.len();
        self.queue.push_back(Queued::Bytes(bytes));
    }

    pub(crate) fn queue_durable(&mut self, durable: oneshot::Receiver<bool>) {
        self.queue.push_back(Queued::Durable(durable));
    }

    /// Bytes that wait.
    pub(crate) fn waiting(&self) -> usize {
        self.waiting
    }

    pub(crate) fn has_something(&self) -> bool {
        self.is_unflushed || !self.next.is_empty() || !self.queue.is_empty()
    }

    /// Sends some of what waits. `false`: it will never be durable. Nothing is lost when this is not waited for to its end.
    pub(crate) async fn send(&mut self) -> std::io::Result<bool> {
        self.gather();
        if self.next.len() < RECORD
            && let Some(Queued::Durable(durable)) = self.queue.front_mut()
        {
            // The little that is in front of it crosses together with what is behind it.
            let is_durable = durable.await.unwrap_or(false);
            self.queue.pop_front();
            return Ok(is_durable);
        }
        if self.next.is_empty() {
            self.write.flush().await?;
            self.is_unflushed = false;
            return Ok(true);
        }
        let sent = self.write.write(&self.next).await?;
        self.is_unflushed = true;
        self.waiting -= sent;
        self.next.advance(sent);
        Ok(true)
    }

    /// Puts small messages that may cross together, so that they share a record and a system call.
    fn gather(&mut self) {
        let mut together = BytesMut::new();
        while self.next.len() + together.len() < RECORD
            && let Some(bytes) = self.pop_bytes()
        {
            if self.next.is_empty() && together.is_empty() {
                self.next = bytes;
            } else {
                together.extend_from_slice(&bytes);
            }
        }
        if !together.is_empty() {
            self.next = [&*self.next, &*together].concat().into();
        }
    }

    fn pop_bytes(&mut self) -> Option<Bytes> {
        match self.queue.pop_front_if(|queued| matches!(queued, Queued::Bytes(_))) {
            Some(Queued::Bytes(bytes)) => Some(bytes),
            _ => None,
        }
    }

    /// Says one last thing, to somebody who may not be listening.
    pub(crate) async fn farewell(&mut self, bytes: &[u8]) {
        let saying = async {
            self.write.write_all(bytes).await?;
            self.write.shutdown().await
        };
        let _ = timeout(FAREWELL, saying).await;
    }
}

/// Why there is no next piece.
pub(crate) enum PieceError {
    Io(std::io::Error),
    Wire(wire::Error),
}

impl From<std::io::Error> for PieceError {
    fn from(fault: std::io::Error) -> Self {
        Self::Io(fault)
    }
}

impl From<wire::Error> for PieceError {
    fn from(fault: wire::Error) -> Self {
        Self::Wire(fault)
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::DuplexStream;

    use super::*;

    type Side = Leg<DuplexStream, Whatever>;

    /// Takes what comes as it comes.
    #[derive(Default)]
    struct Whatever(BytesMut);

    impl Cutter for Whatever {
        type Piece = BytesMut;

        fn buffer(&mut self) -> &mut BytesMut {
            &mut self.0
        }

        fn cut(&mut self) -> Result<Option<BytesMut>, Error> {
            Ok(Some(self.0.split()).filter(|piece| !piece.is_empty()))
        }
    }

    fn leg() -> (Side, DuplexStream) {
        let (near, far) = tokio::io::duplex(1 << 20);
        (Leg::new(near, Whatever::default()), far)
    }

    /// Sends what may cross, until nothing moves any more. Whether all that it waited for was durable.
    async fn send_all(outlet: &mut Outlet<DuplexStream>) -> bool {
        while outlet.has_something() {
            match timeout(Duration::from_millis(20), outlet.send()).await {
                Ok(Ok(true)) => {}
                Ok(_) => return false,
                Err(_) => break,
            }
        }
        true
    }

    async fn arrived(far: &mut DuplexStream) -> Vec<u8> {
        let mut bytes = vec![0; 1 << 20];
        let read = timeout(Duration::from_millis(20), far.read(&mut bytes)).await;
        bytes.truncate(read.map_or(0, Result::unwrap));
        bytes
    }

    #[tokio::test]
    async fn nothing_crosses_before_what_is_in_front_of_it_is_durable() {
        let (mut leg, mut far) = leg();
        let (answer, durable) = oneshot::channel();
        leg.outlet.queue_durable(durable);
        leg.outlet.queue(Bytes::from_static(b"told"));
        assert!(send_all(&mut leg.outlet).await);
        assert_eq!(arrived(&mut far).await, b"");
        answer.send(true).unwrap();
        assert!(send_all(&mut leg.outlet).await);
        assert_eq!(arrived(&mut far).await, b"told");
        assert_eq!((leg.outlet.waiting(), leg.outlet.has_something()), (0, false));
    }

    #[tokio::test]
    async fn what_will_never_be_durable_ends_it_with_nothing_sent() {
        for is_dropped in [false, true] {
            let (mut leg, mut far) = leg();
            let (answer, durable) = oneshot::channel();
            leg.outlet.queue(Bytes::from_static(b"row"));
            leg.outlet.queue_durable(durable);
            leg.outlet.queue(Bytes::from_static(b"done"));
            if is_dropped {
                drop(answer)
            } else {
                answer.send(false).unwrap()
            }
            assert!(!send_all(&mut leg.outlet).await);
            assert_eq!(arrived(&mut far).await, b"");
        }
    }

    #[tokio::test]
    async fn a_short_answer_crosses_as_one_once_what_came_of_it_is_durable() {
        let (mut leg, mut far) = leg();
        let (answer, durable) = oneshot::channel();
        for row in ["one ", "two "] {
            leg.outlet.queue(Bytes::from_static(row.as_bytes()));
        }
        leg.outlet.queue_durable(durable);
        leg.outlet.queue(Bytes::from_static(b"done"));
        assert!(send_all(&mut leg.outlet).await);
        assert_eq!(arrived(&mut far).await, b"");
        answer.send(true).unwrap();
        assert!(send_all(&mut leg.outlet).await);
        assert_eq!(arrived(&mut far).await, b"one two done");
    }

    #[tokio::test]
    async fn bulk_data_comes_in_records_and_a_silent_side_has_little_room() {
        let (mut leg, mut far) = leg();
        far.write_all(&vec![7; 20 * RECORD]).await.unwrap();
        let (mut pieces, mut read) = (0, 0);
        while read < 20 * RECORD {
            let Ok(Some(piece)) = leg.inlet.piece().await else { panic!("it has more to say") };
            (pieces, read) = (pieces + 1, read + piece.len());
        }
        assert!(pieces < 50, "{pieces} pieces");
        far.write_all(b"little").await.unwrap();
        assert!(matches!(leg.inlet.piece().await, Ok(Some(piece)) if piece == b"little"[..]));
        assert_eq!(leg.inlet.room, LITTLE);
    }

    #[tokio::test]
    async fn a_long_answer_does_not_wait_for_its_end() {
        let (mut leg, mut far) = leg();
        let (_answer, durable) = oneshot::channel();
        let rows: Vec<_> = (0..=255).cycle().take(5 * RECORD).collect();
        rows.chunks(100).for_each(|row| leg.outlet.queue(Bytes::copy_from_slice(row)));
        leg.outlet.queue_durable(durable);
        assert!(send_all(&mut leg.outlet).await);
        let told = arrived(&mut far).await;
        assert!(told.len() > 4 * RECORD && rows.starts_with(&told), "{} bytes", told.len());
        assert_eq!(leg.outlet.waiting(), rows.len() - told.len());
    }
}
