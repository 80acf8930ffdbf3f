//! Every way in, as the program itself tells them, against the table below: a new one fails until somebody has said
//! here what it goes through. Those that change something are tried by somebody who may not.

use std::collections::BTreeSet;
use std::fs;
use std::io::{BufRead as _, BufReader, Write as _};
use std::os::unix::net::UnixStream;
use std::process::Command;

use end_to_end::{Bastion, countersign, run};

/// What stands between a way in and its effect.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Through {
    /// It shows what its caller may see, and changes nothing.
    Reads,
    /// It gives up or ends what the caller holds or may end; nobody gains anything by it.
    Narrows,
    /// `Road::decide`: a signature of an enrolled key of a member of the quorum.
    Signature,
    /// `Policies` decide what waits for whom; a quorum signs.
    Quorum,
    /// Declared by who the policies let declare it; narrow, short, told to everybody, reviewed by another.
    Declared,
    /// About the caller alone: what they accept, or read, or a password for what they reach anyway.
    Oneself,
    /// Files of the caller alone; no node is concerned.
    Local,
    /// The node's own account: starts it, or sets it up before the ceremony; refused after it where it widens.
    Host,
    /// It holds other commands.
    Group,
}

use Through::*;

const DESK: &[(&str, Through)] = &[
    ("approve", Signature),
    ("certificate", Oneself),
    ("certificate revoke", Narrows),
    ("certificates", Reads),
    ("change", Quorum),
    ("consent", Oneself),
    ("consent accept", Oneself),
    ("deny", Signature),
    ("emergency", Group),
    ("emergency declare", Declared),
    ("emergency list", Reads),
    ("emergency review", Narrows),
    ("evidence", Reads),
    ("grants", Reads),
    ("help", Reads),
    ("holds", Reads),
    ("keys", Oneself),
    ("keys add", Quorum),
    ("keys challenge", Reads),
    ("keys remove", Narrows),
    ("kill", Narrows),
    ("replay", Reads),
    ("report", Group),
    ("report access", Reads),
    ("request", Group),
    ("request access", Quorum),
    ("request replay", Quorum),
    ("request runbook", Quorum),
    ("requests", Reads),
    ("retention", Reads),
    ("revoke", Narrows),
    ("search", Reads),
    ("sessions", Reads),
    ("show", Reads),
    ("targets", Reads),
    ("ticket", Oneself),
    ("watch", Reads),
    ("withdraw", Narrows),
];

/// The program's own commands; those of the desk that it only sends are added from the table above.
const PROGRAM: &[(&str, Through)] = &[
    ("admin", Host),
    ("completions", Local),
    ("demo", Local),
    ("evidence verify", Local),
    ("init", Host),
    ("ledger", Group),
    ("ledger verify", Local),
    ("login", Oneself),
    ("man", Local),
    ("notify", Host),
    ("policy", Local),
    ("serve", Host),
    ("totp", Local),
];

const CONTROL: &[(&str, Through)] = &[("change", Host), ("reload-policies", Host), ("replay", Host)];

/// Names in a table.
fn names(table: &[(&str, Through)]) -> BTreeSet<String> {
    table.iter().map(|(name, _)| (*name).to_owned()).collect()
}

/// The commands that a help text lists.
fn listed(help: &str) -> Vec<String> {
    let commands = help.lines().skip_while(|line| *line != "Commands:").skip(1);
    let rows = commands.take_while(|line| !line.is_empty()).filter(|line| !line.starts_with("    "));
    rows.filter_map(|line| line.split_whitespace().next()).map(str::to_owned).collect()
}

/// What a fault of the reader of a format says may stand there.
fn expected(fault: &str) -> BTreeSet<String> {
    let (_, list) = fault.split_once("expected").unwrap_or_else(|| panic!("no list in {fault}"));
    list.split('`').skip(1).step_by(2).map(str::to_owned).collect()
}

#[test]
fn every_command_of_the_desk_is_in_the_table_and_refuses_who_may_not() {
    let bastion = Bastion::start();
    let mut found = BTreeSet::new();
    for name in listed(&bastion.desk("dave", "'--help'").ok()) {
        let inner = listed(&bastion.desk("dave", &format!("{name} --help")).ok());
        found.extend(inner.iter().map(|inner| format!("{name} {inner}")));
        found.insert(name);
    }
    assert_eq!(found, names(DESK), "a new command: say in the table what it goes through");
    let (_held, number) = bastion.held("alice", "db-1", "rm -rf /srv/data");
    let session = bastion.newest_session();
    for (name, through) in DESK {
        for line in attempts(name, number, &session) {
            let told = bastion.desk_with("dave", &line, b"not a signature").refused();
            assert!(told.contains("refused") || told.contains("not allowed"), "{through:?} {line}: {told}");
        }
    }
    assert!(bastion.desk("bob", "requests").ok().contains("/srv/data"), "nothing happened to the request");
}

/// What an auditor without any further right tries; nothing for commands that only show.
fn attempts(name: &str, number: u64, session: &str) -> Vec<String> {
    let line = match name {
        "approve" | "deny" | "withdraw" => format!("{name} {number}"),
        "revoke" => "revoke 1".to_owned(),
        "change" => "change".to_owned(),
        "keys add" => "keys add".to_owned(),
        "keys remove" => "keys remove SHA256:AAAA".to_owned(),
        "certificate" => "certificate".to_owned(),
        "certificate revoke" => "certificate revoke 0123456789".to_owned(),
        "ticket" => "ticket db-1 --account root".to_owned(),
        "kill" => format!("kill {session} --reason mine"),
        "emergency declare" => "emergency declare db-1 --for 10m --reason mine".to_owned(),
        "emergency review" => "emergency review 1 --reason mine".to_owned(),
        "request access" => "request access db-1 --for 1h --reason mine".to_owned(),
        "request runbook" => {
            "request runbook x --target db-1 --account root --for 1d --reason mine".to_owned()
        }
        _ => return Vec::new(),
    };
    vec![line]
}

#[test]
fn every_command_of_the_program_is_in_the_table() {
    let found = listed(&run(Command::new(countersign()).arg("--help")).ok());
    let mut known: BTreeSet<_> = names(PROGRAM).into_iter().filter(|name| !name.contains(' ')).collect();
    known.extend(names(DESK).into_iter().filter(|name| !name.contains(' ')));
    assert_eq!(found.into_iter().collect::<BTreeSet<_>>(), known, "say in the table what it goes through");
    for (name, _) in DESK.iter().filter(|(name, _)| !["help", "replay", "sessions"].contains(name)) {
        let told = run(Command::new(countersign()).args(name.split(' '))).refused();
        assert!(
            told.contains("--gateway") || told.contains("Usage"),
            "{name} does something without a gateway"
        );
    }
}

#[test]
fn every_request_to_the_control_socket_is_in_the_table() {
    let bastion = Bastion::start();
    let mut stream = UnixStream::connect(bastion.node().join("run/control.sock")).expect("the socket");
    stream.write_all(b"\"unheard-of\"\n").expect("a request");
    let mut told = String::new();
    BufReader::new(stream).read_line(&mut told).expect("an answer");
    assert_eq!(expected(&told), names(CONTROL), "say in the table what it goes through");
}

/// Sections of the configuration and how many keys each has. None of them names a person, a right or a quorum: that
/// only the policies and the ledger do. What a key can widen is in docs/operations.md.
#[test]
fn no_key_of_the_configuration_gives_anybody_a_right() {
    let folder = tempfile::tempdir().expect("a folder");
    let init = ["init", &folder.path().display().to_string()].map(str::to_owned);
    run(Command::new(countersign()).args(init)).ok();
    let file = folder.path().join("countersign.toml");
    let shipped = fs::read_to_string(&file).expect("the configuration");
    let told = |text: &str| {
        fs::write(&file, text).expect("a file");
        run(Command::new(countersign()).arg("--config").arg(&file).arg("serve")).refused()
    };
    let sections = expected(&told(&format!("unheard_of = 1\n{shipped}")));
    let mut keys = BTreeSet::new();
    for section in sections.iter().filter(|name| shipped.contains(&format!("\n[{name}]\n"))) {
        let heading = format!("\n[{section}]\n");
        let fault = told(&shipped.replacen(&heading, &format!("{heading}unheard_of = 1\n"), 1));
        keys.extend(expected(&fault));
    }
    assert!(keys.len() > 15, "{keys:?}");
    for word in
        ["admin", "approv", "bypass", "disable", "grant", "group", "person", "quorum", "skip", "trust"]
    {
        let giving: Vec<_> = keys.iter().chain(&sections).filter(|key| key.contains(word)).collect();
        assert!(giving.is_empty(), "{giving:?}: a right must not come from a file that one person can write");
    }
}
