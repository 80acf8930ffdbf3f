//! The table against the programs of this machine: whether options take values as `--help` says.

use std::collections::BTreeMap;
use std::process::{Command, Stdio};

use super::Table;
use super::row::{Row, Style, Value};

/// Its help shows every value in brackets, and it takes the next word.
const BRACKETS: &str = "less";

/// Where the help is mistaken: xargs takes the number of lines only when it is attached, file its parameter always.
const MISTAKEN: [(&str, &str); 2] = [("xargs", "--max-lines"), ("file", "-P")];

/// What `--help` says of an option's value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Says {
    Nothing,
    May,
    Must,
}

#[test]
fn options_take_values_as_the_installed_programs_say() {
    let table = Table::shipped();
    let mut compared = 0;
    let mut wrong = vec![];
    for (name, rows) in table.0.iter().filter(|(name, _)| *name != BRACKETS) {
        let rows: Vec<&Row> = rows.iter().filter(|row| is_getopt(row)).collect();
        let said = if rows.is_empty() { BTreeMap::new() } else { said(&help(name)) };
        let listed = rows.iter().flat_map(|row| row.grammar.iter().map(|entry| (row.runs.is_some(), entry)));
        for (starts, (option, listed)) in listed {
            let Some(says) = said.get(option) else { continue };
            compared += 1;
            if !agree(listed.value, *says, starts) && !MISTAKEN.contains(&(name.as_str(), option.as_str())) {
                wrong.push(format!("{name} {option}: {:?} in the table, {says:?} in its help", listed.value));
            }
        }
    }
    wrong.dedup();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(compared > 300, "{compared} compared");
}

/// Only rows that list options with long names; such programs know `--help`.
fn is_getopt(row: &Row) -> bool {
    matches!(row.style, Style::Getopt | Style::Dashless)
        && !row.any_options
        && row.grammar.keys().any(|name| name.starts_with("--"))
}

/// The table must not take a later word for a value that the program reads as something else. Where the words after the
/// options are another command, it must agree in all: a value that is missed hides which program is started, and so
/// does a letter that is taken for an option and is a value.
fn agree(listed: Value, says: Says, starts: bool) -> bool {
    match listed {
        Value::None => says == Says::Nothing || !starts,
        Value::Attached => says == Says::May || !starts,
        Value::Required | Value::Apart => says == Says::Must,
    }
}

fn help(program: &str) -> String {
    let ran = Command::new(program)
        .arg("--help")
        .env_clear()
        .env("PATH", "/usr/bin:/bin:/usr/sbin:/sbin")
        .stdin(Stdio::null())
        .output();
    ran.map(|out| String::from_utf8_lossy(&out.stdout).into_owned()).unwrap_or_default()
}

/// Every option of lines such as `  -e, --eof[=END]  text`; those that are said twice in different ways are left out.
fn said(help: &str) -> BTreeMap<String, Says> {
    let mut found: BTreeMap<String, Option<Says>> = BTreeMap::new();
    for line in help.lines().filter(|line| line.trim_start().starts_with('-')) {
        let head = head(line).replace(" -", ",-");
        let spellings: Vec<&str> = head.split([',', '|']).map(str::trim).collect();
        let any = spellings.iter().map(|spelling| says(spelling)).find(|s| *s != Says::Nothing);
        for spelling in spellings.iter().filter(|s| s.starts_with('-')) {
            let own = Some(says(spelling)).filter(|says| *says != Says::Nothing);
            let says = own.or(any).unwrap_or(Says::Nothing);
            let known = found.entry(name(spelling).to_owned()).or_insert(Some(says));
            *known = known.filter(|known| *known == says);
        }
    }
    found.into_iter().filter_map(|(name, says)| Some((name, says?))).collect()
}

/// The spellings of an option, up to what is said of it.
fn head(line: &str) -> String {
    let columns = line.split("  ").map(str::trim).filter(|column| !column.is_empty());
    columns.take_while(|column| column.starts_with('-')).collect::<Vec<_>>().join(",")
}

fn name(spelling: &str) -> &str {
    let end = spelling.find(['=', '[', ' ', '<']).unwrap_or(spelling.len());
    let (name, _) = spelling.split_at(end);
    if name.starts_with("--") { name } else { name.get(..2).unwrap_or(name) }
}

fn says(spelling: &str) -> Says {
    let value = spelling.strip_prefix(name(spelling)).unwrap_or_default().trim_start();
    match value.chars().next() {
        None => Says::Nothing,
        Some('[') => Says::May,
        Some(_) => Says::Must,
    }
}

#[test]
fn help_is_read_as_it_is_written() {
    let help =
        "  -e, --eof[=END]   text\n  -l[MAX]   x\n  -n, --max=N  y\n -w, --width <num>  z\n  -x, --exit  q\n";
    let said = said(help);
    let of = |name: &str| said.get(name).copied();
    assert_eq!((of("-e"), of("--eof"), of("-l")), (Some(Says::May), Some(Says::May), Some(Says::May)));
    assert_eq!(
        (of("-n"), of("--max"), of("--width")),
        (Some(Says::Must), Some(Says::Must), Some(Says::Must))
    );
    assert_eq!((of("-x"), of("--exit")), (Some(Says::Nothing), Some(Says::Nothing)));
}
