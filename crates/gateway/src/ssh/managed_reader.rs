//! Reads one line at the prompt: what the editor holds is drawn before anything is done with it.

use access::text;

use super::channel::Exit;
use super::managed::Shell;
use crate::managed::{Outcome, Styled, copy};
use crate::relay::{Crossing, Stream};

/// Undoes what a program may have left on the terminal (mouse reports, another character set, a scroll region, hidden
/// text), and asks for marks around pastes. The cursor goes to a fresh row if the program's last had no end.
fn fresh(columns: usize) -> String {
    let blanks = " ".repeat(columns.saturating_sub(1));
    format!(
        "\x1b[!p\x1b[0m\x1b(B\x0f\x1b[?9l\x1b[?1000l\x1b[?1002l\x1b[?1003l\x1b[?1004l\x1b[?47l\x1b[?7h\x1b[?25h\x1b[?2004h\
         \x1b[7m%\x1b[0m{blanks}\r \r"
    )
}

/// Pastes are the program's own affair while one runs.
const LEAVE: &str = "\x1b[?2004l";

const BELL: &str = "\x07";

/// What the reader does next.
enum Heard {
    More,
    Line(String),
    End,
}

impl Shell<'_> {
    /// The next line, or none at the end of input.
    pub(crate) async fn read(&mut self) -> Result<Option<String>, Exit> {
        let columns = self.pty.as_ref().map_or(80, |pty| pty.window.columns);
        self.screen.resize(columns);
        self.screen.restart();
        let head = fresh(self.screen.columns()) + &self.place.header(self.screen.columns());
        self.draw(head).await?;
        self.redraw().await?;
        loop {
            let heard = match self.hear().await? {
                Crossing::Data(Stream::Plain, bytes) => self.packet(&bytes).await?,
                Crossing::Window(window) => {
                    self.screen.resize(window.columns);
                    self.redraw().await?;
                    Heard::More
                }
                Crossing::Notice(lines) => {
                    self.close_row("").await?;
                    self.print(&lines).await?;
                    self.redraw().await?;
                    Heard::More
                }
                Crossing::Eof => Heard::End,
                Crossing::Close => return Err(Exit::Gone),
                _ => Heard::More,
            };
            match heard {
                Heard::More => {}
                Heard::Line(line) => return Ok(Some(line)),
                Heard::End => return Ok(None),
            }
        }
    }

    async fn packet(&mut self, bytes: &[u8]) -> Result<Heard, Exit> {
        let history = copy(&self.history);
        for outcome in self.editor.feed(bytes, &history) {
            match outcome {
                Outcome::Edited => self.redraw().await?,
                Outcome::Bell => self.draw(BELL.into()).await?,
                Outcome::Submit(line) => return self.submitted(line).await,
                Outcome::Interrupt => self.begin_again("^C").await?,
                Outcome::End => {
                    self.close_row("exit").await?;
                    return Ok(Heard::End);
                }
                Outcome::Complete => self.complete().await?,
                Outcome::Clear => {
                    let clear = self.screen.clear() + &self.place.header(self.screen.columns());
                    self.draw(clear).await?;
                    self.redraw().await?;
                }
                Outcome::Suspend => self.remark(&text::SHELL_NO_JOBS).await?,
                Outcome::TooLong => self.remark(&text::SHELL_LINE_LONG).await?,
            }
        }
        Ok(Heard::More)
    }

    /// The line as it is submitted is what stands on the terminal, to the last character.
    async fn submitted(&mut self, line: String) -> Result<Heard, Exit> {
        let prompt = self.prompt();
        let shown = self.screen.draw(&prompt, &line, line.len()) + &self.screen.leave() + LEAVE;
        self.draw(shown).await?;
        if line.trim().is_empty() {
            self.redraw().await?;
            return Ok(Heard::More);
        }
        Ok(Heard::Line(line))
    }

    async fn begin_again(&mut self, mark: &str) -> Result<(), Exit> {
        self.close_row(mark).await?;
        self.redraw().await
    }

    pub(crate) async fn close_row(&mut self, mark: &str) -> Result<(), Exit> {
        let left = format!("{mark}{}", self.screen.leave());
        self.draw(left).await
    }

    /// Says something below the line, and draws the line again.
    pub(crate) async fn remark(&mut self, line: &text::Line) -> Result<(), Exit> {
        self.close_row("").await?;
        self.show(line, &[]).await?;
        self.redraw().await
    }

    pub(crate) async fn redraw(&mut self) -> Result<(), Exit> {
        let drawn = match self.editor.search() {
            Some(search) => {
                let history = copy(&self.history);
                let found = search.found(&history).unwrap_or_default().to_owned();
                let label = format!("(search) {}: ", crate::managed::legible(search.wanted()));
                self.screen.draw(&Styled::plain(&label), &found, found.len())
            }
            None => {
                let prompt = self.prompt();
                self.screen.draw(&prompt, self.editor.text(), self.editor.cursor())
            }
        };
        self.draw(drawn).await
    }

    fn prompt(&self) -> Styled {
        let directory = self.state.directory.as_deref().unwrap_or("?");
        self.place.prompt(directory, self.state.status, self.screen.columns())
    }
}
