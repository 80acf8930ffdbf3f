//! Bytes in, what a terminal shows out: the editor and the screen together, with a terminal emulator as the judge.

mod adversary;
mod editing;
mod properties;

use super::screen::Styled;
use super::{Editor, Outcome, Screen};

/// A person's terminal in front of the editor.
pub struct Desk {
    editor: Editor,
    screen: Screen,
    terminal: vt100::Parser,
    pub history: Vec<String>,
    prompt: Styled,
}

impl Desk {
    pub fn new(columns: u16) -> Self {
        let prompt = Styled { text: "\x1b[1mdb-1\x1b[0m# ".into(), width: 6 };
        let terminal = vt100::Parser::new(400, columns, 0);
        let screen = Screen::new(u32::from(columns));
        let mut desk = Self { editor: Editor::default(), screen, terminal, history: Vec::new(), prompt };
        desk.draw();
        desk
    }

    /// Sends one packet and draws as the shell does; what was submitted is left on the terminal.
    pub fn send(&mut self, packet: &[u8]) -> Vec<Outcome> {
        let outcomes = self.editor.feed(packet, &self.history);
        for outcome in &outcomes {
            match outcome {
                Outcome::Submit(line) => {
                    let shown = self.screen.draw(&self.prompt, line, line.len()) + &self.screen.leave();
                    self.terminal.process(shown.as_bytes());
                }
                Outcome::Edited => self.draw(),
                _ => {}
            }
        }
        outcomes
    }

    pub fn resize(&mut self, columns: u16) {
        self.terminal.screen_mut().set_size(400, columns);
        self.screen.resize(u32::from(columns));
        self.draw();
    }

    pub fn text(&self) -> &str {
        self.editor.text()
    }

    /// The lines that a packet submitted.
    pub fn submitted(&mut self, packet: &[u8]) -> Vec<String> {
        let outcomes = self.send(packet);
        let lines = outcomes.into_iter().filter_map(|outcome| match outcome {
            Outcome::Submit(line) => Some(line),
            _ => None,
        });
        lines.collect()
    }

    /// What stands on the terminal, without blanks and row ends.
    pub fn shown(&self) -> String {
        solid(&self.terminal.screen().contents())
    }

    /// What has to stand there for a line: the prompt, and everything that could hide by its number.
    pub fn expected(&self, line: &str) -> String {
        use unicode_segmentation::UnicodeSegmentation as _;
        let mut expected = "db-1#".to_owned();
        for grapheme in line.graphemes(true) {
            expected += &if grapheme == "\n" { ">".into() } else { super::characters::drawn(grapheme).text };
        }
        solid(&expected)
    }

    /// Where the cursor is: row, column.
    pub fn cursor(&self) -> (u16, u16) {
        self.terminal.screen().cursor_position()
    }

    fn draw(&mut self) {
        let drawn = self.screen.draw(&self.prompt, self.editor.text(), self.editor.cursor());
        self.terminal.process(drawn.as_bytes());
    }
}

fn solid(text: &str) -> String {
    text.chars().filter(|c| !c.is_whitespace()).collect()
}
