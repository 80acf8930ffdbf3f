//! Texts beyond the literal subset: what runs for them, what they do and what they touch.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on may panic")]

use policy::{Analysis, Effect, How, Surroundings};

fn run(text: &str) -> String {
    let analysis = Analysis::of_command(text.as_bytes());
    analysis.run().map(str::to_owned).unwrap_or_else(|| format!("{}", analysis.obstacle().unwrap()))
}

fn effects(text: &str) -> Vec<String> {
    let analysis = Analysis::of_command(text.as_bytes());
    assert!(analysis.understood(), "{text}: {:?}", analysis.obstacle());
    analysis.effects().iter().map(ToString::to_string).collect()
}

fn programs(text: &str) -> Vec<String> {
    Analysis::of_command(text.as_bytes()).programs().iter().map(|program| program.argv.join(" ")).collect()
}

fn touched(text: &str, directory: Option<&str>) -> Vec<String> {
    let surroundings = Surroundings { directory: directory.map(str::to_owned), ..Surroundings::default() };
    let analysis = Analysis::of_line(text.as_bytes(), &surroundings);
    assert!(analysis.understood(), "{text}: {:?}", analysis.obstacle());
    let shown = |how| match how {
        How::Looks => "looks",
        How::Reads => "reads",
        How::Writes => "writes",
        How::Removes => "removes",
    };
    let below = |below| if below { "/*" } else { "" };
    analysis.touched().iter().map(|t| format!("{} {}{}", shown(t.how), t.path, below(t.below))).collect()
}

#[test]
fn what_runs_is_quoted_around_its_expansions() {
    for (typed, runs) in [
        ("ls *.log a?b [a-c]x", "'ls' './'*'.log' 'a'?'b' './'[a-c]'x'"),
        ("ls -- *", "'ls' '--' './'*"),
        ("ls ~ ~/x ~/'a b'/* ~root/x", "'ls' ~ ~/'x' ~/'a b/'* ~root/'x'"),
        ("echo $x ${y}z \"$x y\" '$x'", "'echo' \"$x\" \"$y\"'z' \"$x\"' y' '$x'"),
        ("echo $(ls -l | wc -l) \"$(id)\"", "'echo' $( 'ls' '-l' | 'wc' '-l' ) \"$( 'id' )\""),
        ("LC_ALL=C sort x; ! ls", "LC_ALL='C' 'sort' 'x'; ! 'ls'"),
        ("ls\n\tid # what\n\n", "'ls'; 'id'"),
        ("(ls; id) 2>&1 | cat", "( 'ls'; 'id' ) 2>&1 | 'cat'"),
        ("{ ls; id; } > ~/x", "{ 'ls'; 'id'; } > ~/'x'"),
        (
            "if ls; then id; elif w; then :; else a; fi",
            "if 'ls'; then 'id'; elif 'w'; then ':'; else 'a'; fi",
        ),
        ("for f in a *.x; do cat \"$f\"; done", "for f in 'a' './'*'.x'; do 'cat' \"$f\"; done"),
        (
            "while ls; do id; done; until ls; do id; done",
            "while 'ls'; do 'id'; done; until 'ls'; do 'id'; done",
        ),
        ("[ -f x ] && [ ! -e y ]", "'[' '-f' 'x' ']' && '[' '!' '-e' 'y' ']'"),
        ("cat <<'E' | wc && id\n$(x)\nE\n", "'cat' <<'E' |\n$(x)\nE\n'wc' && 'id'"),
        ("if cat <<E\na\nE\nthen id; fi", "if 'cat' <<'E'\na\nE\nthen 'id'; fi"),
    ] {
        assert_eq!(run(typed), runs, "{typed}");
        assert_eq!(run(runs), runs, "{typed}");
    }
}

#[test]
fn each_program_is_named_with_the_words_it_gets() {
    assert_eq!(programs("for f in a b; do rm -r $f/x; done"), ["rm -r a/x", "rm -r b/x"]);
    assert_eq!(programs("for f in *.x; do rm $f; done"), ["rm ./*.x"]);
    assert_eq!(programs("ls $(find / -name x)"), ["find / -name x", "ls $( 'find' '/' '-name' 'x' )"]);
    assert_eq!(programs("ls ~/x $HOME $z"), ["ls ~/x $HOME $z"]);
    assert_eq!(programs("if a; then b; else c; fi"), ["a", "b", "c"]);
}

#[test]
fn what_only_looks_or_reads_stays_so() {
    for text in [
        "ls *",
        "ls -l ~/x /var/log/*.gz",
        "cat *.log",
        "cat /var/log/nginx/*.log",
        "tail -n 5 /var/log/syslog* | grep -v x",
        "cat ~/notes $HOME/x",
        "for h in a b c; do ls /srv/$h; done",
        "for f in *.txt; do wc -l \"$f\"; done",
        "if [ -f /etc/hosts ]; then cat /etc/hosts; fi",
        "ls \"$DIR\"",
        "echo $x $?",
        "echo \"today $(date +%F)\"",
        "ls backup-$(date +%F).tgz",
        "LC_ALL=C ls -l | sort",
        "while true; do uptime; sleep 5; done",
        "cat <<'E'\nany $(text)\nE\n",
        "cat /proc/*/status",
    ] {
        assert_eq!(effects(text), ["read"], "{text}\n{}", Analysis::of_command(text.as_bytes()).tree());
    }
}

#[test]
fn an_expansion_has_every_effect_that_it_may_have() {
    for (text, effect) in [
        ("cat /etc/*", "data.export"),
        ("cat /etc/sh*", "data.export"),
        ("cat *.key", "data.export"),
        ("cat ~/.ssh/*", "data.export"),
        ("cat \"$f\"", "data.export"),
        ("cat $(ls)", "data.export"),
        ("rm \"$f\"", "unknown"),
        ("rm /v*/log/x", "audit.tamper"),
        ("rm /*/log/x", "audit.tamper"),
        ("rm /d*/sda", "disk.destroy"),
        ("rm /var/ru*/x", "service.stop"),
        ("cp x ~/.ba*", "shell.escape"),
        ("cp x *", "data.destroy"),
        ("mv a*", "data.destroy"),
        ("tee $x", "unknown"),
        ("sed $x y", "shell.escape"),
        ("sed s/a/$x/ y", "shell.escape"),
        ("awk $x y", "shell.escape"),
        ("sort $x", "data.destroy"),
        ("sort $(x) y", "data.destroy"),
        ("sudo $x", "unknown"),
        ("sudo -u root $x rm", "unknown"),
        ("sudo $(x) ls", "shell.escape"),
        ("sudo *", "unknown"),
        ("timeout $x ls", "unknown"),
        ("nice -n $(x) ls", "unknown"),
        ("env $x ls", "unknown"),
        ("env LC_ALL=$x ls", "shell.escape"),
        ("sh -c \"ls $x\"", "shell.escape"),
        ("sh -c 'ls $x'", "shell.escape"),
        ("xargs $x", "unknown"),
        ("find / -name *.x", "unknown"),
        ("find $x -delete", "data.destroy"),
        ("systemctl $x nginx", "service.stop"),
        ("systemctl stop \"$x\"", "audit.tamper"),
        ("systemctl st$x nginx", "service.stop"),
        ("kill $(pgrep x)", "service.stop"),
        ("dd if=x of=$x", "data.destroy"),
        ("cd $x; rm y", "unknown"),
        ("for d in a b; do cd x; rm y; done", "unknown"),
        ("for f in $(ls); do rm \"$f\"; done", "unknown"),
        ("for f in a; do read f; rm $f; done", "unknown"),
        ("test $x -eq 1", "unknown"),
        ("printf $x", "unknown"),
        ("echo $(rm x)", "data.destroy"),
        ("ls \"a $(rm x) b\"", "data.destroy"),
        ("for f in $(rm x); do ls; done", "data.destroy"),
        ("if rm x; then ls; fi", "data.destroy"),
        ("(rm x)", "data.destroy"),
        ("{ ls; } > /etc/x", "privilege.change"),
        ("ls\nrm x", "data.destroy"),
    ] {
        let found = effects(text);
        assert!(found.iter().any(|name| name == effect), "{text}: {found:?}");
    }
}

#[test]
fn paths_are_told_as_far_as_they_are_known() {
    for (text, expected) in [
        ("cat /etc/hosts", vec!["reads /etc/hosts"]),
        ("rm -rf /var/tmp/*", vec!["removes /var/tmp/*", "removes /var/tmp/*/*"]),
        ("rm -rf /var/tmp/x/", vec!["removes /var/tmp/x/*", "removes /var/tmp/x/*/*"]),
        ("rm -rf /var", vec!["removes /var/*"]),
        ("rm x", vec!["removes ~/x/*"]),
        ("cat \"$x\"", vec!["reads ?/*"]),
        ("for d in a b; do ls /srv/$d; done", vec!["looks /srv/a", "looks /srv/b"]),
        ("cat < ~/x > /tmp/y", vec!["writes /tmp/y", "reads ~/x"]),
        ("cd /tmp; cat x", vec!["reads /tmp/x", "reads ~/x"]),
        ("(cd /tmp); cat x", vec!["reads ~/x"]),
    ] {
        assert_eq!(touched(text, None), expected, "{text}");
    }
}

#[test]
fn a_known_directory_is_the_only_place() {
    assert_eq!(
        touched("cat x ../y ~/z", Some("/srv/app")),
        ["reads /srv/app/x", "reads /srv/y", "reads ~/z"]
    );
    assert_eq!(touched("cd ..; cat x", Some("/srv/app")), ["reads /srv/app/x", "reads /srv/x"]);
}

#[test]
fn what_is_not_understood_touches_anything() {
    let analysis = Analysis::of_command(b"ls &");
    assert!(
        !analysis.understood() && analysis.touched().iter().any(|touch| touch.path == "?" && touch.below)
    );
    assert_eq!(*analysis.effects(), [Effect::Unknown].into());
}

/// Both oracles would overflow the stack on these.
#[test]
fn nearly_twenty_thousand_levels_are_an_obstacle() {
    let units = [
        "(",
        "((",
        "{ ",
        "$(",
        "\"$(",
        "`",
        "if ",
        "while ",
        "until ",
        "for x in a; do ",
        "! ",
        "case x in (",
        "[[ ",
        "<(",
        "${",
        "$((",
        "$[",
        "'",
        "\"",
        "a && (",
        "a | {",
        "echo \"${x:-",
        "f() { ",
        "[",
        "!(",
        "a[",
        "=(",
        "coproc ",
        "time ",
        "select x in a; do ",
        "cat <<E\n",
        "then ",
        "do ",
        "else ",
    ];
    for unit in units {
        let depth = 19_999.min(64 * 1024 / unit.len());
        for end in ["", "x", "\u{7f}", "\n", ")", "é", "ls)"] {
            let text = format!("{}{end}", unit.repeat(depth));
            assert!(!Analysis::of_command(text.as_bytes()).understood(), "{unit:?} {end:?}");
            let mut odd = text.into_bytes();
            odd.extend([0xff, 0xc0]);
            assert!(!Analysis::of_command(&odd).understood(), "{unit:?}");
        }
    }
}

#[test]
fn nesting_is_understood_up_to_its_bound() {
    let nested = |depth: usize| format!("{}ls; {}", "{ ".repeat(depth), "}; ".repeat(depth));
    let deepest = Analysis::of_command(nested(16).as_bytes());
    assert!(deepest.understood(), "{:?}", deepest.obstacle());
    assert!(!Analysis::of_command(nested(17).as_bytes()).understood());
    let substituted = |depth: usize| format!("echo {}ls{}", "\"$(echo ".repeat(depth), ")\"".repeat(depth));
    let deep = Analysis::of_command(substituted(2).as_bytes());
    assert!(deep.understood(), "{:?}", deep.obstacle());
    assert!(!Analysis::of_command(substituted(17).as_bytes()).understood());
}
