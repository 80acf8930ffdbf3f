//! Where generated lines run: a root of its own, read-only but for its working folder, in namespaces of its own. On a
//! machine that gives no namespaces, only lines run that could not hurt it.

pub mod lines;
pub mod mutation;
pub mod naming;
pub mod random;
mod root;
pub mod table;

use std::fs;
use std::io::Read;
use std::os::unix::fs::MetadataExt as _;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use tempfile::TempDir;

/// The words of one program start.
pub type Argv = Vec<String>;

/// No batch of lines takes longer; what did not end by then is not counted.
const LIMIT: Duration = Duration::from_secs(20);

/// See the module.
pub struct Sandbox {
    folder: TempDir,
    walls: bool,
    shells: Vec<&'static str>,
}

impl Sandbox {
    /// With a logger under each of these names, except those of `tools`, which are the machine's own programs.
    pub fn new(names: &[String], tools: &[&str]) -> Sandbox {
        let folder = TempDir::new().expect("a temporary folder");
        let walls = has_namespaces();
        let seen = if walls { String::new() } else { folder.path().display().to_string() };
        let shells = root::build(folder.path(), &seen, names, tools);
        Sandbox { folder, walls, shells }
    }

    /// Whether lines run behind walls.
    pub fn has_walls(&self) -> bool {
        self.walls
    }

    /// The shells of this machine, bash first.
    pub fn shells(&self) -> &[&'static str] {
        &self.shells
    }

    /// Whether a line may run here: behind walls any may, without them only one that names no place and no wrapper.
    pub fn may_run(&self, line: &str) -> bool {
        let outside = ["kill", "env", "sudo", "exec", "find", "command", "ulimit", "BASH", "SHELL"];
        self.walls || !line.contains(['/', '~', '$', '`']) && !outside.iter().any(|word| line.contains(word))
    }

    /// What each line started in that shell, in order; none for a line that did not end.
    pub fn run(&self, shell: &str, lines: &[&str]) -> Vec<Option<Vec<Argv>>> {
        let mut ran = Vec::new();
        while ran.len() < lines.len() {
            let rest = &lines[ran.len()..];
            ran.extend(self.batch(shell, rest).into_iter().map(Some));
            if ran.len() < lines.len() {
                ran.push(None);
            }
        }
        ran
    }

    /// As many lines as end in time.
    fn batch(&self, shell: &str, lines: &[&str]) -> Vec<Vec<Argv>> {
        let log = self.folder.path().join("log/started");
        fs::write(&log, "").expect("a log");
        self.furnish();
        fs::write(self.folder.path().join("log/batch"), self.script(shell, lines)).expect("a script");
        let child =
            self.command(shell).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped()).spawn();
        end(child.expect("the sandbox starts"));
        read(&fs::read(&log).expect("a log"))
    }

    /// Files that patterns find, and in whose names options and commands hide.
    fn furnish(&self) {
        let work = self.folder.path().join("work");
        let _ = fs::remove_dir_all(&work);
        fs::create_dir_all(work.join("dir")).expect("a folder");
        for name in ["a", "b.txt", "-rf", "--output=x", "$(canary)", "; canary", "input", "c d", "dir/z"] {
            fs::write(work.join(name), "a -rf ; canary\n1 2\n").expect("a file");
        }
    }

    /// Everything in the working folder: the kind of each file, its mode, and what it holds.
    pub fn files(&self) -> Vec<String> {
        let mut files = Vec::new();
        let mut folders = vec![self.folder.path().join("work")];
        while let Some(folder) = folders.pop() {
            for entry in fs::read_dir(folder).expect("a folder").flatten() {
                let known = entry.path().symlink_metadata().expect("a file");
                let holds =
                    if known.is_file() { fs::read(entry.path()).unwrap_or_default() } else { Vec::new() };
                files.push(format!(
                    "{:?} {:o} {:?}",
                    entry.path(),
                    known.mode(),
                    String::from_utf8_lossy(&holds)
                ));
                folders.extend(known.is_dir().then(|| entry.path()));
            }
        }
        files.sort();
        files
    }

    /// Runs each line as the words of one `eval`.
    fn script(&self, shell: &str, lines: &[&str]) -> String {
        let seen = self.seen();
        // mksh has no printf of its own.
        let printf = if shell == "mksh" {
            format!("{seen}/lib/real/dash -c 'printf \"$@\"' -")
        } else {
            "printf".into()
        };
        let mut script = format!(
            "mark_line() {{ {printf} '%s\\0' line $1; }}\ncd {seen}/work || exit 9\nexport x='-rf' V='a b' OPT='--output=x' CMD='; canary' A='$(canary)'\n"
        );
        for (number, line) in lines.iter().enumerate() {
            script += &format!(
                "( eval {} ) < ./input > /dev/null 2>&1\nmark_line {number} >> {seen}/log/started\n",
                quoted(line)
            );
        }
        script
    }

    fn command(&self, shell: &str) -> Command {
        let (root, seen) = (self.folder.path().display().to_string(), self.seen());
        let mut command = Command::new(if self.walls { "unshare" } else { "env" });
        if self.walls {
            command.args([
                "--user",
                "--map-root-user",
                "--mount",
                "--pid",
                "--fork",
                "--net",
                "--ipc",
                "--uts",
                "--kill-child",
            ]);
            command.args(["sh", "-c", WALLS, "walls", &root, shell]);
        } else {
            command.args(["-i", &format!("PATH={seen}/bin"), &format!("HOME={seen}/work"), "LC_ALL=C.UTF-8"]);
            command.args([format!("{seen}/lib/real/{shell}"), format!("{seen}/log/batch")]);
        }
        command
    }

    fn seen(&self) -> String {
        if self.walls { String::new() } else { self.folder.path().display().to_string() }
    }
}

/// The root read-only, but for the log and fresh working folders; the shell is the first process of its own world.
const WALLS: &str = r#"set -e
mount --bind "$1" "$1"
mount --bind "$1/log" "$1/log"
mount --bind "$1/work" "$1/work"
mount -o remount,bind,ro "$1"
mount -t tmpfs -o size=16m tmp "$1/tmp"
mount -t tmpfs -o size=16m dev "$1/dev"
: > "$1/dev/null"
exec env -i PATH=/bin HOME=/work LC_ALL=C.UTF-8 "$(command -v chroot)" "$1" "/lib/real/$2" /log/batch
"#;

fn has_namespaces() -> bool {
    let mut command = Command::new("unshare");
    command.args([
        "--user",
        "--map-root-user",
        "--mount",
        "--pid",
        "--fork",
        "--net",
        "--ipc",
        "--uts",
        "--kill-child",
    ]);
    command.args(["sh", "-c", "mount -t tmpfs x /mnt && chroot / true"]).stderr(Stdio::null());
    command.status().is_ok_and(|status| status.success())
}

fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', "'\\''"))
}

/// Waits for the batch, or ends it.
fn end(mut child: Child) {
    let deadline = Instant::now() + LIMIT;
    while child.try_wait().expect("a child").is_none() {
        if Instant::now() > deadline {
            let _ = child.kill();
            let _ = child.wait();
            return;
        }
        std::thread::sleep(Duration::from_millis(2));
    }
    let mut told = String::new();
    let _ = child.stderr.take().map(|mut stderr| stderr.read_to_string(&mut told));
    assert!(!told.contains("mount:") && !told.contains("chroot:"), "the sandbox did not start: {told}");
}

/// What was started before each mark.
fn read(log: &[u8]) -> Vec<Vec<Argv>> {
    let mut words = log.split(|byte| *byte == 0).map(|word| String::from_utf8_lossy(word).into_owned());
    let (mut lines, mut started) = (Vec::new(), Vec::new());
    while let Some(head) = words.next().filter(|head| !head.is_empty()) {
        if head == "line" {
            words.next();
            lines.push(std::mem::take(&mut started));
        } else {
            let count: usize =
                head.parse().unwrap_or_else(|_| panic!("{head:?} after {:?} {started:?}", lines.last()));
            started.push((0..=count).filter_map(|_| words.next()).collect());
        }
    }
    lines
}
