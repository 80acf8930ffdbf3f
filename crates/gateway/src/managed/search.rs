//! Ctrl-R: the newest earlier line that contains what is typed.

/// A search that goes on.
#[derive(Debug, Default)]
pub(crate) struct Search {
    wanted: String,
    /// Place of the line that was found; none before the first.
    at: Option<usize>,
}

/// Longest text that can be searched for.
const LONGEST: usize = 256;

impl Search {
    /// What is searched for.
    pub(crate) fn wanted(&self) -> &str {
        &self.wanted
    }

    /// The line that was found.
    pub(crate) fn found<'a>(&self, history: &'a [String]) -> Option<&'a str> {
        history.get(self.at?).map(String::as_str)
    }

    pub(crate) fn extend(&mut self, text: &str, history: &[String]) {
        if self.wanted.len() + text.len() <= LONGEST {
            self.wanted.push_str(text);
            self.seek(self.at.map_or(history.len(), |at| at + 1), history);
        }
    }

    pub(crate) fn shorten(&mut self, history: &[String]) {
        self.wanted.pop();
        self.seek(history.len(), history);
    }

    /// Goes on to an older line; stays if there is none.
    pub(crate) fn older(&mut self, history: &[String]) {
        let before = self.at;
        self.seek(self.at.unwrap_or(history.len()), history);
        self.at = self.at.or(before);
    }

    fn seek(&mut self, before: usize, history: &[String]) {
        let earlier = history.get(..before).unwrap_or(history);
        self.at = match self.wanted.is_empty() {
            true => None,
            false => earlier.iter().rposition(|line| line.contains(&self.wanted)),
        };
    }
}
