//! A process that dies after so many effects: from then on neither the database nor the ledger does anything for it.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex};

use access::entry::Entry;
use access::ports::{Journal, JournalError};
use access::recording::{SealedSegment, Sealing};
use async_trait::async_trait;
use store::{Engine, Statement};
use testkit::MemoryJournal;
use testkit::sample::NOW;
use tokio::sync::watch;

/// How the statements begin that decide who wins: the answer of a person, and the end of a request.
const DECIDING: [&str; 2] = ["INSERT INTO decisions", "UPDATE requests"];

/// How many more effects a process has, and where those who run at once meet.
#[derive(Debug)]
pub struct Life {
    left: AtomicI64,
    race: Mutex<Option<Arc<Race>>>,
}

impl Life {
    pub fn new() -> Arc<Self> {
        Arc::new(Self { left: AtomicI64::new(i64::MAX), race: Mutex::default() })
    }

    /// Dies after that many effects.
    pub fn ends_after(&self, effects: u8) {
        self.left.store(effects.into(), Ordering::SeqCst);
    }

    pub fn race(&self, race: Option<Arc<Race>>) {
        *self.race.lock().unwrap() = race;
    }

    fn is_over(&self) -> bool {
        self.left.load(Ordering::SeqCst) <= 0
    }

    /// Uses one effect up, if there is one left.
    fn has_one_more(&self) -> bool {
        self.left.fetch_sub(1, Ordering::SeqCst) > 0
    }

    /// Whatever decides who wins is reached by all that run at once before any of them does it.
    async fn before(&self, statement: &Statement) -> Result<(), sqlx::Error> {
        self.meet(DECIDING.iter().any(|beginning| statement.sql.starts_with(beginning))).await;
        self.has_one_more().then_some(()).ok_or(sqlx::Error::PoolClosed)
    }

    /// Where those who run at once may change places.
    async fn meet(&self, decides: bool) {
        let race = self.race.lock().unwrap().clone();
        if let Some(race) = race.filter(|race| decides || race.in_turns) {
            race.arrive().await;
        }
    }
}

/// Where racers wait, each time, until all who still run have come to such a place. Then all go on; or, in turns, only
/// one of them, so that the number from which the turns are drawn decides the whole race.
#[derive(Debug)]
pub struct Race {
    field: watch::Sender<Field>,
    in_turns: bool,
}

#[derive(Debug)]
struct Field {
    running: usize,
    /// Who waits, by places that are given in the order of arrival.
    waiting: BTreeSet<usize>,
    next: usize,
    turns: Option<u64>,
}

impl Race {
    /// Racers who all wait at the start.
    pub fn of(racers: usize, order: Option<u64>) -> Arc<Self> {
        let mut field = Field { running: racers, waiting: (0..racers).collect(), next: racers, turns: order };
        field.go_on();
        Arc::new(Self { field: watch::Sender::new(field), in_turns: order.is_some() })
    }

    /// Waits at the start.
    pub async fn begin(&self, place: usize) {
        let mut field = self.field.subscribe();
        let _never_dropped = field.wait_for(|field| !field.waiting.contains(&place)).await;
    }

    /// One of them is done, wherever it got to.
    pub fn leave(&self) {
        self.field.send_modify(|field| {
            field.running -= 1;
            field.go_on();
        });
    }

    async fn arrive(&self) {
        let mut place = 0;
        self.field.send_modify(|field| {
            place = field.next;
            field.next += 1;
            field.waiting.insert(place);
            field.go_on();
        });
        self.begin(place).await;
    }
}

impl Field {
    fn go_on(&mut self) {
        if self.waiting.is_empty() || self.waiting.len() < self.running {
            return;
        }
        let Some(turns) = &mut self.turns else { return self.waiting.clear() };
        // The upper bits of a linear congruence are random enough.
        *turns = turns.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let drawn = usize::try_from(*turns >> 33).unwrap() % self.waiting.len();
        let chosen = self.waiting.iter().nth(drawn).copied().unwrap();
        self.waiting.remove(&chosen);
    }
}

/// A database as that process sees it.
#[derive(Debug)]
pub struct MortalEngine<E> {
    pub inner: E,
    pub life: Arc<Life>,
}

impl<E: Engine> Engine for MortalEngine<E> {
    type Row = E::Row;

    const DECIDE: &'static str = E::DECIDE;

    async fn change(&self, statement: Statement) -> Result<u64, sqlx::Error> {
        self.life.before(&statement).await?;
        self.inner.change(statement).await
    }

    async fn change_all(&self, statements: Vec<Statement>) -> Result<(), sqlx::Error> {
        self.life.meet(false).await;
        match self.life.has_one_more() {
            true => self.inner.change_all(statements).await,
            false => Err(sqlx::Error::PoolClosed),
        }
    }

    async fn change_returning(&self, statement: Statement) -> Result<Vec<E::Row>, sqlx::Error> {
        self.life.before(&statement).await?;
        self.inner.change_returning(statement).await
    }

    async fn read(&self, statement: Statement) -> Result<Vec<E::Row>, sqlx::Error> {
        self.life.meet(false).await;
        match self.life.is_over() {
            true => Err(sqlx::Error::PoolClosed),
            false => self.inner.read(statement).await,
        }
    }
}

/// The ledger as that process sees it.
#[derive(Debug)]
pub struct MortalJournal {
    pub ledger: Arc<MemoryJournal>,
    pub life: Arc<Life>,
}

impl MortalJournal {
    fn push(&self, entries: Vec<Entry>) -> Result<u64, JournalError> {
        match self.life.has_one_more() {
            true => Ok(self.ledger.push(entries)),
            false => Err(JournalError("the process is gone".into())),
        }
    }
}

#[async_trait]
impl Journal for MortalJournal {
    async fn append(&self, entries: Vec<Entry>) -> Result<u64, JournalError> {
        self.life.meet(false).await;
        self.push(entries)
    }
}

impl Sealing for MortalJournal {
    fn sealed(&self, segment: &SealedSegment) -> Result<(), String> {
        let entry = Entry::new(NOW, access::entry::Event::segment(segment));
        self.push(vec![entry]).map(drop).map_err(|gone| gone.to_string())
    }
}
