//! Databases of the tests: a private server that speaks TLS, one account that writes and one that only reads.

use std::path::{Path, PathBuf};
use std::process::Command;

use tempfile::TempDir;
use testkit::{PrivateMariadb, PrivatePostgres};

use crate::host::free_port;

/// The database on each server.
const NAME: &str = "shop";

const POSTGRES: &str = "
    CREATE ROLE writer LOGIN PASSWORD 'writer-s3cret';
    CREATE ROLE reader LOGIN PASSWORD 'reader-s3cret';
    ALTER ROLE reader SET default_transaction_read_only = on;
    GRANT pg_read_all_data TO reader;
";

const MARIADB: &str = "
    CREATE DATABASE shop;
    CREATE USER writer@'127.0.0.1' IDENTIFIED VIA mysql_native_password USING PASSWORD('writer-s3cret') REQUIRE SSL;
    CREATE USER reader@'127.0.0.1' IDENTIFIED VIA mysql_native_password USING PASSWORD('reader-s3cret') REQUIRE SSL;
    GRANT ALL ON shop.* TO writer@'127.0.0.1';
    GRANT SELECT, SHOW VIEW ON shop.* TO reader@'127.0.0.1';
";

/// A server with a database. It is gone when this value, or the test program, is.
pub struct Database {
    server: Server,
    port: u16,
    folder: TempDir,
}

/// What it speaks.
enum Server {
    Postgres(PrivatePostgres),
    Mariadb(PrivateMariadb),
}

impl Database {
    /// A PostgreSQL.
    pub fn postgres() -> Self {
        let (folder, port) = certified();
        let server = PrivatePostgres::with_tls(folder.path(), port);
        server.sql(POSTGRES);
        server.sql("CREATE DATABASE shop OWNER writer");
        Self { server: Server::Postgres(server), port, folder }
    }

    /// A MariaDB. It proves passwords by `mysql_native_password`; this server has no `caching_sha2_password`.
    pub fn mariadb() -> Self {
        let (folder, port) = certified();
        let server = PrivateMariadb::with_tls(folder.path(), port);
        server.sql(MARIADB);
        Self { server: Server::Mariadb(server), port, folder }
    }

    /// `postgres` or `mysql`, as the product calls it.
    pub fn protocol(&self) -> &'static str {
        match self.server {
            Server::Postgres(_) => "postgres",
            Server::Mariadb(_) => "mysql",
        }
    }

    /// Its port on 127.0.0.1.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// The certificate of the authority that signed the server's.
    pub fn authority(&self) -> PathBuf {
        self.folder.path().join("ca.crt")
    }

    /// The server itself, for `writer` or `reader`.
    pub fn place(&self, account: &str) -> Place {
        Place {
            port: self.port,
            user: account.to_owned(),
            password: format!("{account}-s3cret"),
            authority: self.authority(),
            database: NAME.to_owned(),
        }
    }

    /// What the server's own administrator is told, past the gateway. In PostgreSQL, of the database `postgres`.
    pub fn sql(&self, text: &str) -> String {
        match &self.server {
            Server::Postgres(server) => server.sql(text),
            Server::Mariadb(server) => server.sql(text),
        }
    }
}

/// A folder with a certificate, and the port that it will be shown at.
fn certified() -> (TempDir, u16) {
    let folder = tempfile::tempdir().expect("a temporary folder");
    testkit::certify(folder.path());
    (folder, free_port())
}

/// Where a client goes on 127.0.0.1, and as whom: a server, or the gateway before it.
pub struct Place {
    /// TCP port.
    pub port: u16,
    /// User name.
    pub user: String,
    /// Password, or ticket.
    pub password: String,
    /// The certificate of the authority to trust.
    pub authority: PathBuf,
    /// Name of the database.
    pub database: String,
}

impl Place {
    /// A client of PostgreSQL or MySQL that goes there, and reads nothing of the machine's.
    pub fn client(&self, program: &str) -> Command {
        let mut client = Command::new(program);
        let port = self.port.to_string();
        for (name, value) in
            [("HOST", "127.0.0.1"), ("PORT", &port), ("USER", &self.user), ("PASSWORD", &self.password)]
        {
            client.env(format!("PG{name}"), value).env(format!("DB_{name}"), value);
        }
        client.env("PGDATABASE", &self.database).env("DB_NAME", &self.database);
        client.env("PGSSLROOTCERT", &self.authority).env("DB_CA", &self.authority);
        client.env("PGSSLMODE", "verify-full").env("PSQLRC", "/dev/null").env("HOME", "/nonexistent");
        client.env("LC_ALL", "C.UTF-8").env("TZ", "UTC");
        client
    }

    /// A program of `tests/clients` that goes there.
    pub fn program(&self, file: &str) -> Command {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("clients").join(file);
        let runs = match path.extension().and_then(|end| end.to_str()) {
            Some("py") => "/usr/bin/python3",
            Some("js") => "node",
            Some("java") => "java",
            _ => "sh",
        };
        let mut client = self.client(runs);
        client.env("CLASSPATH", "/usr/share/java/postgresql.jar:/usr/share/java/mariadb-java-client.jar");
        client.arg(path);
        client
    }
}
