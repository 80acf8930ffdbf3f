//! Characters to words and operators. Whatever a shell could read in a second way is an obstacle.

use super::Obstacle;
use super::script::Word;

/// A word or operator and the byte at which it starts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Token {
    pub(super) kind: Kind,
    pub(super) at: usize,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Word(Lexed),
    Pipe,
    And,
    Or,
    Semicolon,
    Newline,
    /// `(` and `)`
    Open,
    Close,
    /// `{` and `}`, standing alone
    Begin,
    End,
    /// `!`, standing alone
    Not,
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
    /// `<<`
    Document,
}

/// A word with what quote removal forgets.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Lexed {
    pub(super) word: Word,
    /// Some part was quoted or escaped.
    pub(super) quoted: bool,
    /// Where the first `=` outside quotes stands in the text of the first piece; all before it is a name outside quotes.
    pub(super) equals: Option<usize>,
}

/// A text and how far it was read. The grammar reads through it too, for what stands inside `$( … )`.
pub(super) struct Reader<'a> {
    pub(super) text: &'a str,
    pub(super) at: usize,
    pub(super) peeked: Option<Token>,
    /// How many brackets, substitutions and compound commands stand around this place.
    pub(super) depth: usize,
    /// How many substitutions do.
    pub(super) substitutions: usize,
    /// How many commands and expansions were read.
    pub(super) parts: usize,
    /// Where the text of the here-documents of this line ends, when there are some.
    pub(super) after_documents: Option<usize>,
}

impl<'a> Reader<'a> {
    pub(super) fn new(text: &'a str) -> Self {
        Reader { text, at: 0, peeked: None, depth: 0, substitutions: 0, parts: 0, after_documents: None }
    }

    pub(super) fn token(&mut self) -> Result<Option<Token>, Obstacle> {
        self.blanks();
        let at = self.at;
        let Some(c) = self.look() else { return Ok(None) };
        let kind = match c {
            '\n' => self.newline()?,
            '|' | '&' | ';' => self.joint()?,
            '<' => self.input()?,
            '>' => self.output(1)?,
            '0'..='2' => self.numbered(c)?,
            '(' | ')' => self.parenthesis(c)?,
            '{' | '}' | '!' if self.alone() => self.single_character(c),
            _ => Kind::Word(self.word()?),
        };
        Ok(Some(Token { kind, at }))
    }

    fn blanks(&mut self) {
        while self.take(" ") || self.take("\t") {}
        if self.look() == Some('#') {
            self.at += self.rest().find('\n').unwrap_or(self.rest().len());
        }
    }

    /// The end of a line, and what here-documents hold after it.
    fn newline(&mut self) -> Result<Kind, Obstacle> {
        if self.substitutions > 0 && self.after_documents.is_some() {
            return self
                .obstacle("a line break inside a command substitution on a line with a here-document");
        }
        self.at = self.after_documents.take().unwrap_or(self.at + 1);
        Ok(Kind::Newline)
    }

    fn single_character(&mut self, c: char) -> Kind {
        self.at += 1;
        match c {
            '{' => Kind::Begin,
            '}' => Kind::End,
            _ => Kind::Not,
        }
    }

    fn parenthesis(&mut self, c: char) -> Result<Kind, Obstacle> {
        self.refuse("((", "arithmetic; calculate before, and write the number")?;
        self.at += 1;
        Ok(if c == '(' { Kind::Open } else { Kind::Close })
    }

    fn joint(&mut self) -> Result<Kind, Obstacle> {
        for (text, what) in [
            ("|&", "|& (a pipe of both outputs); write 2>&1 |"),
            ("&>", "&> (means two things in two shells); write > FILE 2>&1"),
            (";;", "a case command; write if, elif and else"),
            (";&", "a case command; write if, elif and else"),
        ] {
            self.refuse(text, what)?;
        }
        for (text, kind) in [("||", Kind::Or), ("&&", Kind::And), ("|", Kind::Pipe), (";", Kind::Semicolon)] {
            if self.take(text) {
                return Ok(kind);
            }
        }
        self.obstacle("a background command (&); open a second session for it")
    }

    fn input(&mut self) -> Result<Kind, Obstacle> {
        let forms = [
            ("<<<", "a here-document of one word (<<<); write printf '%s\\n' TEXT | …"),
            ("<<-", "a here-document without its tabs (<<-); write << and no tabs"),
            ("<&", "a copied stream (<&)"),
            ("<>", "a file opened both ways (<>)"),
            ("<(", "a process substitution; use a pipe or a file below /tmp"),
        ];
        for (text, what) in forms {
            self.refuse(text, what)?;
        }
        Ok(if self.take("<<") { Kind::Document } else { self.one(Kind::Input) })
    }

    fn one(&mut self, kind: Kind) -> Kind {
        self.at += 1;
        kind
    }

    fn output(&mut self, stream: u8) -> Result<Kind, Obstacle> {
        for (text, what) in [
            (">|", "a forced overwrite (>|); write >"),
            (">(", "a process substitution; use a pipe or a file below /tmp"),
        ] {
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
            [_, _, digit @ (b'1' | b'2'), b' ' | b'\t' | b'\n' | b'|' | b';' | b'&' | b')', ..] => *digit,
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
        match (digit, self.text.as_bytes().get(self.at + 1)) {
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

    /// Whether a character is a whole word.
    pub(super) fn alone(&self) -> bool {
        self.rest().chars().nth(1).is_none_or(ends_word)
    }

    pub(super) fn refuse(&self, text: &str, what: &str) -> Result<(), Obstacle> {
        if self.rest().starts_with(text) { self.obstacle(what) } else { Ok(()) }
    }

    pub(super) fn obstacle<T>(&self, what: &str) -> Result<T, Obstacle> {
        Err(Obstacle::new(what, self.at))
    }

    pub(super) fn take(&mut self, text: &str) -> bool {
        let found = self.rest().starts_with(text);
        self.at += if found { text.len() } else { 0 };
        found
    }

    pub(super) fn look(&self) -> Option<char> {
        self.rest().chars().next()
    }

    pub(super) fn rest(&self) -> &'a str {
        self.text.get(self.at..).unwrap_or_default()
    }
}

/// Whether a character outside quotes ends a word.
pub(super) fn ends_word(c: char) -> bool {
    matches!(c, ' ' | '\t' | '\n' | '|' | '&' | ';' | '<' | '>' | '(' | ')')
}
