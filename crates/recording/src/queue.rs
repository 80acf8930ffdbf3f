//! The frames on their way to the writer: one queue, so that frames keep their order.

use std::collections::{HashSet, VecDeque};
use std::mem;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use crate::error::RecordingError;
use crate::frame::Frame;
use crate::health::Health;
use crate::lock;
use crate::stream::{Stream, cost};

/// What a caller wants to be done once a frame is durable, or is known never to be.
pub type OnDurable = Box<dyn FnOnce(Result<(), RecordingError>) + Send>;

/// A caller's continuation, which runs exactly once whatever happens.
pub(crate) struct Done {
    call: Option<OnDurable>,
    health: Arc<Health>,
}

impl Done {
    pub(crate) fn new(call: OnDurable, health: Arc<Health>) -> Self {
        Self { call: Some(call), health }
    }

    pub(crate) fn run(mut self, result: Result<(), RecordingError>) {
        if let Some(call) = self.call.take() {
            call(result);
        }
    }
}

impl Drop for Done {
    fn drop(&mut self) {
        if let Some(call) = self.call.take() {
            let reason = self.health.failure().unwrap_or("the recorder was shut down");
            call(Err(RecordingError::Stopped(reason.into())));
        }
    }
}

/// A frame that is not durable yet.
pub(crate) struct Waiting {
    pub(crate) stream: Arc<Stream>,
    pub(crate) frame: Frame,
    pub(crate) done: Done,
}

impl Waiting {
    pub(crate) fn cost(&self) -> usize {
        cost(&self.frame)
    }
}

/// What the writer is asked for.
pub(crate) enum Order {
    Write(Waiting),
    Close(Arc<Stream>),
}

impl Order {
    fn stream(&self) -> &Stream {
        match self {
            Self::Write(waiting) => &waiting.stream,
            Self::Close(stream) => stream,
        }
    }

    fn cost(&self) -> usize {
        match self {
            Self::Write(waiting) => waiting.cost(),
            Self::Close(_) => 0,
        }
    }
}

/// Whose orders are taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Whose {
    /// Every session's.
    All,
    /// Only those of sessions that do not flood, so that a keystroke need not wait until a flood is sealed.
    Light,
}

impl Whose {
    fn includes(self, stream: &Stream) -> bool {
        self == Self::All || !stream.is_heavy()
    }
}

#[derive(Default)]
struct Orders {
    waiting: VecDeque<Order>,
    /// Empty except while drawing.
    passed_over: VecDeque<Order>,
    ended: bool,
    /// The writer sleeps until it is told of something. While it works nobody calls it: waking costs a system call.
    is_asleep: bool,
}

/// The queue between all sessions and the writer.
#[derive(Default)]
pub(crate) struct Queue {
    orders: Mutex<Orders>,
    arrived: Condvar,
}

/// What `take` returns.
pub(crate) enum Taken {
    /// Orders, oldest first; empty if none came in time.
    Orders(Vec<Order>),
    /// Everything was taken and nothing will come any more.
    Ended,
}

impl Queue {
    /// Queues a frame unless its session is closing or has `limit` bytes under way, or the queue has ended (`None`).
    pub(crate) fn write(&self, waiting: Waiting, limit: usize) -> Result<(), (Done, Option<RecordingError>)> {
        let orders = lock(&self.orders);
        let (stream, cost) = (&waiting.stream, waiting.cost());
        if stream.is_closing() {
            return Err((waiting.done, Some(RecordingError::Closed)));
        }
        if stream.backlog() > 0 && stream.backlog() + cost > limit {
            return Err((waiting.done, Some(RecordingError::Full)));
        }
        if orders.ended {
            return Err((waiting.done, None));
        }
        stream.waits(cost);
        self.push(orders, Order::Write(waiting));
        Ok(())
    }

    /// Queues the end of a session behind its frames, once.
    pub(crate) fn close(&self, stream: &Arc<Stream>) {
        let orders = lock(&self.orders);
        if stream.start_closing() && !orders.ended {
            self.push(orders, Order::Close(Arc::clone(stream)));
        }
    }

    fn push(&self, mut orders: MutexGuard<'_, Orders>, order: Order) {
        orders.waiting.push_back(order);
        if mem::take(&mut orders.is_asleep) {
            drop(orders);
            self.arrived.notify_one();
        }
    }

    /// Nothing more is accepted; what waits can still be taken.
    pub(crate) fn end(&self) {
        lock(&self.orders).ended = true;
        self.arrived.notify_all();
    }

    /// Drops everything that waits, which answers it with the failure, and accepts nothing more.
    pub(crate) fn abandon(&self) {
        self.end();
        let waiting = mem::take(&mut lock(&self.orders).waiting);
        drop(waiting);
    }

    /// Waits up to `patience` for orders of these sessions and takes about `most` bytes of them.
    pub(crate) fn take(&self, most: usize, patience: Duration, whose: Whose) -> Taken {
        let orders = lock(&self.orders);
        let woken = self.arrived.wait_timeout_while(orders, patience, |orders| {
            orders.is_asleep = orders.has_nothing(whose);
            orders.is_asleep
        });
        let mut orders = woken.unwrap_or_else(PoisonError::into_inner).0;
        orders.is_asleep = false;
        if orders.waiting.is_empty() && orders.ended {
            return Taken::Ended;
        }
        Taken::Orders(orders.draw(most, whose))
    }
}

impl Orders {
    fn has_nothing(&self, whose: Whose) -> bool {
        let ended = self.waiting.is_empty() && self.ended;
        !ended && !self.waiting.iter().any(|order| whose.includes(order.stream()))
    }

    /// Takes what may be taken; what stays keeps its order, and so does each session's share.
    fn draw(&mut self, most: usize, whose: Whose) -> Vec<Order> {
        let mut room = most;
        let mut stay = HashSet::new();
        let mut drawn = Vec::new();
        while let Some(order) = self.waiting.pop_front() {
            let stream = order.stream();
            if stay.contains(&stream.id) || !whose.includes(stream) {
                // Once one order of a session stays, all later ones do, whatever is sealed meanwhile.
                stay.insert(stream.id);
                self.passed_over.push_back(order);
                continue;
            }
            room = room.saturating_sub(order.cost());
            drawn.push(order);
            if room == 0 {
                break;
            }
        }
        self.passed_over.append(&mut self.waiting);
        mem::swap(&mut self.waiting, &mut self.passed_over);
        drawn
    }
}
