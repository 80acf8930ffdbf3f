//! An outbox in memory, with a clock that a test can move, and notices to put into it.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use access::announcement::{AboutRequest, Announcement};
use access::entry::canonical;
use access::model::{Notice, Timestamp};
use access::ports::StoreError;
use notify::{Outbox, Receiver, Transport};

/// 2026-11-23 10:00:00 UTC.
const START: Timestamp = Timestamp(1_795_428_000_000_000);

/// Notices that wait, and what became of the others.
pub struct Memory {
    waiting: Mutex<Vec<Notice>>,
    given_up: Mutex<Vec<(i64, String)>>,
    began: Instant,
    skew: AtomicU64,
}

impl Memory {
    pub fn new() -> Arc<Self> {
        let (waiting, given_up) = (Mutex::default(), Mutex::default());
        Arc::new(Self { waiting, given_up, began: Instant::now(), skew: AtomicU64::new(0) })
    }

    /// Puts a notice about that request in; its number is the request's.
    pub fn post(&self, receiver: &str, request: i64) {
        let now = self.now();
        self.waiting.lock().unwrap().push(Notice { due: now, created: now, ..notice(receiver, request) });
    }

    pub fn waiting(&self) -> Vec<i64> {
        self.waiting.lock().unwrap().iter().map(|notice| notice.id).collect()
    }

    pub fn given_up(&self) -> Vec<(i64, String)> {
        self.given_up.lock().unwrap().clone()
    }

    /// Moves the clock forward.
    pub fn advance(&self, seconds: u64) {
        self.skew.fetch_add(seconds, Ordering::SeqCst);
    }

    fn drop_notice(&self, id: i64) {
        self.waiting.lock().unwrap().retain(|notice| notice.id != id);
    }
}

impl Outbox for Memory {
    fn now(&self) -> Timestamp {
        let real = i64::try_from(self.began.elapsed().as_micros()).unwrap();
        Timestamp(START.0 + real).plus_seconds(self.skew.load(Ordering::SeqCst))
    }

    fn random(&self) -> u64 {
        0
    }

    fn first(&self, receiver: &str, at: Timestamp) -> Result<Option<Notice>, StoreError> {
        let waiting = self.waiting.lock().unwrap();
        Ok(waiting.iter().find(|notice| notice.receiver == receiver && notice.due <= at).cloned())
    }

    fn postpone(&self, notice: &Notice, due: Timestamp) -> Result<bool, StoreError> {
        let mut waiting = self.waiting.lock().unwrap();
        let same = |kept: &&mut Notice| kept.id == notice.id && kept.attempts == notice.attempts;
        let Some(kept) = waiting.iter_mut().find(same) else { return Ok(false) };
        (kept.due, kept.attempts) = (due, kept.attempts + 1);
        Ok(true)
    }

    fn delivered(&self, notice: &Notice) -> Result<(), StoreError> {
        self.drop_notice(notice.id);
        Ok(())
    }

    fn give_up(&self, notice: &Notice, why: &str) -> Result<(), StoreError> {
        self.given_up.lock().unwrap().push((notice.id, why.to_owned()));
        self.drop_notice(notice.id);
        Ok(())
    }
}

/// A notice about a request whose command is `'rm' '-rf' 'data'`.
pub fn notice(receiver: &str, request: i64) -> Notice {
    let about = AboutRequest {
        request,
        kind: "action".into(),
        requester: "alice".into(),
        target: "db-1".into(),
        account: "root".into(),
        command: Some("'rm' '-rf' 'data'".into()),
        ..AboutRequest::default()
    };
    let made = Announcement::RequestMade { about, quorums: vec!["two".into()], expires: "later".into() };
    Notice {
        id: request,
        receiver: receiver.into(),
        event: made.event().into(),
        body: canonical(&made),
        created: START,
        due: START,
        attempts: 0,
    }
}

pub fn receiver(name: &str, transport: impl Transport + 'static) -> Receiver {
    Receiver { name: name.into(), language: Default::default(), transport: Box::new(transport) }
}

/// Waits until something is so, for at most 20 seconds.
#[track_caller]
pub fn eventually(what: &str, mut is_so: impl FnMut() -> bool) {
    let end = Instant::now() + Duration::from_secs(20);
    while !is_so() {
        assert!(Instant::now() < end, "{what}: never");
        std::thread::sleep(Duration::from_millis(20));
    }
}
