//! The migrations that this program carries, applied all or none.

use std::time::Duration;

use sqlx::migrate::{MigrateError, Migration, MigrationType, Migrator};
use sqlx::{PgPool, SqlSafeStr};

use super::OpenError;

/// Version, description and SQL; in order, never edited once released.
const MIGRATIONS: [(i64, &str, &str); 5] = [
    (1, "state", include_str!("../../../../migrations/postgres/0001_state.sql")),
    (2, "databases", include_str!("../../../../migrations/postgres/0002_databases.sql")),
    (3, "certificates", include_str!("../../../../migrations/postgres/0003_certificates.sql")),
    (4, "readers", include_str!("../../../../migrations/postgres/0004_readers.sql")),
    (5, "tls_targets", include_str!("../../../../migrations/postgres/0005_tls_targets.sql")),
];

/// What two that make the same tables at once are told, besides a serialization failure and a deadlock: that a name is
/// taken. The whole transaction is undone, and the next look finds the tables of the other.
const OVERTAKEN: [&str; 5] = ["40001", "40P01", "23505", "42P07", "42710"];
const ATTEMPTS: u32 = 5;

/// Brings the schema up to date. Of several nodes that start together one does it; the others find nothing to do.
pub(super) async fn migrate(server: &str, pool: &PgPool) -> Result<(), OpenError> {
    let mut outcome = apply(pool).await;
    for attempt in 1..ATTEMPTS {
        if !outcome.as_ref().is_err_and(is_overtaken) {
            break;
        }
        tokio::time::sleep(Duration::from_millis(100) * attempt).await;
        outcome = apply(pool).await;
    }
    outcome.map_err(|error| explain(server, error))
}

/// `run_direct` because the future of `run` cannot be moved between threads.
async fn apply(pool: &PgPool) -> Result<(), MigrateError> {
    let mut transaction = pool.begin().await?;
    migrator().run_direct(None, &mut *transaction, false).await?;
    Ok(transaction.commit().await?)
}

/// Without the lock of the library, which not every server of this protocol has.
fn migrator() -> Migrator {
    let mut migrator = Migrator::with_migrations(MIGRATIONS.into_iter().map(migration).collect());
    migrator.set_locking(false);
    migrator
}

fn migration((version, description, sql): (i64, &'static str, &'static str)) -> Migration {
    Migration::new(version, description.into(), MigrationType::Simple, sql.into_sql_str(), false)
}

fn is_overtaken(error: &MigrateError) -> bool {
    let (MigrateError::Execute(source) | MigrateError::ExecuteMigration(source, _)) = error else {
        return false;
    };
    let code = source.as_database_error().and_then(|fault| fault.code());
    code.is_some_and(|code| OVERTAKEN.contains(&&*code))
}

fn explain(server: &str, error: MigrateError) -> OpenError {
    let server = server.to_owned();
    let known = MIGRATIONS.iter().map(|(version, ..)| *version).max().unwrap_or(0);
    match error {
        MigrateError::VersionMissing(found) if found > known => OpenError::Newer { server, found, known },
        MigrateError::Execute(source) => OpenError::Database { server, source },
        other => OpenError::Foreign { server, why: other.to_string() },
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    #[test]
    fn every_migration_file_is_carried() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../migrations/postgres");
        let mut files: Vec<_> = std::fs::read_dir(folder)
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        files.sort();
        let carried: Vec<_> =
            MIGRATIONS.iter().map(|(version, name, _)| format!("{version:04}_{name}.sql")).collect();
        assert_eq!(files, carried);
    }
}
