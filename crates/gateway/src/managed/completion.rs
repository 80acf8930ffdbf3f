//! Tab: which word is to be completed, and what becomes of it. Names from the target are never inserted unless
//! everybody sees them as they are, and never without the quotes that they need.

use super::characters::{is_plain, legible, width};
use super::quoting::quoted_if_needed;

/// Names that are shown at most.
const MAX_SHOWN: usize = 120;

/// Programs whose first operand is another program.
const WRAPPERS: [&str; 8] = ["sudo", "nohup", "time", "env", "nice", "xargs", "command", "setsid"];

/// The word before the cursor.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Wanted {
    /// Byte offset at which the word begins.
    pub from: usize,
    pub what: What,
}

/// What the word may become.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum What {
    /// A program that begins with this.
    Program(String),
    Path {
        /// The directory as it was written, with its last `/`; empty for the one that the shell is in.
        directory: String,
        /// What the name begins with.
        prefix: String,
        /// Only directories will do.
        only_directories: bool,
    },
}

/// A name that fits.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Name {
    pub text: String,
    pub directory: bool,
}

/// What Tab leads to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Choice {
    Nothing,
    /// The word becomes this.
    Insert(String),
    /// Several fit: these lines are shown.
    Show(String),
}

/// The word that ends at the cursor; none where only a shell knows what it stands for.
pub(crate) fn wanted(before: &str) -> Option<Wanted> {
    let mut scan = Scan { commands: true, ..Scan::default() };
    for (at, c) in before.char_indices() {
        scan.take(at, c);
    }
    if scan.computed || scan.escaped {
        return None;
    }
    let from = if scan.inside { scan.from } else { before.len() };
    let what = match scan.word.rsplit_once('/') {
        None if scan.commands => What::Program(scan.word),
        parted => {
            let (directory, prefix) = parted
                .map_or((String::new(), scan.word.clone()), |(directory, prefix)| {
                    (format!("{directory}/"), prefix.to_owned())
                });
            What::Path { directory, prefix, only_directories: scan.program == "cd" }
        }
    };
    Some(Wanted { from, what })
}

/// The entries of a directory out of a listing with one name a line, directories with a `/` behind them.
pub(crate) fn entries(listing: &str, prefix: &str, only_directories: bool) -> Vec<Name> {
    let name = |line: &str| match line.strip_suffix('/') {
        Some(text) => Name { text: text.to_owned(), directory: true },
        None => Name { text: line.to_owned(), directory: false },
    };
    let fits = |name: &Name| {
        let hidden = name.text.starts_with('.') && !prefix.starts_with('.');
        !name.text.is_empty() && name.text.starts_with(prefix) && !hidden
    };
    let names = listing.lines().map(name).filter(fits);
    names.filter(|name| name.directory || !only_directories).collect()
}

/// What fits out of these names, for a word of that kind.
pub(crate) fn choose(mut names: Vec<Name>, what: &What, columns: usize) -> Choice {
    names.sort();
    names.dedup();
    let (directory, prefix) = match what {
        What::Program(prefix) => ("", prefix),
        What::Path { directory, prefix, .. } => (directory.as_str(), prefix),
    };
    match names.as_slice() {
        [] => Choice::Nothing,
        [only] if is_insertable(&only.text) => {
            let end = if only.directory { "/" } else { " " };
            Choice::Insert(written(directory, &only.text) + end)
        }
        several => {
            let common = common_start(several);
            match common.len() > prefix.len() && is_insertable(common) {
                true => Choice::Insert(written(directory, common)),
                false => Choice::Show(shown(several, columns)),
            }
        }
    }
}

fn is_insertable(text: &str) -> bool {
    text.chars().all(is_plain)
}

/// A path as a shell reads it; a `~` at its beginning stays what it is.
fn written(directory: &str, name: &str) -> String {
    let path = format!("{directory}{name}");
    match path.strip_prefix("~/") {
        Some(below) => format!("~/{}", quoted_if_needed(below)),
        // An option would be read where a name is meant.
        None if path.starts_with('-') => format!("./{}", quoted_if_needed(&path)),
        None => quoted_if_needed(&path),
    }
}

fn common_start(names: &[Name]) -> &str {
    let Some((first, others)) = names.split_first() else { return "" };
    let mut end = first.text.len();
    for other in others {
        let same = first.text.chars().zip(other.text.chars()).take_while(|(one, two)| one == two);
        end = end.min(same.map(|(c, _)| c.len_utf8()).sum());
    }
    first.text.get(..end).unwrap_or_default()
}

/// The names in columns, at most so many of them.
fn shown(names: &[Name], columns: usize) -> String {
    let labels: Vec<_> = names.iter().take(MAX_SHOWN).map(label).collect();
    let widest = labels.iter().map(|label| width(label)).max().unwrap_or(0) + 2;
    let per_row = (columns / widest).max(1);
    let mut text = String::new();
    for row in labels.chunks(per_row) {
        let padded = row.iter().map(|label| format!("{label}{}", " ".repeat(widest - width(label))));
        text += padded.collect::<String>().trim_end();
        text.push('\n');
    }
    if names.len() > MAX_SHOWN {
        text += &format!("... {} more\n", names.len() - MAX_SHOWN);
    }
    text
}

fn label(name: &Name) -> String {
    legible(&name.text) + if name.directory { "/" } else { "" }
}

#[derive(Default)]
struct Scan {
    quote: Option<char>,
    escaped: bool,
    /// A word has begun at `from`.
    inside: bool,
    from: usize,
    word: String,
    /// The word depends on what only a shell knows.
    computed: bool,
    /// A program's name may stand here.
    commands: bool,
    /// The command's first word.
    program: String,
}

impl Scan {
    fn take(&mut self, at: usize, c: char) {
        match self.quote {
            _ if self.escaped => {
                self.escaped = false;
                self.push(at, c);
            }
            Some('\'') if c != '\'' => self.push(at, c),
            Some(quote) if c == quote => self.quote = None,
            _ if c == '\\' => {
                self.begin(at);
                self.escaped = true;
            }
            Some(_) => self.value(at, c),
            None if c == '\'' || c == '"' => {
                self.begin(at);
                self.quote = Some(c);
            }
            None if c.is_whitespace() || "|&;()<>".contains(c) => self.end(c),
            None => self.value(at, c),
        }
    }

    fn value(&mut self, at: usize, c: char) {
        self.push(at, c);
        let expands = "$`".contains(c) || self.quote.is_none() && "*?[{".contains(c);
        self.computed |= expands || self.word.starts_with('~') && self.word.len() == 2 && c != '/';
    }

    fn push(&mut self, at: usize, c: char) {
        self.begin(at);
        self.word.push(c);
    }

    fn begin(&mut self, at: usize) {
        if !self.inside {
            (self.inside, self.from) = (true, at);
        }
    }

    fn end(&mut self, c: char) {
        if self.inside && self.commands {
            self.commands = WRAPPERS.contains(&self.word.as_str()) || self.word.contains('=');
            self.program = std::mem::take(&mut self.word);
        }
        self.word.clear();
        (self.inside, self.computed) = (false, false);
        match c {
            '|' | '&' | ';' | '(' | '\n' => self.commands = true,
            '<' | '>' => self.commands = false,
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn path(directory: &str, prefix: &str, only_directories: bool) -> Option<What> {
        Some(What::Path { directory: directory.into(), prefix: prefix.into(), only_directories })
    }

    fn what(before: &str) -> Option<What> {
        wanted(before).map(|wanted| wanted.what)
    }

    fn names(texts: &[&str]) -> Vec<Name> {
        texts.iter().map(|text| Name { text: (*text).into(), directory: false }).collect()
    }

    #[test]
    fn the_word_before_the_cursor_is_a_program_or_a_path() {
        let program = |prefix: &str| Some(What::Program(prefix.into()));
        for (before, expected) in [
            ("", program("")),
            ("sys", program("sys")),
            ("sudo sys", program("sys")),
            ("ls | gr", program("gr")),
            ("A=b ls; ca", program("ca")),
            ("./x", path("./", "x", false)),
            ("/usr/bi", path("/usr/", "bi", false)),
            ("ls ", path("", "", false)),
            ("ls '/a b/c", path("/a b/", "c", false)),
            ("ls /a\\ b/c", path("/a b/", "c", false)),
            ("cd ~/x/", path("~/x/", "", true)),
            ("ls > o", path("", "o", false)),
            ("ls \"it's", path("", "it's", false)),
        ] {
            assert_eq!(what(before), expected, "{before:?}");
        }
        assert_eq!(wanted("ls /tmp/a").map(|wanted| wanted.from), Some(3));
    }

    #[test]
    fn what_only_a_shell_knows_is_not_completed() {
        for before in ["ls $HOME/x", "ls *", "ls `x`/", "ls \"$x", "ls {a,b}/", "ls ~bob/x", "ls a\\"] {
            assert_eq!(what(before), None, "{before:?}");
        }
        assert!(what("ls '$x").is_some());
    }

    #[test]
    fn a_name_is_inserted_with_the_quotes_that_it_needs() {
        let below = |directory: &str, prefix: &str| What::Path {
            directory: directory.into(),
            prefix: prefix.into(),
            only_directories: false,
        };
        let one = |name: &str, what: &What| choose(names(&[name]), what, 80);
        assert_eq!(one("app.log", &below("/var/", "a")), Choice::Insert("/var/app.log ".into()));
        assert_eq!(one("a b", &below("", "a")), Choice::Insert("'a b' ".into()));
        assert_eq!(one("$(x); y", &below("~/", "")), Choice::Insert("~/'$(x); y' ".into()));
        assert_eq!(one("-rf", &below("", "")), Choice::Insert("./-rf ".into()));
        let directory = vec![Name { text: "srv".into(), directory: true }];
        assert_eq!(choose(directory, &below("/", "s"), 80), Choice::Insert("/srv/".into()));
    }

    #[test]
    fn a_name_that_hides_something_is_shown_and_not_inserted() {
        let what = What::Path { directory: String::new(), prefix: String::new(), only_directories: false };
        for name in ["a\u{1b}[2J", "a\u{202e}b", "a\rb", "\u{200b}"] {
            let Choice::Show(shown) = choose(names(&[name]), &what, 80) else {
                panic!("{name:?} was inserted")
            };
            assert!(shown.contains("<U+") && !shown.contains('\u{1b}'), "{shown:?}");
        }
    }

    #[test]
    fn several_names_share_a_beginning_or_are_shown() {
        let program = What::Program("sys".into());
        let choice = choose(names(&["systemctl", "systemd-run"]), &program, 80);
        assert_eq!(choice, Choice::Insert("system".into()));
        let program = What::Program("system".into());
        let choice = choose(names(&["systemctl", "systemd-run"]), &program, 80);
        assert_eq!(choice, Choice::Show("systemctl    systemd-run\n".into()));
        let many: Vec<_> = (0..500).map(|n| format!("x{n:03}")).collect();
        let many: Vec<_> = many.iter().map(String::as_str).collect();
        let Choice::Show(shown) = choose(names(&many), &What::Program("x".into()), 80) else { panic!() };
        assert!(shown.ends_with("... 380 more\n"), "{shown}");
    }

    #[test]
    fn hidden_entries_are_wanted_by_name_only() {
        let listing = "dir/\nfile\n.hidden\n\n";
        assert_eq!(entries(listing, "", false).len(), 2);
        assert_eq!(entries(listing, ".", false).len(), 1);
        assert_eq!(entries(listing, "", true).len(), 1);
    }
}
