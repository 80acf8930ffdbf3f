//! Our own tree, told as parts.

use super::Part;
use crate::shell::script::{Body, Command, Joint, Piece, Redirect, Script, Simple, Word};

pub(super) fn parts(text: &str, script: &Script) -> Vec<Part> {
    let mut teller = Teller { text, parts: vec![] };
    teller.script(script);
    teller.parts
}

struct Teller<'a> {
    text: &'a str,
    parts: Vec<Part>,
}

impl Teller<'_> {
    fn script(&mut self, script: &Script) {
        for (joint, pipeline) in &script.pipelines {
            self.parts.extend(joint.map(|joint| match joint {
                Joint::And => Part::Sign("&&"),
                Joint::Or => Part::Sign("||"),
                Joint::Then => Part::Sign(";"),
            }));
            self.parts.extend(pipeline.negated.then_some(Part::Sign("!")));
            for (i, command) in pipeline.commands.iter().enumerate() {
                self.parts.extend((i > 0).then_some(Part::Sign("|")));
                self.command(command);
            }
        }
    }

    fn command(&mut self, command: &Command) {
        match &command.body {
            Body::Simple(simple) => self.simple(simple),
            Body::Subshell(script) => self.between("(", script, ")"),
            Body::Group(script) => self.between("{", script, "}"),
            Body::If { arms, otherwise } => self.conditional(arms, otherwise.as_ref()),
            Body::For { name, words, body } => {
                self.parts.push(Part::For(name.clone()));
                words.iter().for_each(|word| self.word(word));
                self.between("do", body, "done");
            }
            Body::Loop { until, condition, body } => {
                self.between(if *until { "until" } else { "while" }, condition, "do");
                self.between("", body, "done");
            }
        }
        command.redirects.iter().for_each(|redirect| self.redirect(redirect));
        self.parts.push(Part::Sign("."));
    }

    /// An `elif` is an `if` inside an `else`.
    fn conditional(&mut self, arms: &[(Script, Script)], otherwise: Option<&Script>) {
        for (i, (condition, then)) in arms.iter().enumerate() {
            self.parts.extend((i > 0).then_some(Part::Sign("else")));
            self.between("if", condition, "then");
            self.script(then);
        }
        if let Some(script) = otherwise {
            self.between("else", script, "");
        }
        self.parts.push(Part::Sign("fi"));
    }

    fn between(&mut self, before: &'static str, script: &Script, after: &'static str) {
        self.parts.push(Part::Sign(before));
        self.script(script);
        self.parts.push(Part::Sign(after));
    }

    fn simple(&mut self, simple: &Simple) {
        for assignment in &simple.assignments {
            self.parts.push(Part::Assignment(self.typed(&assignment.source)));
        }
        simple.words.iter().for_each(|word| self.word(word));
    }

    fn word(&mut self, word: &Word) {
        self.parts.push(Part::Word(self.typed(&word.source)));
        self.parts.extend(meaning(word).map(Part::Meaning));
        for piece in &word.pieces {
            if let Piece::Output { script, .. } = piece {
                self.between("$(", script, ")");
            }
        }
    }

    fn redirect(&mut self, redirect: &Redirect) {
        let part = match redirect {
            Redirect::Input(file) => Part::Redirect(0, "<", self.typed(&file.source)),
            Redirect::Output { stream, append, file } => {
                Part::Redirect(*stream, if *append { ">>" } else { ">" }, self.typed(&file.source))
            }
            Redirect::Merge { from, into } => Part::Redirect(*from, ">&", into.to_string()),
            Redirect::Document { text, .. } => Part::Document(text.clone()),
        };
        self.parts.push(part);
    }

    fn typed(&self, source: &std::ops::Range<usize>) -> String {
        self.text.get(source.clone()).unwrap_or_default().to_owned()
    }
}

/// The text of a word, patterns as they were typed; without the `./` that was put before one.
fn meaning(word: &Word) -> Option<String> {
    let added = usize::from(word.below_here);
    let text = |piece: &Piece| match piece {
        Piece::Literal(text) | Piece::Pattern(text) => Some(text.clone()),
        _ => None,
    };
    word.pieces.iter().skip(added).map(text).collect()
}
