//! What is on its way in one direction of an SFTP channel: delivered in order, each behind its records.

use std::collections::VecDeque;

use tokio::sync::oneshot;

use crate::relay::Crossing;

/// How much may be under way to the recorder at once; see the relay's pump.
const MOST: usize = 1024 * 1024;

/// See the module.
#[derive(Default)]
pub(super) struct Flight {
    waiting: VecDeque<Step>,
    bytes: usize,
}

enum Step {
    Record(oneshot::Receiver<bool>),
    Crossing(Crossing),
}

/// What has come to pass.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Landed {
    /// A record is durable; nothing is to be delivered for it.
    Record,
    /// This may be delivered.
    Crossing(Crossing),
    /// A record never will be durable.
    Lost,
}

impl Flight {
    /// Whether more should be put on its way.
    pub(super) fn has_room(&self) -> bool {
        self.bytes < MOST
    }

    pub(super) fn is_empty(&self) -> bool {
        self.waiting.is_empty()
    }

    /// Nothing that is launched later is delivered before this is durable.
    pub(super) fn wait_for(&mut self, durable: oneshot::Receiver<bool>) {
        self.waiting.push_back(Step::Record(durable));
    }

    /// Delivers it when all records before it are durable.
    pub(super) fn launch(&mut self, crossing: Crossing) {
        self.bytes += crossing.weight() + 64;
        self.waiting.push_back(Step::Crossing(crossing));
    }

    /// Waits for the next step. Pending while nothing is under way; may be dropped and called again.
    pub(super) async fn landed(&mut self) -> Landed {
        if let Some(Step::Record(durable)) = self.waiting.front_mut() {
            let durable = durable.await.unwrap_or(false);
            self.waiting.pop_front();
            return if durable { Landed::Record } else { Landed::Lost };
        }
        let Some(Step::Crossing(crossing)) = self.waiting.pop_front() else {
            return std::future::pending().await;
        };
        self.bytes -= crossing.weight() + 64;
        Landed::Crossing(crossing)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use tokio::time::timeout;

    use super::*;

    #[tokio::test]
    async fn nothing_lands_before_its_record_is_durable() {
        let mut flight = Flight::default();
        let (written, durable) = oneshot::channel();
        flight.wait_for(durable);
        flight.launch(Crossing::Eof);
        assert!(timeout(Duration::from_millis(20), flight.landed()).await.is_err());
        written.send(true).unwrap();
        assert_eq!(flight.landed().await, Landed::Record);
        assert_eq!(flight.landed().await, Landed::Crossing(Crossing::Eof));
        assert!(flight.is_empty());
    }

    #[tokio::test]
    async fn what_is_not_recorded_never_lands() {
        for outcome in [Some(false), None] {
            let mut flight = Flight::default();
            let (written, durable) = oneshot::channel();
            flight.wait_for(durable);
            flight.launch(Crossing::Eof);
            match outcome {
                Some(outcome) => written.send(outcome).unwrap(),
                None => drop(written),
            }
            assert_eq!(flight.landed().await, Landed::Lost);
        }
    }
}
