//! Real programs with random options: a line of which the analysis says that it only reads changes no file and starts
//! nothing that was not named.

use std::time::Instant;

use policy::{Analysis, Effect};

use crate::sandbox::random::Random;
use crate::sandbox::table::{self, Row};
use crate::sandbox::{Sandbox, naming};
use crate::{lines_to_make, new_seed};

/// Programs of the machine that end by themselves.
const TOOLS: [&str; 65] = [
    "ls",
    "dir",
    "stat",
    "file",
    "readlink",
    "realpath",
    "basename",
    "dirname",
    "namei",
    "lsattr",
    "getfacl",
    "pathchk",
    "du",
    "df",
    "tree",
    "find",
    "cat",
    "tac",
    "nl",
    "head",
    "wc",
    "sort",
    "uniq",
    "cut",
    "tr",
    "paste",
    "comm",
    "join",
    "fold",
    "fmt",
    "expand",
    "column",
    "hexdump",
    "od",
    "xxd",
    "strings",
    "base64",
    "md5sum",
    "sha256sum",
    "cksum",
    "cmp",
    "diff",
    "grep",
    "jq",
    "iconv",
    "seq",
    "sed",
    "awk",
    "gawk",
    "mawk",
    "tar",
    "gzip",
    "xz",
    "zstd",
    "bzip2",
    "unzip",
    "date",
    "id",
    "hostname",
    "uname",
    "ps",
    "dd",
    "git",
    "rev",
    "lsof",
];

/// Lines in one start of the shell.
const BATCH: usize = 100;

struct Case {
    line: String,
    analysis: Analysis,
}

/// A program with options that the table lists for it, and some that it lists for others.
fn line(rows: &[Row], random: &mut Random) -> String {
    let tool = random.of(&TOOLS);
    let own: Vec<&Row> = rows.iter().filter(|row| row.names.iter().any(|name| name == tool)).collect();
    let mut words = vec![tool.to_owned()];
    let verbs: Vec<&String> = own.iter().flat_map(|row| &row.verbs).collect();
    if !verbs.is_empty() {
        words.push(verbs[random.below(verbs.len())].clone());
    }
    let options: Vec<&String> = own.iter().flat_map(|row| &row.options).collect();
    for _ in 0..random.below(4) {
        if !options.is_empty() {
            words.push(option(options[random.below(options.len())], random));
        }
        if random.one_in(3) {
            words.push(operand(random));
        }
    }
    words.extend(random.up_to(3, operand));
    words.join(" ")
}

fn option(listed: &str, random: &mut Random) -> String {
    let (name, value) = listed.split_once(['=', '[']).map_or((listed, false), |(name, _)| (name, true));
    let one = |random: &mut Random| {
        let letters: Vec<char> = name.trim_start_matches('-').chars().collect();
        letters.get(random.below(letters.len().max(1))).map_or(name.to_owned(), |letter| format!("-{letter}"))
    };
    let short = !name.starts_with("--") && name.len() > 2;
    match (value, name.starts_with("--")) {
        (true, true) if random.one_in(2) => format!("{name}={}", operand(random)),
        (true, _) if random.one_in(2) => format!("{name}{}", operand(random)),
        (true, _) => format!("{name} {}", operand(random)),
        (false, _) if short && random.one_in(2) => one(random),
        (false, true) if random.one_in(8) && name.len() > 5 => name[..name.len() - 1].to_owned(),
        _ => name.to_owned(),
    }
}

fn operand(random: &mut Random) -> String {
    random
        .of(&[
            "a",
            "b.txt",
            "input",
            "dir",
            "dir/z",
            "new",
            "./new",
            "-",
            "--",
            ".",
            "..",
            "/work/a",
            "/tmp/x",
            "/dev/null",
            "1",
            "2",
            "0",
            "x:y",
            "c=d",
            "'c d'",
            "+1",
            "'s/a/b/'",
            "p",
            "'1p;$d'",
            "'/a/,/b/p'",
            "'s/a/b/w new'",
            "'1e canary'",
            "'{print $1}'",
            "'{print > \"new\"}'",
            "'NR==1'",
            "'BEGIN{system(\"canary\")}'",
            "'s/[a/]/b/'",
            "'s/[]/]/e;p'",
            "'s,a\\,b,canary,'",
            "'y/abc/xyz/'",
            "'$!N;P;D'",
            "'/[[:alpha:]]/d'",
            "'{print /a/ ? \"x\" : \"y\"}'",
            "'%s'",
            "'%n'",
            "canary",
            "-exec",
            "canary",
            "';'",
            "-delete",
            "-print",
            "-name",
            "'*'",
            "-o",
            "-f",
            "'.[]'",
            "'$ENV'",
            "'input_filename'",
            "'\\-rf'",
            "--output=new",
            "HEAD",
            "@a",
        ][..])
        .to_owned()
}

fn only_reads(analysis: &Analysis) -> bool {
    analysis.understood() && *analysis.effects() == [Effect::Read].into()
}

/// What a batch did that it should not: the lines of a batch, then each alone.
fn wrong(sandbox: &Sandbox, cases: &[Case]) -> Option<String> {
    let texts: Vec<&str> = cases.iter().filter_map(|case| case.analysis.run()).collect();
    sandbox.run("bash", &["true"]);
    let before = sandbox.files();
    let started = sandbox.run("bash", &texts);
    let changed: Vec<String> = sandbox.files().into_iter().filter(|file| !before.contains(file)).collect();
    let unnamed =
        cases.iter().zip(&started).find_map(|(case, ran)| naming::unnamed(&case.analysis, ran.as_deref()?));
    (sandbox.files() != before || unnamed.is_some()).then(|| {
        let lines: Vec<&str> = cases.iter().map(|case| case.line.as_str()).collect();
        format!("{lines:?} started {unnamed:?} and changed {changed:?}")
    })
}

fn fuzz(made: u64, seed: u64) {
    let sandbox = Sandbox::new(&table::names(), &TOOLS);
    if !sandbox.has_walls() {
        println!("no namespaces here: real programs with random options are not run");
        return;
    }
    let (rows, mut random, started) = (table::rows(), Random::new(seed), Instant::now());
    let (mut ran, mut findings) = (0, Vec::new());
    for _ in 0..made / BATCH as u64 {
        let cases = (0..BATCH)
            .map(|_| line(&rows, &mut random))
            .map(|line| Case { analysis: Analysis::of_command(line.as_bytes()), line });
        let cases: Vec<Case> = cases.filter(|case| only_reads(&case.analysis)).collect();
        ran += cases.len();
        if wrong(&sandbox, &cases).is_some() {
            findings.extend(cases.chunks(1).filter_map(|case| wrong(&sandbox, case)));
        }
        if findings.len() >= 5 {
            break;
        }
    }
    println!("seed {seed}: {made} lines, {ran} that only read ran, {:?}", started.elapsed());
    assert!(findings.is_empty(), "seed {seed}: {} findings\n{}", findings.len(), findings.join("\n"));
    assert!(ran > 0, "nothing ran");
}

#[test]
fn what_only_reads_changes_nothing() {
    fuzz(lines_to_make(20_000) / 4, 1);
}

#[test]
fn nor_does_what_nobody_has_tried_before() {
    fuzz(lines_to_make(20_000) / 8, new_seed());
}
