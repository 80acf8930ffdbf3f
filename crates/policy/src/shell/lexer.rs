//! Characters to words and operators. Whatever a shell could read in a second way is an obstacle.

use super::Obstacle;

/// A word or operator and the byte at which it starts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Token {
    pub(super) kind: Kind,
    pub(super) at: usize,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Word(Word),
    Pipe,
    And,
    Or,
    Semicolon,
    /// `<`
    Input,
    /// `>`, `>>`, `2>`, `2>>`
    Output {
        stream: u8,
        append: bool,
    },
    /// `2>&1`, `>&2`
    Merge {
        from: u8,
        into: u8,
    },
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Word {
    /// After quote removal.
    pub(super) text: String,
    /// Some part was quoted or escaped.
    pub(super) quoted: bool,
    /// There is a `=` outside quotes, which in front of a command would make an assignment.
    pub(super) equals: bool,
}

pub(super) fn tokens(text: &str) -> Result<Vec<Token>, Obstacle> {
    let mut lexer = Lexer { text, at: 0 };
    let mut tokens = vec![];
    while let Some(token) = lexer.next()? {
        tokens.push(token);
    }
    Ok(tokens)
}

struct Lexer<'a> {
    text: &'a str,
    at: usize,
}

impl Lexer<'_> {
    fn next(&mut self) -> Result<Option<Token>, Obstacle> {
        while self.take(" ") {}
        let at = self.at;
        let Some(c) = self.peek() else { return Ok(None) };
        let kind = match c {
            '|' | '&' | ';' => self.joint()?,
            '<' => self.input()?,
            '>' => self.output(1)?,
            '0'..='2' => self.numbered(c)?,
            _ => Kind::Word(self.word()?),
        };
        Ok(Some(Token { kind, at }))
    }

    fn joint(&mut self) -> Result<Kind, Obstacle> {
        for (text, what) in
            [("|&", "|& (a pipe of both outputs)"), ("&>", "&> (means two things in two shells)")]
        {
            self.refuse(text, what)?;
        }
        for (text, kind) in [("||", Kind::Or), ("&&", Kind::And), ("|", Kind::Pipe), (";", Kind::Semicolon)] {
            if self.take(text) {
                return Ok(kind);
            }
        }
        self.obstacle("a background command (&)")
    }

    fn input(&mut self) -> Result<Kind, Obstacle> {
        let forms = [
            ("<<", "a here-document (<<)"),
            ("<&", "a copied stream (<&)"),
            ("<>", "a file opened both ways (<>)"),
            ("<(", "a process substitution"),
        ];
        for (text, what) in forms {
            self.refuse(text, what)?;
        }
        self.take("<");
        Ok(Kind::Input)
    }

    fn output(&mut self, stream: u8) -> Result<Kind, Obstacle> {
        for (text, what) in [(">|", "a forced overwrite (>|)"), (">(", "a process substitution")] {
            self.refuse(text, what)?;
        }
        if self.rest().starts_with(">&") {
            return self.merge(stream);
        }
        let append = self.take(">>") || !self.take(">");
        for (text, what) in [("&", "& after a redirection"), ("|", "| after a redirection"), (">", ">>>")] {
            self.refuse(text, what)?;
        }
        Ok(Kind::Output { stream, append })
    }

    /// `>&1` or `>&2`, and nothing that a shell could take for a file name or for another redirection.
    fn merge(&mut self, from: u8) -> Result<Kind, Obstacle> {
        let into = match self.rest().as_bytes() {
            [_, _, digit @ (b'1' | b'2')] => *digit,
            [_, _, digit @ (b'1' | b'2'), b' ' | b'|' | b';' | b'&', ..] => *digit,
            _ => return self.obstacle("a copied stream other than >&1 or >&2"),
        };
        if into - b'0' == from {
            return self.obstacle("a stream merged into itself");
        }
        self.at += 3;
        Ok(Kind::Merge { from, into: into - b'0' })
    }

    /// A digit directly before `<` or `>` names a stream; otherwise it begins a word.
    fn numbered(&mut self, digit: char) -> Result<Kind, Obstacle> {
        let start = self.at;
        match (digit, self.text.as_bytes().get(start + 1)) {
            ('0', Some(b'<')) => self.at += 1,
            ('1', Some(b'>')) | ('2', Some(b'>')) => self.at += 1,
            _ => return Ok(Kind::Word(self.word()?)),
        }
        match digit {
            '0' => self.input(),
            '1' => self.output(1),
            _ => self.output(2),
        }
    }

    fn word(&mut self) -> Result<Word, Obstacle> {
        let mut word = Word::default();
        if self.empty_braces() {
            word.text.push_str("{}");
        }
        while let Some(c) = self.peek() {
            match c {
                ' ' | '|' | '&' | ';' => break,
                '<' | '>' if is_number(&word) => return self.obstacle("a redirection of another stream"),
                '<' | '>' => break,
                '\'' => self.single(&mut word)?,
                '"' => self.double(&mut word)?,
                '\\' => self.escaped(&mut word)?,
                c => self.bare(c, &mut word)?,
            }
        }
        Ok(word)
    }

    /// `{}` standing alone is literal in every shell, and `find -exec` wants it.
    fn empty_braces(&mut self) -> bool {
        let alone =
            matches!(self.rest().as_bytes(), [b'{', b'}'] | [b'{', b'}', b' ' | b'|' | b'&' | b';', ..]);
        alone && self.take("{}")
    }

    fn bare(&mut self, c: char, word: &mut Word) -> Result<(), Obstacle> {
        let first = word.text.is_empty(); // zsh expands ~ and = after empty quotes too
        match c {
            'a'..='z' | 'A'..='Z' | '0'..='9' | '_' | '-' | '.' | '/' | ':' | ',' | '+' | '@' | '%' => {}
            '=' if !first => word.equals = true,
            '~' if !first && !word.text.ends_with(['=', ':']) => {}
            c if !c.is_ascii() => {}
            _ => return self.obstacle(&self.special(c)),
        }
        word.text.push(c);
        self.at += c.len_utf8();
        Ok(())
    }

    fn single(&mut self, word: &mut Word) -> Result<(), Obstacle> {
        let Some(end) = self.rest().get(1..).and_then(|inside| inside.find('\'')) else {
            return self.obstacle("a quote (') that is not closed");
        };
        word.quoted = true;
        word.text.push_str(&self.text[self.at + 1..self.at + 1 + end]);
        self.at += end + 2;
        Ok(())
    }

    /// In double quotes a backslash escapes only `"`, `\`, `$` and the backquote, and is literal before the rest.
    fn double(&mut self, word: &mut Word) -> Result<(), Obstacle> {
        let start = self.at;
        word.quoted = true;
        self.at += 1;
        while let Some(c) = self.peek() {
            match c {
                '"' => {
                    self.at += 1;
                    return Ok(());
                }
                '$' | '`' => return self.obstacle(&self.special(c)),
                '\\' if self.rest()[1..].starts_with(['"', '\\', '$', '`']) => self.escaped(word)?,
                c => {
                    word.text.push(c);
                    self.at += c.len_utf8();
                }
            }
        }
        Err(Obstacle::new("a quote (\") that is not closed", start))
    }

    fn escaped(&mut self, word: &mut Word) -> Result<(), Obstacle> {
        let Some(c) = self.rest().chars().nth(1) else { return self.obstacle("a backslash at the end") };
        word.quoted = true;
        word.text.push(c);
        self.at += 1 + c.len_utf8();
        Ok(())
    }

    /// Names a character that shells treat specially.
    fn special(&self, c: char) -> String {
        match c {
            '$' => format!("a variable ({})", self.variable()),
            '`' => "a command substitution (`)".into(),
            '*' | '?' | '[' | ']' => format!("a pattern ({c}) outside quotes"),
            '~' => "a home directory (~)".into(),
            '{' | '}' => format!("a brace ({c}) outside quotes"),
            '(' | ')' => format!("a parenthesis ({c}) outside quotes"),
            '#' => "a comment (#)".into(),
            '!' => "an exclamation mark outside quotes".into(),
            '=' => "a word that begins with =".into(),
            c => format!("{c} outside quotes"),
        }
    }

    /// What stands after a dollar sign, short enough to show.
    fn variable(&self) -> String {
        self.rest().chars().take(24).take_while(|c| !matches!(c, ' ' | '"' | '\'' | '/')).collect()
    }

    fn refuse(&self, text: &str, what: &str) -> Result<(), Obstacle> {
        if self.rest().starts_with(text) { self.obstacle(what) } else { Ok(()) }
    }

    fn obstacle<T>(&self, what: &str) -> Result<T, Obstacle> {
        Err(Obstacle::new(what, self.at))
    }

    fn take(&mut self, text: &str) -> bool {
        let found = self.rest().starts_with(text);
        self.at += if found { text.len() } else { 0 };
        found
    }

    fn peek(&self) -> Option<char> {
        self.rest().chars().next()
    }

    fn rest(&self) -> &str {
        &self.text[self.at..]
    }
}

fn is_number(word: &Word) -> bool {
    !word.quoted && !word.text.is_empty() && word.text.bytes().all(|b| b.is_ascii_digit())
}
