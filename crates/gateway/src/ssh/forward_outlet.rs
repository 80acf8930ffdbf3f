//! Delivery on forwarded channels: bytes and their ends, counted; nothing else crosses them.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use russh::ChannelWriteHalf;
use russh::server::Msg;
use tokio::time::{Instant, sleep};

use super::client_outlet::send;
use crate::relay::{Brake, Crossing, Outlet, Stream};

/// The client's side of a forwarded channel.
pub(crate) struct ForwardOutlet {
    write: ChannelWriteHalf<Msg>,
    brake: Arc<Brake>,
}

impl ForwardOutlet {
    pub(crate) fn new(write: ChannelWriteHalf<Msg>, brake: Arc<Brake>) -> Self {
        Self { write, brake }
    }
}

impl Outlet for ForwardOutlet {
    async fn deliver(&mut self, crossing: Crossing) -> bool {
        match crossing {
            Crossing::Data(Stream::Plain, bytes) => send(&self.write, &self.brake, None, bytes).await,
            Crossing::Eof => self.write.eof().await.is_ok(),
            Crossing::Close => self.write.close().await.is_ok(),
            _ => true,
        }
    }
}

/// When bytes last crossed a forwarding, in either direction.
#[derive(Clone)]
pub(crate) struct Pulse(Arc<Mutex<Instant>>);

impl Pulse {
    pub(crate) fn new() -> Self {
        Self(Arc::new(Mutex::new(Instant::now())))
    }

    fn beat(&self) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Instant::now();
    }

    /// Waits until nothing has crossed for so long.
    pub(crate) async fn silence(&self, limit: Option<Duration>) {
        let Some(limit) = limit else { return std::future::pending().await };
        loop {
            let last = *self.0.lock().unwrap_or_else(PoisonError::into_inner);
            match limit.checked_sub(last.elapsed()) {
                Some(rest) if !rest.is_zero() => sleep(rest).await,
                _ => return,
            }
        }
    }
}

/// Counts what an outlet delivers, and lets only bytes and ends through: a request on a forwarded channel means nothing.
pub(crate) struct Tally<O> {
    outlet: O,
    pulse: Pulse,
    /// Bytes delivered so far.
    pub bytes: u64,
}

impl<O> Tally<O> {
    pub(crate) fn new(outlet: O, pulse: Pulse) -> Self {
        Self { outlet, pulse, bytes: 0 }
    }
}

impl<O: Outlet> Outlet for Tally<O> {
    async fn deliver(&mut self, crossing: Crossing) -> bool {
        let length = match &crossing {
            Crossing::Data(Stream::Plain, bytes) => bytes.len() as u64,
            Crossing::Eof | Crossing::Close => 0,
            _ => return true,
        };
        self.pulse.beat();
        let delivered = self.outlet.deliver(crossing).await;
        if delivered {
            self.bytes += length;
        }
        delivered
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::relay::Window;

    #[derive(Default)]
    struct Kept(Vec<Crossing>);

    impl Outlet for Kept {
        async fn deliver(&mut self, crossing: Crossing) -> bool {
            self.0.push(crossing);
            true
        }
    }

    #[tokio::test]
    async fn only_bytes_and_ends_cross_and_bytes_are_counted() {
        let mut tally = Tally::new(Kept::default(), Pulse::new());
        let data = Crossing::Data(Stream::Plain, "12345".into());
        for crossing in [
            data.clone(),
            Crossing::Exec("id".into()),
            Crossing::Shell,
            Crossing::Signal("KILL".into()),
            Crossing::Window(Window::default()),
            Crossing::Notice("lost".into()),
            Crossing::Data(Stream::Error, "e".into()),
            Crossing::Eof,
            Crossing::Close,
        ] {
            assert!(tally.deliver(crossing).await);
        }
        assert_eq!(tally.outlet.0, [data, Crossing::Eof, Crossing::Close]);
        assert_eq!(tally.bytes, 5);
    }

    #[tokio::test]
    async fn silence_begins_with_the_last_byte() {
        let pulse = Pulse::new();
        let mut tally = Tally::new(Kept::default(), pulse.clone());
        let began = Instant::now();
        let busy = async {
            sleep(Duration::from_millis(60)).await;
            tally.deliver(Crossing::Data(Stream::Plain, "x".into())).await;
            std::future::pending::<()>().await
        };
        tokio::select! {
            () = pulse.silence(Some(Duration::from_millis(100))) => {}
            () = busy => {}
        }
        assert!(began.elapsed() >= Duration::from_millis(160), "{:?}", began.elapsed());
    }
}
