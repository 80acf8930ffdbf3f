//! Secrets that are read without being named: below a directory that is read as a whole, or by names from the input.

use super::marks::{Mark, is_certain, mark, may_be};
use super::paths;
use super::places::Place;
use crate::Effect;
use crate::table::Use;

/// Directories below which secrets lie; `*` is any name.
const HOLDERS: [&str; 12] = [
    "etc",
    "root",
    "home",
    "home/*",
    "run",
    "var",
    "var/lib",
    "var/run",
    "var/db",
    "proc",
    "proc/self",
    "proc/thread-self",
];

/// Names of directories that hold secrets, wherever they lie.
const FOLDERS: [&str; 11] =
    [".ssh", "ssh", "ssl", "tls", "pki", "private", "keys", "secrets", "backups", ".gnupg", ".aws"];

/// Whether reading all that lies below a directory reads secrets. The login directory counts where it is written, not
/// where a line merely starts in it.
pub(super) fn are_below(path: &str, places: &[Place]) -> bool {
    let home = path.chars().next().and_then(mark) == Some(Mark::Home);
    places.iter().any(|place| hold(&place.joined(path), home))
}

fn hold(seen: &str, home: bool) -> bool {
    let mut names: Vec<&str> = vec![];
    let mut climbs = false;
    for name in seen.split('/').filter(|name| !matches!(*name, "" | "." | "~" | "?")) {
        match name {
            ".." => climbs |= names.pop().is_none(),
            name => names.push(name),
        }
    }
    let folder = names.last().is_some_and(|last| FOLDERS.iter().any(|known| may_be(last, known)));
    let known = match seen.chars().next() {
        Some('/') => {
            names.is_empty() || HOLDERS.iter().any(|holder| fits(&names, holder)) || is_process(&names)
        }
        Some('~') => climbs || home && names.is_empty(),
        _ => climbs || names.is_empty(),
    };
    folder || known
}

fn fits(names: &[&str], holder: &str) -> bool {
    let known = holder.split('/');
    known.clone().count() == names.len()
        && names.iter().zip(known).all(|(name, known)| known == "*" || may_be(name, known))
}

/// What it was started with can be read there.
fn is_process(names: &[&str]) -> bool {
    matches!(names, ["proc", process] if !is_certain(process) || process.bytes().all(|b| b.is_ascii_digit()))
}

/// What a program of a pipeline hands on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Prints {
    /// What the program prints that it starts.
    Wrapped,
    /// Names of files that hold no secrets, as they were found.
    Names,
    /// Lines of its input.
    Passed,
    Anything,
}

/// Whether all that these programs of one pipeline print is names of files that hold no secrets.
pub(super) fn are_names(programs: &[Prints]) -> bool {
    let wrappers = programs.iter().take_while(|prints| **prints == Prints::Wrapped).count();
    let [Prints::Names, rest @ ..] = programs.get(wrappers..).unwrap_or_default() else { return false };
    rest.iter().all(|prints| *prints == Prints::Passed)
}

/// By the words of a program, as they stand.
pub(super) fn printed(words: &[&str], places: &[Place]) -> Prints {
    let (names, passes) = (Prints::Names, Prints::Passed);
    let (prints, holds) = match words {
        ["sudo", ..] => return Prints::Wrapped,
        ["find", rest @ ..] => (names, finds_names(rest, places)),
        ["ls", rest @ ..] => (names, lists_names(rest, places)),
        ["grep" | "egrep" | "fgrep", rest @ ..] => (passes, is_filter(rest, "ivEFwx", 1)),
        ["sort", rest @ ..] => (passes, is_filter(rest, "rnufVz", 0)),
        ["uniq", rest @ ..] => (passes, is_filter(rest, "udi", 0)),
        ["head" | "tail", "-n", count, rest @ ..] => (passes, is_count(count) && rest.is_empty()),
        ["head" | "tail", rest @ ..] => (passes, is_filter(rest, "n0123456789", 0)),
        _ => return Prints::Anything,
    };
    if holds { prints } else { Prints::Anything }
}

/// find without an action that prints something else, or that starts a program.
fn finds_names(words: &[&str], places: &[Place]) -> bool {
    let is_start = |word: &&&str| !word.starts_with(['-', '(', '!']);
    let starts: Vec<&str> = words.iter().take_while(is_start).copied().collect();
    let speaks = |word: &&str| {
        ["-printf", "-exec", "-ok", "-files0", "-H", "-L", "-follow"]
            .iter()
            .any(|start| word.starts_with(start))
    };
    let starts = if starts.is_empty() { &["."][..] } else { &starts };
    !words.iter().any(speaks) && starts.iter().all(|start| is_harmless(start, places))
}

/// ls with options that change the order only: what it prints are names as seen from here, or what was written.
fn lists_names(words: &[&str], places: &[Place]) -> bool {
    let (options, operands): (Vec<&str>, Vec<&str>) = words.iter().partition(|word| word.starts_with('-'));
    options.iter().all(|option| is_bundle(option, "1aAdrtSR"))
        && operands.iter().chain(&["."]).all(|operand| is_harmless(operand, places))
}

fn is_filter(words: &[&str], letters: &str, operands: usize) -> bool {
    let mut others = words.iter().filter(|word| !is_bundle(word, letters));
    others.by_ref().take(operands).all(|word| is_certain(word) && !word.starts_with('-'))
        && others.next().is_none()
}

fn is_bundle(word: &str, letters: &str) -> bool {
    word.strip_prefix('-')
        .is_some_and(|given| !given.is_empty() && given.chars().all(|c| letters.contains(c)))
}

fn is_count(word: &str) -> bool {
    word.bytes().all(|b| b.is_ascii_digit() || b == b'+')
}

fn is_harmless(path: &str, places: &[Place]) -> bool {
    let only_reads = |(effect, _): &(Effect, String)| *effect == Effect::Read;
    !are_below(path, places) && paths::effects("", Use::Reads, path, places).iter().all(only_reads)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn below(path: &str) -> bool {
        are_below(path, &[Place::at("~")])
    }

    #[test]
    fn secrets_lie_below_what_holds_accounts_settings_and_processes() {
        for path in [
            "/",
            "/etc",
            "/etc/",
            "/root",
            "/home/",
            "/home/ana",
            "/var",
            "/var/lib",
            "/proc",
            "/proc/1",
            "/etc/ssl",
            "/etc/../etc",
            "..",
            "/srv/app/keys",
            "/var/log/../..",
            "./.ssh",
        ] {
            assert!(below(path), "{path}");
        }
        for path in [
            ".",
            "x",
            "/var/log",
            "/etc/nginx",
            "/srv",
            "/home/ana/app",
            "/usr",
            "/proc/sys",
            "/opt/app/etc",
            "/tmp",
        ] {
            assert!(!below(path), "{path}");
        }
        assert!(are_below(".", &[Place::at("/etc")]) && are_below(".", &[Place::at("?")]));
    }

    fn names(pipeline: &[&str]) -> bool {
        let places = [Place::at("~")];
        let printed: Vec<Prints> =
            pipeline.iter().map(|p| printed(&p.split(' ').collect::<Vec<_>>(), &places)).collect();
        are_names(&printed)
    }

    #[test]
    fn names_that_were_found_are_told_from_names_that_were_made() {
        for pipeline in [
            &["find . -name *.yml"][..],
            &["sudo", "find /var/log -type f", "grep -v x", "head -5"],
            &["ls", "sort -r", "head -n 3"],
        ] {
            assert!(names(pipeline), "{pipeline:?}");
        }
        for pipeline in [
            &["echo /etc/shadow"][..],
            &[],
            &["head -5", "find ."],
            &["find /etc"],
            &["find /etc/shadow"],
            &["find . -printf /etc/shadow"],
            &["find -L x"],
            &["find . -exec echo /etc/shadow ;"],
            &["find .", "sed s,.*,/etc/shadow,"],
            &["find .", "head list"],
            &["find .", "grep -e x list"],
            &["find .", "grep x list"],
            &["find .", "sort --files0-from=x"],
            &["ls -d /etc/shadow"],
            &["ls -l --time-style=+/etc/shadow"],
        ] {
            assert!(!names(pipeline), "{pipeline:?}");
        }
    }
}
