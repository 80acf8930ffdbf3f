//! A MariaDB server of the tests' own: in a private folder, gone when the test program is gone.

use std::path::Path;
use std::process::{Command, Stdio};

use crate::keeper::Keeper;

const SCRIPT: &str = concat!(
    include_str!("../../countersign/src/demo/servers/mariadb.sh"),
    include_str!("../../countersign/src/demo/servers/keep.sh")
);

/// A server of this test program.
#[derive(Debug)]
pub struct PrivateMariadb {
    keeper: Keeper,
}

impl PrivateMariadb {
    /// One that is reached at that port of 127.0.0.1, with TLS only: its `server.crt` and `server.key` lie in
    /// `certificate`.
    ///
    /// # Panics
    ///
    /// When MariaDB is not installed (Debian packages `mariadb-server-core` and `mariadb-client`), or does not start.
    pub fn with_tls(certificate: &Path, port: u16) -> Self {
        let keeper = Keeper::started(SCRIPT, certificate, ("MYSQL_TCP_PORT", port));
        Self { keeper }
    }

    /// Stops the server: whoever is connected is cut off, and nobody gets in.
    pub fn stop(&self) {
        self.keeper.order("stop");
    }

    /// Starts it again after [`PrivateMariadb::stop`].
    pub fn start_again(&self) {
        self.keeper.order("start");
    }

    /// What the server's own administrator is told by that SQL: rows with tabs, without headings.
    ///
    /// # Panics
    ///
    /// When the server refuses it.
    pub fn sql(&self, text: &str) -> String {
        let output = Command::new("mariadb")
            .args(["--no-defaults", "--batch", "--skip-column-names", "--socket"])
            .arg(self.keeper.folder().join("socket"))
            .args(["--execute", text])
            .stdin(Stdio::null())
            .output()
            .expect("mariadb starts");
        assert!(output.status.success(), "{text}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8_lossy(&output.stdout).into_owned()
    }
}
