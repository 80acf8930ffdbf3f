//! Keys with which clients cancel their statements. Each is the gateway's own: the server's never leave it.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use aws_lc_rs::error::Unspecified;
use aws_lc_rs::rand;
use bytes::Bytes;
use tokio::sync::Notify;
use wire::postgres::startup::{CancelKey, Version};

/// The keys of the connections that are open.
#[derive(Default)]
pub(crate) struct Cancels(Mutex<HashMap<u32, (CancelKey, Arc<Notify>)>>);

/// One connection's key; it ends with the connection.
pub(crate) struct Cancellable {
    cancels: Arc<Cancels>,
    pub key: CancelKey,
    /// Told when somebody cancels with the key.
    pub cancelled: Arc<Notify>,
}

impl Cancels {
    /// A key for a new connection: 32 bytes for who speaks 3.2, 4 bytes for all others. An error without randomness.
    pub(crate) fn issue(self: &Arc<Self>, version: Version) -> Result<Cancellable, Unspecified> {
        let cancelled = Arc::new(Notify::new());
        let mut secret = [0; 32];
        rand::fill(&mut secret)?;
        let length = if version >= Version::V3_2 { 32 } else { 4 };
        let secret = Bytes::copy_from_slice(secret.get(..length).unwrap_or_default());
        let mut keys = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let process = loop {
            let mut process = [0; 4];
            rand::fill(&mut process)?;
            let process = u32::from_be_bytes(process);
            if !keys.contains_key(&process) {
                break process;
            }
        };
        let key = CancelKey { process, secret };
        keys.insert(process, (key.clone(), cancelled.clone()));
        drop(keys);
        Ok(Cancellable { cancels: self.clone(), key, cancelled })
    }

    /// Tells the connection of that key, if there is one.
    pub(crate) fn cancel(&self, key: &CancelKey) {
        let keys = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((known, cancelled)) = keys.get(&key.process)
            && known.matches(key)
        {
            cancelled.notify_one();
        }
    }
}

impl Drop for Cancellable {
    fn drop(&mut self) {
        self.cancels.0.lock().unwrap_or_else(PoisonError::into_inner).remove(&self.key.process);
    }
}
