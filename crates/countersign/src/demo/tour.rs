//! The five-minute tour, printed to be copied and pasted.

use std::path::Path;

use super::database;
use super::host::DemoHost;
use crate::config::Config;

/// Prints the tour.
pub fn print(folder: &Path, config: &Config, host: &DemoHost, removed: bool) {
    println!("{}", text(folder, config, host.login(), removed));
}

fn text(folder: &Path, config: &Config, login: &str, removed: bool) -> String {
    let program = std::env::current_exe().unwrap_or_default();
    let bin = program.parent().unwrap_or(Path::new("")).display();
    let dir = folder.display();
    let fate = if removed { "removed at the end" } else { "kept" };
    format!(
        r#"Countersign demo: gateway on {listen}, everything in {dir} ({fate}). Stop with Ctrl-C.
People: alice (ops), bob and carol (dba-leads), dave (auditors). Targets: web-1 (recorded), db-1 (command-gated),
and the databases orders-pg and orders-my (statement-gated): a private PostgreSQL and a private MariaDB with a million orders each, as
new at each start.
Administrators: sam (system), sue (security), abe (audit). None of them changes anything alone, nor does this machine's account.
It is meant for any hour and has its keys in files, so office-hours.cedar and devices.cedar of the shipped policies are left out.
Both targets are one sshd, run by you, under two policies: who has a shell on web-1, or on this machine, is in db-1's files too.

In a second terminal, first:
  cd {dir} && export PATH={bin}:$PATH PGSERVICEFILE={dir}/pg_service.conf

1. Alice works on the database host. Her first login asks for a code; the first line prints it.
  countersign totp --secret-file people/alice/totp
  ssh -F ssh_config alice+{login}@db-1@gateway ls -l production-data
  ssh -F ssh_config -J alice@gateway {login}@db-1 uptime

   Without a command she gets the gateway's own shell. Type: cd production-data, ls *.csv, vi customers.csv, why, exit.
  ssh -F ssh_config alice+{login}@db-1@gateway

   Files are judged one by one. A new one may be uploaded; from core data nothing is downloaded.
  scp -F ssh_config ledger.pub alice+{login}@db-1@gateway:
  scp -F ssh_config alice+{login}@db-1@gateway:production-data/customers.csv .

2. She deletes production. It is held: she sees why, who can approve, until when. Leave it waiting.
  ssh -F ssh_config alice+{login}@db-1@gateway rm -rf production-data

3. In a third terminal (the same cd line first), two others look and sign for exactly that act.
  countersign totp --secret-file people/bob/totp
  ssh -F ssh_config bob@gateway requests
  ssh -F ssh_config bob@gateway show 1
  ssh -F ssh_config bob@gateway show 1 --statement approve | ssh-keygen -Y sign -n countersign -f people/bob/id_ed25519 | ssh -F ssh_config bob@gateway approve 1
  countersign totp --secret-file people/carol/totp
  countersign approve 1 --gateway carol@gateway -F ssh_config --key people/carol/id_ed25519

4. See what happened. The recording may show core data: abe looks at it when sue has signed for that.
  countersign sessions
  countersign totp --secret-file people/abe/totp
  countersign request replay $(countersign sessions --limit 1 | tail -n 1 | cut -d' ' -f1) --gateway abe@gateway -F ssh_config --reason tour
  countersign totp --secret-file people/sue/totp
  countersign approve 2 --gateway sue@gateway -F ssh_config --key people/sue/id_ed25519
  countersign replay $(countersign sessions --limit 1 | tail -n 1 | cut -d' ' -f1) --gateway abe@gateway -F ssh_config --reason tour
  countersign policy explain --person alice --target db-1 -- 'rm -rf production-data'

5. Change something. This machine's account cannot; sue can propose it, and it waits for sam and abe.
  countersign admin person groups dave dba-leads
  countersign admin --gateway sue@gateway -F ssh_config person groups dave dba-leads

6. Alice works in the database, with the client of her choice. A ticket is her password there, for one connection.
  PGPASSWORD=$(ssh -F ssh_config alice@gateway ticket {database} --account {account}) psql "service={database} user=alice+{account}@{database}" -c "SELECT state, count(*) FROM orders GROUP BY state"

   She forgets the WHERE. It waits: she sees why, who can approve, until when. Leave it waiting.
  PGPASSWORD=$(ssh -F ssh_config alice@gateway ticket {database} --account {account}) psql "service={database} user=alice+{account}@{database}" -c "DELETE FROM orders"

   In the third terminal bob and carol see what it would do. When both have signed, it runs.
  ssh -F ssh_config carol@gateway show 4
  countersign approve 4 --gateway bob@gateway -F ssh_config --key people/bob/id_ed25519
  countersign approve 4 --gateway carol@gateway -F ssh_config --key people/carol/id_ed25519

   Then she wants a table gone. Bob says no: she gets an error, and nothing has happened.
  PGPASSWORD=$(ssh -F ssh_config alice@gateway ticket {database} --account {account}) psql "service={database} user=alice+{account}@{database}" -c "DROP TABLE customers CASCADE"
  countersign deny 5 --gateway bob@gateway -F ssh_config --key people/bob/id_ed25519

   The same shop in MariaDB. She forgets the WHERE again; bob and carol sign within 20 seconds, or she sends it once more when they have.
  MYSQL_PWD=$(ssh -F ssh_config alice@gateway ticket {mariadb} --account {account}) mariadb --defaults-file=my.cnf --user=alice+{account}@{mariadb} -e "SELECT state, count(*) FROM orders GROUP BY state"
  MYSQL_PWD=$(ssh -F ssh_config alice@gateway ticket {mariadb} --account {account}) mariadb --defaults-file=my.cnf --user=alice+{account}@{mariadb} -vv -e "UPDATE customers SET email = ''"
  countersign approve 6 --gateway bob@gateway -F ssh_config --key people/bob/id_ed25519
  countersign approve 6 --gateway carol@gateway -F ssh_config --key people/carol/id_ed25519

7. Check the record; then tamper with it, and check again.
  countersign ledger verify ledger --key ledger.pub
  printf X | dd of=$(ls ledger/segments/*/000001.seg | head -n 1) bs=1 seek=200 conv=notrunc status=none
  countersign ledger verify ledger --key ledger.pub
"#,
        listen = config.listen,
        database = database::POSTGRES.name,
        mariadb = database::MARIADB.name,
        account = database::ACCOUNTS[0],
    )
}
