//! A PostgreSQL server of the tests' own: in a private folder, gone when the test program is gone.

use std::io::{BufRead, BufReader, Write as _};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::{Mutex, OnceLock, PoisonError};

/// How many schemas are made at once; a program start each would take longer than the tests.
const BATCH: u32 = 100;

/// Makes the server and runs it until standard input ends, which is when the test program has ended, however that came.
/// Each line before is `start` or `stop`, and is echoed when that is done. The server refuses to run as root, so root
/// hands it to the system user of the package.
const KEEPER: &str = r#"
    set -eu
    programs=$1 certificate=$2
    as_server() {
        if [ "$(id -u)" = 0 ]; then setpriv --reuid=postgres --regid=postgres --clear-groups "$@"; else "$@"; fi
    }
    start() {
        as_server "$programs/postgres" -D "$folder/data" -k "$folder" -c fsync=off -c max_connections=200 \
            >>"$folder/log" 2>&1 &
        tries=0
        until "$programs/pg_isready" -q -h "$folder" -U countersign; do
            tries=$((tries + 1))
            [ "$tries" -lt 300 ] || { cat "$folder/log" >&2; exit 1; }
            sleep 0.1
        done
    }
    stop() {
        if [ -e "$folder/data/postmaster.pid" ]; then kill -INT "$(head -n 1 "$folder/data/postmaster.pid")"; fi
        wait
    }
    folder=$(mktemp -d /tmp/private-postgres.XXXXXX)
    trap 'rm -rf "$folder"' EXIT
    if [ "$(id -u)" = 0 ]; then chown postgres "$folder"; fi
    cd "$folder"
    as_server "$programs/initdb" -D data -U countersign -A trust -E UTF8 --locale=C.UTF-8 --no-sync >/dev/null
    printf 'local all countersign trust\nlocal all all scram-sha-256\n' >data/pg_hba.conf
    if [ -z "$certificate" ]; then
        echo "listen_addresses = ''" >>data/postgresql.conf
    else
        printf 'hostssl all all 127.0.0.1/32 scram-sha-256\n' >>data/pg_hba.conf
        printf "listen_addresses = '127.0.0.1'\nport = %s\nssl = on\n" "$PGPORT" >>data/postgresql.conf
        cat "$certificate/server.crt" | as_server sh -c 'umask 077; cat >data/server.crt'
        cat "$certificate/server.key" | as_server sh -c 'umask 077; cat >data/server.key'
    fi
    start
    echo "$folder"
    while read -r word; do "$word" && echo "$word"; done
    exec 2>/dev/null
    stop
"#;

/// A server of this test program.
#[derive(Debug)]
pub struct PrivatePostgres {
    programs: PathBuf,
    folder: PathBuf,
    port: u16,
    schemas: Mutex<u32>,
    keeper: Mutex<Keeper>,
}

#[derive(Debug)]
struct Keeper {
    _process: Child,
    orders: ChildStdin,
    answers: BufReader<ChildStdout>,
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

impl Keeper {
    fn started(programs: &Path, certificate: &Path, port: u16) -> Self {
        let mut process = Command::new("sh")
            .args(["-c", KEEPER, "keeper"])
            .args([programs, certificate])
            .env("PGPORT", port.to_string())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .process_group(0)
            .spawn()
            .expect("sh starts");
        let orders = process.stdin.take().expect("standard input is a pipe");
        let answers = BufReader::new(process.stdout.take().expect("standard output is a pipe"));
        Self { _process: process, orders, answers }
    }

    fn answer(&mut self) -> String {
        let mut line = String::new();
        let read = self.answers.read_line(&mut line);
        assert!(read.is_ok_and(|length| length > 0), "PostgreSQL does not start: see above");
        line.trim_end().to_owned()
    }
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
        let programs =
            programs().expect("PostgreSQL is not installed: run scripts/setup (Debian package `postgresql`)");
        let mut keeper = Keeper::started(&programs, certificate, port);
        let folder = keeper.answer().into();
        Self { programs, folder, port, schemas: Mutex::new(0), keeper: Mutex::new(keeper) }
    }

    /// Stops the server: whoever is connected is cut off, and nobody gets in.
    pub fn stop(&self) {
        self.order("stop");
    }

    /// Starts it again after [`PrivatePostgres::stop`].
    pub fn start_again(&self) {
        self.order("start");
    }

    fn order(&self, word: &str) {
        let mut keeper = self.keeper.lock().unwrap_or_else(PoisonError::into_inner);
        writeln!(keeper.orders, "{word}").expect("the keeper listens");
        assert_eq!(keeper.answer(), word);
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
            self.folder.display(),
            self.port
        )
    }

    /// What the server's own administrator is told by that SQL: unaligned rows, without headings.
    ///
    /// # Panics
    ///
    /// When the server refuses it.
    pub fn sql(&self, text: &str) -> String {
        let output = Command::new(self.programs.join("psql"))
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
            .arg(&self.folder)
            .args(["-c", text])
            .env("PGPORT", self.port.to_string())
            .output()
            .expect("psql starts");
        assert!(output.status.success(), "{text}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8_lossy(&output.stdout).into_owned()
    }
}

/// Where Debian keeps the programs of the newest version, or where the search path finds them.
fn programs() -> Option<PathBuf> {
    let has_all =
        |folder: &Path| ["initdb", "postgres", "psql"].iter().all(|name| folder.join(name).is_file());
    let versions = std::fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
    let debian = versions.map(|version| version.path().join("bin")).filter(|folder| has_all(folder)).max();
    let path = std::env::var_os("PATH").unwrap_or_default();
    debian.or_else(|| std::env::split_paths(&path).find(|folder| has_all(folder)))
}
