//! What holds for every text: no panic, no contradiction, and a regenerated text that stays as it is.

use policy::{Analysis, Effect};
use proptest::prelude::*;

fn config() -> ProptestConfig {
    ProptestConfig { cases: 2000, failure_persistence: None, ..ProptestConfig::default() }
}

fn holds(text: &[u8]) {
    let analysis = Analysis::of_command(text);
    assert_eq!(analysis.understood(), analysis.run().is_some());
    assert_eq!(analysis.understood(), analysis.obstacle().is_none());
    assert!(analysis.obstacle().and_then(|obstacle| obstacle.at).is_none_or(|at| at <= text.len()));
    assert!(!analysis.effects().is_empty() && !analysis.tree().is_empty());
    assert!(analysis.understood() || analysis.effects().contains(&Effect::Unknown));
    assert!(analysis.reasons().iter().all(|r| r.program.is_none_or(|p| p < analysis.programs().len())));
    assert!(analysis.programs().iter().enumerate().all(|(i, p)| p.within.is_none_or(|outer| outer < i)));
    if let Some(run) = analysis.run() {
        let again = Analysis::of_command(run.as_bytes());
        assert!(again.run() == Some(run), "{run:.200}");
        assert!(again.programs() == analysis.programs(), "{run:.200}");
        assert_eq!(again.effects(), analysis.effects());
    }
}

/// Pieces that reach deep: programs of every kind of row, wrappers, options, operators, paths.
fn piece() -> impl Strategy<Value = String> {
    let pieces = [
        "ls",
        "rm",
        "sudo",
        "env",
        "xargs",
        "find",
        "-exec",
        "\\;",
        "{}",
        "+",
        "sh",
        "-c",
        "'rm x'",
        "'a && b'",
        "sed",
        "-i",
        "s/a/b/",
        "tar",
        "xf",
        "-I",
        "dd",
        "of=/dev/sda",
        "tee",
        "-a",
        "timeout",
        "5",
        "flock",
        "watch",
        "-x",
        "cd",
        "..",
        "/dev",
        "nice",
        "-5",
        "sort",
        "-o",
        "--output=x",
        "--outp",
        "--",
        "-",
        "--=",
        "-=",
        "''",
        "é",
        "A=b",
        "'A=b'",
        "|",
        "&&",
        "||",
        ";",
        ">",
        ">>",
        "<",
        "2>&1",
        "x",
        "/var/log/x",
        "../x",
        "~",
        "$x",
        "command",
        "exec",
        "printf",
        "%s",
        "'%n'",
        "test",
        "-eq",
        "systemctl",
        "stop",
        "--no-pager",
        "status",
        "-n",
        "ip",
        "a",
        "rsync",
        "--server",
        "--sender",
        ".",
        "zfs",
        "destroy",
        "date",
        "'+%F'",
        "time",
        "*",
        "in*x",
        "[a-c]",
        "~/x",
        "~root",
        "$HOME",
        "\"$x y\"",
        "${x}",
        "$?",
        "$(id)",
        "\"$(rm x)\"",
        "$(",
        ")",
        "(",
        "{",
        "}",
        "!",
        "if",
        "then",
        "else",
        "elif",
        "fi",
        "for",
        "f",
        "in",
        "do",
        "done",
        "while",
        "until",
        "$f",
        "\n",
        "\t",
        "# x",
        "<<'E'",
        "\nE\n",
        "LC_ALL=C",
        "[",
        "]",
        "read",
    ];
    prop_oneof![20 => proptest::sample::select(pieces.to_vec()).prop_map(str::to_owned), 1 => any::<String>()]
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn any_bytes_are_read_without_contradiction(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        holds(&bytes);
    }

    #[test]
    fn any_printable_text_is_read_without_contradiction(text in "[ -~]{0,60}") {
        holds(text.as_bytes());
    }

    #[test]
    fn any_arrangement_of_commands_is_read_without_contradiction(pieces in proptest::collection::vec(piece(), 0..16)) {
        holds(pieces.join(" ").as_bytes());
    }
}

#[test]
fn the_longest_texts_are_read_in_time_and_longer_ones_refused() {
    let longest = 64 * 1024;
    for unit in [
        "a ",
        "sudo ",
        "'",
        "\\'",
        "a|",
        "a;",
        "cd x;",
        ">x ",
        "find . -exec ",
        "xargs ",
        "sed s/a/b/ ",
        "rm /x ",
        "-o x ",
        "a\"b\" ",
    ] {
        let text: String = unit.chars().cycle().take(longest).collect();
        holds(text.as_bytes());
        holds(format!("sort {}", &text[..longest - 5]).as_bytes());
    }
    let nested =
        (0..12).fold("ls".to_owned(), |inner, _| format!("sh -c '{}'", inner.replace('\'', "'\\''")));
    assert!(nested.len() < longest || !Analysis::of_command(nested.as_bytes()).understood());
    assert!(!Analysis::of_command(&vec![b'a'; longest + 1]).understood());
}

#[test]
fn wrappers_inside_each_other_end_in_an_escape() {
    let deep = format!("{}ls", "nice ".repeat(40));
    assert!(Analysis::of_command(deep.as_bytes()).effects().contains(&Effect::ShellEscape));
}
