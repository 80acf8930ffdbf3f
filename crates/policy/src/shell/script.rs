//! What a text says once it is parsed: lists of pipelines of commands, and the pieces of their words.

use std::ops::Range;

/// Pipelines with what joins each to the one before; the first has no joint. Never empty.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Script {
    pub(crate) pipelines: Vec<(Option<Joint>, Pipeline)>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Joint {
    And,
    Or,
    Then,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Pipeline {
    /// `!` stands before it.
    pub(crate) negated: bool,
    pub(crate) commands: Vec<Command>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Command {
    pub(crate) body: Body,
    pub(crate) redirects: Vec<Redirect>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Body {
    Simple(Simple),
    /// `( … )`
    Subshell(Script),
    /// `{ …; }`
    Group(Script),
    /// Each condition with what follows it, then what follows when none holds.
    If {
        arms: Vec<(Script, Script)>,
        otherwise: Option<Script>,
    },
    For {
        name: String,
        words: Vec<Word>,
        body: Script,
    },
    Loop {
        until: bool,
        condition: Script,
        body: Script,
    },
}

/// A program with its words, the first of which is literal; there is always one.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Simple {
    pub(crate) assignments: Vec<Assignment>,
    pub(crate) words: Vec<Word>,
}

/// `NAME=value` in front of a program, with the word as it was typed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Assignment {
    pub(crate) name: String,
    pub(crate) value: String,
    pub(crate) source: Range<usize>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Redirect {
    Input(Word),
    Output { stream: u8, append: bool, file: Word },
    Merge { from: u8, into: u8 },
    Document { delimiter: String, text: String },
}

impl Redirect {
    /// The stream that it replaces.
    pub(crate) fn stream(&self) -> u8 {
        match self {
            Redirect::Input(_) | Redirect::Document { .. } => 0,
            Redirect::Output { stream, .. } => *stream,
            Redirect::Merge { from, .. } => *from,
        }
    }
}

/// A word, and where it stands in the text.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Word {
    pub(crate) pieces: Vec<Piece>,
    pub(crate) source: Range<usize>,
    /// The first piece is a `./` that was not typed.
    pub(crate) below_here: bool,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Piece {
    /// Text after quote removal.
    Literal(String),
    /// `*`, `?` or a simple `[…]`, as typed.
    Pattern(String),
    /// `~`, or `~user`, before a slash or the end of the word.
    Home(String),
    /// `$NAME` or `${NAME}`; it always runs as one word.
    Variable { name: String, quoted: bool },
    /// `$?`
    Status,
    /// `$( … )`; outside quotes it may become any number of words.
    Output { script: Script, quoted: bool, source: Range<usize> },
}

impl Word {
    /// A literal word that was not typed.
    pub(crate) fn of(text: String) -> Word {
        Word { pieces: vec![Piece::Literal(text)], ..Word::default() }
    }

    /// The text of a word without expansions.
    pub(crate) fn literal(&self) -> Option<&str> {
        match self.pieces.as_slice() {
            [] => Some(""),
            [Piece::Literal(text)] => Some(text),
            _ => None,
        }
    }

    /// Without empty pieces beside others. A name that a pattern yields could begin with a dash; below `./` it cannot.
    pub(super) fn normalized(mut self) -> Word {
        if self.pieces.len() > 1 {
            self.pieces.retain(|piece| !matches!(piece, Piece::Literal(text) if text.is_empty()));
        }
        if let Some(Piece::Pattern(_)) = self.pieces.first() {
            self.pieces.insert(0, Piece::Literal("./".into()));
            self.below_here = true;
        }
        self
    }

    /// Whether the names that a pattern yields may begin with a dash: nothing but values that may be empty stands before
    /// it, or a dash does.
    pub(super) fn may_begin_as_option(&self) -> bool {
        let may_be_empty = |piece: &&Piece| matches!(piece, Piece::Variable { .. } | Piece::Output { .. });
        let values = self.pieces.iter().take_while(may_be_empty).count();
        let patterned = self.pieces.iter().any(|piece| matches!(piece, Piece::Pattern(_)));
        let dashed = match self.pieces.get(values) {
            Some(Piece::Literal(text)) => text.starts_with('-'),
            Some(Piece::Home(_) | Piece::Status) | None => false,
            Some(_) => true,
        };
        values > 0 && patterned && dashed
    }

    pub(super) fn push(&mut self, text: &str) {
        match self.pieces.last_mut() {
            Some(Piece::Literal(literal)) => literal.push_str(text),
            _ => self.pieces.push(Piece::Literal(text.into())),
        }
    }
}

impl Script {
    /// Every command, those inside compound commands after the command that holds them; substitutions are not entered.
    pub(crate) fn each_command<'a>(&'a self, visit: &mut dyn FnMut(&'a Command)) {
        for command in self.pipelines.iter().flat_map(|(_, pipeline)| &pipeline.commands) {
            visit(command);
            command.body.scripts().into_iter().for_each(|script| script.each_command(visit));
        }
    }

    /// Visits every program start, those inside substitutions before the one that uses them.
    pub(crate) fn each_simple(&mut self, visit: &mut dyn FnMut(&mut Simple)) {
        for command in self.pipelines.iter_mut().flat_map(|(_, pipeline)| &mut pipeline.commands) {
            command.substitutions().for_each(|script| script.each_simple(visit));
            match &mut command.body {
                Body::Simple(simple) => visit(simple),
                body => body.scripts_mut().into_iter().for_each(|script| script.each_simple(visit)),
            }
        }
    }

    /// Whether there are only programs with literal words and files: the strict literal subset.
    pub(super) fn is_literal(&self) -> bool {
        self.pipelines.iter().all(|(_, p)| !p.negated && p.commands.iter().all(Command::is_literal))
    }
}

impl Command {
    /// Every word, those of redirections and of `for` too.
    pub(super) fn each_word(&self) -> impl Iterator<Item = &Word> {
        let own = match &self.body {
            Body::Simple(simple) => simple.words.as_slice(),
            Body::For { words, .. } => words.as_slice(),
            _ => &[],
        };
        own.iter().chain(self.redirects.iter().filter_map(Redirect::file))
    }

    fn substitutions(&mut self) -> impl Iterator<Item = &mut Script> {
        let words: &mut [Word] = match &mut self.body {
            Body::Simple(simple) => &mut simple.words,
            Body::For { words, .. } => words,
            _ => &mut [],
        };
        words.iter_mut().flat_map(|word| &mut word.pieces).filter_map(|piece| match piece {
            Piece::Output { script, .. } => Some(script),
            _ => None,
        })
    }

    fn is_literal(&self) -> bool {
        let simple = matches!(&self.body, Body::Simple(simple) if simple.assignments.is_empty());
        let document = self.redirects.iter().any(|r| matches!(r, Redirect::Document { .. }));
        simple && !document && self.each_word().all(|word| word.literal().is_some())
    }
}

impl Redirect {
    fn file(&self) -> Option<&Word> {
        match self {
            Redirect::Input(file) | Redirect::Output { file, .. } => Some(file),
            Redirect::Merge { .. } | Redirect::Document { .. } => None,
        }
    }
}

impl Body {
    /// The scripts directly inside, in order.
    pub(crate) fn scripts(&self) -> Vec<&Script> {
        match self {
            Body::Simple(_) => vec![],
            Body::Subshell(script) | Body::Group(script) => vec![script],
            Body::For { body, .. } => vec![body],
            Body::Loop { condition, body, .. } => vec![condition, body],
            Body::If { arms, otherwise } => {
                arms.iter().flat_map(|(condition, then)| [condition, then]).chain(otherwise).collect()
            }
        }
    }

    fn scripts_mut(&mut self) -> Vec<&mut Script> {
        match self {
            Body::Simple(_) => vec![],
            Body::Subshell(script) | Body::Group(script) => vec![script],
            Body::For { body, .. } => vec![body],
            Body::Loop { condition, body, .. } => vec![condition, body],
            Body::If { arms, otherwise } => {
                arms.iter_mut().flat_map(|(condition, then)| [condition, then]).chain(otherwise).collect()
            }
        }
    }
}
