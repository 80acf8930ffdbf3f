//! Words and operators to a script, and the few combinations that shells disagree about.

use super::Obstacle;
use super::characters::legible;
use super::lexer::{Kind, Lexed, Reader, Token};
use super::script::{Assignment, Body, Command, Joint, Piece, Pipeline, Redirect, Script, Simple, Word};
use crate::environment::is_harmless;

/// How many brackets, substitutions and compound commands may stand inside each other.
const DEEPEST: usize = 16;

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

    fn next_if(&mut self, fits: impl Fn(&Kind) -> bool) -> Result<Option<Token>, Obstacle> {
        match self.peek()? {
            Some(token) if fits(&token.kind) => self.next(),
            _ => Ok(None),
        }
    }

    fn newlines(&mut self) -> Result<(), Obstacle> {
        while self.next_if(|kind| *kind == Kind::Newline)?.is_some() {}
        Ok(())
    }

    /// Pipelines up to the end of the text or to what closes a compound command.
    fn script(&mut self) -> Result<Script, Obstacle> {
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

    /// Takes the word or sign that opens a compound command, then what `read` reads, one level deeper.
    fn within<T>(
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

    fn subshell(&mut self) -> Result<Body, Obstacle> {
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

    fn group(&mut self) -> Result<Body, Obstacle> {
        let at = self.here()?;
        let script = self.script()?;
        self.expect(|kind| *kind == Kind::End, "a brace ({) that is not closed", at)?;
        Ok(Body::Group(script))
    }

    fn conditional(&mut self) -> Result<Body, Obstacle> {
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

    fn bounded_loop(&mut self) -> Result<Body, Obstacle> {
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

    fn open_loop(&mut self, until: bool) -> Result<Body, Obstacle> {
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

    fn redirect(&mut self) -> Result<Option<Redirect>, Obstacle> {
        let redirects = |kind: &Kind| {
            matches!(kind, Kind::Input | Kind::Output { .. } | Kind::Merge { .. } | Kind::Document)
        };
        Ok(match self.next_if(redirects)?.map(|token| token.kind) {
            Some(Kind::Input) => Some(Redirect::Input(self.file()?)),
            Some(Kind::Output { stream, append }) => {
                Some(Redirect::Output { stream, append, file: self.file()? })
            }
            Some(Kind::Merge { from, into }) => Some(Redirect::Merge { from, into }),
            Some(Kind::Document) => Some(self.document()?),
            _ => None,
        })
    }

    fn file(&mut self) -> Result<Word, Obstacle> {
        let at = self.here()?;
        let Some(Token { kind: Kind::Word(lexed), .. }) = self.next()? else {
            return Err(Obstacle::new("a redirection without a file", at));
        };
        let known = |piece: &Piece| match piece {
            Piece::Literal(_) | Piece::Home(_) => None,
            Piece::Pattern(_) => Some("a pattern"),
            Piece::Variable { .. } | Piece::Status => Some("a variable"),
            Piece::Output { .. } => Some("a command substitution"),
        };
        if let Some(what) = lexed.word.pieces.iter().find_map(known) {
            return Err(Obstacle::new(
                format!("{what} in the name of a redirection's file; write the name out"),
                at,
            ));
        }
        match lexed.word.literal() {
            Some("") => Err(Obstacle::new("an empty file name", at)),
            // bash opens connections for these names, however they are quoted.
            Some(name) if name.starts_with("/dev/tcp") || name.starts_with("/dev/udp") => {
                Err(Obstacle::new("a network redirection", at))
            }
            _ => Ok(lexed.word),
        }
    }

    /// `<<'EOF'`: what follows the line, up to the delimiter, as data.
    fn document(&mut self) -> Result<Redirect, Obstacle> {
        let at = self.here()?;
        let Some(Token { kind: Kind::Word(lexed), .. }) = self.next()? else {
            return Err(Obstacle::new("a here-document (<<) without a delimiter", at));
        };
        let delimiter = lexed.word.literal().unwrap_or_default().to_owned();
        if !crate::environment::is_name(&delimiter) {
            return Err(Obstacle::new("a here-document (<<) whose delimiter is not a plain name", at));
        }
        if self.substitutions > 0 {
            return Err(Obstacle::new("a here-document (<<) inside a command substitution", at));
        }
        let start = match self.after_documents {
            Some(start) => start,
            None => self.at + self.rest().find('\n').map_or(self.rest().len(), |end| end + 1),
        };
        let rest = self.text.get(start..).unwrap_or_default();
        let Some(length) = length_to(rest, &delimiter) else {
            return Err(Obstacle::new(
                format!("a here-document (<<) without a line {delimiter} at its end"),
                at,
            ));
        };
        let text = rest.get(..length).unwrap_or_default().to_owned();
        if !lexed.quoted && text.contains(['$', '`', '\\']) {
            return Err(Obstacle::new(
                format!("a here-document (<<) that expands; write <<'{delimiter}'"),
                at,
            ));
        }
        let end = start + length + delimiter.len();
        self.after_documents = Some(self.text.len().min(end + 1));
        Ok(Redirect::Document { delimiter, text })
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

/// How many bytes stand before the line that is only the delimiter.
fn length_to(text: &str, delimiter: &str) -> Option<usize> {
    let mut length = 0;
    for line in text.split_inclusive('\n') {
        if line.strip_suffix('\n').unwrap_or(line) == delimiter {
            return Some(length);
        }
        length += line.len();
    }
    None
}

/// A word as it was typed, when it has neither quotes nor expansions; otherwise nothing.
fn bare<'a>(text: &'a str, lexed: &Lexed) -> &'a str {
    let plain = !lexed.quoted && lexed.word.literal().is_some();
    text.get(lexed.word.source.clone()).filter(|_| plain).unwrap_or_default()
}

fn word_of(token: Token) -> Option<Word> {
    match token.kind {
        Kind::Word(lexed) => Some(lexed.word),
        _ => None,
    }
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

/// Words that begin something other than a program in bash, dash, ksh or zsh when they are not quoted.
const KEYWORDS: [&str; 31] = [
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
    "declare",
    "local",
    "integer",
    "float",
    "{}",
    "-",
];

/// A word in the place of a program.
fn program(text: &str, lexed: Lexed, at: usize) -> Result<Word, Obstacle> {
    let obstacle = |what: String| Err(Obstacle::new(what, at));
    let keyword = bare(text, &lexed);
    if KEYWORDS.contains(&keyword) {
        return obstacle(format!("a keyword ({keyword})"));
    }
    match lexed.word.literal() {
        None => obstacle(format!("{} in the place of a program; write its name out", expansion(&lexed.word))),
        Some("") => obstacle("an empty program name".into()),
        Some(name) if !name.is_ascii() => {
            obstacle("a program name with letters that may look like others".into())
        }
        Some(_) => Ok(lexed.word),
    }
}

fn expansion(word: &Word) -> &'static str {
    let expands = |piece: &Piece| match piece {
        Piece::Literal(_) => None,
        Piece::Pattern(_) => Some("a pattern"),
        Piece::Home(_) => Some("a home directory (~)"),
        Piece::Variable { .. } | Piece::Status => Some("a variable"),
        Piece::Output { .. } => Some("a command substitution"),
    };
    word.pieces.iter().find_map(expands).unwrap_or_default()
}

fn assignment(lexed: &Lexed, at: usize) -> Result<Assignment, Obstacle> {
    let split = lexed.word.literal().zip(lexed.equals).and_then(|(text, end)| text.split_at_checked(end));
    let Some((name, value)) = split.filter(|(name, _)| crate::environment::is_name(name)) else {
        return Err(Obstacle::new("an assignment that is not NAME=text", at));
    };
    let value = value.strip_prefix('=').unwrap_or_default();
    if !is_harmless(name, value) {
        return Err(Obstacle::new(format!("an assignment ({name}), which may change what runs"), at));
    }
    Ok(Assignment { name: name.into(), value: value.into(), source: lexed.word.source.clone() })
}

/// Names in lower case that mean something to zsh.
const SPECIAL_NAMES: [&str; 58] = [
    "aliases",
    "argv",
    "builtins",
    "cdpath",
    "commands",
    "compstate",
    "dirstack",
    "errnos",
    "epochtime",
    "fignore",
    "fpath",
    "funcfiletrace",
    "funcsourcetrace",
    "funcstack",
    "functions",
    "functrace",
    "galiases",
    "histchars",
    "history",
    "historywords",
    "jobdirs",
    "jobstates",
    "jobtexts",
    "keymaps",
    "killring",
    "mailpath",
    "manpath",
    "mapfile",
    "module_path",
    "modules",
    "nameddirs",
    "options",
    "parameters",
    "patchars",
    "path",
    "pipestatus",
    "prompt",
    "psvar",
    "region_highlight",
    "reswords",
    "saliases",
    "signals",
    "status",
    "sysparams",
    "termcap",
    "terminfo",
    "userdirs",
    "usergroups",
    "watch",
    "widgets",
    "words",
    "zle_bracketed_paste",
    "zle_highlight",
    "zsh_eval_context",
    "zsh_scheduled_events",
    "zsh_directory_name_functions",
    "auto_resume",
    "cursor",
];

/// Whether a loop may assign this name: it must mean nothing to any shell or program.
fn is_loop_name(name: &str) -> bool {
    let lower = name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_');
    let single = name.len() == 1 && name.bytes().all(|b| b.is_ascii_uppercase());
    let begins = name.starts_with(|c: char| c.is_ascii_alphabetic());
    let special = SPECIAL_NAMES.contains(&name) || name.ends_with("_proxy") || name.ends_with("_functions");
    begins && (lower || single) && !special
}
