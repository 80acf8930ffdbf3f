//! Attempts to get a command past the analysis: `lines/hostile.txt`, and those that do not fit on a line of text.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on may panic")]

use policy::{Analysis, Effect};

#[test]
fn lines_beyond_the_subset_are_not_understood_and_say_why() {
    let rows = include_str!("lines/hostile.txt").lines().filter(|l| !l.is_empty() && !l.starts_with("# "));
    let wrong: Vec<String> = rows.filter_map(wrong).collect();
    assert!(wrong.is_empty(), "{} wrong\n{}", wrong.len(), wrong.join("\n"));
}

fn wrong(row: &str) -> Option<String> {
    let (what, line) = row.split_once(" | ").unwrap();
    let analysis = Analysis::of_command(line.as_bytes());
    let right = analysis.obstacle().is_some_and(|obstacle| obstacle.what.starts_with(what));
    (!right).then(|| format!("{row}: {:?}", analysis.obstacle()))
}

#[test]
fn bytes_that_terminals_and_shells_act_on_are_not_understood() {
    for text in [
        &b"ls\rrm x"[..],
        b"ls\x0frm",
        b"ls\x00rm",
        b"ls \\\nrm",
        b"ls 'a\nb'",
        b"ls \"a\nb\"",
        b"ls 'a\tb'",
        b"cat <<E\n$(id)\nE\n",
        b"cat <<E\n`id`\nE\n",
        b"cat <<'E' $(ls\nid)\nx\nE\n",
        b"echo $(cat <<'E'\nx\nE\n)",
        b"\x15rm x",
        b"\x1b[201~rm",
        b"ls \x18\x05",
        b"rm\x7f\x7fls",
        b"ls \xc0\xaf",
        b"ls \xff",
        "ls \u{202e}x mr".as_bytes(),
        "rm a\u{200b}b".as_bytes(),
        "rm a\u{a0}b".as_bytes(),
        "rm 'a\u{2028}b'".as_bytes(),
        "rm \"a\u{feff}\"".as_bytes(),
        "rm\u{3000}x".as_bytes(),
    ] {
        assert!(!Analysis::of_command(text).understood(), "{text:?}");
    }
}

#[test]
fn an_obstacle_names_its_place() {
    let analysis = Analysis::of_command(b"rm $1/x");
    assert_eq!(analysis.obstacle().unwrap().to_string(), "a variable ($1) that is more than $NAME at byte 3");
    assert_eq!(*analysis.effects(), [Effect::Unknown].into());
    assert!(analysis.run().is_none() && analysis.programs().is_empty());
}

#[test]
fn what_is_quoted_is_only_text() {
    for line in [
        "echo '$HOME'",
        "echo '`rm x`'",
        "echo \"a;rm x\"",
        "echo 'a && rm x'",
        "echo \\$HOME",
        "echo '> x'",
        "echo a\\;rm",
    ] {
        let analysis = Analysis::of_command(line.as_bytes());
        assert_eq!(*analysis.effects(), [Effect::Read].into(), "{line}");
        assert_eq!(analysis.programs().len(), 1, "{line}");
    }
}

#[test]
fn a_look_alike_of_a_transfer_is_not_taken_for_one() {
    for line in [
        "scp -t x; bash",
        "/tmp/scp -t x",
        "scp -S sh -t x",
        "rsync --sender -e sh . x",
        "rsync --server --daemon . x",
    ] {
        let analysis = Analysis::of_command(line.as_bytes());
        let effects = analysis.effects();
        assert!(
            effects.contains(&Effect::ShellEscape) || effects.contains(&Effect::Unknown),
            "{line}: {effects:?}"
        );
    }
}

#[test]
fn the_tree_shows_programs_inside_each_other_with_reasons() {
    let tree = Analysis::of_command(b"sudo rm -rf production-data").tree();
    let expected = "sudo rm -rf production-data\n  read: sudo starts as another account\n  rm -rf production-data\n    \
                    data.destroy: rm removes files\n    data.destroy: rm removes production-data\n";
    assert_eq!(tree, expected);
}

#[test]
fn what_runs_is_quoted_word_by_word() {
    let run = |line: &str| Analysis::of_command(line.as_bytes()).run().map(str::to_owned).unwrap();
    assert_eq!(run("ls  -l   a\\ b|cat"), "'ls' '-l' 'a b' | 'cat'");
    assert_eq!(run("echo \"it's\" >>x 2>&1; true"), "'echo' 'it'\\''s' >> 'x' 2>&1; 'true'");
    assert_eq!(run("<i cat '' \"a\\b\" 2>e"), "'cat' '' 'a'\\\\'b' < 'i' 2> 'e'");
    assert_eq!(run("a&&b||c;"), "'a' && 'b' || 'c'");
}
