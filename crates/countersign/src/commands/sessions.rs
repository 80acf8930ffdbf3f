//! `countersign sessions`: what was recorded, newest first.

use std::io::Write as _;
use std::path::Path;

use access::model::SessionRow;
use access::statement::rfc3339;
use anyhow::Result;

use crate::config::Config;
use crate::state::open_store;

/// Prints the newest sessions.
pub async fn sessions(config: &Path, limit: u32) -> Result<()> {
    let config = Config::read(config)?;
    let store = open_store(&config.store).await?;
    let mut out = std::io::stdout();
    writeln!(out, "{:<32}  {:<20}  {:<12} {:<24} {:<7} ENDED", "SESSION", "OPENED", "WHO", "WHERE", "WAY")?;
    for row in store.sessions(limit).await? {
        writeln!(out, "{}", line(&row))?;
    }
    Ok(())
}

fn line(row: &SessionRow) -> String {
    let ended = match row.closed {
        Some((at, outcome)) => format!("{} {}", rfc3339(at), outcome.as_str()),
        None => "open".to_owned(),
    };
    let place = format!("{}@{}", row.account, row.target);
    let opened = rfc3339(row.opened);
    format!(
        "{:<32}  {opened:<20}  {:<12} {place:<24} {:<7} {ended}",
        row.id.to_string(),
        row.person_name,
        row.way
    )
}
