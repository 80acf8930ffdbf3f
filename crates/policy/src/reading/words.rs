//! Words whose content matters: test expressions, numbers, printf formats, assignments.

use crate::environment::is_harmless;

/// What makes less start no command, and read no file that is not named.
pub(super) const SECURE: &str = "LESSSECURE=1";

const COMPARISONS: [&str; 6] = ["-eq", "-ne", "-lt", "-le", "-gt", "-ge"];

/// `NAME=value` that cannot change what runs.
pub(super) fn is_harmless_assignment(word: &str) -> bool {
    word == SECURE || word.split_once('=').is_some_and(|(name, value)| is_harmless(name, value))
}

/// An argument of `test` that no shell evaluates: zsh and ksh calculate with the arguments of number comparisons, which
/// can assign variables and run substitutions.
pub(super) fn is_plain(word: &str) -> bool {
    let operators = ["=", "==", "!=", "!", "<", ">", "(", ")", "]"];
    let characters = word.bytes().all(|b| b.is_ascii_alphanumeric() || b"_-./:,@% ".contains(&b));
    operators.contains(&word) || characters && !COMPARISONS.contains(&word)
}

/// What may stand in a comparison of numbers.
pub(super) fn is_arithmetic(word: &str) -> bool {
    let digits = word.strip_prefix('-').unwrap_or(word);
    let number = (1..=18).contains(&digits.len()) && digits.bytes().all(|b| b.is_ascii_digit());
    number || COMPARISONS.contains(&word) || ["!", "-a", "-o"].contains(&word)
}

/// `10`, `1.5`, `5m`.
pub(super) fn is_number(word: &str) -> bool {
    let digits = word.strip_suffix(['s', 'm', 'h', 'd']).unwrap_or(word);
    digits.starts_with(|c: char| c.is_ascii_digit())
        && digits.bytes().all(|b| b.is_ascii_digit() || b == b'.')
}

/// A printf format of `%s`, `%b`, `%c` and `%%`: `%n` assigns, and some shells calculate for the number formats.
pub(super) fn is_printing_format(word: &str) -> bool {
    let mut rest = word;
    while let Some((_, after)) = rest.split_once('%') {
        let conversion = after.trim_start_matches(|c: char| c.is_ascii_digit() || c == '-' || c == '.');
        if !conversion.starts_with(['s', 'b', 'c', '%']) {
            return false;
        }
        rest = &conversion[1..];
    }
    true
}

/// The name of a package, page or unit: neither a path nor an option.
pub(super) fn is_name(word: &str) -> bool {
    word.starts_with(|c: char| c.is_ascii_alphanumeric())
        && word.bytes().all(|b| b.is_ascii_alphanumeric() || b"_-.+:@".contains(&b))
}

/// An address on the machine itself, in which nothing stands for several addresses or for another host.
pub(super) fn is_local(word: &str) -> bool {
    let address = ["http://", "https://"].iter().find_map(|scheme| word.strip_prefix(scheme)).unwrap_or(word);
    let after = ["localhost", "127.0.0.1", "[::1]"].iter().find_map(|host| address.strip_prefix(host));
    after.is_some_and(|after| {
        let plain = after.bytes().all(|b| b.is_ascii_alphanumeric() || b":/._-?=&%,+~".contains(&b));
        plain && (after.is_empty() || after.starts_with([':', '/', '?']))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_machine_itself_is_local() {
        for word in
            ["localhost", "http://127.0.0.1:8080/health?full=1", "https://localhost/", "http://[::1]:9/x"]
        {
            assert!(is_local(word), "{word}");
        }
        for word in [
            "http://localhost.example.com/",
            "http://localhost@example.com/",
            "http://127.0.0.10/",
            "file:///etc/shadow",
            "http://localhost/{a,b}",
            "http://localhost:80@x",
            "http://localhost/#@x",
            "http://example.com/localhost",
            "ftp://localhost",
            "http://localhost\\@x",
        ] {
            assert!(!is_local(word), "{word}");
        }
    }

    #[test]
    fn only_looks_may_be_assigned() {
        assert!(is_harmless_assignment("LC_ALL=C.UTF-8") && is_harmless_assignment("TZ=UTC"));
        for word in ["PATH=.", "LD_PRELOAD=x", "LC_ALL=../x", "TZ=/tmp/x", "LC_a=1", "A", "=x", "PS4=x"] {
            assert!(!is_harmless_assignment(word), "{word}");
        }
    }

    #[test]
    fn what_a_builtin_would_evaluate_is_not_plain() {
        for word in ["a[$(id)]", "PATH=1", "PATH++", "-eq", "a+b", "`id`"] {
            assert!(!is_plain(word), "{word}");
        }
        assert!(["-f", "/etc/hosts", "=", "!", "a b"].into_iter().all(is_plain));
        assert!(!is_arithmetic("x") && is_arithmetic("-12") && is_arithmetic("-lt") && !is_arithmetic("-"));
    }

    #[test]
    fn a_format_that_assigns_or_calculates_does_not_only_print() {
        assert!(["%s\\n", "100%%", "%-10s|%c", "plain", ""].into_iter().all(is_printing_format));
        for format in ["%n", "%d", "%*s", "%", "%(%s)T", "%s%n", "%5", "%'d", "%q"] {
            assert!(!is_printing_format(format), "{format}");
        }
    }
}
