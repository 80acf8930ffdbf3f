//! Splits a line of the shell's own words. It knows quotes and known variables and gives up at anything else: what it
//! cannot split is left to analysis.

use super::state::State;

/// One word after quotes and variables.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Word {
    pub text: String,
    /// It begins with a `~` that is not quoted.
    pub tilde: bool,
    /// Nothing in it was quoted or a variable's.
    pub bare: bool,
    /// Bytes of `text` before which nothing was quoted: an assignment's name must be.
    pub bare_until: usize,
}

/// Why a line cannot be split here.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Unsplit {
    /// An operator, a pattern or an expansion stands in it.
    Shell,
    /// It names a variable that this shell does not know.
    Unknown(String),
}

/// The words of a line without operators.
pub(crate) fn words(text: &str, state: &State) -> Result<Vec<Word>, Unsplit> {
    let mut reader = Reader { rest: text.trim(), state, words: Vec::new(), word: None };
    while let Some(c) = reader.rest.chars().next() {
        reader.rest = reader.rest.get(c.len_utf8()..).unwrap_or_default();
        reader.plain(c)?;
    }
    reader.end_word();
    Ok(reader.words)
}

/// The part before the first `&&`, `;` or line end outside quotes, and the part behind it; none if another operator
/// comes first.
pub(crate) fn step(text: &str) -> Option<(&str, &str)> {
    let at = operator(text)?;
    let (head, tail) = text.split_at_checked(at)?;
    let rest = match tail.as_bytes() {
        [b'&', b'&', ..] => tail.get(2..)?,
        [b';', b';', ..] => return None,
        [b';' | b'\n', ..] => tail.get(1..)?,
        _ => return None,
    };
    Some((head.trim(), rest.trim()))
}

/// Byte offset of the first operator outside quotes.
pub(crate) fn operator(text: &str) -> Option<usize> {
    let mut quote = None;
    let mut escaped = false;
    for (at, c) in text.char_indices() {
        match quote {
            _ if escaped => escaped = false,
            Some('\'') if c != '\'' => {}
            Some(open) if c == open => quote = None,
            _ if c == '\\' => escaped = true,
            Some(_) => {}
            None if c == '\'' || c == '"' => quote = Some(c),
            None if "|&;<>()\n".contains(c) => return Some(at),
            None => {}
        }
    }
    None
}

struct Reader<'a> {
    rest: &'a str,
    state: &'a State,
    words: Vec<Word>,
    word: Option<Word>,
}

impl Reader<'_> {
    fn plain(&mut self, c: char) -> Result<(), Unsplit> {
        match c {
            ' ' | '\t' => self.end_word(),
            '\'' => self.single()?,
            '"' => self.double()?,
            '\\' => {
                let c = self.bump().ok_or(Unsplit::Shell)?;
                self.quoted().push(c);
            }
            '$' => self.variable()?,
            '~' if self.word.is_none() => self.begin_tilde()?,
            '|' | '&' | ';' | '<' | '>' | '(' | ')' | '`' | '*' | '?' | '[' | '{' | '}' | '\n' | '\r' => {
                return Err(Unsplit::Shell);
            }
            '#' | '!' if self.word.is_none() => return Err(Unsplit::Shell),
            _ => self.bare().push(c),
        }
        Ok(())
    }

    fn single(&mut self) -> Result<(), Unsplit> {
        let (inside, rest) = self.rest.split_once('\'').ok_or(Unsplit::Shell)?;
        self.rest = rest;
        self.quoted().push_str(inside);
        Ok(())
    }

    fn double(&mut self) -> Result<(), Unsplit> {
        self.quoted();
        loop {
            match self.bump().ok_or(Unsplit::Shell)? {
                '"' => return Ok(()),
                '`' => return Err(Unsplit::Shell),
                '$' => self.variable()?,
                '\\' => match self.bump().ok_or(Unsplit::Shell)? {
                    c @ ('$' | '`' | '"' | '\\') => self.quoted().push(c),
                    c => {
                        self.quoted().push('\\');
                        self.quoted().push(c);
                    }
                },
                c => self.quoted().push(c),
            }
        }
    }

    fn variable(&mut self) -> Result<(), Unsplit> {
        let name = self.name()?;
        let value = self.state.value(&name).ok_or(Unsplit::Unknown(name))?;
        self.quoted().push_str(&value);
        Ok(())
    }

    fn name(&mut self) -> Result<String, Unsplit> {
        if let Some(rest) = self.rest.strip_prefix('?') {
            self.rest = rest;
            return Ok("?".into());
        }
        if let Some(rest) = self.rest.strip_prefix('{') {
            let (name, rest) = rest.split_once('}').ok_or(Unsplit::Shell)?;
            self.rest = rest;
            return if is_name(name) || name == "?" { Ok(name.to_owned()) } else { Err(Unsplit::Shell) };
        }
        let end = self.rest.find(|c: char| !c.is_ascii_alphanumeric() && c != '_');
        let (name, rest) =
            self.rest.split_at_checked(end.unwrap_or(self.rest.len())).ok_or(Unsplit::Shell)?;
        if !is_name(name) {
            return Err(Unsplit::Shell);
        }
        self.rest = rest;
        Ok(name.to_owned())
    }

    /// `~` and `~/…` only: whose home `~name` is, only the target knows.
    fn begin_tilde(&mut self) -> Result<(), Unsplit> {
        if !matches!(self.rest.bytes().next(), None | Some(b'/' | b' ' | b'\t')) {
            return Err(Unsplit::Shell);
        }
        self.bare().push('~');
        if let Some(word) = &mut self.word {
            word.tilde = true;
        }
        Ok(())
    }

    fn bump(&mut self) -> Option<char> {
        let c = self.rest.chars().next()?;
        self.rest = self.rest.get(c.len_utf8()..)?;
        Some(c)
    }

    fn quoted(&mut self) -> &mut String {
        let word = self.word.get_or_insert_with(Word::begin);
        word.bare = false;
        &mut word.text
    }

    /// For one bare character.
    fn bare(&mut self) -> &mut String {
        let word = self.word.get_or_insert_with(Word::begin);
        if word.bare {
            word.bare_until = word.text.len() + 1;
        }
        &mut word.text
    }

    fn end_word(&mut self) {
        self.words.extend(self.word.take());
    }
}

impl Word {
    fn begin() -> Self {
        Self { bare: true, ..Self::default() }
    }

    /// `NAME=value`, its name unquoted.
    pub(crate) fn assignment(&self) -> Option<(&str, &str)> {
        let (name, value) = self.text.split_once('=')?;
        (is_name(name) && self.bare_until > name.len()).then_some((name, value))
    }
}

/// A variable's name.
pub(crate) fn is_name(name: &str) -> bool {
    let mut bytes = name.bytes();
    bytes.next().is_some_and(|byte| byte.is_ascii_alphabetic() || byte == b'_')
        && bytes.all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn split(text: &str) -> Result<Vec<String>, Unsplit> {
        let mut state = State { directory: Some("/srv".into()), status: 3, ..State::default() };
        state.variables.insert("A".into(), "it's $B".into());
        words(text, &state).map(|words| words.into_iter().map(|word| word.text).collect())
    }

    #[test]
    fn quotes_and_known_variables_are_read_as_a_shell_reads_them() {
        for (text, expected) in [
            ("cd '/a b' \"c d\" e\\ f", vec!["cd", "/a b", "c d", "e f"]),
            ("cd $A \"x$A\" '$A' \\$A", vec!["cd", "it's $B", "xit's $B", "$A", "$A"]),
            ("cd ${A}x $? $PWD", vec!["cd", "it's $Bx", "3", "/srv"]),
            ("cd \"a\\b\\\"\\$\" ''", vec!["cd", "a\\b\"$", ""]),
            ("cd ~/x a~", vec!["cd", "~/x", "a~"]),
        ] {
            assert_eq!(split(text).unwrap(), expected, "{text}");
        }
    }

    #[test]
    fn what_only_a_shell_reads_is_left_to_analysis() {
        for text in [
            "cd $(x)",
            "cd `x`",
            "cd \"`x`\"",
            "cd *",
            "cd {a,b}",
            "cd a | b",
            "cd a &",
            "cd a; b",
            "cd <a",
            "cd 'a",
            "cd \"a",
            "cd a\\",
            "cd ${A:-x}",
            "cd $1",
            "cd ~bob",
            "cd a\nb",
            "cd a #b",
            "! cd a",
        ] {
            assert_eq!(split(text), Err(Unsplit::Shell), "{text}");
        }
        assert_eq!(split("cd $NOPE"), Err(Unsplit::Unknown("NOPE".into())));
    }

    #[test]
    fn an_assignment_has_an_unquoted_name() {
        let assignment = |text: &str| {
            let words = words(text, &State::default()).unwrap();
            words[0].assignment().map(|(name, value)| (name.to_owned(), value.to_owned()))
        };
        assert_eq!(assignment("A='x y'"), Some(("A".into(), "x y".into())));
        assert_eq!(assignment("A="), Some(("A".into(), String::new())));
        for text in ["'A'=x", "A'='x", "A\\=x", "1A=x", "=x", "A-B=x", "A"] {
            assert_eq!(assignment(text), None, "{text}");
        }
    }

    #[test]
    fn steps_are_parted_at_the_first_operator_only() {
        assert_eq!(step("cd '/a && b' && make; x"), Some(("cd '/a && b'", "make; x")));
        assert_eq!(step("cd a; b"), Some(("cd a", "b")));
        assert_eq!(step("cd a\nb"), Some(("cd a", "b")));
        for text in
            ["cd a || b", "cd a | b", "cd a & b", "cd a", "cd a;; b", "cd $(x && y) && z", "cd <a && b"]
        {
            assert_eq!(step(text), None, "{text}");
        }
    }
}
