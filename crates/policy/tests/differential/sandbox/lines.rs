//! Random lines by somebody who knows shells: every way to write a word, wrappers with options, redirections, compound
//! commands. Most of what they would start is called `canary`, so that whatever slips through is seen.

use super::random::Random;

/// Programs that are nothing but loggers in the sandbox, and no builtin or keyword of any shell.
pub const PROGRAMS: [&str; 8] = ["canary", "prog", "x1", "run-it", "ls", "rm", "cat", "grep"];

/// A line; `depth` bounds how far commands lie inside each other.
pub fn line(random: &mut Random) -> String {
    list(random, 2)
}

fn list(random: &mut Random, depth: usize) -> String {
    let mut line = pipeline(random, depth);
    for next in random.up_to(2, |random| pipeline(random, depth)) {
        line += random.of(&[" && ", "&&", " || ", ";", "; ", " ; ", "||", "\n", " & ", "; \\\n"][..]);
        line += &next;
    }
    line
}

fn pipeline(random: &mut Random, depth: usize) -> String {
    let mut line = if random.one_in(40) { "! ".to_owned() } else { String::new() };
    line += &command(random, depth);
    for next in random.up_to(1, |random| command(random, depth)) {
        line += random.of(&[" | ", "|", " | ", " |& "][..]);
        line += &next;
    }
    line
}

fn command(random: &mut Random, depth: usize) -> String {
    if depth == 0 {
        return simple(random, 0);
    }
    let inner = depth - 1;
    match random.weighted(&[24, 12, 1, 1, 2, 2, 1, 1, 1, 1]) {
        0 => simple(random, depth),
        1 => wrapped(random, depth),
        2 => format!("({})", list(random, inner)),
        3 => format!("{{ {}; }}", list(random, inner)),
        4 => format!(
            "if {}; then {}; else {}; fi",
            list(random, inner),
            list(random, inner),
            list(random, inner)
        ),
        5 => format!(
            "for {} in {}; do {}; done",
            variable(random),
            words(random, 3, inner),
            list(random, inner)
        ),
        6 => format!("while {} && false; do {}; done", simple(random, 0), list(random, inner)),
        7 => format!(
            "case {} in {}) {};; *) {};; esac",
            word(random, inner),
            word(random, 0),
            simple(random, 0),
            simple(random, 0)
        ),
        8 => format!("{}() {{ {}; }}; {}", program(random), list(random, inner), program(random)),
        _ => format!(
            "[[ {} {} {} ]]",
            word(random, inner),
            random.of(&["=", "!=", "-eq", "=~", "<"][..]),
            word(random, 0)
        ),
    }
}

fn simple(random: &mut Random, depth: usize) -> String {
    let mut line = String::new();
    if random.one_in(14) {
        line += &format!("{}={} ", variable(random), word(random, depth));
    }
    line += &name(random, depth);
    for word in random.up_to(3, |random| argument(random, depth)) {
        line += random.of(&[" ", " ", " ", "  ", "\t"][..]);
        line += &word;
    }
    if random.one_in(4) {
        line += &redirect(random, depth);
    }
    line
}

/// A program's name, mostly plain.
fn name(random: &mut Random, depth: usize) -> String {
    let name = program(random);
    match random.weighted(&[30, 4, 4, 3, 3, 1, 2]) {
        0 => name.to_owned(),
        1 => format!("'{name}'"),
        2 => format!("\"{name}\""),
        3 => format!("\\{name}"),
        4 => format!("/bin/{name}"),
        5 => word(random, depth),
        _ => random
            .of(&[
                "eval", ".", "source", "command", "exec", "builtin", "printf", "test", "[", "export", "trap",
                "cd",
            ][..])
            .to_owned(),
    }
}

fn program(random: &mut Random) -> &'static str {
    random.of(&PROGRAMS)
}

fn variable(random: &mut Random) -> &'static str {
    random.of(&["x", "y", "HOME", "IFS", "PATH", "V", "OPT", "CMD", "A", "i", "BASH_ENV", "PS4", "UNSET"][..])
}

/// A wrapper with options around another command.
fn wrapped(random: &mut Random, depth: usize) -> String {
    let wrapper = random.of(&[
        "env",
        "env -i PATH=/bin",
        "env A=b",
        "nice",
        "nice -n 5",
        "nice -5",
        "timeout 5",
        "timeout -k 1 5",
        "timeout --foreground 5s",
        "stdbuf -o0",
        "stdbuf --output=L",
        "nohup",
        "ionice -c 3",
        "command",
        "command -p",
        "exec",
        "exec -a x",
        "xargs",
        "xargs -n1",
        "xargs -I{}",
        "xargs -0 -r",
        "xargs -i",
        "env -u HOME",
        "env --",
        "time",
        "time -p",
        "builtin",
        "sudo",
        "sudo -u root",
        "flock lock",
        "flock -n lock",
        "env --split-string='canary",
        "env -S",
        "xargs -t -P2",
        "find . -maxdepth 0 -exec",
        "find . -name '*' -execdir",
        "watch -x",
    ][..]);
    let command = if random.one_in(3) { command(random, depth - 1) } else { simple(random, depth - 1) };
    match random.weighted(&[12, 3, 3, 1]) {
        0 if wrapper.starts_with("find") => format!(
            "{wrapper} {command} {}",
            random.of(&["{} \\;", "';'", "{} +", "\\; -quit", "x{} ';' -exec canary ';'"][..])
        ),
        0 => format!("{wrapper} {command}"),
        1 => format!("{wrapper} {} {}", shell(random), quoted(&command, random)),
        2 => format!("{} {}", shell(random), quoted(&format!("{wrapper} {command}"), random)),
        _ => {
            format!("{} {} {} {}", shell(random), quoted(&command, random), word(random, 0), word(random, 0))
        }
    }
}

fn shell(random: &mut Random) -> &'static str {
    random.of(&[
        "sh -c",
        "bash -c",
        "dash -c",
        "sh -ec",
        "bash -e -c",
        "bash -uc",
        "sh -c --",
        "bash --norc -c",
        "/bin/sh -c",
        "sh -c -e",
        "bash -xc",
        "sh +e -c",
        "sh -o pipefail -c",
    ][..])
}

fn quoted(text: &str, random: &mut Random) -> String {
    match random.weighted(&[5, 2]) {
        0 => format!("'{}'", text.replace('\'', "'\\''")),
        _ => format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\"")),
    }
}

fn redirect(random: &mut Random, depth: usize) -> String {
    let operator = random.of(&[
        "> ", ">", ">>", "2>", "2>>", "< ", "<", "0<", "1>", "&>", ">|", "<>", ">&", "<<< ", "3>", "{fd}>",
    ][..]);
    match random.weighted(&[8, 3, 1, 2]) {
        0 => format!(
            " {operator}{}",
            random.of(&[
                "out",
                "'o t'",
                "input",
                "/dev/null",
                "$x",
                "~/f",
                "*",
                "\"a b\"",
                "/dev/tcp/127.0.0.1/9"
            ][..])
        ),
        1 => format!(
            " {}",
            random.of(&["2>&1", ">&2", "2>&1 >out", ">out 2>&1", "<&-", ">&-", "2>&-", "<&3"][..])
        ),
        2 => format!(" {operator}{}", word(random, depth)),
        _ => here_document(random, depth),
    }
}

fn here_document(random: &mut Random, depth: usize) -> String {
    let (start, end) = [("<<E", "E"), ("<<'E'", "E"), ("<<-E", "\tE"), ("<<\\E", "E"), ("<<\"E F\"", "E F")]
        [random.below(5)];
    let body = if depth > 0 && random.one_in(2) { substitution(random, depth - 1) } else { word(random, 0) };
    format!(" {start}\n{body}\n{end}\n")
}

fn words(random: &mut Random, most: usize, depth: usize) -> String {
    random.up_to(most, |random| word(random, depth)).join(" ")
}

fn argument(random: &mut Random, depth: usize) -> String {
    match random.weighted(&[3, 6]) {
        0 => random
            .of(&[
                "-r",
                "-rf",
                "--",
                "-",
                "-e",
                "--output=x",
                "-n1",
                "-c",
                "--exec=canary",
                "-I",
                "--compress-program=canary",
                "-o",
                "-exec",
                "A=b",
                "-x",
            ][..])
            .to_owned(),
        _ => word(random, depth),
    }
}

/// One to three parts in any way to write them.
fn word(random: &mut Random, depth: usize) -> String {
    let mut word = part(random, depth);
    for next in random.up_to(1, |random| part(random, depth)) {
        word += &next;
    }
    word
}

fn part(random: &mut Random, depth: usize) -> String {
    match random.weighted(&[20, 5, 6, 4, 1, 3, 2, 4, 2, 1, 1, 1]) {
        0 => random
            .of(&[
                "a", "b.txt", "/etc/x", "x=1", "dir/", "..", "canary", "%s", "a,b", "+5", "@x", "1", "2",
                "é", "数据", "-",
            ][..])
            .to_owned(),
        1 => format!("'{}'", special(random, "'")),
        2 => format!("\"{}\"", inside_double(random, depth)),
        3 => format!(
            "\\{}",
            random
                .of(&[" ", "$", "*", "'", "\"", "\\", ";", "n", "~", "#", "&", "|", "(", "\n", "!", "{"][..])
        ),
        4 => {
            format!("$'{}'", random.of(&["\\x63anary", "a\\'; canary", "\\n", "\\u0063", "\\0", "a\\tb"][..]))
        }
        5 => random
            .of(&[
                "*", "?", "[a-z]", "*.txt", "[!a]*", "{a,b}", "{1..3}", "[", "]", "**/", "@(a|b)", "+(x)",
                "./*", "d*/",
            ][..])
            .to_owned(),
        6 => random.of(&["~", "~/x", "~root", "~+", "~-", "~$x", "a:~", "x=~/y"][..]).to_owned(),
        7 => parameter(random, depth),
        8 if depth > 0 => substitution(random, depth - 1),
        9 => format!("$(( {} ))", random.of(&["1+1", "x", "a[$(canary)]", "x=1", "UNSET"][..])),
        10 if depth > 0 => format!("{}({})", random.of(&["<", ">"][..]), simple(random, depth - 1)),
        _ => random
            .of(&["#c", "!!", "!$", "^a^b", "=ls", "%1", "a#b", "{}", "{", "}", "!", "''", "\"\""][..])
            .to_owned(),
    }
}

fn inside_double(random: &mut Random, depth: usize) -> String {
    match random.weighted(&[4, 3, 2, 2]) {
        0 => special(random, "\"$`\\"),
        1 => format!("{}{}", special(random, "\"$`\\"), parameter(random, depth)),
        2 => format!("a\\{}b", random.of(&["\"", "$", "`", "\\", "n", "!", "\n", "'"][..])),
        _ if depth > 0 => substitution(random, depth - 1),
        _ => String::new(),
    }
}

fn parameter(random: &mut Random, depth: usize) -> String {
    let name = variable(random);
    let inner = if depth > 0 { substitution(random, depth - 1) } else { "y".to_owned() };
    match random.weighted(&[8, 4, 3, 1]) {
        0 => format!("${name}"),
        1 => format!("${{{name}}}"),
        2 => random
            .of(&["$?", "$$", "$@", "$*", "$#", "$1", "$0", "$-", "$!", "$_", "\"$@\"", "$"][..])
            .to_owned(),
        _ => {
            let operator = random
                .of(&[":-", "-", ":=", "=", ":+", ":?", "#", "%", "##", "//a/", ":1:", "^", "@P", "@E"][..]);
            format!("${{{}{name}{operator}{inner}}}", random.of(&["", "", "!", "#"][..]))
        }
    }
}

fn substitution(random: &mut Random, depth: usize) -> String {
    let inner = simple(random, depth);
    if random.one_in(4) { format!("`{}`", inner.replace('`', "\\`")) } else { format!("$({inner})") }
}

fn special(random: &mut Random, without: &str) -> String {
    const SPECIAL: &str = "*?[]{}()$`~#!=^%&|;<>'\"\\ -+@:,./2aZ_é库\n";
    let allowed: Vec<char> = SPECIAL.chars().filter(|c| !without.contains(*c)).collect();
    random.up_to(5, |random| allowed[random.below(allowed.len())]).into_iter().collect()
}
