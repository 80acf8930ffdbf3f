//! The menu's terminal: lines that nothing in them can disturb, one page at a time, and one line of input.

use access::desk_command::DeskCommand;
use access::text::{self, Line};

use super::desk_seat::{Over, Seat};
use crate::managed::{Entry, Screen, Styled, Typed, legible, width};
use crate::relay::{Crossing, Stream, Window};

/// Lines of a terminal that does not know its size.
const ROWS: u32 = 24;

/// See the module.
pub(super) struct Page<'a> {
    seat: &'a mut Seat,
    screen: Screen,
    entry: Entry,
    /// Rows that were filled since somebody last typed.
    filled: usize,
    /// The person does not want to read the rest.
    skipping: bool,
}

impl<'a> Page<'a> {
    pub(super) fn new(seat: &'a mut Seat) -> Self {
        let screen = Screen::new(window(seat).columns);
        Self { seat, screen, entry: Entry::default(), filled: 0, skipping: false }
    }

    pub(super) fn seat(&mut self) -> &mut Seat {
        self.seat
    }

    /// The name of who sits here.
    pub(super) fn person(&self) -> String {
        self.seat.who.person().to_string()
    }

    pub(super) async fn clear(&mut self) -> Result<(), Over> {
        let cleared = self.screen.clear();
        self.draw(cleared).await
    }

    /// Forgets a Ctrl-C, and what was typed before it.
    pub(super) async fn rearm(&mut self) -> Result<(), Over> {
        self.seat.feed.spool.drop_data();
        self.seat.feed.rearm();
        self.entry.forget();
        self.draw("^C\r\n".into()).await
    }

    /// Carries a command of the desk out, and shows its answer.
    pub(super) async fn desk(&mut self, command: DeskCommand) -> Result<(), Over> {
        let answer = self.seat.connection.road.desk_does(&self.seat.who, command, b"").await;
        self.print(&(answer.stderr + &answer.stdout)).await
    }

    /// Shows a sentence of the catalogue.
    pub(super) async fn line(&mut self, line: &Line, values: &[(&str, &str)]) -> Result<(), Over> {
        let words = self.seat.connection.words(line, values);
        self.print(&words).await
    }

    /// Shows text, page by page.
    async fn print(&mut self, text: &str) -> Result<(), Over> {
        self.skipping = false;
        for line in text.trim_end_matches('\n').split('\n') {
            self.row(&legible(line)).await?;
            if self.skipping {
                break;
            }
        }
        Ok(())
    }

    async fn row(&mut self, line: &str) -> Result<(), Over> {
        let window = window(self.seat);
        let rows = width(line).div_ceil(self.screen.columns()).max(1);
        // One row is for the question.
        let room = usize::try_from(window.rows.max(3)).unwrap_or(24).saturating_sub(1);
        if self.filled > 0 && self.filled + rows > room {
            let typed = Box::pin(self.ask(&text::MENU_MORE)).await?;
            self.skipping = !typed.is_some_and(|typed| typed.is_empty());
            if self.skipping {
                return Ok(());
            }
        }
        self.filled += rows;
        self.draw(format!("{line}\r\n")).await
    }

    /// Asks for one line; none at the end of input.
    pub(super) async fn ask(&mut self, prompt: &Line) -> Result<Option<String>, Over> {
        let prompt = Styled::plain(&self.seat.connection.words(prompt, &[]));
        self.screen.restart();
        self.redraw(&prompt).await?;
        loop {
            let typed = match self.seat.hear().await? {
                Crossing::Data(Stream::Plain, bytes) => self.entry.feed(&bytes),
                Crossing::Window(window) => {
                    self.screen.resize(window.columns);
                    Typed::More
                }
                Crossing::Eof => Typed::End,
                _ => continue,
            };
            match typed {
                Typed::More => self.redraw(&prompt).await?,
                Typed::Interrupt => return Err(Over::Interrupted),
                Typed::End => return self.answered(None).await,
                Typed::Line(line) => {
                    let shown = self.screen.draw(&prompt, &line, line.len());
                    self.draw(shown).await?;
                    return self.answered(Some(line.trim().to_owned())).await;
                }
            }
        }
    }

    async fn answered(&mut self, line: Option<String>) -> Result<Option<String>, Over> {
        let left = self.screen.leave();
        self.draw(left).await?;
        self.filled = 0;
        Ok(line)
    }

    async fn redraw(&mut self, prompt: &Styled) -> Result<(), Over> {
        let drawn = self.screen.draw(prompt, self.entry.text(), self.entry.cursor());
        self.draw(drawn).await
    }

    async fn draw(&mut self, text: String) -> Result<(), Over> {
        match text.is_empty() {
            true => Ok(()),
            false => self.seat.send(text.into_bytes()).await,
        }
    }
}

/// The size of the client's terminal.
fn window(seat: &Seat) -> Window {
    let known = seat.pty.as_ref().map(|pty| pty.window).unwrap_or_default();
    Window { rows: if known.rows == 0 { ROWS } else { known.rows }, ..known }
}
