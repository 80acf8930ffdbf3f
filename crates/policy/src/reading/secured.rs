//! Words that keep a program from starting others, put into the line before it is judged and run: `--no-pager` for
//! systemctl, `env LESSSECURE=1` before less.

use super::DEEPEST;
use super::words::SECURE;
use crate::Table;
use crate::table::{Matched, Means, Row, Runs, matched};

/// What is to be done to the words of a command.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Change {
    /// Words to insert before the word at `at`.
    Insert { at: usize, words: Vec<String> },
    /// The word at `at` is a text for a shell, whose commands may need a change themselves.
    Text { at: usize },
}

/// What is to be changed in a command, at most once: at the program inside all wrappers whose words are its own.
pub(crate) fn change(words: &[&str], table: &Table) -> Option<Change> {
    let mut at = 0;
    for _ in 0..DEEPEST {
        let (name, rest) = words.get(at..)?.split_first()?;
        let (row, read, verb) = table.rows(name).iter().find_map(|row| explained(row, rest))?;
        let inside = words.len() - inner(row, &read, verb);
        match row.runs {
            Some(Runs::Words | Runs::MoreWords) if row.starts.is_empty() => at = inside,
            Some(Runs::Text) if inside < words.len() => return Some(Change::Text { at: inside }),
            Some(Runs::Joined) if inside + 1 == words.len() => return Some(Change::Text { at: inside }),
            Some(_) => return None,
            None => {
                return text(&read, words).or_else(|| {
                    wanted(row, &read, rest, at, at.checked_sub(1).and_then(|i| words.get(i)).copied())
                });
            }
        }
    }
    None
}

/// A word of its own that an option gives to a shell.
fn text(read: &Matched, words: &[&str]) -> Option<Change> {
    let given = read.given.iter().find(|given| given.means == Means::Text)?;
    let at = words.iter().position(|word| given.value.is_some_and(|value| std::ptr::eq(*word, value)))?;
    Some(Change::Text { at })
}

/// How the row reads the words, when it knows them all.
fn explained<'r, 'a>(row: &'r Row, words: &[&'a str]) -> Option<(&'r Row, Matched<'a>, usize)> {
    if words.iter().any(|word| row.excludes(word)) {
        return None;
    }
    let read = matched(row, words);
    let required = row.required.iter().all(|any| read.given.iter().any(|g| any.contains(&g.name)));
    let verb = row.verb(&read.operands)?;
    let few = read.operands.len() <= verb + row.operands.len();
    let known = read.strange.is_empty() && required && (few || row.rest.is_some() || row.runs.is_some());
    known.then_some((row, read, verb))
}

/// How many words the command inside a wrapper has.
fn inner(row: &Row, read: &Matched, verb: usize) -> usize {
    let assignments = read.operands.iter().take_while(|word| row.assignments && word.contains('=')).count();
    read.operands.len().saturating_sub(assignments + verb + row.operands.len())
}

fn wanted(row: &Row, read: &Matched, rest: &[&str], at: usize, before: Option<&str>) -> Option<Change> {
    if row.secure {
        let words = vec!["env".into(), SECURE.into()];
        return (before != Some(SECURE)).then_some(Change::Insert { at, words });
    }
    let pager = row.pager.iter().filter(|without| !read.given.iter().any(|given| given.name == **without));
    let given = rest.get(..row.adds.len()).is_some_and(|first| first == row.adds);
    let words: Vec<String> = if given { pager.cloned().collect() } else { row.adds.clone() };
    (!words.is_empty()).then_some(Change::Insert { at: at + 1, words })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn secured(line: &str) -> String {
        let mut words: Vec<&str> = line.split(' ').collect();
        let change = change(&words, &Table::shipped());
        if let Some(Change::Insert { at, words: added }) = &change {
            words.splice(at..at, added.iter().map(String::as_str));
        }
        words.join(" ")
    }

    #[test]
    fn a_pager_is_switched_off() {
        assert_eq!(secured("systemctl status nginx"), "systemctl --no-pager status nginx");
        assert_eq!(secured("sudo -u x journalctl -u a"), "sudo -u x journalctl --no-pager -u a");
        assert_eq!(secured("systemctl status nginx --no-pager"), "systemctl status nginx --no-pager");
    }

    #[test]
    fn a_secure_mode_is_switched_on_inside_wrappers() {
        assert_eq!(secured("less x"), "env LESSSECURE=1 less x");
        assert_eq!(secured("sudo nice -n 5 less +F x"), "sudo nice -n 5 env LESSSECURE=1 less +F x");
        assert_eq!(secured("env LESSSECURE=1 less x"), "env LESSSECURE=1 less x");
        assert_eq!(secured("man -k x"), "man -P cat -k x");
    }

    #[test]
    fn what_is_secured_is_not_secured_again() {
        for line in ["less x", "sudo less x", "man ls", "systemctl status x", "git status", "top"] {
            let once = secured(line);
            assert_ne!(once, line);
            assert_eq!(secured(&once), once);
        }
    }

    #[test]
    fn a_text_for_a_shell_is_found_where_it_stands() {
        for (line, at) in [
            ("sh -c x", 2),
            ("sudo -u y sh -c x", 5),
            ("su - y -c x", 4),
            ("su -c x y", 2),
            ("watch -n 1 x", 3),
        ] {
            let words: Vec<&str> = line.split(' ').collect();
            assert_eq!(change(&words, &Table::shipped()), Some(Change::Text { at }), "{line}");
        }
        for line in ["watch x y", "sh x", "su -cx y", "flock f -c x"] {
            assert_eq!(change(&line.split(' ').collect::<Vec<_>>(), &Table::shipped()), None, "{line}");
        }
    }

    #[test]
    fn other_lines_stay_as_they_are() {
        for line in [
            "ls -l",
            "systemctl stop x",
            "less --frobnicate x",
            "sh -c less",
            "sudo",
            "frobnicate less x",
            "busybox less x",
        ] {
            assert_eq!(secured(line), line);
        }
    }
}
