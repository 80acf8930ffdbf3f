//! sed scripts that only edit what passes through: no command that runs, reads or writes anything else.

/// Whether a script holds only addresses and the commands of editing: `p d q = n x g G h H N P D l`, `s` and `y`.
///
/// In the encodings of some locales a character's second byte may be a backslash, so a script is plain ASCII or not
/// understood.
pub(super) fn only_edits(script: &str) -> bool {
    script.is_ascii() && commands_only_edit(script)
}

fn commands_only_edit(script: &str) -> bool {
    let mut rest = script.trim_start_matches([' ', ';']);
    while !rest.is_empty() {
        match command(rest) {
            Some(after) => rest = after.trim_start_matches([' ', ';']),
            None => return false,
        }
    }
    true
}

fn command(script: &str) -> Option<&str> {
    let mut rest = address(script)?;
    if let Some(second) = rest.strip_prefix(',') {
        rest = address(second.trim_start_matches(['+', '~', ' ']))?;
    }
    let rest = rest.trim_start_matches([' ', '!']);
    let mut chars = rest.chars();
    let after = match chars.next()? {
        'p' | 'd' | '=' | 'n' | 'x' | 'g' | 'G' | 'h' | 'H' | 'N' | 'P' | 'D' => chars.as_str(),
        'q' | 'Q' | 'l' => number(chars.as_str().trim_start_matches(' ')),
        's' => {
            substitution(chars.as_str())?.trim_start_matches(['g', 'p', 'i', 'I', '0', '1', '2', '3', '4'])
        }
        'y' => substitution(chars.as_str())?,
        _ => return None,
    };
    let after = after.trim_start_matches(' ');
    (after.is_empty() || after.starts_with(';')).then_some(after)
}

/// Skips `12`, `$`, `1~2` or `/regex/`; no address is one too.
fn address(script: &str) -> Option<&str> {
    match script.chars().next() {
        Some('$') => Some(&script[1..]),
        Some('/') => delimited(&script[1..], '/').map(|rest| rest.trim_start_matches('I')),
        _ => Some(number(number(script).trim_start_matches('~'))),
    }
}

fn number(script: &str) -> &str {
    script.trim_start_matches(|c: char| c.is_ascii_digit())
}

fn substitution(script: &str) -> Option<&str> {
    let delimiter = script.chars().next().filter(|c| c.is_ascii_punctuation() && !"\\;{}[]".contains(*c))?;
    let pattern = &script[1..];
    delimited(delimited(pattern, delimiter)?, delimiter)
}

/// What follows the delimiter. Implementations differ about where a text ends inside brackets, and where brackets end, so
/// a bracket may hold neither the delimiter nor a backslash nor a bracket, but for whole classes such as `[:digit:]`.
fn delimited(script: &str, delimiter: char) -> Option<&str> {
    let mut rest = script;
    loop {
        let c = rest.chars().next()?;
        let after = &rest[c.len_utf8()..];
        rest = match c {
            '\\' => after.get(after.chars().next()?.len_utf8()..)?,
            '[' => bracket(after, delimiter)?,
            c if c == delimiter => return Some(after),
            _ => after,
        };
    }
}

/// What follows a bracket that opened before `script`.
fn bracket(script: &str, delimiter: char) -> Option<&str> {
    let (inside, _) = script.split_once(['\\', delimiter]).unwrap_or((script, ""));
    let mut rest = inside.strip_prefix('^').unwrap_or(inside);
    if rest.starts_with(']') {
        return None;
    }
    loop {
        match rest.chars().next()? {
            ']' => return script.get(inside.len() - rest.len() + 1..),
            '[' => rest = class(rest)?,
            c => rest = &rest[c.len_utf8()..],
        }
    }
}

fn class(rest: &str) -> Option<&str> {
    let (name, after) = rest.strip_prefix("[:")?.split_once(":]")?;
    name.bytes().all(|b| b.is_ascii_lowercase()).then_some(after)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn editing_is_told_from_running_and_writing() {
        for script in [
            "s/a/b/",
            "s/[0-9]*//;s/[[:space:]]x[^a]/b/",
            "s/a/b/g;s|c|d|2p",
            "5p",
            "1,10p",
            "$d",
            "/x/d",
            "/a/,/b/!d",
            "5q",
            "y/ab/cd/",
            "",
        ] {
            assert!(only_edits(script), "{script}");
        }
        for script in [
            "s/[]/]/;/e;s,a,/p;,p",
            "s/[^]/]/;/e;s,a,/p;,p",
            "s/[[/]]/;/e;s,a,/p;,p",
            "s/[[:a/:]]/x/",
            "s/[[.].]/]/x/",
            "s/[\\]/]/x/",
            "/[]/]/e",
            "y/[]/]/;/e;s,a,/p;,p",
            "e",
            "1e id",
            "s/a/id/e",
            "s/a/b/ge",
            "w /etc/passwd",
            "s/a/b/w x",
            "r x",
            "R x",
            "W x",
            "a text",
            "i x",
            "{e}",
            "s/a/b",
            "s/[/]e/x/e",
            "s/a/b/;e",
            "/x/e",
            "b",
            ":a",
            "v",
            "s\\a\\b\\",
            "\\,x,e",
            "s/[a/b/",
            "M",
            "F",
            "z",
            "1~2e",
            "5!e",
            "p e",
            "pe",
            "s/a/b/m",
            "#n",
            "}",
            "s/库\\/ls/;1e id #/",
            "s/é/e/",
        ] {
            assert!(!only_edits(script), "{script}");
        }
    }
}
