//! Where the node's state lies, and opening it.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use access::ports::Store;
use anyhow::{Context as _, Result};
use zeroize::Zeroizing;

/// The database of this node.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum StatePlace {
    /// A file of its own.
    Sqlite(PathBuf),
    /// A server, whose URL lies in this file because a password may be in it.
    Postgres(PathBuf),
}

impl StatePlace {
    /// Whether there is something to open; a server is there or says so.
    pub fn exists(&self) -> bool {
        match self {
            Self::Sqlite(file) => file.exists(),
            Self::Postgres(_) => true,
        }
    }
}

/// Opens the database and brings its schema up to date.
pub async fn open_store(place: &StatePlace) -> Result<Arc<dyn Store>> {
    Ok(match place {
        StatePlace::Sqlite(file) => Arc::new(store::Sqlite::open(file).await?),
        StatePlace::Postgres(file) => Arc::new(store::Postgres::open(url(file)?.trim()).await?),
    })
}

fn url(file: &Path) -> Result<Zeroizing<String>> {
    let text = std::fs::read_to_string(file).with_context(|| format!("cannot read {}", file.display()))?;
    Ok(Zeroizing::new(text))
}
