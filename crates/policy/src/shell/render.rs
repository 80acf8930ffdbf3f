//! The text that runs: every word quoted, so that no shell can read it in a second way.

use std::fmt::{self, Write};

use super::Obstacle;
use super::characters::LONGEST;
use super::grammar::{Command, Joint, Line, Redirect};

/// The text to run. Quoting may make it too long to be read again, and then it must not run.
pub(crate) fn regenerated(line: &Line) -> Result<String, Obstacle> {
    let text = line.to_string();
    if text.len() > LONGEST {
        return Err(Obstacle::new(format!("more than {LONGEST} bytes once every word is quoted"), 0));
    }
    Ok(text)
}

impl fmt::Display for Line {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (joint, commands) in &self.pipelines {
            f.write_str(match joint {
                None => "",
                Some(Joint::And) => " && ",
                Some(Joint::Or) => " || ",
                Some(Joint::Then) => "; ",
            })?;
            pipeline(commands, f)?;
        }
        Ok(())
    }
}

fn pipeline(commands: &[Command], f: &mut fmt::Formatter<'_>) -> fmt::Result {
    for (i, command) in commands.iter().enumerate() {
        write!(f, "{}{command}", if i == 0 { "" } else { " | " })?;
    }
    Ok(())
}

impl fmt::Display for Command {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, word) in self.words.iter().enumerate() {
            f.write_str(if i == 0 { "" } else { " " })?;
            quoted(word, f)?;
        }
        self.redirects.iter().try_for_each(|redirect| write!(f, " {redirect}"))
    }
}

impl fmt::Display for Redirect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Redirect::Merge { from, into } => return write!(f, "{from}>&{into}"),
            Redirect::Input(_) => f.write_str("< ")?,
            Redirect::Output { stream, append, .. } => {
                let stream = if *stream == 1 { "" } else { "2" };
                write!(f, "{stream}{} ", if *append { ">>" } else { ">" })?;
            }
        }
        match self {
            Redirect::Input(file) | Redirect::Output { file, .. } => quoted(file, f),
            Redirect::Merge { .. } => Ok(()),
        }
    }
}

/// In single quotes; a quote or a backslash stands outside them, since some shells read a backslash inside.
fn quoted(word: &str, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    f.write_char('\'')?;
    for c in word.chars() {
        match c {
            '\'' => f.write_str("'\\''")?,
            '\\' => f.write_str("'\\\\'")?,
            c => f.write_char(c)?,
        }
    }
    f.write_char('\'')
}
