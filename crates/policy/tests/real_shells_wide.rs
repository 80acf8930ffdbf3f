//! Expansions and compound commands in real shells: nothing starts that the analysis does not name, every shell does the
//! same, and what runs does what was typed.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on may panic")]

mod loggers;

use std::sync::LazyLock;

use loggers::{Loggers, Ran};
use policy::Analysis;
use proptest::prelude::*;

static LOGGERS: LazyLock<Loggers> = LazyLock::new(Loggers::new);

fn word() -> impl Strategy<Value = String> {
    let words = [
        "a",
        "'b c'",
        "-x",
        "--",
        "*",
        "in*",
        "[a-i]n?ut",
        "./*",
        "\"$f\"",
        "$f",
        "x\"$f\"y",
        "${f}z",
        "~/x",
        "~",
        "\"$(x1 b)\"",
        "$(x1 b)",
        "$(x1 'a b' | prog)",
        "\"$(prog \"$(x1)\")\"",
        "\"a b\"",
        "\\*",
        "a=b",
        "!",
        "}x",
        "'}'",
        "if",
        "fi",
        "done",
        "\"$?\"",
        "#",
        "a#b",
    ];
    proptest::sample::select(words.to_vec()).prop_map(str::to_owned)
}

fn simple() -> impl Strategy<Value = String> {
    let name = proptest::sample::select(&["prog", "x1", "'run-it'", "LC_ALL=C prog", "TZ='UTC' x1"][..]);
    let after = proptest::sample::select(
        &["", "", "", " 2>&1", " > out", " < input", " <<'E'\n$(x1 no)\n`x1`\nE", " >> ~/x"][..],
    );
    let words = proptest::collection::vec(word(), 0..4);
    (name, words, after).prop_map(|(name, words, after)| format!("{name} {}{after}", words.join(" ")))
}

/// Two scripts one after the other; what follows a here-document begins a line.
fn joined(first: &str, joint: &str, second: &str) -> String {
    let joint = if first.contains("<<") { "\n" } else { joint };
    format!("{first}{joint}{second}")
}

fn script() -> impl Strategy<Value = String> {
    simple().prop_recursive(3, 10, 3, |inner| {
        let joint = proptest::sample::select(&["; ", "\n", " && ", " || ", " | ", "\n# x1\n", ";\n\t"][..]);
        prop_oneof![
            4 => (inner.clone(), joint, inner.clone()).prop_map(|(a, joint, b)| joined(&a, joint, &b)),
            1 => inner.clone().prop_map(|a| format!("({a}\n)")),
            1 => inner.clone().prop_map(|a| format!("{{ {a}\n}} > out2")),
            1 => inner.clone().prop_map(|a| format!("! {a}")),
            1 => (inner.clone(), inner.clone(), inner.clone())
                .prop_map(|(a, b, c)| format!("if {a}\nthen {b}\nelse {c}\nfi")),
            2 => (proptest::collection::vec(word(), 1..3), inner.clone())
                .prop_map(|(words, a)| format!("for f in {}\ndo {a}\ndone", words.join(" "))),
            1 => (inner.clone(), inner).prop_map(|(a, b)| format!("until {a}\ndo {b}\ndone")),
        ]
    })
}

/// Whether a program that ran is one that was named: its literal words in order, and nothing else when there is no
/// expansion in it.
fn is(ran: &[String], named: &[String]) -> bool {
    let expands = |word: &String| word.contains(['$', '*', '?', '[', '~']);
    if !named.iter().any(expands) {
        return ran == named;
    }
    let mut left = ran.iter();
    let literal = named.iter().filter(|word| !expands(word));
    ran.first() == named.first() && literal.into_iter().all(|word| left.any(|ran| ran == word))
}

/// Names that patterns yield begin with `./` only in what is regenerated.
fn plain(ran: &Ran) -> Vec<Vec<String>> {
    let word = |word: &String| word.strip_prefix("./").unwrap_or(word).to_owned();
    let mut argvs: Vec<Vec<String>> = ran.argvs.iter().map(|argv| argv.iter().map(word).collect()).collect();
    argvs.sort();
    argvs
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 60, failure_persistence: None, max_global_rejects: 65_536, ..ProptestConfig::default()
    })]

    #[test]
    fn nothing_starts_that_is_not_named_and_all_shells_agree(typed in script()) {
        let analysis = Analysis::of_command(typed.as_bytes());
        prop_assume!(analysis.understood());
        let run = analysis.run().unwrap();
        let again = Analysis::of_command(run.as_bytes());
        prop_assert_eq!(again.run(), Some(run));
        let named: Vec<&Vec<String>> = analysis.programs().iter().map(|program| &program.argv).collect();
        let mut first: Option<Ran> = None;
        for (shell, ran) in LOGGERS.run(run) {
            for argv in &ran.argvs {
                prop_assert!(named.iter().any(|named| is(argv, named)), "{} ran {:?} for {run}", shell.display(), argv);
            }
            let first = first.get_or_insert_with(|| Ran { argvs: ran.argvs.clone(), files: ran.files.clone() });
            prop_assert_eq!(&*first, &ran, "{} differs from bash for {}", shell.display(), run);
        }
        // A variable outside quotes is none, one or several words as it is typed, and one as it runs.
        let bare = typed.contains(" $f") || typed.contains("${f}");
        if let (false, Some(first)) = (bare, first) {
            let (_, typed_ran) = LOGGERS.run(&typed).remove(0);
            prop_assert!(plain(&typed_ran) == plain(&first), "{typed}\n{run}\n{typed_ran:?}\n{first:?}");
        }
    }
}
