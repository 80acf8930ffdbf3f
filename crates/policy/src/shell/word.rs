//! One word: quotes, patterns, `~`, `$NAME`, `$?` and `$( … )`, each as a piece.

use super::Obstacle;
use super::lexer::{Lexed, Reader, ends_word};
use super::script::Piece;
use crate::environment::is_name;

/// Where a piece of a word stands.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Quotes {
    None,
    Double,
}

impl Reader<'_> {
    pub(super) fn word(&mut self) -> Result<Lexed, Obstacle> {
        let start = self.at;
        let mut lexed = Lexed::default();
        if self.empty_braces() {
            lexed.word.push("{}");
        }
        while let Some(c) = self.look() {
            match c {
                '<' | '>' if self.is_number(start) => {
                    return self.obstacle("a redirection of another stream");
                }
                '(' => {
                    return self.obstacle("a parenthesis (() outside quotes; functions are not understood");
                }
                c if ends_word(c) => break,
                '\'' => self.single(&mut lexed)?,
                '"' => self.double(&mut lexed)?,
                '\\' => self.escaped(&mut lexed)?,
                '$' => self.dollar(&mut lexed, Quotes::None)?,
                '*' | '?' | '[' => self.pattern(&mut lexed)?,
                '~' if self.at == start => self.home(&mut lexed)?,
                c => self.bare(c, &mut lexed)?,
            }
        }
        lexed.word.source = start..self.at;
        lexed.word = lexed.word.normalized();
        Ok(lexed)
    }

    /// Digits directly before `<` or `>` name a stream.
    fn is_number(&self, start: usize) -> bool {
        let word = self.text.get(start..self.at).unwrap_or_default();
        !word.is_empty() && word.bytes().all(|b| b.is_ascii_digit())
    }

    /// `{}` standing alone is literal in every shell, and `find -exec` wants it.
    fn empty_braces(&mut self) -> bool {
        let alone =
            self.rest().strip_prefix("{}").is_some_and(|rest| rest.chars().next().is_none_or(ends_word));
        alone && self.take("{}")
    }

    fn bare(&mut self, c: char, lexed: &mut Lexed) -> Result<(), Obstacle> {
        let first = matches!(lexed.word.literal(), Some("")); // zsh expands ~ and = after empty quotes too
        match c {
            'a'..='z' | 'A'..='Z' | '0'..='9' | '_' | '-' | '.' | '/' | ':' | ',' | '+' | '@' | '%' => {}
            '=' if !first => self.equals(lexed),
            '~' if !first && !follows(lexed, ['=', ':']) => {}
            ']' if lexed.word.pieces.is_empty() && self.alone() => {}
            c if !c.is_ascii() => {}
            _ => return self.obstacle(&self.special(c)),
        }
        lexed.word.push(c.encode_utf8(&mut [0; 4]));
        self.at += c.len_utf8();
        Ok(())
    }

    fn equals(&self, lexed: &mut Lexed) {
        let name = lexed.word.literal().filter(|_| !lexed.quoted).map(str::len);
        lexed.equals = lexed.equals.or(name).or(Some(0));
    }

    fn single(&mut self, lexed: &mut Lexed) -> Result<(), Obstacle> {
        let start = self.at;
        self.at += 1;
        let Some((inside, _)) = self.rest().split_once('\'') else {
            return Err(Obstacle::new("a quote (') that is not closed", start));
        };
        one_line(inside, self.at)?;
        lexed.quoted = true;
        lexed.word.push(inside);
        self.at += inside.len() + 1;
        Ok(())
    }

    /// In double quotes a backslash escapes only `"`, `\`, `$` and the backquote, and is literal before the rest.
    fn double(&mut self, lexed: &mut Lexed) -> Result<(), Obstacle> {
        let start = self.at;
        lexed.quoted = true;
        lexed.word.push("");
        self.at += 1;
        while let Some(c) = self.look() {
            match c {
                '"' => {
                    self.at += 1;
                    return Ok(());
                }
                '$' => self.dollar(lexed, Quotes::Double)?,
                '`' => return self.obstacle(&self.special(c)),
                '\\' if self.rest().get(1..).is_some_and(|rest| rest.starts_with(['"', '\\', '$', '`'])) => {
                    self.escaped(lexed)?;
                }
                c => {
                    one_line(c.encode_utf8(&mut [0; 4]), self.at)?;
                    lexed.word.push(c.encode_utf8(&mut [0; 4]));
                    self.at += c.len_utf8();
                }
            }
        }
        Err(Obstacle::new("a quote (\") that is not closed", start))
    }

    fn escaped(&mut self, lexed: &mut Lexed) -> Result<(), Obstacle> {
        let Some(c) = self.rest().chars().nth(1) else { return self.obstacle("a backslash at the end") };
        one_line(c.encode_utf8(&mut [0; 4]), self.at)?;
        lexed.quoted = true;
        lexed.word.push(c.encode_utf8(&mut [0; 4]));
        self.at += 1 + c.len_utf8();
        Ok(())
    }

    /// `*`, `?`, or `[…]` of letters, digits, `_`, `.` and ranges.
    fn pattern(&mut self, lexed: &mut Lexed) -> Result<(), Obstacle> {
        let end = match self.rest().strip_prefix('[') {
            None => 1,
            Some(_) if lexed.word.pieces.is_empty() && self.alone() => return self.bracket_of_test(lexed),
            Some(inside) => match inside.find(']') {
                Some(end) if is_simple_set(inside.get(..end).unwrap_or_default()) => end + 2,
                _ => {
                    return self
                        .obstacle("a pattern ([) outside quotes that is more than letters and digits");
                }
            },
        };
        let pattern = self.rest().get(..end).unwrap_or_default().to_owned();
        self.at += end;
        self.count()?;
        lexed.word.pieces.push(Piece::Pattern(pattern));
        Ok(())
    }

    /// `[` standing alone is a program.
    fn bracket_of_test(&mut self, lexed: &mut Lexed) -> Result<(), Obstacle> {
        self.at += 1;
        lexed.word.push("[");
        Ok(())
    }

    fn home(&mut self, lexed: &mut Lexed) -> Result<(), Obstacle> {
        let rest = self.rest().get(1..).unwrap_or_default();
        let length = rest.find(|c| c == '/' || ends_word(c)).unwrap_or(rest.len());
        let user = rest.get(..length).unwrap_or_default();
        let letters =
            user.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b"_-".contains(&b));
        if !letters || user.starts_with(|c: char| c.is_ascii_digit() || c == '-') {
            return self.obstacle("a home directory (~) that is neither ~ nor ~name");
        }
        self.at += 1 + length;
        self.count()?;
        lexed.word.pieces.push(Piece::Home(user.to_owned()));
        Ok(())
    }

    fn dollar(&mut self, lexed: &mut Lexed, quotes: Quotes) -> Result<(), Obstacle> {
        let quoted = quotes == Quotes::Double;
        self.count()?;
        let piece = match self.rest().as_bytes() {
            [_, b'?', ..] => self.status(),
            [_, b'(', b'(', ..] => return self.obstacle("a variable ($((…)), which calculates"),
            [_, b'(', ..] => self.substitution(quoted)?,
            _ => self.variable(quoted)?,
        };
        lexed.word.pieces.push(piece);
        Ok(())
    }

    fn status(&mut self) -> Piece {
        self.at += 2;
        Piece::Status
    }

    fn variable(&mut self, quoted: bool) -> Result<Piece, Obstacle> {
        let rest = self.rest().get(1..).unwrap_or_default();
        let braced = rest.strip_prefix('{').and_then(|rest| rest.split_once('}'));
        let length = rest.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(rest.len());
        let (name, end) = match braced {
            Some((name, _)) => (name, name.len() + 3),
            None => (rest.get(..length).unwrap_or_default(), length + 1),
        };
        if !is_name(name) {
            return self.obstacle(&self.special('$'));
        }
        let name = name.to_owned();
        self.at += end;
        Ok(Piece::Variable { name, quoted })
    }

    fn substitution(&mut self, quoted: bool) -> Result<Piece, Obstacle> {
        let start = self.at;
        self.at += 2;
        self.substitutions += 1;
        let script = self.nested(start)?;
        self.substitutions -= 1;
        Ok(Piece::Output { script, quoted, source: start..self.at })
    }

    /// Names a character that shells treat specially.
    fn special(&self, c: char) -> String {
        match c {
            '$' => format!("a variable ({}) that is more than $NAME", self.shown_variable()),
            '`' => "a command substitution (`); write $( … )".into(),
            ']' => "a pattern (]) outside quotes".into(),
            '~' => "a home directory (~) inside a word; write it at the beginning".into(),
            '{' | '}' => format!("a brace ({c}) outside quotes; write the words out"),
            '#' => "a comment (#)".into(),
            '!' => "an exclamation mark outside quotes".into(),
            '=' => "a word that begins with =".into(),
            c => format!("{c} outside quotes"),
        }
    }

    /// What stands after a dollar sign, short enough to show.
    fn shown_variable(&self) -> String {
        self.rest()
            .chars()
            .take(24)
            .take_while(|c| !matches!(c, ' ' | '"' | '\'' | '/' | '\n' | '\t'))
            .collect()
    }
}

fn follows(lexed: &Lexed, before: [char; 2]) -> bool {
    matches!(lexed.word.pieces.last(), Some(Piece::Literal(text)) if text.ends_with(before))
}

fn one_line(text: &str, at: usize) -> Result<(), Obstacle> {
    match text.find(['\n', '\t']) {
        Some(place) if text.get(place..).is_some_and(|rest| rest.starts_with('\n')) => {
            Err(Obstacle::new("a line break inside quotes", at + place))
        }
        Some(place) => Err(Obstacle::new("a tab inside quotes", at + place)),
        None => Ok(()),
    }
}

/// The inside of brackets that every shell reads alike.
fn is_simple_set(inside: &str) -> bool {
    let letters = inside.strip_prefix('!').unwrap_or(inside);
    let sound = |b: u8| b.is_ascii_alphanumeric() || b"_.-".contains(&b);
    !letters.is_empty() && letters.bytes().all(sound)
}
