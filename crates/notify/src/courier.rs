//! The courier: one thread for each receiver takes its notices in order and delivers them, for as long as it takes.

use std::io;
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use access::model::Notice;
use access::ports::StoreError;

use crate::outbox::Outbox;
use crate::pace::pause;
use crate::receiver::Receiver;
use crate::transport::Failure;

/// How often an empty outbox is looked at.
const LOOK: Duration = Duration::from_millis(500);

/// How long an outbox is left alone that does not answer.
const OUTBOX_PAUSE: Duration = Duration::from_secs(5);

/// How long a notice is one node's, seconds: longer than any delivery should take.
const LEASE: u64 = 60;

/// When a notice that its receiver refused is tried again, seconds. The ones behind it go first.
const SET_ASIDE: u64 = 3600;

/// When a notice is given up, seconds.
const TOO_LATE: u64 = 7 * 24 * 3600;

/// How long a thread may take to end before it is left to itself.
const FAREWELL: Duration = Duration::from_secs(2);

/// Delivers until it is stopped.
pub struct Courier {
    stop: Arc<Stop>,
    threads: Vec<JoinHandle<()>>,
}

impl Courier {
    /// Starts a thread for each receiver.
    pub fn start(receivers: Vec<Receiver>, outbox: &Arc<dyn Outbox>) -> io::Result<Self> {
        let mut courier = Self { stop: Arc::default(), threads: Vec::new() };
        for receiver in receivers {
            let name = format!("notify-{}", receiver.name);
            let line = Line { receiver, outbox: outbox.clone(), stop: courier.stop.clone(), failures: 0 };
            courier.threads.push(thread::Builder::new().name(name).spawn(move || line.run())?);
        }
        Ok(courier)
    }

    /// Ends the threads. One that a receiver keeps waiting is left to itself: its notice is still in the outbox.
    pub fn stop(self) {
        self.stop.set();
        let end = Instant::now() + FAREWELL;
        for thread in self.threads {
            while !thread.is_finished() && Instant::now() < end {
                thread::sleep(Duration::from_millis(10));
            }
            if thread.is_finished() && thread.join().is_err() {
                tracing::error!("a courier's thread ended badly");
            }
        }
    }
}

/// One receiver's notices, in order.
struct Line {
    receiver: Receiver,
    outbox: Arc<dyn Outbox>,
    stop: Arc<Stop>,
    /// Failures in a row.
    failures: u32,
}

impl Line {
    fn run(mut self) {
        loop {
            let rest = self.step().unwrap_or_else(|fault| {
                tracing::error!(receiver = self.receiver.name, %fault, "the outbox does not answer");
                OUTBOX_PAUSE
            });
            if self.stop.comes_within(rest) {
                return;
            }
        }
    }

    /// Tries the first notice in line. Returns how long to rest.
    fn step(&mut self) -> Result<Duration, StoreError> {
        let now = self.outbox.now();
        // One that another node is delivering is still first in line: nothing overtakes it.
        let first = self.outbox.first(&self.receiver.name, now.plus_seconds(LEASE))?;
        let Some(mut notice) = first.filter(|notice| notice.due <= now) else { return Ok(LOOK) };
        if !self.outbox.postpone(&notice, now.plus_seconds(LEASE))? {
            return Ok(LOOK);
        }
        notice.attempts += 1;
        match self.receiver.transport.deliver(&notice, self.receiver.language, now) {
            Ok(()) => self.done(&notice),
            Err(failure) => self.failed(&notice, &failure),
        }
    }

    fn done(&mut self, notice: &Notice) -> Result<Duration, StoreError> {
        self.failures = 0;
        // Whoever is killed before this line delivers it again, under the same number.
        self.outbox.delivered(notice)?;
        Ok(Duration::ZERO)
    }

    fn failed(&mut self, notice: &Notice, failure: &Failure) -> Result<Duration, StoreError> {
        let now = self.outbox.now();
        let (receiver, event, id) = (&*self.receiver.name, &*notice.event, notice.id);
        if now >= notice.created.plus_seconds(TOO_LATE) {
            tracing::error!(receiver, event, id, %failure, "a notice could not be delivered and is given up");
            self.outbox.give_up(notice, &failure.why)?;
            return Ok(Duration::ZERO);
        }
        tracing::warn!(receiver, event, id, %failure, "a notice was not delivered and will be tried again");
        if failure.rejected {
            self.outbox.postpone(notice, now.plus_seconds(SET_ASIDE))?;
            return Ok(Duration::ZERO);
        }
        self.outbox.postpone(notice, now)?;
        self.failures = self.failures.saturating_add(1);
        Ok(pause(self.failures, failure.retry_after, self.outbox.random()))
    }
}

/// Asks all threads to end, also those that rest.
#[derive(Default)]
struct Stop {
    asked: Mutex<bool>,
    changed: Condvar,
}

impl Stop {
    fn set(&self) {
        *self.asked.lock().unwrap_or_else(PoisonError::into_inner) = true;
        self.changed.notify_all();
    }

    fn comes_within(&self, rest: Duration) -> bool {
        let asked = self.asked.lock().unwrap_or_else(PoisonError::into_inner);
        let waited = self.changed.wait_timeout_while(asked, rest, |asked| !*asked);
        *waited.unwrap_or_else(PoisonError::into_inner).0
    }
}
