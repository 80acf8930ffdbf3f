//! Words and operators to a line of pipelines, and the few combinations that shells disagree about.

use super::Obstacle;
use super::characters::legible;
use super::lexer::{Kind, Token, Word, tokens};

/// Pipelines with what joins each to the one before; the first has no joint.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Line {
    pub(crate) pipelines: Vec<(Option<Joint>, Vec<Command>)>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Joint {
    And,
    Or,
    Then,
}

/// A program with its words and redirections; `words` is never empty.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Command {
    pub(crate) words: Vec<String>,
    pub(crate) redirects: Vec<Redirect>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Redirect {
    Input(String),
    Output { stream: u8, append: bool, file: String },
    Merge { from: u8, into: u8 },
}

impl Redirect {
    /// The stream that it replaces.
    pub(crate) fn stream(&self) -> u8 {
        match self {
            Redirect::Input(_) => 0,
            Redirect::Output { stream, .. } => *stream,
            Redirect::Merge { from, .. } => *from,
        }
    }
}

/// Reads a text in the strict literal subset.
pub(crate) fn parse(text: &[u8]) -> Result<Line, Obstacle> {
    let text = legible(text)?;
    let tokens = tokens(text)?;
    if tokens.is_empty() {
        return Err(Obstacle::new("nothing to run", 0));
    }
    Parser { tokens: tokens.into_iter().peekable(), end: text.len() }.line()
}

struct Parser {
    tokens: std::iter::Peekable<std::vec::IntoIter<Token>>,
    end: usize,
}

impl Parser {
    fn line(mut self) -> Result<Line, Obstacle> {
        let mut pipelines = vec![(None, self.pipeline()?)];
        while let Some(joint) = self.joint() {
            if joint == Joint::Then && self.tokens.peek().is_none() {
                break;
            }
            pipelines.push((Some(joint), self.pipeline()?));
        }
        Ok(Line { pipelines })
    }

    fn joint(&mut self) -> Option<Joint> {
        match self.tokens.next()?.kind {
            Kind::And => Some(Joint::And),
            Kind::Or => Some(Joint::Or),
            Kind::Semicolon => Some(Joint::Then),
            _ => None,
        }
    }

    fn pipeline(&mut self) -> Result<Vec<Command>, Obstacle> {
        let mut commands = vec![];
        let mut piped_in = false;
        loop {
            let at = self.here();
            let command = self.command()?;
            let piped_out = self.tokens.next_if(|t| t.kind == Kind::Pipe).is_some();
            one_use_of_each_stream(&command, piped_in, piped_out, at)?;
            commands.push(command);
            if !piped_out {
                return Ok(commands);
            }
            piped_in = true;
        }
    }

    fn command(&mut self) -> Result<Command, Obstacle> {
        let at = self.here();
        let mut command = Command::default();
        while let Some(token) = self.tokens.next_if(|t| !is_joint(&t.kind)) {
            match token.kind {
                Kind::Word(word) if command.words.is_empty() => command.words.push(program(word, token.at)?),
                Kind::Word(word) => command.words.push(word.text),
                Kind::Input => command.redirects.push(Redirect::Input(self.file()?)),
                Kind::Output { stream, append } => {
                    command.redirects.push(Redirect::Output { stream, append, file: self.file()? });
                }
                Kind::Merge { from, into } => command.redirects.push(Redirect::Merge { from, into }),
                Kind::Pipe | Kind::And | Kind::Or | Kind::Semicolon => break,
            }
        }
        match (command.words.is_empty(), command.redirects.is_empty()) {
            (false, _) => Ok(command),
            (true, true) => Err(Obstacle::new("a missing command", at)),
            // zsh would start a program of its own choice.
            (true, false) => Err(Obstacle::new("a redirection without a command", at)),
        }
    }

    fn file(&mut self) -> Result<String, Obstacle> {
        let at = self.here();
        match self.tokens.next().map(|t| t.kind) {
            Some(Kind::Word(word)) if word.text.is_empty() => Err(Obstacle::new("an empty file name", at)),
            // bash opens connections for these names, however they are quoted.
            Some(Kind::Word(word))
                if word.text.starts_with("/dev/tcp") || word.text.starts_with("/dev/udp") =>
            {
                Err(Obstacle::new("a network redirection", at))
            }
            Some(Kind::Word(word)) => Ok(word.text),
            _ => Err(Obstacle::new("a redirection without a file", at)),
        }
    }

    /// Where the next token starts.
    fn here(&mut self) -> usize {
        self.tokens.peek().map_or(self.end, |t| t.at)
    }
}

fn is_joint(kind: &Kind) -> bool {
    matches!(kind, Kind::Pipe | Kind::And | Kind::Or | Kind::Semicolon)
}

/// zsh writes to (or reads from) every target of a stream where other shells use the last one.
fn one_use_of_each_stream(
    command: &Command,
    piped_in: bool,
    piped_out: bool,
    at: usize,
) -> Result<(), Obstacle> {
    let pipes = [piped_in.then_some(0), piped_out.then_some(1)];
    let mut used: Vec<u8> = pipes.into_iter().flatten().collect();
    for stream in command.redirects.iter().map(Redirect::stream) {
        if used.contains(&stream) {
            return Err(Obstacle::new(format!("a second use of stream {stream} in the command"), at));
        }
        used.push(stream);
    }
    Ok(())
}

/// Words that begin something other than a program in bash, dash, ksh or zsh when they are not quoted.
const KEYWORDS: [&str; 27] = [
    "if",
    "then",
    "else",
    "elif",
    "fi",
    "do",
    "done",
    "case",
    "esac",
    "while",
    "until",
    "for",
    "in",
    "function",
    "select",
    "time",
    "coproc",
    "foreach",
    "end",
    "repeat",
    "nocorrect",
    "noglob",
    "always",
    "namespace",
    "typeset",
    "{}",
    "-",
];

/// A word in the place of a program.
fn program(word: Word, at: usize) -> Result<String, Obstacle> {
    let obstacle = |what: String| Err(Obstacle::new(what, at));
    if word.equals {
        return obstacle("an assignment".into());
    }
    if word.text.is_empty() {
        return obstacle("an empty program name".into());
    }
    if !word.quoted && KEYWORDS.contains(&word.text.as_str()) {
        return obstacle(format!("a keyword ({})", word.text));
    }
    if !word.text.is_ascii() {
        return obstacle("a program name with letters that may look like others".into());
    }
    Ok(word.text)
}
