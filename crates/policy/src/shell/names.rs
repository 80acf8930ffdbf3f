//! Words that may name a program, an assigned variable or the variable of a loop.

use super::Obstacle;
use super::grammar::bare;
use super::lexer::Lexed;
use super::script::{Assignment, Piece, Word};
use crate::environment::{is_harmless, is_name};

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
pub(super) fn program(text: &str, lexed: Lexed, at: usize) -> Result<Word, Obstacle> {
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

pub(super) fn assignment(lexed: &Lexed, at: usize) -> Result<Assignment, Obstacle> {
    let split = lexed.word.literal().zip(lexed.equals).and_then(|(text, end)| text.split_at_checked(end));
    let Some((name, value)) = split.filter(|(name, _)| is_name(name)) else {
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
pub(super) fn is_loop_name(name: &str) -> bool {
    let lower = name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_');
    let single = name.len() == 1 && name.bytes().all(|b| b.is_ascii_uppercase());
    let begins = name.starts_with(|c: char| c.is_ascii_alphabetic());
    let special = SPECIAL_NAMES.contains(&name) || name.ends_with("_proxy") || name.ends_with("_functions");
    begins && (lower || single) && !special
}
