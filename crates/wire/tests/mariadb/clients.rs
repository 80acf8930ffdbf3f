//! Clients as people have them, without any option about how they prove who they are: their password is the ticket.

use std::process::{Command, Stdio};

use super::between::{CERTIFICATES, TICKET, listen, server};

/// What the `mariadb` client says.
fn mariadb(port: u16, password: &str, more: &[&str]) -> String {
    let mut command = Command::new("mariadb");
    command.args(["--no-defaults", "--host=127.0.0.1", "--user=ana+app@orders", "--batch", "--port"]);
    command.arg(port.to_string()).args(more).env("MYSQL_PWD", password).stdin(Stdio::null());
    let output = command.output().expect("the client is installed");
    String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned()
}

/// As people are told to begin it.
fn inside_tls() -> [String; 2] {
    let authority = CERTIFICATES.path().join("ca.crt");
    ["--ssl-verify-server-cert".to_owned(), format!("--ssl-ca={}", authority.display())]
}

#[test]
fn the_mariadb_client_needs_no_option_but_tls() {
    let port = listen();
    let [verify, authority] = inside_tls();
    let script = "CREATE TABLE c (id INT PRIMARY KEY, name VARCHAR(9)); INSERT INTO c VALUES (1, 'one'), (2, NULL);\n\
                  SELECT * FROM c;\nDELETE FROM c /* refuse */;\nSELECT COUNT(*) AS left_over FROM c;\nDROP TABLE c;";
    let said = mariadb(port, TICKET, &[&verify, &authority, "--comments", "-e", script, "--force"]);
    for expected in ["1\tone", "2\tNULL", "refused by the rules", "left_over\n2"] {
        assert!(said.contains(expected), "{expected}: {said}");
    }
}

#[test]
fn a_large_result_and_a_large_statement_cross() {
    let port = listen();
    let [verify, authority] = inside_tls();
    let script = "SELECT LENGTH(CONCAT(x, x)) FROM (SELECT REPEAT('y', 9000000) AS x) AS t; SELECT REPEAT('z', 17000000)";
    server().sql("SET GLOBAL max_allowed_packet = 67108864");
    let said = mariadb(port, TICKET, &[&verify, &authority, "--max-allowed-packet=64M", "-e", script]);
    assert!(said.contains("18000000") && said.len() > 17_000_000, "{}", &said[..said.len().min(300)]);
}

#[test]
fn no_ticket_or_a_wrong_one_or_no_tls_lets_nobody_in() {
    let port = listen();
    let [verify, authority] = inside_tls();
    let wrong = mariadb(port, "guess", &[&verify, &authority, "-e", "SELECT 'in'"]);
    assert!(wrong.contains("this is no ticket") && !wrong.contains("in\n"), "{wrong}");
    let none = mariadb(port, "", &[&verify, &authority, "-e", "SELECT 'in'"]);
    assert!(none.contains("a ticket is needed"), "{none}");
    let clear = mariadb(port, TICKET, &["--skip-ssl", "-e", "SELECT 'in'"]);
    assert!(clear.contains("without TLS"), "{clear}");
}

const PYTHON: &str = r"
import sys, MODULE
port, authority, ticket = int(sys.argv[1]), sys.argv[2], sys.argv[3]
connection = MODULE.connect(host='127.0.0.1', port=port, user='ana+app@orders', PASSWORD=ticket, DATABASE='orders',
                            ssl={'ca': authority}, charset='utf8mb4', autocommit=True)
cursor = connection.cursor()
cursor.execute('CREATE TABLE TABLE_NAME (id INT AUTO_INCREMENT PRIMARY KEY, name VARCHAR(9))')
print(cursor.executemany('INSERT INTO TABLE_NAME (name) VALUES (%s)', [('one',), ('tw\'o',), (None,)]))
cursor.execute('SELECT * FROM TABLE_NAME WHERE name IS NULL OR name = %s', ('tw\'o',))
print(cursor.fetchall())
try:
    cursor.execute('DELETE FROM TABLE_NAME /* refuse */')
except MODULE.Error as error:
    print(error.args)
print(cursor.execute('UPDATE TABLE_NAME SET name = %s', ('x',)))
cursor.execute('DROP TABLE TABLE_NAME')
connection.ping()
connection.close()
";

fn python(module: &str, names: [&str; 2]) {
    let port = listen();
    let script = PYTHON.replace("TABLE_NAME", &format!("of_{}", module.to_lowercase()));
    let script = script.replace("MODULE", module).replace("PASSWORD", names[0]).replace("DATABASE", names[1]);
    let mut command = Command::new("/usr/bin/python3");
    command.args(["-c", &script, &port.to_string()]).arg(CERTIFICATES.path().join("ca.crt")).arg(TICKET);
    let output = command.output().expect("Python is installed");
    let said = String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned();
    for expected in ["3\n", "(2, \"tw'o\"), (3, None)", "(1142, 'refused by the rules')", "\n3\n"] {
        assert!(said.contains(expected), "{expected}: {said}");
    }
}

#[test]
fn pymysql_needs_no_option_but_tls() {
    python("pymysql", ["password", "database"]);
}
