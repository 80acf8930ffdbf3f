//! Draws the line: wrapped by the gateway itself, so that it knows where the cursor is whatever the terminal does.

use unicode_segmentation::UnicodeSegmentation as _;

use super::characters::{drawn, width};

/// Text with its colours, and the columns that it takes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Styled {
    /// With control sequences of the gateway's own.
    pub text: String,
    /// Columns.
    pub width: usize,
}

impl Styled {
    /// Text without colours.
    pub(crate) fn plain(text: &str) -> Self {
        Self { text: text.to_owned(), width: width(text) }
    }
}

/// What stands before a row that the line continues on.
const CONTINUED: &str = "> ";

/// Narrower terminals are drawn as if they were this wide.
const NARROWEST: usize = 8;

/// Where the cursor is, and what the rows above it are.
#[derive(Debug)]
pub(crate) struct Screen {
    columns: usize,
    /// Widths of the rows that were drawn last; empty when nothing is.
    rows: Vec<usize>,
    row: usize,
    column: usize,
    /// What was drawn last, with the cursor behind it.
    shown: Option<(Styled, String)>,
}

struct Layout {
    rows: Vec<Row>,
    row: usize,
    column: usize,
}

#[derive(Default)]
struct Row {
    text: String,
    width: usize,
}

impl Screen {
    pub(crate) fn new(columns: u32) -> Self {
        Self { columns: usable(columns), rows: Vec::new(), row: 0, column: 0, shown: None }
    }

    pub(crate) fn columns(&self) -> usize {
        self.columns
    }

    /// The terminal is as wide as that now, and has wrapped what it shows by itself.
    pub(crate) fn resize(&mut self, columns: u32) {
        let columns = usable(columns);
        let above: usize = self.rows.iter().take(self.row).map(|width| width.div_ceil(columns).max(1)).sum();
        (self.row, self.column) = (above + self.column / columns, self.column % columns);
        self.rows = vec![0; self.row + 1];
        self.columns = columns;
        self.shown = None;
    }

    /// Draws the line with the cursor at that byte.
    pub(crate) fn draw(&mut self, prompt: &Styled, text: &str, cursor: usize) -> String {
        if let Some(added) = self.appended(prompt, text, cursor) {
            return added;
        }
        let layout = lay_out(prompt, text, cursor, self.columns);
        let mut out = self.to_first_row();
        for (index, row) in layout.rows.iter().enumerate() {
            out += if index == 0 { "" } else { "\r\n" };
            out += &row.text;
        }
        out += &back(layout.rows.len() - 1 - layout.row, layout.column);
        self.rows = layout.rows.iter().map(|row| row.width).collect();
        (self.row, self.column) = (layout.row, layout.column);
        let at_end = cursor == text.len() && layout.row + 1 == layout.rows.len();
        self.shown = at_end.then(|| (prompt.clone(), text.to_owned()));
        out
    }

    /// Leaves the line as it is and goes to a row below it.
    pub(crate) fn leave(&mut self) -> String {
        let below = self.rows.len().saturating_sub(self.row + 1);
        self.forget();
        format!("{}\r\n", down(below))
    }

    /// Clears the terminal; the next drawing begins at its top.
    pub(crate) fn clear(&mut self) -> String {
        self.forget();
        "\x1b[H\x1b[2J".into()
    }

    /// The cursor stands at the beginning of a row that holds nothing.
    pub(crate) fn restart(&mut self) {
        self.forget();
    }

    fn forget(&mut self) {
        self.rows.clear();
        self.shown = None;
        (self.row, self.column) = (0, 0);
    }

    fn to_first_row(&self) -> String {
        let up = if self.row > 0 { format!("\x1b[{}A", self.row) } else { String::new() };
        format!("{up}\r\x1b[J")
    }

    /// When plain text was typed at the end and fits in the row, only that is drawn.
    fn appended(&mut self, prompt: &Styled, text: &str, cursor: usize) -> Option<String> {
        let (before, shown) = self.shown.as_ref()?;
        let added = text.strip_prefix(shown.as_str())?;
        let plain = !added.is_empty() && added.bytes().all(|byte| (b' '..=b'~').contains(&byte));
        if before != prompt || cursor != text.len() || !plain || self.column + added.len() >= self.columns {
            return None;
        }
        let added = added.to_owned();
        self.column += added.len();
        if let Some(row) = self.rows.last_mut() {
            *row += added.len();
        }
        self.shown = Some((prompt.clone(), text.to_owned()));
        Some(added)
    }
}

fn usable(columns: u32) -> usize {
    // A terminal of no width is one that does not know its width.
    if columns == 0 { 80 } else { usize::try_from(columns).unwrap_or(80).clamp(NARROWEST, 1000) }
}

fn lay_out(prompt: &Styled, text: &str, cursor: usize, columns: usize) -> Layout {
    let mut rows = vec![Row { text: prompt.text.clone(), width: prompt.width }];
    let mut place = None;
    for (at, grapheme) in text.grapheme_indices(true) {
        if at == cursor {
            place = Some(place_now(&mut rows, columns));
        }
        if grapheme == "\n" {
            rows.push(Row { text: CONTINUED.into(), width: CONTINUED.len() });
            continue;
        }
        let piece = drawn(grapheme);
        if piece.escaped {
            // One column at a time: an escaped grapheme may be wider than the terminal.
            piece.text.chars().for_each(|c| add(&mut rows, &reversed(c), width(&c.to_string()), columns));
        } else {
            add(&mut rows, &piece.text, piece.width, columns);
        }
    }
    let (row, column) = place.unwrap_or_else(|| place_now(&mut rows, columns));
    Layout { rows, row, column }
}

/// Where the next grapheme of one column goes; a full row is followed by an empty one.
fn place_now(rows: &mut Vec<Row>, columns: usize) -> (usize, usize) {
    if rows.last().is_some_and(|row| row.width >= columns) {
        rows.push(Row::default());
    }
    (rows.len() - 1, rows.last().map_or(0, |row| row.width))
}

fn add(rows: &mut Vec<Row>, text: &str, width: usize, columns: usize) {
    if rows.last().is_some_and(|row| row.width + width > columns) {
        rows.push(Row::default());
    }
    if let Some(row) = rows.last_mut() {
        row.text += text;
        row.width += width;
    }
}

fn reversed(c: char) -> String {
    format!("\x1b[7m{c}\x1b[27m")
}

/// From the end of the last row to a place `up` rows above.
fn back(up: usize, column: usize) -> String {
    let up = if up > 0 { format!("\x1b[{up}A") } else { String::new() };
    let right = if column > 0 { format!("\x1b[{column}C") } else { String::new() };
    format!("{up}\r{right}")
}

fn down(rows: usize) -> String {
    if rows > 0 { format!("\x1b[{rows}B") } else { String::new() }
}
