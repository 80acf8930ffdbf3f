//! The program under test, built once per test run.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

/// Path of the `countersign` binary of this build. `COUNTERSIGN_BIN` names another one.
pub fn countersign() -> &'static Path {
    static BINARY: OnceLock<PathBuf> = OnceLock::new();
    BINARY.get_or_init(|| std::env::var_os("COUNTERSIGN_BIN").map_or_else(built, PathBuf::from))
}

fn built() -> PathBuf {
    let folder = profile_folder();
    let binary = folder.join("countersign");
    let marker = std::env::var("NEXTEST_RUN_ID")
        .ok()
        .map(|run| std::env::temp_dir().join(format!("countersign-built-{run}")));
    // nextest starts a process for each test; the first one of a run has built already.
    if marker.as_ref().is_some_and(|marker| marker.exists()) && binary.exists() {
        return binary;
    }
    build(&folder);
    if let Some(marker) = marker {
        let _ = std::fs::write(marker, "");
    }
    binary
}

fn build(folder: &Path) {
    let mut cargo = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| env!("CARGO").into()));
    cargo.args(["build", "--quiet", "--package", "countersign", "--manifest-path"]);
    cargo.arg(concat!(env!("CARGO_MANIFEST_DIR"), "/../Cargo.toml"));
    cargo.arg("--target-dir").arg(folder.parent().expect("a profile's folder lies in the target folder"));
    if folder.ends_with("release") {
        cargo.arg("--release");
    }
    assert!(cargo.status().expect("cargo can be started").success(), "countersign does not build");
}

/// `target/debug`, of which this test's binary lies in `deps`.
fn profile_folder() -> PathBuf {
    let own = std::env::current_exe().expect("a running program has a path");
    own.ancestors().nth(2).expect("a test lies in target/PROFILE/deps").to_owned()
}
