//! Whether a line is whole. This only decides what Enter does; what a line means is decided by analysis alone.

/// Why Enter goes on to another row instead of submitting.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Open {
    Quote,
    Backslash,
    /// A pipe, `&&` or `||` at the end.
    Joint,
    /// `if`, `for`, `while`, `until`, `case`, `{` or `(` without its end.
    Compound,
    Document,
}

/// What a line still waits for, if anything.
pub(crate) fn open(text: &str) -> Option<Open> {
    let mut scan = Scan::default();
    let mut characters = text.chars().peekable();
    while let Some(c) = characters.next() {
        scan.take(c, characters.peek().copied());
    }
    scan.end()
}

/// Whether a line still waits for more.
pub(crate) fn is_open(text: &str) -> bool {
    open(text).is_some()
}

/// A line without the backslashes at the ends of its rows, which only part a row from the next.
pub(crate) fn joined(text: &str) -> String {
    let mut scan = Scan::default();
    let mut joined = String::with_capacity(text.len());
    let mut characters = text.chars().peekable();
    while let Some(c) = characters.next() {
        let next = characters.peek().copied();
        if c == '\\' && next == Some('\n') && scan.parts_rows() {
            characters.next();
            continue;
        }
        scan.take(c, next);
        joined.push(c);
    }
    joined
}

/// A text in pieces that are each whole, in order; the last may not be.
pub(crate) fn pieces(text: &str) -> Vec<String> {
    let mut pieces = Vec::new();
    let mut piece = String::new();
    for row in text.split('\n') {
        if !piece.is_empty() {
            piece.push('\n');
        }
        piece.push_str(row);
        if open(&piece).is_none() {
            pieces.push(std::mem::take(&mut piece));
        }
    }
    pieces.extend((!piece.is_empty()).then_some(piece));
    pieces.retain(|piece| !piece.trim().is_empty());
    pieces
}

#[derive(Default)]
struct Scan {
    quote: Option<char>,
    escaped: bool,
    comment: bool,
    word: String,
    /// The word was quoted in part, so it is no reserved word.
    literal: bool,
    /// A command may begin here.
    fresh_at: bool,
    depth: i32,
    joint: bool,
    started: bool,
    document: Document,
}

/// A here-document: `<<` seen, its mark, its rows.
#[derive(Default)]
enum Document {
    #[default]
    None,
    /// The operator was read; the mark follows.
    Mark,
    /// Rows follow from the next line end on.
    Awaited(String),
    /// Inside, with the row so far.
    Rows(String, String),
}

impl Scan {
    fn take(&mut self, c: char, next: Option<char>) {
        if !self.started {
            (self.started, self.fresh_at) = (true, true);
        }
        if self.in_document(c) {
            return;
        }
        match self.quote {
            _ if self.escaped => {
                self.escaped = false;
                self.literal_char(c);
            }
            Some('\'') if c != '\'' => self.literal_char(c),
            Some(quote) if c == quote => self.quote = None,
            _ if c == '\\' => self.escaped = true,
            Some(_) => self.literal_char(c),
            None if self.comment && c != '\n' => {}
            None => self.plain(c, next),
        }
    }

    fn plain(&mut self, c: char, next: Option<char>) {
        match c {
            '\'' | '"' => {
                self.quote = Some(c);
                self.literal = true;
                self.joint = false;
            }
            '#' if self.word.is_empty() && !self.literal => self.comment = true,
            '<' if next != Some('<') && self.word == "<" => self.document = Document::Mark,
            ' ' | '\t' => self.end_word(),
            '\n' | ';' => {
                self.end_word();
                self.comment = false;
                self.fresh_at = true;
                if let (Document::Awaited(mark), '\n') = (&self.document, c) {
                    self.document = Document::Rows(mark.clone(), String::new());
                }
            }
            '|' | '&' => {
                self.end_word();
                (self.fresh_at, self.joint) = (true, c == '|' || next == Some('&') || self.joint);
            }
            '(' | ')' => {
                self.end_word();
                self.depth += if c == '(' { 1 } else { -1 };
                (self.fresh_at, self.joint) = (c == '(', false);
            }
            _ => {
                self.word.push(c);
                self.joint = false;
            }
        }
    }

    fn literal_char(&mut self, c: char) {
        self.word.push(c);
        self.literal = true;
        self.joint = false;
    }

    fn end_word(&mut self) {
        let word = std::mem::take(&mut self.word);
        let literal = std::mem::take(&mut self.literal);
        if let Document::Mark = self.document {
            if !word.is_empty() {
                self.document = Document::Awaited(word.trim_start_matches(['<', '-']).to_owned());
            }
            return;
        }
        if word.is_empty() && !literal {
            return;
        }
        let reserved = self.fresh_at && !literal;
        self.fresh_at = false;
        match word.as_str() {
            "if" | "for" | "while" | "until" | "case" | "{" if reserved => {
                self.depth += 1;
                self.fresh_at = !matches!(word.as_str(), "for" | "case");
            }
            "fi" | "done" | "esac" | "}" if reserved => self.depth -= 1,
            "then" | "else" | "elif" | "do" | "!" if reserved => self.fresh_at = true,
            _ => {}
        }
    }

    /// Whether the character belongs to a here-document's rows.
    fn in_document(&mut self, c: char) -> bool {
        let Document::Rows(mark, row) = &mut self.document else { return false };
        if c != '\n' {
            row.push(c);
        } else if row == mark {
            self.document = Document::None;
            self.fresh_at = true;
        } else {
            row.clear();
        }
        true
    }

    fn parts_rows(&self) -> bool {
        let inside = matches!(self.document, Document::Rows(..));
        !self.escaped && !inside && !self.comment && self.quote != Some('\'')
    }

    fn end(mut self) -> Option<Open> {
        let inside_document = match &self.document {
            Document::Rows(mark, row) => mark != row,
            Document::Awaited(_) => true,
            _ => false,
        };
        if self.quote.is_some() {
            return Some(Open::Quote);
        }
        if self.escaped {
            return Some(Open::Backslash);
        }
        self.end_word();
        if inside_document || matches!(self.document, Document::Awaited(_)) {
            return Some(Open::Document);
        }
        if self.joint {
            return Some(Open::Joint);
        }
        (self.depth > 0).then_some(Open::Compound)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whole_lines_are_whole() {
        for whole in [
            "ls",
            "",
            "  ",
            "echo 'a\nb'",
            "ls | wc",
            "a && b",
            "if a; then b; fi",
            "(ls)",
            "{ ls; }",
            "for i in a b; do ls; done",
            "while true; do ls; done\n",
            "case x in x) ls;; esac",
            "# it's",
            "echo \\'",
            "echo \"it's\"",
            "cat <<E\nif '\nE",
            "cat <<E\nx\nE\n",
            "echo if",
            "echo 'if' x",
            "fi",
            ")",
        ] {
            assert_eq!(open(whole), None, "{whole:?}");
        }
    }

    #[test]
    fn open_lines_say_what_they_wait_for() {
        for (line, waits) in [
            ("echo 'a", Open::Quote),
            ("echo \"a\n", Open::Quote),
            ("ls \\", Open::Backslash),
            ("ls |", Open::Joint),
            ("ls &&", Open::Joint),
            ("ls || ", Open::Joint),
            ("ls |\n", Open::Joint),
            ("if a; then", Open::Compound),
            ("for i in a b\ndo ls", Open::Compound),
            ("(ls", Open::Compound),
            ("{ ls;", Open::Compound),
            ("cat <<E", Open::Document),
            ("cat <<'E'\nx\n", Open::Document),
            ("cat <<E | wc\nE ", Open::Document),
        ] {
            assert_eq!(open(line), Some(waits), "{line:?}");
        }
    }

    #[test]
    fn a_backslash_at_the_end_of_a_row_parts_nothing() {
        assert_eq!(joined("l\\\ns -l \\\n x"), "ls -l  x");
        assert_eq!(joined("echo 'a\\\nb'"), "echo 'a\\\nb'");
        assert_eq!(joined("echo a\\\\\nls"), "echo a\\\\\nls");
    }

    #[test]
    fn a_text_falls_into_whole_pieces() {
        let text = "cd /srv\nif a\nthen b\nfi\n\nls | \\\nwc\necho 'x\ny'\nls \"open";
        let whole = ["cd /srv", "if a\nthen b\nfi", "ls | \\\nwc", "echo 'x\ny'", "ls \"open"];
        assert_eq!(pieces(text), whole);
    }
}
