//! Words that the shell will change, against one row of the table: what else they may turn out to be.

use super::attempt::Attempt;
use super::marks::{is_certain, may_be_none, may_be_option, spreads};
use super::shown;
use crate::Effect;
use crate::table::{Matched, Role, Row, Runs, matched};

impl<'a> Attempt<'a> {
    /// Whether an expansion could make this row's use of the program out of words that do not name it.
    pub(super) fn may_be_another(row: &Row, words: &[&str]) -> bool {
        let read = matched(row, words);
        let verb = row.verbs.iter().any(|verb| may_name(verb, row.any_options, &read.operands));
        verb || !row.required.is_empty() && is_open(row, &read, words)
    }

    /// Words that may become several, or none: they and those after them may be any of the operands that remain.
    pub(super) fn spread(&mut self, operands: &[&'a str], scripted: bool) {
        let roles: Vec<Role> =
            self.row.operands.iter().filter(|r| !(scripted && **r == Role::Script)).copied().collect();
        let Some(first) = operands.iter().position(|word| spreads(word) || may_be_option(word)) else {
            return;
        };
        let later = roles.get(first..).unwrap_or_default().to_vec();
        let (many, last) = (operands.iter().any(|word| may_be_option(word)), operands.len() - 1);
        for (i, word) in operands.iter().enumerate() {
            let open = many || i == last && spreads(word);
            if i >= first && !later.is_empty() {
                later.iter().chain(&self.row.rest).for_each(|role| self.operand(*role, word));
            }
            if let (true, Some(role)) = (open, self.row.last) {
                self.operand(role, word);
            }
        }
    }

    /// An expansion that may be an option, or more words than one where one is wanted.
    pub(super) fn expansions(&mut self, read: &Matched<'a>, words: &[&'a str]) {
        if is_open(self.row, read, words) {
            self.any_option();
            if self.row.runs.is_some_and(|runs| runs != Runs::Directory) {
                self.find(Effect::ShellEscape, "starts something that an expansion may change".into());
            }
        }
        let values = read.given.iter().filter_map(|given| given.value);
        for value in values.filter(|value| spreads(value)) {
            if may_be_none(value) || words.contains(&value) {
                self.find(
                    Effect::Unknown,
                    format!("takes the value {}, which may be several words", shown(value)),
                );
            }
        }
    }
}

/// Whether the operands may turn out to begin with a verb, or to hold it, through an expansion.
fn may_name(verb: &str, anywhere: bool, operands: &[&str]) -> bool {
    let verb: Vec<&str> = verb.split(' ').collect();
    let expands = |operands: &[&str]| {
        let known = verb.iter().zip(operands).take_while(|(_, operand)| is_certain(operand));
        let uncertain = known.clone().count() < verb.len().min(operands.len());
        uncertain && known.into_iter().all(|(verb, operand)| verb.ends_with('*') || verb == operand)
    };
    match anywhere {
        true => operands.iter().any(|operand| !is_certain(operand)),
        false => expands(operands),
    }
}

/// Whether a word that may begin with a dash stands where the program still looks for options.
fn is_open(row: &Row, read: &Matched, words: &[&str]) -> bool {
    let searched = match words.iter().position(|word| *word == "--") {
        Some(end) if read.ended => end,
        _ => words.len(),
    };
    let first_operand = read.operands.first().and_then(|first| words.iter().position(|word| word == first));
    let searched = match first_operand {
        Some(first) if row.options_first => searched.min(first + 1),
        _ => searched,
    };
    !row.any_options && words.iter().take(searched).any(|word| may_be_option(word))
}
