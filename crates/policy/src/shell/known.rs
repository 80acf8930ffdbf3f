//! Known values in the place of `$NAME` and `$?`, before anything is read.

use std::collections::BTreeSet;

use super::Obstacle;
use super::characters::legible;
use super::script::{Body, Command, Piece, Redirect, Script, Word};
use crate::Surroundings;

/// The script with every variable replaced whose value is known where it stands.
pub(super) fn substituted(mut script: Script, surroundings: &Surroundings) -> Result<Script, Obstacle> {
    Known { surroundings, assigned: BTreeSet::new(), ran: false }.script(&mut script)?;
    Ok(script)
}

struct Known<'a> {
    surroundings: &'a Surroundings,
    /// Names that a loop of the script has assigned.
    assigned: BTreeSet<String>,
    /// Some command may have run before, so that the status is another.
    ran: bool,
}

impl Known<'_> {
    fn script(&mut self, script: &mut Script) -> Result<(), Obstacle> {
        for (_, pipeline) in &mut script.pipelines {
            let before = self.ran;
            let mut ran = before;
            for command in &mut pipeline.commands {
                self.ran = before;
                self.command(command)?;
                ran |= self.ran;
            }
            self.ran = ran;
        }
        Ok(())
    }

    fn command(&mut self, command: &mut Command) -> Result<(), Obstacle> {
        match &mut command.body {
            Body::Simple(simple) => {
                self.words(&mut simple.words)?;
                self.ran = true;
            }
            Body::Subshell(script) | Body::Group(script) => self.script(script)?,
            Body::If { arms, otherwise } => {
                for (condition, then) in arms {
                    self.script(condition)?;
                    self.script(then)?;
                }
                otherwise.iter_mut().try_for_each(|script| self.script(script))?;
            }
            Body::For { name, words, body } => {
                self.words(words)?;
                self.assigned.insert(name.clone());
                self.ran = true;
                self.script(body)?;
            }
            Body::Loop { condition, body, .. } => {
                self.ran = true;
                self.script(condition)?;
                self.script(body)?;
            }
        }
        for redirect in &mut command.redirects {
            if let Redirect::Input(file) | Redirect::Output { file, .. } = redirect {
                self.word(file)?;
            }
        }
        Ok(())
    }

    fn words(&mut self, words: &mut [Word]) -> Result<(), Obstacle> {
        words.iter_mut().try_for_each(|word| self.word(word))
    }

    fn word(&mut self, word: &mut Word) -> Result<(), Obstacle> {
        let mut known = Word { pieces: vec![], ..word.clone() };
        for mut piece in std::mem::take(&mut word.pieces) {
            match self.value(&piece, word.source.start)? {
                Some(value) => known.push(&value),
                None => {
                    self.inside(&mut piece)?;
                    match piece {
                        Piece::Literal(text) => known.push(&text),
                        piece => known.pieces.push(piece),
                    }
                }
            }
        }
        *word = known.normalized();
        Ok(())
    }

    fn value(&self, piece: &Piece, at: usize) -> Result<Option<String>, Obstacle> {
        match piece {
            Piece::Status if !self.ran => Ok(Some(self.surroundings.status.to_string())),
            Piece::Variable { name, quoted } if !self.assigned.contains(name) => {
                let Some(value) = self.surroundings.variables.get(name) else { return Ok(None) };
                let obstacle =
                    |what: &str| Err(Obstacle::new(format!("a variable (${name}) whose {what}"), at));
                match legible(value.as_bytes()) {
                    Ok(text) if text.contains(['\n', '\t']) => obstacle("value is more than a line"),
                    Ok(text) if !quoted && !stays_one_word(text) => {
                        obstacle(&format!("value holds blanks or patterns; write \"${name}\""))
                    }
                    Ok(text) => Ok(Some(text.to_owned())),
                    Err(_) => obstacle("value holds what may not show as it is"),
                }
            }
            _ => Ok(None),
        }
    }

    /// What runs inside a substitution leaves another status.
    fn inside(&mut self, piece: &mut Piece) -> Result<(), Obstacle> {
        match piece {
            Piece::Output { script, .. } => self.script(script),
            _ => Ok(()),
        }
    }
}

/// Whether every shell makes exactly this word of a value outside quotes.
fn stays_one_word(value: &str) -> bool {
    !value.is_empty() && !value.contains([' ', '*', '?', '[', ']', '\\'])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::shell::{parse, regenerated};

    fn run(text: &str) -> Result<String, String> {
        let variables = [("DIR", "/srv/app"), ("WORDS", "a b"), ("NONE", ""), ("GLOB", "*")];
        let variables = variables.map(|(name, value)| (name.to_owned(), value.to_owned())).into();
        let surroundings = Surroundings { variables, status: 7, ..Surroundings::default() };
        let script = parse(text.as_bytes(), &surroundings).and_then(|script| regenerated(&script));
        script.map_err(|obstacle| obstacle.what)
    }

    #[test]
    fn what_is_known_is_written_out() {
        for (typed, runs) in [
            ("ls $DIR/x", "'ls' '/srv/app/x'"),
            ("ls \"$WORDS\"x$DIR", "'ls' 'a bx/srv/app'"),
            ("ls \"$NONE\"", "'ls' ''"),
            ("ls \"$NONE\"*", "'ls' './'*"),
            ("ls $OTHER", "'ls' \"$OTHER\""),
            ("echo $?; echo $?", "'echo' '7'; 'echo' \"$?\""),
            ("echo $? | grep $?", "'echo' '7' | 'grep' '7'"),
            ("echo $(id) $?", "'echo' $( 'id' ) \"$?\""),
            ("while test $?; do id; done", "while 'test' \"$?\"; do 'id'; done"),
            ("for d in $DIR; do ls $d $DIR; done", "for d in '/srv/app'; do 'ls' \"$d\" '/srv/app'; done"),
        ] {
            assert_eq!(run(typed).as_deref(), Ok(runs), "{typed}");
        }
    }

    #[test]
    fn a_value_that_shells_would_split_needs_quotes() {
        for typed in ["ls $WORDS", "ls $NONE", "ls $GLOB"] {
            assert!(run(typed).is_err_and(|what| what.starts_with("a variable")), "{typed}");
        }
    }
}
