//! The migrations that this program carries, applied all or none.

use std::path::Path;

use sqlx::migrate::{MigrateError, Migration, MigrationType, Migrator};
use sqlx::{SqlSafeStr, SqlitePool};

use super::OpenError;

/// Version, description and SQL; in order, never edited once released.
const MIGRATIONS: [(i64, &str, &str); 6] = [
    (1, "state", include_str!("../../../../migrations/sqlite/0001_state.sql")),
    (2, "countersigned", include_str!("../../../../migrations/sqlite/0002_countersigned.sql")),
    (3, "databases", include_str!("../../../../migrations/sqlite/0003_databases.sql")),
    (4, "certificates", include_str!("../../../../migrations/sqlite/0004_certificates.sql")),
    (5, "readers", include_str!("../../../../migrations/sqlite/0005_readers.sql")),
    (6, "tls_targets", include_str!("../../../../migrations/sqlite/0006_tls_targets.sql")),
];

/// Brings the schema up to date. Two processes that start together take turns, and the second finds nothing to do.
pub(super) async fn migrate(path: &Path, writer: &SqlitePool) -> Result<(), OpenError> {
    apply(writer).await.map_err(|error| explain(path, error))
}

/// `run_direct` because the future of `run` cannot be moved between threads.
async fn apply(writer: &SqlitePool) -> Result<(), MigrateError> {
    let mut transaction = writer.begin_with("BEGIN IMMEDIATE").await?;
    migrator().run_direct(None, &mut *transaction, false).await?;
    Ok(transaction.commit().await?)
}

fn migrator() -> Migrator {
    Migrator::with_migrations(MIGRATIONS.into_iter().map(migration).collect())
}

fn migration((version, description, sql): (i64, &'static str, &'static str)) -> Migration {
    Migration::new(version, description.into(), MigrationType::Simple, sql.into_sql_str(), false)
}

fn explain(path: &Path, error: MigrateError) -> OpenError {
    let path = path.to_owned();
    let known = MIGRATIONS.iter().map(|(version, ..)| *version).max().unwrap_or(0);
    match error {
        MigrateError::VersionMissing(found) if found > known => OpenError::Newer { path, found, known },
        MigrateError::Execute(source) => OpenError::Database { path, source },
        other => OpenError::Foreign { path, why: other.to_string() },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_migration_file_is_carried() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../migrations/sqlite");
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
