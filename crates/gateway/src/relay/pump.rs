//! One direction of one channel: take from the spool, record, and deliver once the record is durable.

use std::collections::VecDeque;

use tokio::sync::oneshot;

use super::crossing::Crossing;
use super::spool::{Spool, SpoolFault};

/// How much of one direction may be under way to the recorder at once: throughput is then not one disk flush for
/// each packet.
const IN_FLIGHT: usize = 1024 * 1024;

/// Makes one direction of one channel durable.
pub(crate) trait Recorder: Send {
    /// Offers a crossing; the answer arrives once it is durable, or never will be.
    fn record(&mut self, crossing: &Crossing) -> oneshot::Receiver<bool>;
}

/// The side that takes delivery.
pub(crate) trait Outlet: Send {
    /// Delivers, waiting for the peer's window; `false` when the peer is gone.
    fn deliver(&mut self, crossing: Crossing) -> impl Future<Output = bool> + Send;
}

/// Why a direction has come to its end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Ended {
    /// `CLOSE` was delivered.
    Closed,
    /// The side that takes delivery is gone.
    PeerGone,
    /// Something could not be recorded, so it did not cross.
    NotRecorded,
    /// The queue itself failed.
    Spool(SpoolFault),
}

/// Relays until the direction ends.
pub(crate) async fn pump(spool: &Spool, recorder: &mut impl Recorder, outlet: &mut impl Outlet) -> Ended {
    let mut flight = Flight::default();
    loop {
        let ended = tokio::select! {
            biased;
            durable = flight.landed() => match durable {
                Some(crossing) => deliver(outlet, crossing).await,
                None => Some(Ended::NotRecorded),
            },
            taken = spool.take(), if flight.has_room() => match taken {
                Ok(crossing) => {
                    let durable = recorder.record(&crossing);
                    flight.launch(crossing, durable);
                    None
                }
                Err(fault) => Some(Ended::Spool(fault)),
            },
        };
        if let Some(ended) = ended {
            return ended;
        }
    }
}

async fn deliver(outlet: &mut impl Outlet, crossing: Crossing) -> Option<Ended> {
    let last = crossing == Crossing::Close;
    match outlet.deliver(crossing).await {
        true if last => Some(Ended::Closed),
        true => None,
        false => Some(Ended::PeerGone),
    }
}

/// Crossings that are on their way to the recorder, oldest first.
#[derive(Default)]
struct Flight {
    waiting: VecDeque<(Crossing, oneshot::Receiver<bool>)>,
    bytes: usize,
    closing: bool,
}

impl Flight {
    fn has_room(&self) -> bool {
        self.bytes < IN_FLIGHT && !self.closing
    }

    fn launch(&mut self, crossing: Crossing, durable: oneshot::Receiver<bool>) {
        self.bytes += crossing.weight() + 64;
        self.closing = crossing == Crossing::Close;
        self.waiting.push_back((crossing, durable));
    }

    /// Waits until the oldest is durable; `None` if it never will be. Pending while nothing is under way.
    async fn landed(&mut self) -> Option<Crossing> {
        let Some((_, durable)) = self.waiting.front_mut() else { return std::future::pending().await };
        let durable = durable.await.unwrap_or(false);
        let (crossing, _) = self.waiting.pop_front()?;
        self.bytes -= crossing.weight() + 64;
        durable.then_some(crossing)
    }
}

/// Records something outside a pump and waits until it is durable.
pub(crate) async fn recorded(recorder: &mut impl Recorder, crossing: &Crossing) -> bool {
    recorder.record(crossing).await.unwrap_or(false)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::time::Duration;

    use super::super::brake::Brake;
    use super::super::crossing::Stream;
    use super::*;

    /// Hands the answers out to the test, which decides when something is durable.
    struct Slow(tokio::sync::mpsc::UnboundedSender<oneshot::Sender<bool>>);

    impl Recorder for Slow {
        fn record(&mut self, _: &Crossing) -> oneshot::Receiver<bool> {
            let (answer, durable) = oneshot::channel();
            self.0.send(answer).unwrap();
            durable
        }
    }

    struct Kept(tokio::sync::mpsc::UnboundedSender<Crossing>);

    impl Outlet for Kept {
        async fn deliver(&mut self, crossing: Crossing) -> bool {
            self.0.send(crossing).is_ok()
        }
    }

    #[tokio::test]
    async fn nothing_is_delivered_before_it_is_durable_and_order_is_kept() {
        let brake = Brake::new(Arc::default(), 1 << 30, 1 << 30);
        let spool = Spool::new(brake, 1 << 20, std::env::temp_dir());
        let (answers, mut answer) = tokio::sync::mpsc::unbounded_channel();
        let (out, mut delivered) = tokio::sync::mpsc::unbounded_channel();
        let feed = spool.clone();
        let pumping = tokio::spawn(async move { pump(&spool, &mut Slow(answers), &mut Kept(out)).await });
        feed.push_data(Stream::Plain, b"one");
        let first = answer.recv().await.unwrap();
        feed.push(Crossing::ExitStatus(3));
        let second = answer.recv().await.unwrap();
        second.send(true).unwrap();
        tokio::time::sleep(Duration::from_millis(20)).await;
        assert!(delivered.try_recv().is_err(), "the first was not durable yet");
        first.send(true).unwrap();
        assert_eq!(delivered.recv().await, Some(Crossing::Data(Stream::Plain, "one".into())));
        assert_eq!(delivered.recv().await, Some(Crossing::ExitStatus(3)));
        feed.push(Crossing::Eof);
        answer.recv().await.unwrap().send(false).unwrap();
        assert_eq!(pumping.await.unwrap(), Ended::NotRecorded);
        assert!(delivered.recv().await.is_none(), "the unrecorded one did not cross");
    }
}
