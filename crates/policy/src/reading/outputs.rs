//! Programs whose output is a plain name whatever happens: dates, hosts, accounts, counts.

use crate::shell::{Body, Piece, Script, Simple};

/// Whether a substitution yields one word of letters, digits, `.`, `_`, `:` and `-`, with no dash first.
pub(super) fn is_name(script: &Script) -> bool {
    match script.pipelines.as_slice() {
        [(_, pipeline)] => match pipeline.commands.as_slice() {
            [command] if command.redirects.is_empty() => match &command.body {
                Body::Simple(simple) => prints_name(simple),
                _ => false,
            },
            _ => false,
        },
        _ => false,
    }
}

fn prints_name(simple: &Simple) -> bool {
    let literal = |word: &crate::shell::Word| match word.pieces.as_slice() {
        [Piece::Literal(text)] => Some(text.clone()),
        _ => None,
    };
    let words: Option<Vec<String>> = simple.words.iter().map(literal).collect();
    let words = words.unwrap_or_default();
    match words.iter().map(String::as_str).collect::<Vec<_>>().as_slice() {
        ["date", format] | ["date", "-u", format] => is_plain_format(format),
        ["date", "-d" | "--date", _, format] => is_plain_format(format),
        ["hostname"] | ["hostname", "-s" | "-f"] | ["uname", "-n" | "-r" | "-m"] => true,
        ["whoami"] | ["id", "-u" | "-un" | "-g" | "-gn"] | ["nproc"] => true,
        _ => false,
    }
}

/// A format of date that prints digits and what stands between them.
fn is_plain_format(format: &str) -> bool {
    let Some(format) = format.strip_prefix('+') else { return false };
    let mut chars = format.chars();
    while let Some(c) = chars.next() {
        let plain = match c {
            '%' => chars.next().is_some_and(|field| "FTYymdHMSsjuV".contains(field)),
            c => c.is_ascii_alphanumeric() || "_.:-".contains(c),
        };
        if !plain {
            return false;
        }
    }
    format.starts_with(|c: char| c == '%' || c.is_ascii_alphanumeric())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Surroundings;
    use crate::shell::parse;

    fn is(text: &str) -> bool {
        is_name(&parse(text.as_bytes(), &Surroundings::default()).unwrap())
    }

    #[test]
    fn dates_hosts_and_accounts_are_names() {
        for text in
            ["date +%F", "date +%Y%m%d-%H%M%S", "date -d yesterday +%F", "hostname -s", "id -un", "whoami"]
        {
            assert!(is(text), "{text}");
        }
    }

    #[test]
    fn what_may_hold_blanks_or_slashes_is_not() {
        for text in [
            "date",
            "date '+%D'",
            "date '+%F %T'",
            "date +-%s",
            "date +%c",
            "date +%F | cat",
            "date +%F; ls",
            "date -d \"$x\" +%F",
            "date +/%F",
            "pwd",
            "ls",
            "hostname x",
            "whoami > x",
        ] {
            assert!(!is(text), "{text}");
        }
    }
}
