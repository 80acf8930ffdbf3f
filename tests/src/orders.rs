//! A bastion with a database behind it: a private PostgreSQL as target `orders-pg`, and `psql` in front of the gateway.

use std::path::PathBuf;
use std::process::Command;

use tempfile::TempDir;
use testkit::PrivatePostgres;

use crate::bastion::Bastion;
use crate::host::free_port;
use crate::plan::Plan;
use crate::running::{Done, Running, run};

/// The gateway's account on the database.
pub const ACCOUNT: &str = "app";

const FURNITURE: &str = "
    CREATE ROLE app LOGIN PASSWORD 's3cret-of-app';
    CREATE TABLE customers (id int PRIMARY KEY, name text);
    CREATE TABLE orders (id int PRIMARY KEY, customer int REFERENCES customers ON DELETE CASCADE, total int);
    INSERT INTO customers SELECT n, 'customer ' || n FROM generate_series(1, 100) n;
    INSERT INTO orders SELECT n, 1 + n % 100, n FROM generate_series(1, 1000) n;
    GRANT ALL ON customers, orders TO app;
    GRANT CREATE ON SCHEMA public TO app;
    ALTER TABLE orders OWNER TO app;
";

/// See the module.
pub struct Orders {
    /// The gateway and the people.
    pub bastion: Bastion,
    /// The server behind it.
    pub server: PrivatePostgres,
    port: u16,
    folder: TempDir,
}

impl Orders {
    /// One with everything as shipped.
    pub fn start() -> Self {
        Self::start_as(Plan::shipped())
    }

    /// One whose configuration and policies are changed.
    pub fn start_as(plan: Plan) -> Self {
        let (folder, port, inner) = (tempfile::tempdir().expect("a folder"), free_port(), free_port());
        testkit::certify(folder.path());
        let server = PrivatePostgres::with_tls(folder.path(), inner);
        server.sql(FURNITURE);
        let listen = format!("postgres = \"127.0.0.1:{port}\"");
        let bastion = plan.config("# postgres = \"0.0.0.0:5432\"", &listen).start();
        let orders = Self { bastion, server, port, folder };
        orders.add_target(inner);
        orders
    }

    fn add_target(&self, port: u16) {
        let authority = self.folder.path().join("ca.crt");
        let (port, authority) = (port.to_string(), authority.to_string_lossy());
        let mut line = vec!["database", "add", "orders-pg", "--host", "127.0.0.1", "--port", &port];
        line.extend(["--database", "postgres", "--label", "env=prod", "--authority", &authority]);
        self.bastion.admin(&line);
        let password = self.folder.path().join("password");
        std::fs::write(&password, "s3cret-of-app\n").expect("a file");
        let password = password.to_string_lossy();
        self.bastion.admin(&["account", "add", "orders-pg", ACCOUNT, "--password-file", &password]);
    }

    /// A ticket, as the person gets it at the desk.
    #[track_caller]
    pub fn ticket(&self, person: &str) -> String {
        self.bastion.desk(person, "ticket orders-pg --connections 20").ok().trim().to_owned()
    }

    /// The port where PostgreSQL clients connect.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// The authority that clients trust.
    pub fn authority(&self) -> PathBuf {
        self.bastion.node().join("tls_ca.pem")
    }

    /// `psql` of somebody who has that ticket; the caller adds the statements.
    pub fn psql_with(&self, person: &str, ticket: &str) -> Command {
        let mut psql = Command::new("psql");
        psql.args(["-X", "-A", "-t", "-h", "127.0.0.1", "-p", &self.port.to_string()]);
        psql.args(["-U", &format!("{person}+{ACCOUNT}@orders-pg"), "-d", "orders-pg"]);
        psql.env("PGPASSWORD", ticket).env("PGSSLMODE", "verify-full");
        psql.env("PGSSLROOTCERT", self.authority()).env("LC_ALL", "C.UTF-8");
        psql
    }

    /// `psql` of a person who gets a ticket first.
    #[track_caller]
    pub fn psql(&self, person: &str) -> Command {
        self.psql_with(person, &self.ticket(person))
    }

    /// Runs statements, each its own `-c`, to the end.
    #[track_caller]
    pub fn run(&self, person: &str, statements: &[&str]) -> Done {
        let mut psql = self.psql(person);
        run(psql.args(statements.iter().flat_map(|statement| ["-c", *statement])))
    }

    /// Starts a statement that must be held; returns it waiting, with the number of its request.
    #[track_caller]
    pub fn held(&self, person: &str, statement: &str) -> (Running, u64) {
        let mut waiting = Running::start(self.psql(person).args(["-c", statement]));
        let notice = waiting.until_stderr("HELD as request ");
        (waiting, crate::bastion::number_in(&notice))
    }

    /// What the server itself says.
    pub fn truth(&self, sql: &str) -> String {
        self.server.sql(sql).trim().to_owned()
    }
}
