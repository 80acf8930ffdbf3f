//! Compound commands: brackets, conditions and loops, each one level deeper than what holds it.

use super::Obstacle;
use super::grammar::bare;
use super::lexer::{Kind, Reader, Token};
use super::names::is_loop_name;
use super::script::{Body, Script, Word};

/// How many brackets, substitutions and compound commands may stand inside each other.
const DEEPEST: usize = 16;

impl Reader<'_> {
    /// Takes the word or sign that opens a compound command, then what `read` reads, one level deeper.
    pub(super) fn within<T>(
        &mut self,
        at: usize,
        read: impl FnOnce(&mut Self) -> Result<T, Obstacle>,
    ) -> Result<T, Obstacle> {
        self.depth += 1;
        if self.depth > DEEPEST {
            return Err(Obstacle::new(format!("more than {DEEPEST} commands inside each other"), at));
        }
        self.next()?;
        let inside = read(self)?;
        self.depth -= 1;
        Ok(inside)
    }

    pub(super) fn subshell(&mut self) -> Result<Body, Obstacle> {
        let at = self.here()?;
        self.within(at, |reader| {
            let script = reader.script()?;
            reader.expect(|kind| *kind == Kind::Close, "a parenthesis (() that is not closed", at)?;
            Ok(Body::Subshell(script))
        })
    }

    /// What stands inside `$( … )`, whose opening was read.
    pub(super) fn nested(&mut self, at: usize) -> Result<Script, Obstacle> {
        let outer = self.peeked.take();
        self.peeked = Some(Token { kind: Kind::Open, at });
        let script = match self.subshell()? {
            Body::Subshell(script) => script,
            _ => Script::default(),
        };
        self.peeked = outer;
        Ok(script)
    }

    pub(super) fn group(&mut self) -> Result<Body, Obstacle> {
        let at = self.here()?;
        let script = self.script()?;
        self.expect(|kind| *kind == Kind::End, "a brace ({) that is not closed", at)?;
        Ok(Body::Group(script))
    }

    pub(super) fn conditional(&mut self) -> Result<Body, Obstacle> {
        let mut arms = vec![self.arm()?];
        loop {
            let at = self.here()?;
            match self.keyword(&["elif", "else", "fi"], at)? {
                "elif" => arms.push(self.arm()?),
                "fi" => return Ok(Body::If { arms, otherwise: None }),
                _ => {
                    let otherwise = Some(self.script()?);
                    self.keyword(&["fi"], at)?;
                    return Ok(Body::If { arms, otherwise });
                }
            }
        }
    }

    fn arm(&mut self) -> Result<(Script, Script), Obstacle> {
        let at = self.here()?;
        let condition = self.script()?;
        self.keyword(&["then"], at)?;
        Ok((condition, self.script()?))
    }

    pub(super) fn bounded_loop(&mut self) -> Result<Body, Obstacle> {
        let at = self.here()?;
        let name = match self.next()?.map(|token| token.kind) {
            Some(Kind::Word(word)) if is_loop_name(bare(self.text, &word)) => {
                bare(self.text, &word).to_owned()
            }
            _ => return Err(Obstacle::new("a loop variable that is not a plain lower-case name", at)),
        };
        self.keyword(&["in"], at)?;
        let mut words = vec![];
        while let Some(token) = self.next_if(|kind| matches!(kind, Kind::Word(_)))? {
            words.extend(word_of(token));
        }
        let ended = self.next_if(|kind| matches!(kind, Kind::Semicolon | Kind::Newline))?.is_some();
        if words.is_empty() || !ended {
            return Err(Obstacle::new("a loop without words after in", at));
        }
        self.newlines()?;
        Ok(Body::For { name, words, body: self.body(at)? })
    }

    pub(super) fn open_loop(&mut self, until: bool) -> Result<Body, Obstacle> {
        let at = self.here()?;
        let condition = self.script()?;
        Ok(Body::Loop { until, condition, body: self.body(at)? })
    }

    fn body(&mut self, at: usize) -> Result<Script, Obstacle> {
        self.keyword(&["do"], at)?;
        let body = self.script()?;
        self.keyword(&["done"], at)?;
        Ok(body)
    }

    fn keyword(&mut self, expected: &[&'static str], at: usize) -> Result<&'static str, Obstacle> {
        let text = self.text;
        let found = match self.next()?.map(|token| token.kind) {
            Some(Kind::Word(word)) => expected.iter().find(|keyword| **keyword == bare(text, &word)).copied(),
            _ => None,
        };
        found.ok_or_else(|| Obstacle::new(format!("a missing {}", expected.join(" or ")), at))
    }

    fn expect(&mut self, fits: impl Fn(&Kind) -> bool, what: &str, at: usize) -> Result<(), Obstacle> {
        match self.next_if(fits)? {
            Some(_) => Ok(()),
            None => Err(Obstacle::new(what, at)),
        }
    }
}

fn word_of(token: Token) -> Option<Word> {
    match token.kind {
        Kind::Word(lexed) => Some(lexed.word),
        _ => None,
    }
}
