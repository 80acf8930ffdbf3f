//! The program under test, built once per test run.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

/// Path of the `countersign` binary of this build. `COUNTERSIGN_BIN` names another one.
pub fn countersign() -> &'static Path {
    static BINARY: OnceLock<Option<PathBuf>> = OnceLock::new();
    let binary = BINARY.get_or_init(|| match std::env::var_os("COUNTERSIGN_BIN") {
        Some(path) => Some(path.into()),
        None => built(),
    });
    binary.as_deref().expect("countersign builds")
}

fn built() -> Option<PathBuf> {
    let folder = profile_folder();
    let binary = folder.join("countersign");
    let marker = std::env::var("NEXTEST_RUN_ID")
        .ok()
        .map(|run| std::env::temp_dir().join(format!("countersign-built-{run}")));
    // nextest starts a process for each test; the first one of a run has built already.
    if marker.as_ref().is_some_and(|marker| marker.exists()) && binary.exists() {
        return Some(binary);
    }
    if !build(&folder) {
        return None;
    }
    if let Some(marker) = marker {
        let _ = std::fs::write(marker, "");
    }
    Some(binary)
}

fn build(folder: &Path) -> bool {
    let mut cargo = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| env!("CARGO").into()));
    cargo.args(["build", "--quiet", "--package", "countersign", "--manifest-path"]);
    cargo.arg(concat!(env!("CARGO_MANIFEST_DIR"), "/../Cargo.toml"));
    cargo.arg("--target-dir").arg(folder.parent().expect("a profile's folder lies in the target folder"));
    if folder.ends_with("release") {
        cargo.arg("--release");
    }
    cargo.status().expect("cargo can be started").success()
}

/// `target/debug`, of which this test's binary lies in `deps`.
fn profile_folder() -> PathBuf {
    let own = std::env::current_exe().expect("a running program has a path");
    own.ancestors().nth(2).expect("a test lies in target/PROFILE/deps").to_owned()
}
