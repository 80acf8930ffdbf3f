//! PostgreSQL's own regression suite, at the server and through the gateway under a policy that allows everything.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use end_to_end::{Database, Guarded, Place};

/// What the gateway refuses whatever the policy: another `standard_conforming_strings`.
const REFUSED: [&str; 2] = ["plpgsql", "strings"];

/// An empty database whose writer may do what the suite needs: everything.
fn database() -> Database {
    let database = Database::postgres();
    database.sql("ALTER ROLE writer SUPERUSER; ALTER DATABASE shop SET intervalstyle = postgres_verbose");
    database
}

/// The tests that passed, of all. A text that nobody can read is refused in the gateway's words: `worded`.
fn passed(place: &Place, results: &Path, ticket: &str) -> (BTreeSet<String>, usize) {
    let mut suite = place.client(concat!(env!("CARGO_MANIFEST_DIR"), "/../scripts/regression"));
    let status = suite.arg(results).env("TICKET", ticket).status();
    assert!(status.expect("the script starts").success());
    let results = fs::read_to_string(results).expect("the results");
    let passed = results.lines().filter_map(|line| line.strip_suffix(" ok").or(line.strip_suffix(" worded")));
    (passed.map(str::to_owned).collect(), results.lines().count())
}

#[test]
#[ignore = "takes minutes: cargo test --test regression_suite -- --ignored --nocapture"]
fn the_suite_passes_through_the_gateway_but_for_what_is_refused() {
    let results = tempfile::tempdir().expect("a folder");
    let (direct, all) = passed(&database().place("writer"), &results.path().join("direct"), "");
    let guarded = Guarded::allowing_everything(database());
    let place = guarded.place("alice", "writer");
    let config = guarded.bastion.ssh_config();
    let ticket = "alice@gateway ticket shop --account writer --connections 100";
    let ticket = format!("ssh -F {} -o BatchMode=yes {ticket}", config.display());
    let (through, of) = passed(&place, &results.path().join("through"), &ticket);
    assert!(of == all && all > 200, "{of} of {all} ran");
    let otherwise: Vec<_> = direct.difference(&through).collect();
    eprintln!("{} of {all} pass at the server, {} through the gateway", direct.len(), through.len());
    assert_eq!(otherwise, REFUSED, "what passes at the server and not through the gateway");
}
