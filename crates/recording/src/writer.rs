//! The writing thread: makes frames durable, all that wait at a time, and lets each caller go on.

use std::sync::Arc;
use std::sync::mpsc::Sender;
use std::time::Duration;

use crate::budget::Budget;
use crate::error::RecordingError;
use crate::frame::{Frame, MAX_PAYLOAD};
use crate::health::Health;
use crate::queue::{Done, Order, Queue, Taken, Waiting, Whose};
use crate::stream::{Stream, cost};
use crate::wal::format::{FRAME_OVERHEAD, WalFrame};
use crate::wal::log::{Log, Unsealed};

/// The most that one batch writes, so that one sync does not keep others waiting for long.
const BATCH_BYTES: usize = 4 << 20;
/// How often an idle writer looks whether its file is still there.
const TICK: Duration = Duration::from_millis(500);
/// How soon a flood is looked at again while sealing is behind.
const UNTIL_SEALED: Duration = Duration::from_millis(2);

/// A frame that is durable in the write-ahead file `file`.
pub(crate) struct Written {
    pub(crate) stream: Arc<Stream>,
    pub(crate) number: u64,
    pub(crate) file: u64,
    pub(crate) frame: Frame,
}

/// What the writer passes on to the sealer.
pub(crate) enum Passed {
    Written(Vec<Written>),
    Close(Arc<Stream>),
}

/// The state of the writing thread.
pub(crate) struct Writer {
    pub(crate) log: Log,
    pub(crate) sealer: Sender<Passed>,
    pub(crate) health: Arc<Health>,
    pub(crate) budget: Arc<Budget>,
    pub(crate) unsealed: Arc<Unsealed>,
}

/// Frames that are written together, and whom to tell.
#[derive(Default)]
struct Batch {
    bytes: Vec<u8>,
    frames: Vec<Written>,
    done: Vec<Done>,
}

impl Writer {
    /// Writes until the queue ends, and gives the files back.
    pub(crate) fn run(mut self, queue: &Queue) -> Result<Log, RecordingError> {
        let mut batch = Batch::default();
        loop {
            self.budget.wait_for_room(&self.health)?;
            let (whose, patience) =
                if self.budget.is_tight() { (Whose::Light, UNTIL_SEALED) } else { (Whose::All, TICK) };
            match queue.take(BATCH_BYTES, patience, whose) {
                Taken::Ended => return Ok(self.log),
                Taken::Orders(orders) if !orders.is_empty() => self.carry_out(orders, &mut batch)?,
                Taken::Orders(_) if whose == Whose::All => self.log.tend()?,
                Taken::Orders(_) => {}
            }
        }
    }

    fn carry_out(&mut self, orders: Vec<Order>, batch: &mut Batch) -> Result<(), RecordingError> {
        for order in orders {
            match order {
                Order::Write(waiting) => self.collect(waiting, batch)?,
                Order::Close(stream) => {
                    self.commit(batch)?;
                    self.pass(Passed::Close(stream))?;
                }
            }
        }
        self.commit(batch)
    }

    fn collect(&mut self, waiting: Waiting, batch: &mut Batch) -> Result<(), RecordingError> {
        let size = FRAME_OVERHEAD + waiting.frame.bytes.len();
        if (batch.bytes.len() + size) as u64 > self.log.room() {
            self.commit(batch)?;
        }
        if size as u64 > self.log.room() {
            self.log.rotate()?;
        }
        batch.push(waiting, &self.log);
        Ok(())
    }

    fn commit(&mut self, batch: &mut Batch) -> Result<(), RecordingError> {
        if batch.frames.is_empty() {
            return Ok(());
        }
        self.log.append(&batch.bytes)?;
        // Durable: from here on a frame survives, and its bytes may cross.
        batch.bytes.clear();
        self.pass_on(std::mem::take(&mut batch.frames))?;
        batch.done.drain(..).for_each(|done| done.run(Ok(())));
        Ok(())
    }

    fn pass_on(&self, frames: Vec<Written>) -> Result<(), RecordingError> {
        self.unsealed.add(self.log.number(), frames.len() as u64);
        self.budget.add(frames.iter().map(|written| cost(&written.frame)).sum());
        frames.iter().for_each(|written| written.stream.settled(cost(&written.frame)));
        self.pass(Passed::Written(frames))
    }

    fn pass(&self, passed: Passed) -> Result<(), RecordingError> {
        self.health.check()?;
        self.sealer.send(passed).map_err(|_| RecordingError::Stopped("the sealing thread has ended".into()))
    }
}

impl Batch {
    fn push(&mut self, waiting: Waiting, log: &Log) {
        let Waiting { stream, frame, done } = waiting;
        let number = stream.next_number();
        debug_assert!(frame.bytes.len() <= MAX_PAYLOAD);
        let wal = WalFrame {
            session: frame.session,
            number,
            at_us: frame.at_us,
            channel: frame.channel,
            durable: u32::try_from(log.end()).unwrap_or(u32::MAX),
            direction: frame.direction,
            kind: frame.kind,
            payload: &frame.bytes,
        };
        wal.encode(&mut self.bytes);
        self.frames.push(Written { stream, number, file: log.number(), frame });
        self.done.push(done);
    }
}
