//! What an open transaction keeps others from, asked from outside of it.

use super::Guide;

/// Tables that process `$1` has locked by more than reading them, if it is a connection of the same login to the same database:
/// behind a pooler the number may be somebody else's.
const LOCKED: &str = "
    SELECT DISTINCT n.nspname || '.' || c.relname
    FROM pg_locks l JOIN pg_stat_activity a ON a.pid = l.pid
      JOIN pg_class c ON c.oid = l.relation JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE l.pid = $1::int AND l.locktype = 'relation' AND l.granted AND l.mode <> 'AccessShareLock'
      AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database())
      AND a.datname = current_database() AND a.usename = current_user
      AND c.relkind IN ('r', 'p', 'm', 'f') AND c.oid >= 16384
    ORDER BY 1 LIMIT 21";

/// Names that are told.
const MOST: usize = 20;

impl Guide {
    /// The tables that the transaction in that process of the server has locked, as far as they are known.
    pub(crate) async fn locked(&self, process: u32) -> Vec<String> {
        let process = process.to_string();
        let rows = match self.whole.line.ask(&self.credential, LOCKED, &[Some(&process)]).await {
            Ok(rows) => rows,
            Err(fault) => {
                tracing::debug!(%fault, "a database did not say what a transaction has locked");
                return vec![];
            }
        };
        let has_more = rows.len() > MOST;
        let names = rows.into_iter().take(MOST).filter_map(|row| row.into_iter().next().flatten());
        names.chain(has_more.then(|| "…".to_owned())).collect()
    }
}
