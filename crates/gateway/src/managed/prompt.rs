//! What stands before the cursor: which target, as whom, where, coloured by the label `env`.

use super::characters::{legible, width};
use super::screen::Styled;

/// What a prompt tells.
#[derive(Clone, Debug, Default)]
pub(crate) struct Place {
    pub target: String,
    pub account: String,
    /// Value of the label `env`, if there is one.
    pub env: String,
    /// All labels and the level, for the header.
    pub labels: String,
}

/// Columns that the directory may take, of all columns: one half.
const DIRECTORY_SHARE: usize = 2;

impl Place {
    /// The line that names the target large, above every prompt.
    pub(crate) fn header(&self, columns: usize) -> String {
        let name = format!("  {}  ", legible(&self.target));
        let rest = legible(&format!(" {}   {}", self.account, self.labels));
        let room = columns.saturating_sub(width(&name));
        format!("\x1b[1;97;{}m{name}\x1b[0m{}\r\n", 40 + self.colour(), fitting(&rest, room))
    }

    /// The prompt: a failed line's status, account, target and directory.
    pub(crate) fn prompt(&self, directory: &str, status: u8, columns: usize) -> Styled {
        let failed = if status == 0 { String::new() } else { format!("[{status}] ") };
        let who = format!("{}@{}", legible(&self.account), legible(&self.target));
        let directory = ending(&legible(directory), columns / DIRECTORY_SHARE);
        let sign = if self.account == "root" { '#' } else { '$' };
        let colour = 30 + self.colour();
        let plain = format!("{failed}{who}:{directory}{sign} ");
        if width(&plain) * 4 > columns * 3 {
            return Styled { text: format!("\x1b[1;{colour}m{sign}\x1b[0m "), width: 2 };
        }
        let text = format!("{failed}\x1b[1;{colour}m{who}\x1b[0m:\x1b[1m{directory}\x1b[0m{sign} ");
        Styled { width: width(&plain), text }
    }

    /// Red for production, yellow before it, green for development, blue for what is not labelled.
    fn colour(&self) -> u8 {
        match self.env.to_ascii_lowercase().as_str() {
            env if env.starts_with("prod") || env == "live" => 1,
            env if env.starts_with("stag") || env.starts_with("pre") || env == "uat" || env == "qa" => 3,
            env if env.starts_with("dev") || env.starts_with("test") => 2,
            _ => 4,
        }
    }
}

/// The last columns of a text.
fn ending(text: &str, columns: usize) -> String {
    if width(text) <= columns {
        return text.to_owned();
    }
    let mut kept: Vec<char> = Vec::new();
    for c in text.chars().rev() {
        if width(&kept.iter().collect::<String>()) + width(&c.to_string()) + 3 > columns {
            break;
        }
        kept.push(c);
    }
    format!("...{}", kept.iter().rev().collect::<String>())
}

/// The first columns of a text.
fn fitting(text: &str, columns: usize) -> String {
    let mut kept = String::new();
    for c in text.chars() {
        if width(&kept) + width(&c.to_string()) > columns {
            break;
        }
        kept.push(c);
    }
    kept
}

#[cfg(test)]
mod tests {
    use super::*;

    fn place(env: &str) -> Place {
        let labels = format!("env={env}, level command-gated");
        Place { target: "db-1".into(), account: "root".into(), env: env.into(), labels }
    }

    #[test]
    fn production_is_red_and_named_large() {
        let header = place("prod").header(80);
        assert_eq!(header, "\x1b[1;97;41m  db-1  \x1b[0m root   env=prod, level command-gated\r\n");
        assert!(place("staging").header(80).contains(";43m"));
        assert!(place("dev").header(80).contains(";42m"));
        assert!(place("").header(80).contains(";44m"));
    }

    #[test]
    fn the_prompt_says_who_where_and_what_failed() {
        let prompt = place("prod").prompt("/srv", 3, 80);
        assert_eq!(prompt.text, "[3] \x1b[1;31mroot@db-1\x1b[0m:\x1b[1m/srv\x1b[0m# ");
        assert_eq!(prompt.width, "[3] root@db-1:/srv# ".len());
    }

    #[test]
    fn a_long_or_hostile_directory_neither_fills_the_row_nor_acts() {
        let long = place("prod").prompt(&"/deep".repeat(60), 0, 40);
        assert!(long.width < 40, "{}", long.width);
        let hostile = place("prod").prompt("/a\x1b[2J\u{202e}", 0, 80);
        assert!(hostile.text.contains("/a<U+001B>[2J<U+202E>"), "{}", hostile.text);
    }

    #[test]
    fn a_header_does_not_wrap() {
        let header = place("prod").header(20);
        assert_eq!(header, "\x1b[1;97;41m  db-1  \x1b[0m root   env=\r\n");
    }
}
