//! The analysis against real shells: the regenerated text, and the text as it was typed, start exactly the programs
//! that the analysis names.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on may panic")]

mod loggers;

use std::sync::LazyLock;

use loggers::{Loggers, NAMES, Ran};
use policy::Analysis;
use proptest::prelude::*;

static LOGGERS: LazyLock<Loggers> = LazyLock::new(Loggers::new);

/// A word as it is typed and as a program receives it.
#[derive(Clone, Debug)]
struct Word {
    typed: String,
    meant: String,
}

/// Characters that mean something to some shell.
const SPECIAL: &str = "*?[]{}()$`~#!=^%&|;<>'\"\\ -+@:,./2aZ_é库";

fn special() -> impl Strategy<Value = char> {
    proptest::sample::select(SPECIAL.chars().collect::<Vec<_>>())
}

/// Part of a word in one of the ways to write it.
fn part() -> impl Strategy<Value = Word> {
    prop_oneof![
        3 => "[a-zA-Z0-9_./:,+@%-]{1,6}".prop_map(|s| Word { typed: s.clone(), meant: s }),
        2 => text("'").prop_map(|s| Word { typed: format!("'{s}'"), meant: s }),
        2 => text("\"$`\\").prop_map(|s| Word { typed: format!("\"{s}\""), meant: s }),
        1 => special().prop_map(|c| Word { typed: format!("\"a\\{c}\""), meant: in_double(c) })
            .prop_filter("would expand", |w| !w.typed.contains(['$', '`']) || w.typed.contains("\\$") || w.typed.contains("\\`"))
            .prop_filter("would close", |w| !w.typed.ends_with("\"\"") || w.typed.contains("\\\"")),
        2 => special().prop_map(|c| Word { typed: format!("\\{c}"), meant: c.into() }),
    ]
}

/// What `\c` in double quotes means.
fn in_double(c: char) -> String {
    if "\"\\$`".contains(c) { format!("a{c}") } else { format!("a\\{c}") }
}

fn text(without: &'static str) -> impl Strategy<Value = String> {
    let allowed: Vec<char> = SPECIAL.chars().filter(|c| !without.contains(*c)).collect();
    proptest::collection::vec(proptest::sample::select(allowed), 0..6).prop_map(|cs| cs.into_iter().collect())
}

fn word() -> impl Strategy<Value = Word> {
    let parts = proptest::collection::vec(part(), 1..4);
    parts.prop_map(|parts| Word {
        typed: parts.iter().map(|p| p.typed.as_str()).collect(),
        meant: parts.iter().map(|p| p.meant.as_str()).collect(),
    })
}

/// A program's name, bare or quoted in some way.
fn name() -> impl Strategy<Value = Word> {
    (proptest::sample::select(&NAMES[..]), 0..4).prop_map(|(name, style)| {
        let typed = match style {
            0 => format!("'{name}'"),
            1 => format!("\"{name}\""),
            2 => format!("\\{name}"),
            _ => name.to_owned(),
        };
        Word { typed, meant: name.into() }
    })
}

fn command() -> impl Strategy<Value = (String, Vec<String>)> {
    let redirect = prop_oneof![
        6 => Just(""), 1 => Just("2>&1"), 1 => Just(">&2"), 1 => Just("2> errors"), 1 => Just("2>>'errors'"), 1 => Just("> out"),
        1 => Just(">>out"), 1 => Just("< input"), 1 => Just("2>&1 >out"), 1 => Just(">out 2>&1"), 1 => Just("0<input 1>'o t'"),
    ];
    (name(), proptest::collection::vec(word(), 0..4), redirect).prop_map(|(name, words, redirect)| {
        let typed: Vec<&str> = std::iter::once(&name).chain(&words).map(|w| w.typed.as_str()).collect();
        let meant = std::iter::once(&name).chain(&words).map(|w| w.meant.clone()).collect();
        (format!("{} {redirect}", typed.join(" ")), meant)
    })
}

/// A line as it is typed, and every program in it with whether it runs when all succeed.
fn line() -> impl Strategy<Value = (String, Vec<(bool, Vec<String>)>)> {
    let joint = proptest::sample::select(&[" && ", "&&", " || ", ";", "; ", " | ", "|"][..]);
    (command(), proptest::collection::vec((joint, command()), 0..4)).prop_map(|((mut typed, first), rest)| {
        let mut programs = vec![(true, first)];
        let mut runs = true;
        for (joint, (next, argv)) in rest {
            runs = match joint.trim() {
                "||" => false,
                "|" => runs,
                _ => true,
            };
            typed = format!("{typed}{joint}{next}");
            programs.push((runs, argv));
        }
        (typed, programs)
    })
}

fn argvs(analysis: &Analysis) -> Vec<Vec<String>> {
    analysis.programs().iter().filter(|p| p.within.is_none()).map(|p| p.argv.clone()).collect()
}

fn sorted(mut argvs: Vec<Vec<String>>) -> Vec<Vec<String>> {
    argvs.sort();
    argvs
}

/// Whether each of `some` is among `all`, each used once.
fn are_among(some: &[Vec<String>], all: &[Vec<String>]) -> bool {
    let mut left = all.to_vec();
    some.iter().all(|argv| left.iter().position(|a| a == argv).map(|i| left.swap_remove(i)).is_some())
}

fn config(cases: u32) -> ProptestConfig {
    ProptestConfig {
        cases,
        failure_persistence: None,
        max_global_rejects: 65_536,
        ..ProptestConfig::default()
    }
}

proptest! {
    #![proptest_config(config(150))]

    #[test]
    fn shells_start_exactly_what_the_analysis_names((typed, programs) in line()) {
        let analysis = Analysis::of_command(typed.as_bytes());
        prop_assume!(analysis.understood());
        let named: Vec<_> = programs.iter().map(|(_, argv)| argv.clone()).collect();
        prop_assert_eq!(argvs(&analysis), named);
        let expected = sorted(programs.into_iter().filter(|(runs, _)| *runs).map(|(_, argv)| argv).collect());
        for (shell, ran) in LOGGERS.run(analysis.run().unwrap()) {
            prop_assert_eq!(&ran.argvs, &expected, "{} of {}", shell.display(), analysis.run().unwrap());
        }
    }
}

/// Lines of fragments in any order, most of which no shell would accept.
fn soup() -> impl Strategy<Value = String> {
    let fragments = [
        "prog", "x1", "run-it", "'prog'", "\\x1", " ", " ", " ", " ", "2", "1", "0", ">", ">>", "<", "2>",
        "2>&1", ">&2", "&", "&&", "|", "||", ";", "input", "out", "''", "\"\"", "'a b'", "\"a\\b\"", "\\ ",
        "\\\\", "\\'", "=", "{}", "{", "}", "a=b", "-", "--", "#", "!", "%", "^", "@", "+", ",", "if",
        "time", "é", "'*'", "\"~\"", "\\", "'", "\"",
    ];
    let soup = proptest::collection::vec(proptest::sample::select(fragments.to_vec()), 0..14);
    (proptest::sample::select(&["", "prog ", "prog a ", "x1 "][..]), soup)
        .prop_map(|(start, s)| format!("{start}{}", s.concat()))
}

proptest! {
    #![proptest_config(config(150))]

    #[test]
    fn an_accepted_text_does_the_same_typed_and_regenerated(typed in soup()) {
        let analysis = Analysis::of_command(typed.as_bytes());
        prop_assume!(analysis.understood());
        prop_assume!(!typed.starts_with(['-', '+'])); // typed after -c, these would be options of the shell
        let named = argvs(&analysis);
        let mut first: Option<Ran> = None;
        for ((shell, as_typed), (_, ran)) in LOGGERS.run(&typed).into_iter().zip(LOGGERS.run(analysis.run().unwrap())) {
            prop_assert!(are_among(&ran.argvs, &named), "{} ran {:?}, not {:?}", shell.display(), ran.argvs, named);
            prop_assert_eq!(&as_typed, &ran, "{}: {:?}", shell.display(), &typed);
            if !named.iter().all(|argv| NAMES.contains(&argv[0].as_str())) {
                continue; // shells look for a missing program before or after they open its files
            }
            if shell.ends_with("zsh") && ran.argvs.is_empty() && typed.contains('*') {
                continue; // it runs nothing when a pattern matches no file; the others pass the pattern on
            }
            let first = first.get_or_insert(as_typed);
            prop_assert_eq!(&*first, &ran, "{} differs from bash for {}", shell.display(), analysis.run().unwrap());
        }
    }
}

#[test]
fn words_that_shells_expand_differently_arrive_as_they_are() {
    let words = "'=ls' '~' '~root' '{a,b}' '{1..3}' '!' '!!' '' '*' '?' '[a]' '#x' '%1' '^a^b' '@(a|b)' 'a\\nb' '-n' '$HOME' '\\' 'if'";
    let analysis = Analysis::of_command(format!("prog {words}").as_bytes());
    let expected = argvs(&analysis);
    assert_eq!(expected[0].len(), 21);
    for (shell, ran) in LOGGERS.run(analysis.run().unwrap()) {
        assert_eq!(ran.argvs, expected, "{}", shell.display());
    }
}
