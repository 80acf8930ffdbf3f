//! A PostgreSQL server of the tests' own: in a private folder, gone when the test program is gone.

use std::path::Path;
use std::process::Command;
use std::sync::{Mutex, OnceLock, PoisonError};

use crate::keeper::Keeper;

/// How many schemas are made at once; a program start each would take longer than the tests.
const BATCH: u32 = 100;

const SCRIPT: &str = concat!(
    include_str!("../../countersign/src/demo/servers/postgres.sh"),
    include_str!("../../countersign/src/demo/servers/keep.sh")
);

/// A server of this test program.
#[derive(Debug)]
pub struct PrivatePostgres {
    port: u16,
    schemas: Mutex<u32>,
    keeper: Keeper,
}

/// The server of this test program, started by whoever asks first.
///
/// # Panics
///
/// When PostgreSQL is not installed, or does not start.
pub fn postgres() -> &'static PrivatePostgres {
    static SERVER: OnceLock<PrivatePostgres> = OnceLock::new();
    SERVER.get_or_init(PrivatePostgres::start)
}

impl PrivatePostgres {
    /// One of the test's own, which nobody reaches over a network.
    ///
    /// # Panics
    ///
    /// When PostgreSQL is not installed, or does not start.
    pub fn start() -> Self {
        Self::started(Path::new(""), 5432)
    }

    /// One that can also be reached at that port of 127.0.0.1, with TLS: its `server.crt` and `server.key` lie in
    /// `certificate`.
    ///
    /// # Panics
    ///
    /// When PostgreSQL is not installed, or does not start.
    pub fn with_tls(certificate: &Path, port: u16) -> Self {
        Self::started(certificate, port)
    }

    fn started(certificate: &Path, port: u16) -> Self {
        let keeper = Keeper::started(SCRIPT, certificate, ("PGPORT", port));
        Self { port, schemas: Mutex::new(0), keeper }
    }

    /// Stops the server: whoever is connected is cut off, and nobody gets in.
    pub fn stop(&self) {
        self.keeper.order("stop");
    }

    /// Starts it again after [`PrivatePostgres::stop`].
    pub fn start_again(&self) {
        self.keeper.order("start");
    }

    /// The URL of an empty schema that nobody else has.
    pub fn fresh(&self) -> String {
        let mut next = self.schemas.lock().unwrap_or_else(PoisonError::into_inner);
        let number = *next;
        if number.is_multiple_of(BATCH) {
            let makings = (number..number + BATCH).map(|n| format!("CREATE SCHEMA s{n};"));
            self.sql(&makings.collect::<String>());
        }
        *next += 1;
        self.url("countersign", &format!("s{number}"))
    }

    /// The URL of a schema, as that user of the database.
    pub fn url(&self, user: &str, schema: &str) -> String {
        format!(
            "postgres://{user}@localhost/postgres?host={}&port={}&options=-csearch_path={schema}",
            self.keeper.folder().display(),
            self.port
        )
    }

    /// What the server's own administrator is told by that SQL: unaligned rows, without headings.
    ///
    /// # Panics
    ///
    /// When the server refuses it.
    pub fn sql(&self, text: &str) -> String {
        let output = Command::new("psql")
            .args([
                "-X",
                "-q",
                "-A",
                "-t",
                "-v",
                "ON_ERROR_STOP=1",
                "-U",
                "countersign",
                "-d",
                "postgres",
                "-h",
            ])
            .arg(self.keeper.folder())
            .args(["-c", text])
            .env("PGPORT", self.port.to_string())
            .output()
            .expect("psql starts");
        assert!(output.status.success(), "{text}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8_lossy(&output.stdout).into_owned()
    }
}
