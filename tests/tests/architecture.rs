//! The boundary is a test: the crate graph must be the one in docs/architecture.md, and every dependency must come
//! from the registry under a licence that we accept.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::process::Command;

use serde_json::Value;

const LICENCES: &[&str] = &[
    "0BSD",
    "Apache-2.0",
    "Apache-2.0 WITH LLVM-exception",
    "BSD-2-Clause",
    "BSD-3-Clause",
    "BSL-1.0",
    "CC0-1.0",
    "ISC",
    "MIT",
    "MIT-0",
    "MPL-2.0",
    "Unicode-3.0",
    "Unlicense",
    "Zlib",
];

/// Who alone may know these crates.
const HOMES: &[(&str, &[&str])] = &[
    ("russh", &["gateway", "countersign"]),
    ("sqlx", &["store"]),
    ("axum", &["console"]),
    ("cedar-policy", &["policy"]),
    ("tokio", &["gateway", "countersign", "store", "console", "testkit"]),
];

fn root() -> &'static Path {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/.."))
}

fn metadata() -> Value {
    let done = Command::new(env!("CARGO"))
        .args(["metadata", "--format-version", "1", "--locked", "--filter-platform", &host()])
        .current_dir(root())
        .output()
        .expect("cargo runs");
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
    serde_json::from_slice(&done.stdout).expect("cargo prints JSON")
}

/// The platform that is built for; crates of others need not even be there.
fn host() -> String {
    let done = Command::new("rustc").arg("-vV").output().expect("rustc runs");
    let text = String::from_utf8(done.stdout).expect("rustc prints text");
    let line = text.lines().find_map(|line| line.strip_prefix("host: "));
    line.expect("rustc names its host").to_owned()
}

/// Crates of the workspace with their normal and build dependencies.
fn members(metadata: &Value) -> BTreeMap<String, BTreeSet<String>> {
    let packages = metadata["packages"].as_array().expect("packages");
    let ours = packages.iter().filter(|package| package["source"].is_null());
    ours.map(|package| (name(package), dependencies(package))).collect()
}

fn name(package: &Value) -> String {
    package["name"].as_str().expect("a name").to_owned()
}

fn dependencies(package: &Value) -> BTreeSet<String> {
    let all = package["dependencies"].as_array().expect("dependencies");
    all.iter().filter(|dependency| dependency["kind"] != "dev").map(name).collect()
}

/// The block ```edges in docs/architecture.md: `crate -> crate, crate`.
fn documented() -> BTreeMap<String, BTreeSet<String>> {
    let text = std::fs::read_to_string(root().join("docs/architecture.md")).expect("docs/architecture.md");
    let (_, rest) = text.split_once("```edges\n").expect("a block ```edges in docs/architecture.md");
    let (block, _) = rest.split_once("```").expect("its end");
    block.lines().filter(|line| !line.trim().is_empty()).map(edge).collect()
}

fn edge(line: &str) -> (String, BTreeSet<String>) {
    let (from, to) = line.split_once("->").unwrap_or_else(|| panic!("not an edge: {line}"));
    let to = to.split(',').map(str::trim).filter(|word| !word.is_empty() && *word != "(none)");
    (from.trim().to_owned(), to.map(str::to_owned).collect())
}

#[test]
fn the_crate_graph_is_the_documented_one() {
    let members = members(&metadata());
    let documented = documented();
    for (member, dependencies) in members.iter().filter(|(member, _)| *member != "end-to-end") {
        let allowed = documented.get(member);
        let allowed = allowed.unwrap_or_else(|| panic!("{member} is not in docs/architecture.md"));
        let siblings = dependencies.iter().filter(|name| members.contains_key(*name));
        let beyond: Vec<_> = siblings.filter(|name| !allowed.contains(*name)).collect();
        assert!(beyond.is_empty(), "{member} must not know {beyond:?}; see docs/architecture.md");
    }
}

#[test]
fn heavy_libraries_stay_in_their_homes() {
    let members = members(&metadata());
    for (library, homes) in HOMES {
        for (member, dependencies) in &members {
            let at_home = homes.contains(&member.as_str()) || member == "end-to-end";
            assert!(at_home || !dependencies.contains(*library), "{member} must not know {library}");
        }
    }
}

#[test]
fn every_dependency_is_from_the_registry_under_an_accepted_licence() {
    let metadata = metadata();
    for package in metadata["packages"].as_array().expect("packages") {
        let Some(source) = package["source"].as_str() else { continue };
        let name = name(package);
        assert!(source.starts_with("registry+"), "{name} comes from {source}");
        let licence = package["license"].as_str().unwrap_or("none");
        assert!(is_accepted(licence), "{name} is under {licence}");
    }
}

/// An SPDX expression of which some choice is accepted in all its parts.
fn is_accepted(expression: &str) -> bool {
    let flat = expression.replace(['(', ')'], "").replace('/', " OR ");
    let accepted = |term: &str| LICENCES.contains(&term.trim());
    // Every AND part needs one accepted choice; parentheses only ever group choices in practice.
    flat.split(" AND ").all(|part| part.split(" OR ").any(accepted))
}

#[test]
fn sources_open_with_a_sentence_and_never_use_allow() {
    let listed =
        Command::new("git").args(["ls-files", "*.rs"]).current_dir(root()).output().expect("git runs");
    for file in String::from_utf8(listed.stdout).expect("names are text").lines() {
        let Ok(text) = std::fs::read_to_string(root().join(file)) else { continue };
        assert!(text.starts_with("//!"), "{file} does not open with a //! sentence");
        let attribute = concat!("#[", "allow(");
        assert!(!text.contains(attribute), "{file} uses allow; expect says when a reason is gone");
    }
}

#[test]
fn spdx_expressions_are_read_as_meant() {
    assert!(is_accepted("MIT OR Apache-2.0") && is_accepted("ISC AND (Apache-2.0 OR ISC)"));
    assert!(is_accepted("GPL-3.0 OR MIT") && is_accepted("MIT/Apache-2.0"));
    assert!(!is_accepted("GPL-3.0") && !is_accepted("MIT AND GPL-3.0") && !is_accepted("none"));
}
