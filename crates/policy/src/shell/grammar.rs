//! Words and operators to a script, and the few combinations that shells disagree about.

use super::Obstacle;
use super::characters::legible;
use super::lexer::{Kind, Lexed, Reader, Token};
use super::names::{assignment, program};
use super::redirects::one_use_of_each_stream;
use super::script::{Body, Command, Joint, Piece, Pipeline, Script, Simple, Word};

/// More commands and expansions than this are not understood.
const MOST_PARTS: usize = 2048;

/// Reads a text.
pub(super) fn parsed(text: &[u8]) -> Result<Script, Obstacle> {
    let text = legible(text)?;
    let mut reader = Reader::new(text);
    reader.newlines()?;
    if reader.peek()?.is_none() {
        return Err(Obstacle::new("nothing to run", 0));
    }
    let script = reader.script()?;
    match reader.next()? {
        None => Ok(script),
        Some(token) => Err(reader.unexpected(&token)),
    }
}

impl Reader<'_> {
    pub(super) fn peek(&mut self) -> Result<Option<&Token>, Obstacle> {
        if self.peeked.is_none() {
            self.peeked = self.token()?;
        }
        Ok(self.peeked.as_ref())
    }

    pub(super) fn next(&mut self) -> Result<Option<Token>, Obstacle> {
        match self.peeked.take() {
            Some(token) => Ok(Some(token)),
            None => self.token(),
        }
    }

    pub(super) fn next_if(&mut self, fits: impl Fn(&Kind) -> bool) -> Result<Option<Token>, Obstacle> {
        match self.peek()? {
            Some(token) if fits(&token.kind) => self.next(),
            _ => Ok(None),
        }
    }

    pub(super) fn newlines(&mut self) -> Result<(), Obstacle> {
        while self.next_if(|kind| *kind == Kind::Newline)?.is_some() {}
        Ok(())
    }

    /// Pipelines up to the end of the text or to what closes a compound command.
    pub(super) fn script(&mut self) -> Result<Script, Obstacle> {
        let mut script = Script::default();
        let mut joint = None;
        loop {
            self.newlines()?;
            if joint.is_none_or(|joint| joint == Joint::Then) && self.is_closed()? {
                break;
            }
            script.pipelines.push((joint, self.pipeline()?));
            joint = self.next_joint()?;
            if joint.is_none() {
                break;
            }
        }
        match script.pipelines.is_empty() {
            true => Err(Obstacle::new("a missing command", self.here()?)),
            false => Ok(script),
        }
    }

    fn next_joint(&mut self) -> Result<Option<Joint>, Obstacle> {
        let joins = |kind: &Kind| matches!(kind, Kind::And | Kind::Or | Kind::Semicolon | Kind::Newline);
        Ok(self.next_if(joins)?.map(|token| match token.kind {
            Kind::And => Joint::And,
            Kind::Or => Joint::Or,
            _ => Joint::Then,
        }))
    }

    fn is_closed(&mut self) -> Result<bool, Obstacle> {
        let text = self.text;
        Ok(match self.peek()?.map(|token| &token.kind) {
            None | Some(Kind::Close | Kind::End) => true,
            Some(Kind::Word(word)) => {
                ["then", "elif", "else", "fi", "do", "done"].contains(&bare(text, word))
            }
            Some(_) => false,
        })
    }

    fn pipeline(&mut self) -> Result<Pipeline, Obstacle> {
        let negated = self.next_if(|kind| *kind == Kind::Not)?.is_some();
        let mut commands = vec![];
        let mut piped_in = false;
        loop {
            let at = self.here()?;
            self.count()?;
            let command = self.command()?;
            let piped_out = self.next_if(|kind| *kind == Kind::Pipe)?.is_some();
            one_use_of_each_stream(&command, piped_in, piped_out, at)?;
            commands.push(command);
            if !piped_out {
                return Ok(Pipeline { negated, commands });
            }
            self.newlines()?;
            piped_in = true;
        }
    }

    pub(super) fn count(&mut self) -> Result<(), Obstacle> {
        self.parts += 1;
        match self.parts > MOST_PARTS {
            true => self.obstacle("more commands and expansions than are judged in one line"),
            false => Ok(()),
        }
    }

    fn command(&mut self) -> Result<Command, Obstacle> {
        let at = self.here()?;
        let text = self.text;
        let keyword = match self.peek()?.map(|token| &token.kind) {
            Some(Kind::Open) => "(",
            Some(Kind::Begin) => "{",
            Some(Kind::Word(word)) => bare(text, word),
            _ => "",
        };
        let body = match keyword {
            "(" => self.subshell()?,
            "{" => self.within(at, Self::group)?,
            "if" => self.within(at, Self::conditional)?,
            "for" => self.within(at, Self::bounded_loop)?,
            "while" => self.within(at, |reader| reader.open_loop(false))?,
            "until" => self.within(at, |reader| reader.open_loop(true))?,
            _ => return self.simple(),
        };
        let mut redirects = vec![];
        while let Some(redirect) = self.redirect()? {
            redirects.push(redirect);
        }
        Ok(Command { body, redirects })
    }

    fn simple(&mut self) -> Result<Command, Obstacle> {
        let at = self.here()?;
        let mut simple = Simple::default();
        let mut redirects = vec![];
        loop {
            if let Some(redirect) = self.redirect()? {
                redirects.push(redirect);
            } else if let Some(token) = self.next_if(|kind| matches!(kind, Kind::Word(_) | Kind::Not))? {
                simple_word(self.text, &mut simple, token)?;
            } else {
                break;
            }
        }
        if let Some(Kind::Open | Kind::Begin | Kind::End) = self.peek()?.map(|token| &token.kind) {
            return Err(Obstacle::new("a parenthesis or a brace inside a command", self.here()?));
        }
        match (simple.words.is_empty(), redirects.is_empty() && simple.assignments.is_empty()) {
            (false, _) => Ok(Command { body: Body::Simple(simple), redirects }),
            (true, true) => Err(Obstacle::new("a missing command", at)),
            (true, false) if redirects.is_empty() => {
                Err(Obstacle::new("an assignment without a command; export it, or write the value out", at))
            }
            // zsh would start a program of its own choice.
            (true, false) => Err(Obstacle::new("a redirection without a command", at)),
        }
    }

    /// Where the next token starts.
    pub(super) fn here(&mut self) -> Result<usize, Obstacle> {
        let end = self.text.len();
        Ok(self.peek()?.map_or(end, |token| token.at))
    }

    fn unexpected(&self, token: &Token) -> Obstacle {
        let what = match &token.kind {
            Kind::Close => "a parenthesis ()) that was not opened".into(),
            Kind::End => "a brace (}) that was not opened".into(),
            Kind::Word(word) => format!("a keyword ({}) outside its command", bare(self.text, word)),
            Kind::Open | Kind::Begin => "a parenthesis or a brace inside a command".into(),
            _ => "a missing command".into(),
        };
        Obstacle::new(what, token.at)
    }
}

/// A word as it was typed, when it has neither quotes nor expansions; otherwise nothing.
pub(super) fn bare<'a>(text: &'a str, lexed: &Lexed) -> &'a str {
    let plain = !lexed.quoted && lexed.word.literal().is_some();
    text.get(lexed.word.source.clone()).filter(|_| plain).unwrap_or_default()
}

fn simple_word(text: &str, simple: &mut Simple, token: Token) -> Result<(), Obstacle> {
    let at = token.at;
    match token.kind {
        Kind::Word(lexed) if !simple.words.is_empty() => simple.words.push(lexed.word),
        Kind::Word(lexed) if lexed.equals.is_some() => simple.assignments.push(assignment(&lexed, at)?),
        Kind::Word(lexed) => simple.words.push(program(text, lexed, at)?),
        _ if simple.words.is_empty() => {
            return Err(Obstacle::new("an exclamation mark inside a pipeline", at));
        }
        _ => simple.words.push(Word {
            pieces: vec![Piece::Literal("!".into())],
            source: at..at + 1,
            below_here: false,
        }),
    }
    Ok(())
}
