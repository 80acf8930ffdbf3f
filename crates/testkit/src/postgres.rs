//! A PostgreSQL server of the tests' own: in a private folder, without network, gone when the test program is gone.

use std::io::{BufRead, BufReader};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::{Mutex, OnceLock, PoisonError};

/// How many schemas are made at once; a program start each would take longer than the tests.
const BATCH: u32 = 100;

/// Makes and runs the server until standard input ends, which is when the test program has ended, however that came.
/// The server refuses to run as root, so root hands it to the system user of the package.
const KEEPER: &str = r#"
    set -eu
    as_server() {
        if [ "$(id -u)" = 0 ]; then setpriv --reuid=postgres --regid=postgres --clear-groups "$@"; else "$@"; fi
    }
    folder=$(mktemp -d /tmp/private-postgres.XXXXXX)
    trap 'rm -rf "$folder"' EXIT
    if [ "$(id -u)" = 0 ]; then chown postgres "$folder"; fi
    cd "$folder"
    as_server "$1/initdb" -D "$folder/data" -U countersign -A trust -E UTF8 --locale=C.UTF-8 --no-sync >/dev/null
    printf 'local all countersign trust\nlocal all all scram-sha-256\n' >"$folder/data/pg_hba.conf"
    as_server "$1/postgres" -D "$folder/data" -k "$folder" -c listen_addresses= -c fsync=off -c max_connections=200 \
        >"$folder/log" 2>&1 &
    tries=0
    until "$1/pg_isready" -q -h "$folder" -U countersign; do
        tries=$((tries + 1))
        [ "$tries" -lt 300 ] || { cat "$folder/log" >&2; exit 1; }
        sleep 0.1
    done
    exec 2>/dev/null
    echo "$folder"
    cat >/dev/null
    kill -INT "$(head -n 1 "$folder/data/postmaster.pid")"
    wait
"#;

/// The server of this test program.
#[derive(Debug)]
pub struct PrivatePostgres {
    programs: PathBuf,
    folder: PathBuf,
    schemas: Mutex<u32>,
    _keeper: Child,
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
    fn start() -> Self {
        let programs =
            programs().expect("PostgreSQL is not installed: run scripts/setup (Debian package `postgresql`)");
        let mut keeper = Command::new("sh")
            .args(["-c", KEEPER, "keeper"])
            .arg(&programs)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .process_group(0)
            .spawn()
            .expect("sh starts");
        let mut folder = String::new();
        let said = keeper.stdout.take().map(|said| BufReader::new(said).read_line(&mut folder));
        assert!(
            said.is_some_and(|read| read.is_ok_and(|length| length > 0)),
            "PostgreSQL does not start: see above"
        );
        Self { programs, folder: folder.trim_end().into(), schemas: Mutex::new(0), _keeper: keeper }
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
            "postgres://{user}@localhost/postgres?host={}&options=-csearch_path={schema}",
            self.folder.display()
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
