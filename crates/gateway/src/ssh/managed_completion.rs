//! Tab at the prompt: the question to the target and what becomes of its answer.

use std::time::Duration;

use access::policy::{FileOperation, Table};

use super::channel::Exit;
use super::managed::Shell;
use super::managed_query::Answer;
use crate::managed::{Choice, Name, OWN_WORDS, What, choose, entries, quoted, wanted};

/// How long a person waits for Tab.
const LIMIT: Duration = Duration::from_secs(1);

const BELL: &str = "\x07";

impl Shell<'_> {
    /// Completes the word before the cursor, or shows what fits.
    pub(crate) async fn complete(&mut self) -> Result<(), Exit> {
        let before = self.editor.text().get(..self.editor.cursor()).unwrap_or_default();
        let Some(wanted) = wanted(before) else { return self.draw(BELL.into()).await };
        let names = match &wanted.what {
            What::Program(prefix) => self.programs(prefix),
            What::Path { directory, prefix, only_directories } => {
                self.listed(directory, prefix, *only_directories).await?
            }
        };
        match choose(names, &wanted.what, self.screen.columns()) {
            Choice::Insert(text) if self.editor.complete(wanted.from, &text) => self.redraw().await,
            Choice::Show(names) => {
                self.close_row("").await?;
                self.print(&names).await?;
                self.redraw().await
            }
            Choice::Nothing | Choice::Insert(_) => self.draw(BELL.into()).await,
        }
    }

    /// The shell's own words, and the programs that the command table knows.
    fn programs(&self, prefix: &str) -> Vec<Name> {
        let table = Table::shipped();
        let names = OWN_WORDS.into_iter().chain(table.names()).filter(|name| name.starts_with(prefix));
        names.map(|name| Name { text: name.to_owned(), directory: false }).collect()
    }

    /// Entries of a directory; none if it may not be looked at, or does not answer in time.
    async fn listed(
        &mut self,
        directory: &str,
        prefix: &str,
        only_directories: bool,
    ) -> Result<Vec<Name>, Exit> {
        let path = match directory.strip_prefix("~/") {
            Some(below) => match &self.state.login {
                Some(home) => format!("{home}/{below}"),
                None => return Ok(Vec::new()),
            },
            None => self.state.absolute(if directory.is_empty() { "." } else { directory }),
        };
        let command = format!("LC_ALL=C ls -1Ap -- {}", quoted(&path));
        let answer = self.ask(FileOperation::List { path }, command, LIMIT).await?;
        Ok(match answer {
            Answer::Yes(listing) => entries(&listing, prefix, only_directories),
            _ => Vec::new(),
        })
    }
}
