//! The text that runs: every literal quoted, every expansion as it is read, so that no shell can read it in a second way.

use super::Obstacle;
use super::characters::LONGEST;
use super::script::{Body, Command, Joint, Piece, Pipeline, Redirect, Script, Simple, Word};

/// The text to run. Quoting may make it too long to be read again, and then it must not run.
pub(crate) fn regenerated(script: &Script) -> Result<String, Obstacle> {
    let mut writer = Writer::default();
    writer.script(script);
    writer.end_line();
    if let Some(obstacle) = writer.obstacle {
        return Err(obstacle);
    }
    if writer.text.len() > LONGEST {
        return Err(Obstacle::new(format!("more than {LONGEST} bytes once every word is quoted"), 0));
    }
    Ok(writer.text)
}

/// A substitution as people see it.
pub(crate) fn shown_output(script: &Script) -> String {
    let mut writer = Writer::default();
    writer.output(script);
    writer.text
}

/// The text so far, and the here-documents that must follow at the end of its line.
#[derive(Default)]
struct Writer {
    text: String,
    documents: String,
    obstacle: Option<Obstacle>,
}

impl Writer {
    fn script(&mut self, script: &Script) {
        for (joint, pipeline) in &script.pipelines {
            match joint {
                None => {}
                Some(Joint::And) => self.operator(" && "),
                Some(Joint::Or) => self.operator(" || "),
                Some(Joint::Then) => self.separator(),
            }
            self.pipeline(pipeline);
        }
    }

    fn pipeline(&mut self, pipeline: &Pipeline) {
        if pipeline.negated {
            self.text.push_str("! ");
        }
        for (i, command) in pipeline.commands.iter().enumerate() {
            if i > 0 {
                self.operator(" | ");
            }
            self.command(command);
        }
    }

    /// A line may end after an operator.
    fn operator(&mut self, operator: &str) {
        match self.documents.is_empty() {
            true => self.text.push_str(operator),
            false => {
                self.text.push_str(operator.trim_end());
                self.end_line();
            }
        }
    }

    /// `; `, or the end of the line with the here-documents that belong to it.
    fn separator(&mut self) {
        match self.documents.is_empty() {
            true => self.text.push_str("; "),
            false => self.end_line(),
        }
    }

    fn end_line(&mut self) {
        if !self.documents.is_empty() {
            self.text.push('\n');
            self.text.push_str(&std::mem::take(&mut self.documents));
        }
    }

    fn command(&mut self, command: &Command) {
        match &command.body {
            Body::Simple(simple) => self.simple(simple),
            Body::Subshell(script) => self.enclosed("( ", script, " )"),
            Body::Group(script) => self.part("{ ", script, "}"),
            Body::If { arms, otherwise } => self.conditional(arms, otherwise.as_ref()),
            Body::For { name, words, body } => {
                self.text.push_str(&format!("for {name} in"));
                words.iter().for_each(|word| self.spaced(word));
                self.text.push_str("; ");
                self.part("do ", body, "done");
            }
            Body::Loop { until, condition, body } => {
                self.part(if *until { "until " } else { "while " }, condition, "do ");
                self.part("", body, "done");
            }
        }
        command.redirects.iter().for_each(|redirect| self.redirect(redirect));
    }

    fn conditional(&mut self, arms: &[(Script, Script)], otherwise: Option<&Script>) {
        for (i, (condition, then)) in arms.iter().enumerate() {
            self.part(if i == 0 { "if " } else { "elif " }, condition, "then ");
            self.part("", then, "");
        }
        if let Some(script) = otherwise {
            self.part("else ", script, "");
        }
        self.text.push_str("fi");
    }

    /// A script that a separator ends.
    fn part(&mut self, before: &str, script: &Script, after: &str) {
        self.text.push_str(before);
        self.script(script);
        self.separator();
        self.text.push_str(after);
    }

    fn enclosed(&mut self, before: &str, script: &Script, after: &str) {
        self.text.push_str(before);
        self.script(script);
        self.end_line();
        self.text.push_str(after);
    }

    fn simple(&mut self, simple: &Simple) {
        for assignment in &simple.assignments {
            self.text.push_str(&assignment.name);
            self.text.push('=');
            self.quoted(&assignment.value);
            self.text.push(' ');
        }
        for (i, word) in simple.words.iter().enumerate() {
            match i {
                0 => self.word(word),
                _ => self.spaced(word),
            }
        }
    }

    fn spaced(&mut self, word: &Word) {
        self.text.push(' ');
        self.word(word);
    }

    fn redirect(&mut self, redirect: &Redirect) {
        match redirect {
            Redirect::Merge { from, into } => self.text.push_str(&format!(" {from}>&{into}")),
            Redirect::Input(file) => self.file(" < ", file),
            Redirect::Output { stream, append, file } => {
                let stream = if *stream == 1 { "" } else { "2" };
                self.file(&format!(" {stream}{} ", if *append { ">>" } else { ">" }), file);
            }
            Redirect::Document { delimiter, text } => {
                self.text.push_str(&format!(" <<'{delimiter}'"));
                self.documents.push_str(&format!("{text}{delimiter}\n"));
            }
        }
    }

    fn file(&mut self, operator: &str, file: &Word) {
        self.text.push_str(operator);
        self.word(file);
    }

    fn word(&mut self, word: &Word) {
        if word.pieces.is_empty() {
            self.text.push_str("''");
        }
        if word.may_begin_as_option() {
            let what = "a pattern behind a value that may be empty; write ./ in front of the word";
            self.obstacle.get_or_insert(Obstacle::new(what, word.source.start));
        }
        let mut after_home = false;
        for piece in &word.pieces {
            self.piece(piece, after_home, word.pieces.len() == 1);
            after_home = matches!(piece, Piece::Home(_));
        }
    }

    fn piece(&mut self, piece: &Piece, after_home: bool, alone: bool) {
        match piece {
            Piece::Literal(text) if after_home => {
                self.text.push('/');
                self.literal(text.strip_prefix('/').unwrap_or(text), false);
            }
            Piece::Literal(text) => self.literal(text, alone),
            Piece::Pattern(pattern) => self.text.push_str(pattern),
            Piece::Home(user) => self.text.push_str(&format!("~{user}")),
            Piece::Variable { name, .. } => self.text.push_str(&format!("\"${name}\"")),
            Piece::Status => self.text.push_str("\"$?\""),
            Piece::Output { script, quoted: false, .. } => self.output(script),
            Piece::Output { script, .. } => {
                self.text.push('"');
                self.output(script);
                self.text.push('"');
            }
        }
    }

    fn output(&mut self, script: &Script) {
        self.enclosed("$( ", script, " )");
    }

    fn literal(&mut self, text: &str, alone: bool) {
        if !text.is_empty() || alone {
            self.quoted(text);
        }
    }

    fn quoted(&mut self, text: &str) {
        self.text.push_str(&quoted(text));
    }
}

/// A word that bash, dash, ksh and zsh read back unchanged: in single quotes, with a quote or a backslash outside them,
/// since some shells read a backslash inside.
pub fn quoted(word: &str) -> String {
    let mut text = String::with_capacity(word.len() + 2);
    text.push('\'');
    for c in word.chars() {
        match c {
            '\'' => text.push_str("'\\''"),
            '\\' => text.push_str("'\\\\'"),
            c => text.push(c),
        }
    }
    text.push('\'');
    text
}
