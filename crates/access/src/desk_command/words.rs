//! A command line as words: quotes and backslashes as a shell reads them, and nothing else of a shell.

use super::MAX_LINE;

/// Why a line is not split.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unsplit {
    /// It is longer than [`MAX_LINE`].
    #[error("the command is longer than 8 KiB")]
    TooLong,
    /// A quote is not closed, or a backslash comes last.
    #[error("a quote is not closed")]
    Open,
}

/// The words of a line. Nothing is expanded: `$`, `*` and `~` stand for themselves.
pub fn split(line: &str) -> Result<Vec<String>, Unsplit> {
    if line.len() > MAX_LINE {
        return Err(Unsplit::TooLong);
    }
    let mut words = Vec::new();
    let mut word: Option<String> = None;
    let mut rest = line.chars();
    while let Some(c) = rest.next() {
        match c {
            ' ' | '\t' | '\n' | '\r' => words.extend(word.take()),
            '\'' => single(&mut rest, word.get_or_insert_default())?,
            '"' => double(&mut rest, word.get_or_insert_default())?,
            '\\' => word.get_or_insert_default().push(rest.next().ok_or(Unsplit::Open)?),
            other => word.get_or_insert_default().push(other),
        }
    }
    words.extend(word);
    Ok(words)
}

fn single(rest: &mut std::str::Chars<'_>, word: &mut String) -> Result<(), Unsplit> {
    for c in rest {
        match c {
            '\'' => return Ok(()),
            other => word.push(other),
        }
    }
    Err(Unsplit::Open)
}

fn double(rest: &mut std::str::Chars<'_>, word: &mut String) -> Result<(), Unsplit> {
    while let Some(c) = rest.next() {
        match c {
            '"' => return Ok(()),
            '\\' => match rest.next().ok_or(Unsplit::Open)? {
                escaped @ ('"' | '\\' | '$' | '`') => word.push(escaped),
                plain => word.extend(['\\', plain]),
            },
            other => word.push(other),
        }
    }
    Err(Unsplit::Open)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_split_as_a_shell_splits_them() {
        for (line, words) in [
            ("  a  b\tc ", &["a", "b", "c"][..]),
            ("a 'b c' \"d e\"", &["a", "b c", "d e"]),
            (r#"a\ b "c\"d" 'e\f' "g\h""#, &["a b", "c\"d", r"e\f", r"g\h"]),
            ("x'y'\"z\" ''", &["xyz", ""]),
            ("$HOME * ~ `id` $(id) ; | &", &["$HOME", "*", "~", "`id`", "$(id)", ";", "|", "&"]),
            ("理由 'デ ー'", &["理由", "デ ー"]),
            ("", &[]),
        ] {
            assert_eq!(split(line).unwrap(), words, "{line}");
        }
    }

    #[test]
    fn what_is_open_or_endless_is_no_command() {
        for line in ["'a", "\"a", "a\\", "\"a\\"] {
            assert_eq!(split(line), Err(Unsplit::Open), "{line}");
        }
        assert_eq!(split(&"a".repeat(MAX_LINE + 1)), Err(Unsplit::TooLong));
        assert!(split(&"a".repeat(MAX_LINE)).is_ok());
    }

    #[test]
    fn what_the_policies_quote_is_read_back() {
        for word in ["it's", "a b", "\\", "\"", "中文", "--x=$(y)"] {
            assert_eq!(split(&policy::quoted(word)).unwrap(), [word]);
        }
    }
}
