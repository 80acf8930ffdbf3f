//! Notices: the courier's threads, and the outbox as they see it, over the road's store.

use std::sync::{Arc, PoisonError, RwLock};

use access::entry::Event;
use access::model::{Notice, Timestamp};
use access::ports::{Clock as _, StoreError};
use access::road::Road;
use anyhow::{Context as _, Result};
use jiff::tz::TimeZone;
use notify::{Courier, Outbox};
use tokio::runtime::Handle;

use crate::config::Receiver;
use crate::surroundings::{SystemClock, random};

/// Deliveries under way.
pub struct Deliveries {
    courier: Courier,
    outbox: Arc<RoadOutbox>,
}

impl Deliveries {
    /// Starts to deliver what lies in the outbox and what is put there. Called on the runtime that the store uses.
    pub fn start(road: &Road, receivers: &[Receiver]) -> Result<Self> {
        let receivers = receivers.iter().map(Receiver::open).collect::<Result<_>>()?;
        let road = RwLock::new(Some(road.clone()));
        let outbox = Arc::new(RoadOutbox { road, runtime: Handle::current() });
        let seen: Arc<dyn Outbox> = outbox.clone();
        let courier = Courier::start(receivers, &seen).context("deliveries cannot start")?;
        Ok(Self { courier, outbox })
    }

    /// Ends the deliveries and lets the road go; what is not delivered stays in the outbox.
    pub async fn stop(self) {
        let stopped = tokio::task::spawn_blocking(|| self.courier.stop()).await;
        *self.outbox.road.write().unwrap_or_else(PoisonError::into_inner) = None;
        if let Err(fault) = stopped {
            tracing::error!(%fault, "the deliveries ended badly");
        }
    }
}

/// The outbox for threads that are not the runtime's. It gives the road up when asked, whoever still holds it.
struct RoadOutbox {
    road: RwLock<Option<Road>>,
    runtime: Handle,
}

impl RoadOutbox {
    fn ask<T>(&self, question: impl AsyncFnOnce(&Road) -> Result<T, StoreError>) -> Result<T, StoreError> {
        let road = self.road.read().unwrap_or_else(PoisonError::into_inner).clone();
        let road = road.ok_or_else(|| StoreError::Unavailable("the gateway is being stopped".to_owned()))?;
        self.runtime.block_on(question(&road))
    }
}

impl Outbox for RoadOutbox {
    fn now(&self) -> Timestamp {
        SystemClock::in_zone(TimeZone::UTC).now()
    }

    fn random(&self) -> u64 {
        u64::from_le_bytes(random())
    }

    fn first(&self, receiver: &str, at: Timestamp) -> Result<Option<Notice>, StoreError> {
        self.ask(async |road| Ok(road.store().due(receiver, at, 1).await?.into_iter().next()))
    }

    fn postpone(&self, notice: &Notice, due: Timestamp) -> Result<bool, StoreError> {
        self.ask(async |road| road.store().postpone(notice.id, notice.attempts, due).await)
    }

    fn delivered(&self, notice: &Notice) -> Result<(), StoreError> {
        self.ask(async |road| road.store().delivered(notice.id).await)
    }

    fn give_up(&self, notice: &Notice, why: &str) -> Result<(), StoreError> {
        let Notice { id, event, receiver, .. } = notice;
        let what = format!("notice {id} ({event}) could not be delivered to {receiver}: {why}");
        self.ask(async |road| {
            let entered = road.note(Event::Alert { what }).await;
            entered.map_err(|fault| StoreError::Unavailable(fault.to_string()))?;
            road.store().delivered(notice.id).await
        })
    }
}
