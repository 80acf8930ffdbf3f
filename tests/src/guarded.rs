//! A database behind a gateway: the target `shop`, to which people go with tickets.

use std::fs;
use std::process::Command;

use crate::bastion::Bastion;
use crate::changes::number_after;
use crate::database::{Database, Place};
use crate::host::free_port;
use crate::plan::Plan;
use crate::running::{Done, Running, run};

/// Allows everything, so that whatever a client sees otherwise than at the server is the gateway's doing.
const EVERYTHING: &str = "@id(\"everything\")\npermit (principal, action, resource);\n";

/// Name of the target.
const TARGET: &str = "shop";

/// A hundred customers and a thousand orders.
const ORDERS: &str = "
    CREATE TABLE customers (id int PRIMARY KEY, name text);
    CREATE TABLE orders (id int PRIMARY KEY, customer int REFERENCES customers ON DELETE CASCADE, total int);
    INSERT INTO customers SELECT n, 'customer ' || n FROM generate_series(1, 100) n;
    INSERT INTO orders SELECT n, 1 + n % 100, n FROM generate_series(1, 1000) n;
";

/// See the module.
pub struct Guarded {
    /// The gateway and the people.
    pub bastion: Bastion,
    /// The server behind it.
    pub database: Database,
    port: u16,
}

impl Guarded {
    /// One whose policies allow everything.
    pub fn allowing_everything(database: Database) -> Self {
        let guarded = Self::start(database, Plan::shipped());
        guarded.allow_everything();
        guarded
    }

    /// One with the policies as shipped, but for what the plan changes.
    pub fn start(database: Database, plan: Plan) -> Self {
        let port = free_port();
        let (protocol, closed) = match database.protocol() {
            "mysql" => ("mysql", "# mysql = \"0.0.0.0:3306\""),
            _ => ("postgres", "# postgres = \"0.0.0.0:5432\""),
        };
        let bastion = plan.config(closed, &format!("{protocol} = \"127.0.0.1:{port}\"")).start();
        let guarded = Self { bastion, database, port };
        guarded.add_target();
        guarded
    }

    /// A PostgreSQL with a hundred customers and a thousand orders, and the policies as shipped but for the plan.
    pub fn with_orders(plan: Plan) -> Self {
        let shop = Self::start(Database::postgres(), plan);
        shop.truth(ORDERS);
        shop
    }

    fn add_target(&self) {
        let (port, authority) = (self.database.port().to_string(), self.database.authority());
        let authority = authority.to_string_lossy();
        let mut line = vec!["database", "add", TARGET, "--host", "127.0.0.1", "--port", &port];
        line.extend(["--protocol", self.database.protocol(), "--database", TARGET, "--label", "env=prod"]);
        line.extend(["--authority", &authority]);
        self.bastion.admin(&line);
        for account in ["writer", "reader"] {
            let file = self.bastion.scratch().join(account);
            fs::write(&file, self.database.place(account).password).expect("a file");
            let file = file.to_string_lossy();
            self.bastion.admin(&["account", "add", TARGET, account, "--password-file", &file]);
        }
    }

    fn allow_everything(&self) {
        let (shipped, policies) =
            (self.bastion.node().join("policies"), self.bastion.scratch().join("policies"));
        fs::create_dir(&policies).expect("a folder");
        for file in ["schema.cedarschema", "quorums.toml", "areas.toml"] {
            fs::copy(shipped.join(file), policies.join(file)).expect("a copy");
        }
        fs::write(policies.join("everything.cedar"), EVERYTHING).expect("a file");
        self.bastion.admin(&["policies", &policies.to_string_lossy()]);
    }

    /// The gateway, for that account of the database; the person gets a ticket for many connections first.
    #[track_caller]
    pub fn place(&self, person: &str, account: &str) -> Place {
        let ticket =
            self.bastion.desk(person, &format!("ticket {TARGET} --account {account} --connections 100")).ok();
        Place { password: ticket.trim().to_owned(), ..self.place_of(person, account) }
    }

    /// The same, for who shows no ticket.
    pub fn place_of(&self, person: &str, account: &str) -> Place {
        Place {
            port: self.port,
            user: format!("{person}+{account}@{TARGET}"),
            password: String::new(),
            authority: self.bastion.node().join("tls_ca.pem"),
            database: TARGET.to_owned(),
        }
    }

    /// `psql` of a person as `writer`, with rows unaligned and no headings.
    #[track_caller]
    pub fn psql(&self, person: &str) -> Command {
        psql(&self.place(person, "writer"))
    }

    /// Runs statements, each a text of its own, to the end.
    #[track_caller]
    pub fn run(&self, person: &str, statements: &[&str]) -> Done {
        run(self.psql(person).args(statements.iter().flat_map(|statement| ["-c", *statement])))
    }

    /// Starts a statement that must be held; returns it waiting, with the number of its request.
    #[track_caller]
    pub fn held(&self, person: &str, statement: &str) -> (Running, u64) {
        let mut waiting = Running::start(self.psql(person).args(["-c", statement]));
        let notice = waiting.until_stderr("HELD as request ");
        (waiting, number_after("HELD as request ", &notice))
    }

    /// What the server itself says to `writer`.
    #[track_caller]
    pub fn truth(&self, sql: &str) -> String {
        run(psql(&self.database.place("writer")).args(["-c", sql])).ok().trim().to_owned()
    }
}

/// `psql` that goes there, with rows unaligned and no headings.
pub fn psql(place: &Place) -> Command {
    let mut psql = place.client("psql");
    psql.args(["-X", "-A", "-t"]);
    psql
}
