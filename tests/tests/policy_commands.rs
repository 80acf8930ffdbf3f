//! `countersign policy` checks the policies and explains what they make of a command.

use end_to_end::{Bastion, Done, run};

fn explain(bastion: &Bastion, person: &str, target: &str, line: &str) -> Done {
    let mut command = bastion.countersign(["policy", "explain", "--person", person, "--target", target]);
    run(command.args(["--account", bastion.login(), "--", line]))
}

#[test]
fn the_shipped_policies_are_valid() {
    let bastion = Bastion::start();
    let told = run(&mut bastion.countersign(["policy", "check"])).ok();
    assert!(told.starts_with("OK: ") && told.contains("two-dba-leads"), "{told}");
}

#[test]
fn a_folder_of_policies_can_be_checked_before_it_is_used() {
    let bastion = Bastion::start();
    let folder = bastion.scratch().join("policies");
    run(std::process::Command::new("cp").arg("-r").arg(bastion.node().join("policies")).arg(&folder)).ok();
    let check = || run(bastion.countersign(["policy", "check"]).arg(&folder));
    check().ok();
    let file = folder.join("production.cedar");
    let good = std::fs::read_to_string(&file).unwrap();
    for (from, to) in [
        ("permit (", "premit ("),
        ("resource.level", "resource.levle"),
        ("Level::\"recorded\"", "Level::\"recoded\""),
    ] {
        std::fs::write(&file, good.replacen(from, to, 1)).unwrap();
        let told = check().refused();
        assert!(told.contains("production.cedar:"), "{from} -> {to}: {told}");
    }
}

#[test]
fn a_gateway_does_not_start_with_policies_that_mean_nothing() {
    let mut bastion = Bastion::start();
    bastion.stop();
    let file = bastion.node().join("policies/production.cedar");
    let good = std::fs::read_to_string(&file).unwrap();
    std::fs::write(&file, good.replacen("permit (", "premit (", 1)).unwrap();
    let told = run(&mut bastion.countersign(["serve", "--before-ceremony"])).refused();
    assert!(told.contains("production.cedar"), "{told}");
    std::fs::write(&file, good).unwrap();
    bastion.restart();
}

#[test]
fn a_running_gateway_keeps_its_policies_when_new_ones_are_wrong() {
    let bastion = Bastion::start();
    let file = bastion.node().join("policies/production.cedar");
    let good = std::fs::read_to_string(&file).unwrap();
    std::fs::write(&file, good.replacen("permit (", "premit (", 1)).unwrap();
    run(&mut bastion.countersign(["admin", "reload-policies"])).refused();
    assert_eq!(bastion.run("alice", "db-1", "echo still").ok(), "still\n");
    std::fs::write(&file, good + "\n// Changed.\n").unwrap();
    let before = bastion.entries_of("policy").len();
    bastion.admin(&["reload-policies"]);
    assert_eq!(bastion.entries_of("policy").len(), before + 1);
}

#[test]
fn new_policies_count_from_the_next_command_on() {
    let bastion = Bastion::start();
    assert_eq!(bastion.run("alice", "db-1", "echo yes").ok(), "yes\n");
    let file = bastion.node().join("policies/zz.cedar");
    let text = "@id(\"no-echo\")\n@description(\"Nobody echoes\")\n\
                forbid (principal, action == Action::\"exec\", resource) when { context.programs.contains(\"echo\") };\n";
    std::fs::write(file, text).unwrap();
    bastion.admin(&["reload-policies"]);
    let told = bastion.run("alice", "db-1", "echo yes").refused();
    assert!(told.contains("no-echo") && told.contains("Nobody echoes"), "{told}");
}

#[test]
fn an_explanation_shows_reading_rules_and_what_would_allow_it() {
    let bastion = Bastion::start();
    let told = explain(&bastion, "alice", "db-1", "rm -rf x").ok();
    for fact in ["understood: yes", "'rm' '-rf' 'x'", "data.destroy", "hold", "two-dba-leads: 2 of dba-leads"]
    {
        assert!(told.contains(fact), "{fact:?} is not in: {told}");
    }
    assert!(told.contains("more-than-reading-needs-two-dba-leads (command-gated.cedar)"), "{told}");
    let told = explain(&bastion, "alice", "db-1", "ls").ok();
    assert!(told.contains("verdict:    allow") && told.contains("ops-run-judged-commands"), "{told}");
    let told = explain(&bastion, "alice", "db-1", "ls `x`").ok();
    assert!(told.contains("understood: no") && told.contains("deny"), "{told}");
    let told = explain(&bastion, "dave", "db-1", "ls").ok();
    assert!(told.contains("deny") && told.contains("no quorum"), "{told}");
    assert!(explain(&bastion, "nobody", "db-1", "ls").refused().contains("no person nobody"));
    assert!(explain(&bastion, "alice", "db-9", "ls").refused().contains("no target db-9"));
}

#[test]
fn an_explanation_says_what_the_gateway_then_does() {
    let bastion = Bastion::start();
    for line in
        ["ls", "echo a | sort", "ls `true`", "python3 -c 1", "cat production-data/customers.csv", "touch new"]
    {
        let told = explain(&bastion, "alice", "db-1", line).ok();
        let ran = bastion.run("alice", "db-1", line).status.success();
        assert_eq!(told.contains("verdict:    allow"), ran, "{line}: {told}");
    }
}

#[test]
fn control_characters_are_shown_and_not_performed() {
    let bastion = Bastion::start();
    let told = explain(&bastion, "alice", "db-1", "echo 'a\u{1b}[2Jb\u{202e}c'").ok();
    assert!(!told.contains('\u{1b}') && !told.contains('\u{202e}'), "{told:?}");
}
