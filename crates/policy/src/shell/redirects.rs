//! Redirections and here-documents, and the streams that they may use.

use super::Obstacle;
use super::lexer::{Kind, Reader, Token};
use super::script::{Command, Piece, Redirect, Word};
use crate::environment::is_name;

impl Reader<'_> {
    pub(super) fn redirect(&mut self) -> Result<Option<Redirect>, Obstacle> {
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
        if !is_name(&delimiter) {
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

/// zsh writes to (or reads from) every target of a stream where other shells use the last one.
pub(super) fn one_use_of_each_stream(
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
