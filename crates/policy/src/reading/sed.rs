//! sed scripts that only edit what passes through: no command that runs, reads or writes anything else.

/// Whether a script holds only addresses and the commands of editing: `p d q = n x g G h H N P D l`, `s` and `y`.
pub(super) fn only_edits(script: &str) -> bool {
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

/// What follows the delimiter. Inside brackets implementations differ about where a text ends, so there it is refused.
fn delimited(script: &str, delimiter: char) -> Option<&str> {
    let mut chars = script.chars();
    let mut bracket = false;
    while let Some(c) = chars.next() {
        match c {
            '\\' if bracket => return None,
            '\\' => {
                chars.next()?;
            }
            c if c == delimiter => return (!bracket).then_some(chars.as_str()),
            '[' => bracket = true,
            ']' => bracket = false,
            _ => {}
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn editing_is_told_from_running_and_writing() {
        for script in
            ["s/a/b/", "s/a/b/g;s|c|d|2p", "5p", "1,10p", "$d", "/x/d", "/a/,/b/!d", "5q", "y/ab/cd/", ""]
        {
            assert!(only_edits(script), "{script}");
        }
        for script in [
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
        ] {
            assert!(!only_edits(script), "{script}");
        }
    }
}
