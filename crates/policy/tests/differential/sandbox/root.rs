//! A file system of its own for generated lines: shells, a few real wrappers, and loggers under every other name.

use std::collections::BTreeSet;
use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::process::Command;

/// Programs that are real behind their logger, since what they start is to be seen.
const WRAPPERS: [&str; 10] =
    ["env", "nice", "ionice", "nohup", "timeout", "stdbuf", "xargs", "find", "flock", "time"];

/// The shells that take part where they are installed; the first two must be.
pub const SHELLS: [&str; 4] = ["bash", "dash", "zsh", "mksh"];

/// Logs its words, how many first; prints what must never become a program; says no when it is called `x1`.
const LOGGER: &str = "trap '' PIPE\nprintf '%s\\0' \"$#\" \"$0\" \"$@\" >> \"LOG\"\n";
const PRINTS: &str = "echo 'a -rf $(canary) ; canary | canary'\ncase $0 in *x1) exit 1;; esac\nexit 0\n";

/// Builds it in `root`; `seen` is the same folder as the programs in it see it. Returns the shells that are there.
pub fn build(root: &Path, seen: &str, names: &[String], tools: &[&str]) -> Vec<&'static str> {
    for folder in ["bin", "lib/real", "log", "work", "tmp", "dev", "etc", "var"] {
        fs::create_dir_all(root.join(folder)).expect("a folder");
    }
    let shells: Vec<_> = SHELLS.into_iter().filter(|shell| install(root, shell)).collect();
    assert!(shells.starts_with(&["bash", "dash"]), "bash and dash are installed");
    let logger = format!("#!{seen}/lib/real/dash\n{}", LOGGER.replace("LOG", &format!("{seen}/log/started")));
    executable(&root.join("bin/logger"), &format!("{logger}{PRINTS}"));
    for name in names.iter().filter(|name| !name.contains('/') && *name != "logger") {
        let _ = symlink("logger", root.join("bin").join(name));
    }
    for real in WRAPPERS.into_iter().filter(|wrapper| install(root, wrapper)).chain(["sh", "bash", "dash"]) {
        let behind = if real == "sh" { "dash" } else { real };
        let _ = fs::remove_file(root.join("bin").join(real));
        executable(&root.join("bin").join(real), &format!("{logger}exec {seen}/lib/real/{behind} \"$@\"\n"));
    }
    for tool in tools.iter().filter(|tool| install(root, tool)) {
        let _ = fs::remove_file(root.join("bin").join(tool));
        fs::copy(root.join("lib/real").join(tool), root.join("bin").join(tool)).expect("a copy");
    }
    shells
}

fn executable(file: &Path, text: &str) {
    fs::write(file, text).expect("a file");
    fs::set_permissions(file, fs::Permissions::from_mode(0o755)).expect("its mode");
}

/// Copies a program and the libraries that it needs; false when the machine does not have it.
fn install(root: &Path, name: &str) -> bool {
    let Some(program) = found(name) else { return false };
    fs::copy(&program, root.join("lib/real").join(name)).expect("a copy");
    for library in libraries(&program) {
        let copy = root.join(library.strip_prefix("/").expect("an absolute path"));
        fs::create_dir_all(copy.parent().expect("a folder")).expect("a folder");
        fs::copy(library, copy).expect("a copy");
    }
    true
}

fn found(program: &str) -> Option<PathBuf> {
    let places = ["/bin", "/usr/bin", "/usr/local/bin"];
    places.iter().map(|place| Path::new(place).join(program)).find(|path| path.exists())
}

fn libraries(program: &Path) -> BTreeSet<PathBuf> {
    let listed = Command::new("ldd").arg(program).output().map(|done| done.stdout).unwrap_or_default();
    let listed = String::from_utf8_lossy(&listed).into_owned();
    listed.split_whitespace().filter(|word| word.starts_with('/')).map(PathBuf::from).collect()
}
