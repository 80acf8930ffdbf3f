//! A PostgreSQL server of the test's own: a private folder, no network, gone with the test.

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
    pub folder: String,
    pub programs: PathBuf,
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
}

impl Drop for Server {
    fn drop(&mut self) {
        drop(self.keeper.stdin.take());
        let _ = self.keeper.wait();
    }
}
