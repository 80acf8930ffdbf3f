//! A program's words against one row: which are options, which are operands, which are not listed.

use super::row::{Listed, Means, Row, Style, Value};

/// A command's words as one row reads them.
#[derive(Debug, Default)]
pub(crate) struct Matched<'a> {
    pub(crate) given: Vec<Given<'a>>,
    pub(crate) operands: Vec<&'a str>,
    /// Words that the row does not explain.
    pub(crate) strange: Vec<&'a str>,
    /// A `--` was met: no later word is an option.
    pub(crate) ended: bool,
    /// How many operands stood before it.
    before_dashes: usize,
}

/// An option that was given, perhaps under a shortened name.
#[derive(Debug)]
pub(crate) struct Given<'a> {
    pub(crate) name: String,
    pub(crate) means: Means,
    pub(crate) value: Option<&'a str>,
    /// For an option that takes a command: its words.
    pub(crate) command: Vec<&'a str>,
}

/// Reads `words` (without the program's name) by the row's grammar.
pub(crate) fn matched<'a>(row: &Row, words: &[&'a str]) -> Matched<'a> {
    let mut reader = Reader { row, words, next: 0, found: Matched::default() };
    while let Some(word) = reader.take() {
        reader.word(word);
    }
    reader.found
}

impl Matched<'_> {
    /// Whether the command that a wrapper starts stands where the row says; `first` operands stand before it.
    pub(crate) fn has_command_in_place(&self, row: &Row, first: usize) -> bool {
        !row.after_dashes || self.ended && self.before_dashes == first
    }
}

struct Reader<'r, 'w, 'a> {
    row: &'r Row,
    words: &'w [&'a str],
    next: usize,
    found: Matched<'a>,
}

impl<'a> Reader<'_, '_, 'a> {
    fn take(&mut self) -> Option<&'a str> {
        let word = self.words.get(self.next).copied();
        self.next += 1;
        word
    }

    fn word(&mut self, word: &'a str) {
        let operands_only = self.found.ended || self.row.options_first && self.is_past_verb();
        if self.row.any_options {
            return self.any(word);
        }
        if operands_only {
            return self.found.operands.push(word);
        }
        if self.row.is_misplaced(word, &self.found.operands) {
            return self.found.strange.push(word);
        }
        match self.row.style {
            Style::Getopt => self.getopt(word),
            Style::Dashless if self.next == 1 && !word.starts_with('-') => self.dashless(word),
            Style::Dashless => self.getopt(word),
            Style::Words => self.whole(word),
            Style::Keys => self.key(word),
        }
    }

    /// Whether an operand was met that is no part of the verb.
    fn is_past_verb(&self) -> bool {
        self.found.operands.len() > self.row.verb(&self.found.operands).unwrap_or(0)
    }

    /// Where options are not told from operands, a word that could be a listed option counts as it too.
    fn any(&mut self, word: &'a str) {
        self.found.operands.push(word);
        let row = self.row;
        let name = word.split('=').next().unwrap_or(word);
        for (full, listed) in &row.grammar {
            let long = full.starts_with("--") && name.len() > 2 && full.starts_with(name);
            let short = !full.starts_with("--") && word.starts_with(full.as_str());
            if long || short {
                self.give(full, listed.means, None);
            }
        }
    }

    fn getopt(&mut self, word: &'a str) {
        match word.strip_prefix('-') {
            None | Some("") => self.found.operands.push(word),
            Some("-") => {
                self.found.ended = true;
                self.found.before_dashes = self.found.operands.len();
            }
            Some(long) if long.starts_with('-') => self.long(word),
            Some(digits) if self.row.number && self.is_count(digits) => {}
            Some(letters) => self.bundle(word, letters),
        }
    }

    /// `-5`, and `-5f` of tail.
    fn is_count(&self, digits: &str) -> bool {
        let follows = self.row.grammar.get("-f").is_some_and(|listed| listed.value == Value::None);
        let digits = digits.strip_suffix('f').filter(|_| follows).unwrap_or(digits);
        !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit())
    }

    fn long(&mut self, word: &'a str) {
        let (name, attached) = match word.split_once('=') {
            Some((name, value)) => (name, Some(value)),
            None => (word, None),
        };
        match self.row.grammar.get(name) {
            Some(Listed { value: Value::None, .. }) if attached.is_some() => self.found.strange.push(word),
            Some(Listed { value: Value::Required, means }) if attached.is_none() => {
                self.wants_value(word, *means)
            }
            Some(Listed { means, .. }) => self.give(name, *means, attached),
            None => self.shortened(word, name, attached),
        }
    }

    /// A shortened name is strange, since the program may know options that the row does not; but it also counts as
    /// every listed option that it may stand for.
    fn shortened(&mut self, word: &'a str, name: &str, attached: Option<&'a str>) {
        self.found.strange.push(word);
        let row = self.row;
        for (full, listed) in
            row.grammar.range(name.to_owned()..).take_while(|(full, _)| full.starts_with(name))
        {
            let next = self.words.get(self.next).copied().filter(|_| listed.value == Value::Required);
            self.give(full, listed.means, attached.or(next));
        }
    }

    fn bundle(&mut self, word: &'a str, letters: &'a str) {
        for (at, letter) in letters.char_indices() {
            let name = format!("-{letter}");
            let attached = letters.get(at + letter.len_utf8()..).filter(|rest| !rest.is_empty());
            match self.row.grammar.get(&name) {
                None => return self.found.strange.push(word),
                Some(Listed { value: Value::None, means }) => self.give(&name, *means, None),
                Some(Listed { value: Value::Apart, .. }) if at > 0 || attached.is_some() => {
                    return self.found.strange.push(word);
                }
                Some(Listed { value: Value::Required | Value::Apart, means }) if attached.is_none() => {
                    return self.wants_value(&name, *means);
                }
                Some(Listed { means, .. }) => return self.give(&name, *means, attached),
            }
        }
    }

    /// In tar's oldest form values follow in order, so at most the last letter may take one.
    fn dashless(&mut self, word: &'a str) {
        for (at, letter) in word.char_indices() {
            let name = format!("-{letter}");
            let last = at + letter.len_utf8() == word.len();
            match self.row.grammar.get(&name) {
                Some(Listed { value: Value::None, means }) => self.give(&name, *means, None),
                Some(Listed { value: Value::Required, means }) if last => self.wants_value(&name, *means),
                _ => return self.found.strange.push(word),
            }
        }
    }

    fn whole(&mut self, word: &'a str) {
        match self.row.grammar.get(word) {
            Some(Listed { value: Value::Required, means }) => self.wants_value(word, *means),
            Some(Listed { means: Means::Executes, .. }) => self.executes(word),
            Some(Listed { means, .. }) => self.give(word, *means, None),
            None if word.len() > 1 && word.starts_with('-') => self.found.strange.push(word),
            None => self.found.operands.push(word),
        }
    }

    /// find's `-exec`: the words up to `;`, or up to a `+` that follows `{}`; for `-ok` and `-okdir` a `+` ends nothing.
    fn executes(&mut self, name: &'a str) {
        let mut command: Vec<&str> = vec![];
        loop {
            match self.take() {
                None => return self.found.strange.push(name),
                Some(";") => break,
                Some("+") if name.starts_with("-exec") && command.last() == Some(&"{}") => break,
                Some(word) => command.push(word),
            }
        }
        self.found.given.push(Given { name: name.into(), means: Means::Executes, value: None, command });
    }

    fn key(&mut self, word: &'a str) {
        let Some((key, value)) = word.split_once('=') else { return self.found.strange.push(word) };
        match self.row.grammar.get(key) {
            Some(Listed { means, .. }) => self.give(key, *means, Some(value)),
            None => self.found.strange.push(word),
        }
    }

    fn wants_value(&mut self, name: &str, means: Means) {
        match self.take() {
            Some(value) => {
                self.found.strange.extend(self.is_like_an_option(value).then_some(value));
                self.give(name, means, Some(value));
            }
            None => {
                self.found.strange.extend(self.words.last());
                self.give(name, means, None);
            }
        }
    }

    /// A value that looks like an option: should this program take it for one, nobody would have read it.
    fn is_like_an_option(&self, value: &str) -> bool {
        let getopt = matches!(self.row.style, Style::Getopt | Style::Dashless);
        let after = value.strip_prefix('-').and_then(|rest| rest.bytes().next());
        getopt && after.is_some_and(|b| !b.is_ascii_digit())
    }

    fn give(&mut self, name: &str, means: Means, value: Option<&'a str>) {
        self.found.given.push(Given { name: name.into(), means, value, command: vec![] });
    }
}
