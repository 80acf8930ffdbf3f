//! A PostgreSQL server of the test's own: a private folder, no network, gone with the test.

use std::collections::BTreeSet;
use std::io::{BufRead as _, BufReader, Write as _};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};

/// Runs until standard input ends. The server refuses to run as root, so root hands it to the package's user.
const KEEPER: &str = r#"
    set -eu
    as_server() {
        if [ "$(id -u)" = 0 ]; then setpriv --reuid=postgres --regid=postgres --clear-groups "$@"; else "$@"; fi
    }
    folder=$(mktemp -d /tmp/sql-truth.XXXXXX)
    trap 'rm -rf "$folder"' EXIT
    if [ "$(id -u)" = 0 ]; then chown postgres "$folder"; fi
    cd "$folder"
    as_server "$1/initdb" -D "$folder/data" -U truth -A trust -E UTF8 --locale=C.UTF-8 --no-sync >/dev/null
    as_server "$1/postgres" -D "$folder/data" -k "$folder" -c listen_addresses= -c fsync=off -c wal_level=logical \
        -c max_prepared_transactions=4 >"$folder/log" 2>&1 &
    until "$1/pg_isready" -q -h "$folder" -U truth; do sleep 0.1; done
    exec 2>/dev/null
    echo "$folder"
    cat >/dev/null
    kill -INT "$(head -n 1 "$folder/data/postmaster.pid")"
    wait
"#;

pub struct Server {
    folder: String,
    programs: PathBuf,
    keeper: Child,
}

impl Server {
    pub fn start() -> Server {
        let programs = std::fs::read_dir("/usr/lib/postgresql")
            .expect("PostgreSQL is installed: run scripts/setup")
            .flatten()
            .map(|version| version.path().join("bin"))
            .filter(|folder| folder.join("initdb").is_file())
            .max()
            .expect("PostgreSQL is installed: run scripts/setup");
        let mut keeper = Command::new("sh")
            .args(["-c", KEEPER, "keeper"])
            .arg(&programs)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("sh starts");
        let mut folder = String::new();
        BufReader::new(keeper.stdout.take().expect("a pipe"))
            .read_line(&mut folder)
            .expect("the server starts");
        Server { folder: folder.trim_end().into(), programs, keeper }
    }

    /// What psql prints, errors among it, for a script of its own.
    pub fn psql(&self, script: &str) -> String {
        let mut psql = Command::new(self.programs.join("psql"))
            .args(["-X", "-q", "-A", "-t", "-U", "truth", "-d", "postgres", "-h", &self.folder])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("psql starts");
        let mut input = psql.stdin.take().expect("a pipe");
        let script = script.to_owned();
        let writer = std::thread::spawn(move || input.write_all(script.as_bytes()));
        let output = psql.wait_with_output().expect("psql ends");
        writer.join().expect("no panic").expect("psql reads everything");
        String::from_utf8_lossy(&output.stdout).into_owned()
    }

    /// Runs a client of PostgreSQL's own.
    pub fn run(&self, program: &str, arguments: &[&str]) {
        let done = Command::new(self.programs.join(program))
            .args(["-U", "truth", "-h", &self.folder])
            .args(arguments)
            .env("PGDATABASE", "postgres")
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .status()
            .expect("the client starts");
        assert!(done.success(), "{program} {arguments:?}");
    }

    /// Every different statement in the server's log, numbers of objects made alike.
    pub fn statements(&self) -> BTreeSet<String> {
        let log = std::fs::read_to_string(format!("{}/log", self.folder)).expect("the log is there");
        let mut statements = BTreeSet::new();
        let mut current: Option<String> = None;
        for line in log.lines() {
            match (begins(line), line.strip_prefix('\t')) {
                (Some(text), _) => statements.extend(current.replace(text.to_owned())),
                (None, Some(more)) => current.iter_mut().for_each(|text| *text += &format!("\n{more}")),
                (None, None) => statements.extend(current.take()),
            }
        }
        statements.into_iter().map(|text| without_numbers(&text)).collect()
    }
}

/// The statement that a line of the log begins.
fn begins(line: &str) -> Option<&str> {
    let (_, said) = line.split_once("LOG:  ")?;
    said.strip_prefix("statement: ")
        .or_else(|| said.strip_prefix("execute ")?.split_once(": ").map(|(_, text)| text))
}

/// Digits of object numbers differ from run to run.
fn without_numbers(text: &str) -> String {
    let alike = |number: &str| if number.len() > 4 { "16400".to_owned() } else { number.to_owned() };
    let (mut shown, mut number) = (String::new(), String::new());
    for character in text.chars() {
        if character.is_ascii_digit() {
            number.push(character);
        } else {
            shown += &alike(&std::mem::take(&mut number));
            shown.push(character);
        }
    }
    shown + &alike(&number)
}

impl Drop for Server {
    fn drop(&mut self) {
        drop(self.keeper.stdin.take());
        let _ = self.keeper.wait();
    }
}
