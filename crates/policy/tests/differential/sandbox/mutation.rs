//! Lines that were made from others: the project's own corpora, cut, spliced and salted with what shells act on.

use std::fs;
use std::path::Path;

use super::lines;
use super::random::Random;

const SALT: [&str; 44] = [
    ";",
    "|",
    "&",
    "&&",
    "||",
    "\n",
    ";canary;",
    "|canary",
    "&canary",
    "$(canary)",
    "`canary`",
    "<(canary)",
    "\\",
    "'",
    "\"",
    "$",
    "$x",
    "${x}",
    "*",
    "?",
    "~",
    "{a,b}",
    "#",
    "!",
    "=",
    "-",
    "--",
    " ",
    "\t",
    "\\\n",
    ">",
    "<",
    ">out",
    "2>&1",
    "(",
    ")",
    "{",
    "}",
    "x=1 ",
    "canary ",
    " -exec canary ;",
    "\u{a0}",
    "\r",
    "''",
];

/// The lines of every corpus beside the tests, without the column that says what they are.
pub fn corpus() -> Vec<String> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/lines");
    let files = fs::read_dir(folder).expect("the corpora are there").flatten();
    let texts = files.filter_map(|file| fs::read_to_string(file.path()).ok()).collect::<Vec<_>>();
    let rows =
        texts.iter().flat_map(|text| text.lines()).filter(|row| !row.is_empty() && !row.starts_with("# "));
    rows.map(|row| after_column(row).to_owned()).collect()
}

fn after_column(row: &str) -> &str {
    row.split_once(" | ").map_or(row, |(_, line)| line)
}

/// A line of the corpus, changed in one to three places.
pub fn mutated(corpus: &[String], random: &mut Random) -> String {
    let mut line = corpus[random.below(corpus.len())].clone();
    for _ in 0..=random.below(3) {
        line = changed(&line, corpus, random);
    }
    line
}

fn changed(line: &str, corpus: &[String], random: &mut Random) -> String {
    let words: Vec<&str> = line.split(' ').collect();
    let at = random.below(words.len());
    let (before, after) = (words[..at].join(" "), words[at..].join(" "));
    match random.weighted(&[4, 3, 3, 2, 2, 2]) {
        0 => inserted(line, random.of(&SALT), random),
        1 => [words[..at].join(" "), words[at + 1..].join(" ")].join(" "),
        2 => format!("{before} {} {after}", fragment(&corpus[random.below(corpus.len())], random)),
        3 => format!("{before} {}", fragment(&corpus[random.below(corpus.len())], random)),
        4 => format!("{before} {} {after}", lines::line(random)),
        _ => format!(
            "{}{}{}",
            line,
            random.of(&["; ", " && ", " | ", " || "][..]),
            corpus[random.below(corpus.len())]
        ),
    }
}

fn fragment<'a>(line: &'a str, random: &mut Random) -> &'a str {
    let words: Vec<&str> = line.split(' ').collect();
    random.of(&words)
}

fn inserted(line: &str, what: &str, random: &mut Random) -> String {
    let places: Vec<usize> = line.char_indices().map(|(at, _)| at).chain([line.len()]).collect();
    let (before, after) = line.split_at(places[random.below(places.len())]);
    format!("{before}{what}{after}")
}
