//! A socket whose reading can be paused, and which can be cut, from outside the code that owns it.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::{Mutex, PoisonError};
use std::task::{Context, Poll, Waker};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// The handle by which a [`Gate`] is paused, opened and cut.
#[derive(Default)]
pub(crate) struct Valve(Mutex<State>);

#[derive(Default)]
struct State {
    paused: bool,
    cut: bool,
    reader: Option<Waker>,
    writer: Option<Waker>,
}

impl Valve {
    /// Stops or resumes reading; what has been read already is not affected.
    pub(crate) fn pause(&self, paused: bool) {
        let waker = self.with(|state| {
            state.paused = paused;
            if paused { None } else { state.reader.take() }
        });
        waker.into_iter().for_each(Waker::wake);
    }

    /// Makes every further read and write fail, so that the connection's own loop ends wherever it waits.
    pub(crate) fn cut(&self) {
        let wakers = self.with(|state| {
            state.cut = true;
            [state.reader.take(), state.writer.take()]
        });
        wakers.into_iter().flatten().for_each(Waker::wake);
    }

    fn with<T>(&self, act: impl FnOnce(&mut State) -> T) -> T {
        act(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn may_read(&self, waker: &Waker) -> Poll<io::Result<()>> {
        self.with(|state| {
            state.reader = Some(waker.clone());
            match (state.cut, state.paused) {
                (true, _) => Poll::Ready(Err(io::ErrorKind::ConnectionAborted.into())),
                (false, true) => Poll::Pending,
                (false, false) => Poll::Ready(Ok(())),
            }
        })
    }

    fn may_write(&self, waker: &Waker) -> io::Result<()> {
        self.with(|state| {
            state.writer = Some(waker.clone());
            if state.cut { Err(io::ErrorKind::ConnectionAborted.into()) } else { Ok(()) }
        })
    }
}

/// A byte stream behind a [`Valve`].
pub(crate) struct Gate<S> {
    inner: S,
    valve: Arc<Valve>,
}

impl<S> Gate<S> {
    pub(crate) fn new(inner: S, valve: Arc<Valve>) -> Self {
        Self { inner, valve }
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Gate<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        match self.valve.may_read(cx.waker()) {
            Poll::Ready(Ok(())) => Pin::new(&mut self.inner).poll_read(cx, buf),
            waiting => waiting,
        }
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Gate<S> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        match self.valve.may_write(cx.waker()) {
            Ok(()) => Pin::new(&mut self.inner).poll_write(cx, buf),
            Err(cut) => Poll::Ready(Err(cut)),
        }
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.valve.may_write(cx.waker()) {
            Ok(()) => Pin::new(&mut self.inner).poll_flush(cx),
            Err(cut) => Poll::Ready(Err(cut)),
        }
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_shutdown(cx)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use tokio::io::{AsyncReadExt, AsyncWriteExt, duplex};
    use tokio::time::timeout;

    use super::*;

    #[tokio::test]
    async fn a_paused_gate_reads_nothing_until_it_is_opened() {
        let (mut far, near) = duplex(64);
        let valve = Arc::new(Valve::default());
        let mut gate = Gate::new(near, valve.clone());
        valve.pause(true);
        far.write_all(b"x").await.unwrap();
        let reading = tokio::spawn(async move { gate.read_u8().await });
        tokio::time::sleep(Duration::from_millis(20)).await;
        assert!(!reading.is_finished());
        valve.pause(false);
        assert_eq!(timeout(Duration::from_secs(1), reading).await.unwrap().unwrap().unwrap(), b'x');
    }

    #[tokio::test]
    async fn a_cut_gate_wakes_its_reader_and_writer_with_an_error() {
        let (far, near) = duplex(4);
        let valve = Arc::new(Valve::default());
        let (mut reader, mut writer) = tokio::io::split(Gate::new(near, valve.clone()));
        let reading = tokio::spawn(async move { reader.read_u8().await });
        let writing = tokio::spawn(async move { writer.write_all(&[0; 100]).await });
        tokio::time::sleep(Duration::from_millis(20)).await;
        valve.cut();
        assert!(timeout(Duration::from_secs(1), reading).await.unwrap().unwrap().is_err());
        assert!(timeout(Duration::from_secs(1), writing).await.unwrap().unwrap().is_err());
        drop(far);
    }
}
