//! A MariaDB server of the test's own: a private folder, a socket and no network, gone with the test.

use std::io::{BufRead as _, BufReader, Write as _};
use std::process::{Child, Command, Stdio};

/// Runs until standard input ends. Root hands the server to somebody who may do less; who started it administers it.
const KEEPER: &str = r#"
    set -eu
    PATH=$PATH:/usr/sbin
    as_server() {
        if [ "$(id -u)" = 0 ]; then setpriv --reuid=nobody --regid=nogroup --clear-groups "$@"; else "$@"; fi
    }
    folder=$(mktemp -d /tmp/sql-mariadb.XXXXXX)
    trap 'rm -rf "$folder"' EXIT
    if [ "$(id -u)" = 0 ]; then chown nobody "$folder"; fi
    cd "$folder"
    as_server mariadb-install-db --no-defaults --datadir="$folder/data" --skip-test-db --skip-name-resolve \
        --auth-root-socket-user="$(id -un)" >"$folder/install.log" 2>&1 || { cat "$folder/install.log" >&2; exit 1; }
    mkdir "$folder/plugins"
    as_server mariadbd --no-defaults --datadir="$folder/data" --socket="$folder/socket" --pid-file="$folder/pid" \
        --plugin-dir="$folder/plugins" --skip-networking --character-set-server=utf8mb4 --innodb-flush-log-at-trx-commit=0 \
        --innodb-doublewrite=off --innodb-flush-method=nosync --innodb-file-per-table=off --sync-frm=off --max-statement-time=10 >"$folder/log" 2>&1 &
    until mariadb-admin --no-defaults --socket="$folder/socket" ping >/dev/null 2>&1; do sleep 0.1; done
    exec 2>/dev/null
    echo "$folder"
    cat >/dev/null
    kill -TERM "$(cat "$folder/pid")"
    wait
"#;

/// Ends a text for the client, which sends what is before it as it is.
const END: &str = "@@end@@";

pub struct Server {
    folder: String,
    keeper: Child,
}

/// What the client printed.
pub struct Told {
    pub output: String,
    pub errors: String,
}

impl Server {
    pub fn start() -> Server {
        let mut keeper = Command::new("sh")
            .args(["-c", KEEPER])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("sh starts");
        let mut folder = String::new();
        BufReader::new(keeper.stdout.take().expect("a pipe"))
            .read_line(&mut folder)
            .expect("the server starts");
        assert!(!folder.is_empty(), "MariaDB is installed: run scripts/setup");
        Server { folder: folder.trim_end().into(), keeper }
    }

    /// Sends each text as one query over one connection, whatever becomes of those before.
    pub fn send<'t>(&self, texts: impl IntoIterator<Item = &'t str>) -> Told {
        let mut client = Command::new("mariadb")
            .args([
                "--no-defaults",
                "--force",
                "--comments",
                "--binary-mode",
                "--batch",
                "--skip-column-names",
            ])
            .args(["--default-character-set=utf8mb4", "--line-numbers", "--delimiter", END, "--socket"])
            .arg(format!("{}/socket", self.folder))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("mariadb starts");
        let mut input = client.stdin.take().expect("a pipe");
        let script: String = texts.into_iter().map(|text| format!("{text}{END}\n")).collect();
        let writer = std::thread::spawn(move || input.write_all(script.as_bytes()));
        let done = client.wait_with_output().expect("mariadb ends");
        writer.join().expect("no panic").expect("mariadb reads everything");
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        Told { output: text(&done.stdout), errors: text(&done.stderr) }
    }

    /// A script whose statements end with semicolons at the end of a line; procedures stand between blank lines.
    pub fn script(&self, script: &str) {
        let told = self.send(script.split("\n\n"));
        assert!(told.errors.is_empty(), "{}", told.errors);
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        drop(self.keeper.stdin.take());
        let _ = self.keeper.wait();
    }
}
