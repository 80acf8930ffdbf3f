//! One program's words against one row of the table: whether they fit, and what they do.

use std::collections::BTreeSet;
use std::rc::Rc;

use super::marks::{is_certain, is_wide};
use super::places::anywhere;
use super::{Around, More, awk, sed, shown, unnamed, words};
use crate::table::{Given, Matched, Means, Role, Row, Runs, Stdin, Style, Use, matched};
use crate::{Effect, How, Touch, sql};

/// The outcome for one row.
pub(super) struct Attempt<'a> {
    pub(super) row: &'a Row,
    pub(super) name: &'a str,
    pub(super) found: Vec<(Effect, String)>,
    pub(super) touched: Vec<Touch>,
    /// The words of the command that a wrapper starts.
    pub(super) remaining: Vec<&'a str>,
    /// Commands that options take.
    pub(super) executed: Vec<Executed<'a>>,
    /// It sets what makes less start nothing.
    pub(super) secures: bool,
    /// Texts that options give to a shell.
    pub(super) texts: Vec<&'a str>,
    placeholders: Vec<&'a str>,
    around: Around<'a>,
    strange: Vec<String>,
    /// What was done to files below the starts of find already.
    below: BTreeSet<Use>,
    /// A directory that is named stands for all that it holds.
    descends: bool,
}

/// A command that an option takes.
pub(super) struct Executed<'a> {
    pub(super) words: Vec<&'a str>,
    /// Where the files lie that it is given.
    pub(super) below: Rc<[String]>,
}

impl<'a> Attempt<'a> {
    /// None when the row is not about this use of the program at all.
    pub(super) fn of(row: &'a Row, name: &'a str, words: &[&'a str], around: Around<'a>) -> Option<Self> {
        let words = after_added(row, words).filter(|_| around.secure || !row.secure)?;
        if words.iter().any(|word| row.excludes(word)) {
            return None;
        }
        let read = matched(row, words);
        let required = row.required.iter().all(|any| read.given.iter().any(|g| any.contains(&g.name)));
        let verb = row.verb(&read.operands)?;
        if !required {
            return None;
        }
        let name = name.rsplit('/').next().unwrap_or(name);
        let strange = read.strange.first().map(|word| shown(word)).into_iter().collect();
        let (found, remaining, executed, texts, placeholders) = (vec![], vec![], vec![], vec![], vec![]);
        let below = BTreeSet::new();
        let placed = read.has_command_in_place(row, verb + row.operands.len());
        let mut attempt = Attempt {
            row,
            name,
            found,
            touched: vec![],
            descends: row.descends(&read.given),
            remaining,
            executed,
            secures: false,
            texts,
            placeholders,
            around,
            strange,
            below,
        };
        if !placed {
            attempt.strange.push("a command without -- before it".into());
        }
        attempt.read(&read, read.operands.get(verb..).unwrap_or_default());
        if !words.iter().all(|word| is_certain(word)) {
            attempt.expansions(&read, words);
        }
        Some(attempt)
    }

    /// Whether the row explains every word.
    pub(super) fn fits(&self) -> bool {
        self.strange.is_empty()
    }

    /// The first word that it does not explain.
    pub(super) fn strange(&self) -> Option<String> {
        self.strange.first().cloned()
    }

    /// What the program inside a wrapper gets beyond its words.
    pub(super) fn passes_on(&self, more: &More) -> More {
        if self.row.runs == Some(Runs::MoreWords) { More::Words } else { more.clone() }
    }

    /// Whether names from the input stay the names they are inside other words.
    pub(super) fn keeps_names(&self) -> bool {
        self.remaining.iter().all(|word| self.placeholders.iter().all(|p| word == p || !word.contains(p)))
    }

    fn read(&mut self, read: &Matched<'a>, operands: &[&'a str]) {
        for effect in &self.row.effects {
            self.find(*effect, self.row.does.clone());
        }
        if self.row.stdin == Stdin::Commands {
            self.find(Effect::ShellEscape, "takes commands from standard input".into());
        }
        self.pager(read);
        let start = if operands.is_empty() { &["."][..] } else { operands };
        let starts: Rc<[String]> = start.iter().map(|word| (*word).to_owned()).collect();
        let mut seen = BTreeSet::new();
        for given in &read.given {
            match given.means {
                Means::Executes => {
                    let words = given.command.clone();
                    self.executed.push(Executed { words, below: Rc::clone(&starts) });
                }
                _ if seen.insert((&given.name, given.value)) => self.option(given, operands),
                _ => {}
            }
        }
        let scripted = read.given.iter().any(|g| g.means == Means::Script);
        let operands = self.without_assignments(operands);
        self.operands(operands, scripted);
        self.spread(operands, scripted);
        self.more(read.ended, operands.len(), scripted);
    }

    fn pager(&mut self, read: &Matched) {
        let Some(without) = self.row.pager.as_ref().filter(|_| self.around.terminal) else { return };
        if !read.given.iter().any(|given| given.name == *without) {
            self.find(Effect::ShellEscape, format!("starts a pager on a terminal; add {without} or | cat"));
        }
    }

    fn option(&mut self, given: &Given<'a>, operands: &[&'a str]) {
        let value = given.value.unwrap_or_default();
        match given.means {
            Means::Nothing => {}
            Means::Effect(effect) => self.find(effect, format!("{} ({})", given.name, self.row.does)),
            Means::File(usage) if given.value.is_some() => self.file(usage, value),
            Means::File(usage) if operands.is_empty() => self.file(usage, "."),
            Means::File(usage) => operands.iter().for_each(|word| self.file_inside(usage, word)),
            Means::Script => self.script(value),
            Means::Text => self.texts.extend(given.value),
            Means::Statements => self.statements(value),
            Means::Placeholder => self.placeholders.push(given.value.unwrap_or("{}")),
            Means::Executes => {}
        }
    }

    /// Statements that are given to a server do there what they do; an expansion in them may be any statement.
    fn statements(&mut self, text: &str) {
        if !is_certain(text) {
            return self.find(Effect::Unknown, "runs statements that an expansion changes".into());
        }
        let script = sql::analyse(sql::Dialect::Postgres, text.as_bytes(), &sql::Catalogue::unasked());
        for reason in script.reasons() {
            self.find(reason.effect, format!("runs a statement that {}", reason.because));
        }
    }

    /// Drops `NAME=value` in front of an inner command; a name that could change what runs is a way out.
    fn without_assignments<'o>(&mut self, operands: &'o [&'a str]) -> &'o [&'a str] {
        let count = operands.iter().take_while(|word| self.row.assignments && word.contains('=')).count();
        let (assignments, rest) = operands.split_at(count);
        let less = assignments.iter().rfind(|word| word.starts_with("LESSSECURE="));
        self.secures = less.is_some_and(|word| *word == words::SECURE);
        for word in assignments.iter().filter(|word| !words::is_harmless_assignment(word)) {
            self.find(Effect::ShellEscape, format!("sets {}, which may change what runs", shown(word)));
        }
        rest
    }

    fn operands(&mut self, operands: &[&'a str], scripted: bool) {
        let mut roles = self.row.operands.as_slice();
        if scripted && roles.first() == Some(&Role::Script) {
            roles = &roles[1..];
        }
        let (first, rest) = operands.split_at(roles.len().min(operands.len()));
        for (role, word) in roles.iter().zip(first) {
            self.operand(*role, word);
        }
        if self.row.runs.is_some_and(|runs| runs != Runs::Directory) {
            return self.command(rest);
        }
        if self.row.runs == Some(Runs::Directory) {
            self.remaining = operands.to_vec();
        }
        self.rest(rest);
    }

    fn rest(&mut self, rest: &[&'a str]) {
        let (words, target) = match (rest, self.row.last) {
            ([words @ .., target], Some(role)) if !words.is_empty() => (words, Some((target, role))),
            _ => (rest, None),
        };
        for word in words {
            match self.row.rest {
                Some(role) => self.operand(role, word),
                None => self.strange.push(shown(word)),
            }
        }
        if let Some((target, role)) = target {
            self.operand(role, target);
            words.iter().for_each(|word| self.under(target, role, word));
        }
    }

    /// When the last operand is a directory, each word arrives in it under its own name.
    fn under(&mut self, target: &str, role: Role, word: &str) {
        if matches!(self.around.more, More::FilesBelow(_)) && word.contains("{}") {
            return self
                .find(Effect::Unknown, format!("puts files into {} under unseen names", shown(target)));
        }
        let name = word.trim_end_matches('/').rsplit('/').next().unwrap_or_default();
        let usage = if role == Role::Creates { Use::Creates } else { Use::Replaces };
        let path = format!("{target}/{name}");
        self.uses(usage, &path);
    }

    fn uses(&mut self, usage: Use, path: &str) {
        self.found.extend(self.around.file(self.name, usage, path));
        self.touched.extend(self.around.touches(usage, path, self.descends));
        if self.descends {
            self.all_below(usage, path);
        }
    }

    /// A directory that is read as a whole gives away the secrets in it.
    fn all_below(&mut self, usage: Use, path: &str) {
        if usage == Use::Reads && unnamed::are_below(path, self.around.places) {
            self.find(
                Effect::DataExport,
                format!("reads all below {}, which may hold a secret", shown(path)),
            );
        }
    }

    fn command(&mut self, rest: &[&'a str]) {
        self.remaining = rest.to_vec();
        let starts = &self.row.starts;
        if !starts.is_empty() && !rest.first().is_some_and(|name| starts.iter().any(|start| start == name)) {
            self.strange.push(rest.first().map_or_else(|| "no command".into(), |name| shown(name)));
        }
        if rest.is_empty() && self.row.needs_command {
            self.strange.push("no command".into());
        }
        let named_by_input = |word: &&&str| self.placeholders.iter().any(|p| word.contains(p));
        let wraps = rest
            .first()
            .is_some_and(|name| self.around.table.rows(name).iter().any(|row| row.runs.is_some()));
        let open = *self.around.more == More::Words || self.row.runs == Some(Runs::MoreWords);
        if rest.first().filter(named_by_input).is_some()
            || open && wraps
            || rest.is_empty() && *self.around.more == More::Words
        {
            self.find(Effect::ShellEscape, "starts what its input names".into());
        }
    }

    pub(super) fn operand(&mut self, role: Role, word: &'a str) {
        let fits = match role {
            Role::Data => {
                self.elsewhere(word);
                true
            }
            Role::Plain => words::is_plain(word),
            Role::Arithmetic => words::is_arithmetic(word),
            Role::Format => words::is_printing_format(word),
            Role::Plus => word.starts_with('+'),
            Role::Number => words::is_number(word),
            Role::Name => words::is_name(word),
            Role::Login => word == "-" || words::is_name(word),
            Role::Local => words::is_local(word),
            Role::Script => return self.script(word),
            Role::Awk => return self.awk(word),
            Role::Service => return self.service(word),
            Role::Unit => return self.unit(word),
            Role::Owned => return self.owned(word),
            Role::Looks => return self.file(Use::Looks, word),
            Role::Reads => return self.file(Use::Reads, word),
            Role::Creates => return self.file(Use::Creates, word),
            Role::Extends => return self.file(Use::Extends, word),
            Role::Replaces => return self.file(Use::Replaces, word),
            Role::Removes => return self.file(Use::Removes, word),
        };
        if !fits {
            self.strange.push(shown(word));
        }
    }

    fn script(&mut self, script: &str) {
        if !is_certain(script) || !sed::only_edits(script) {
            self.find(Effect::ShellEscape, format!("{} may run commands or write files", shown(script)));
        }
    }

    fn awk(&mut self, program: &str) {
        if !is_certain(program) || !awk::only_prints(program) {
            self.find(Effect::ShellEscape, format!("{} may run commands or write files", shown(program)));
        }
    }

    /// By name only: a process number, which is all that kill takes, says nothing.
    fn service(&mut self, name: &str) {
        if !is_certain(name) && self.name != "kill" {
            self.find(Effect::AuditTamper, format!("{}, which may be one that logs", shown(name)));
        }
        if ["audit", "syslog", "journal", "osquery", "falco"].iter().any(|part| name.contains(part)) {
            self.find(Effect::AuditTamper, format!("{}, which logs", shown(name)));
        }
    }

    fn unit(&mut self, name: &str) {
        self.service(name);
        if name.contains('/') || is_wide(name) {
            self.find(Effect::ShellEscape, format!("{}, which says what to start", shown(name)));
        }
    }

    /// Only where logs are kept does a changed owner or mode mean more.
    fn owned(&mut self, word: &str) {
        let tampers = self.around.file(self.name, Use::Removes, word).into_iter();
        self.found.extend(tampers.filter(|(effect, _)| *effect == Effect::AuditTamper));
        self.touched.extend(self.around.touches(Use::Creates, word, self.descends));
    }

    /// An operand that is the start of what an option does: a link in its place may be followed.
    fn file_inside(&mut self, usage: Use, start: &str) {
        self.file(usage, start);
        self.touched.extend(self.around.touches(usage, &format!("{start}/"), true));
    }

    fn file(&mut self, usage: Use, path: &str) {
        self.elsewhere(path);
        if path.contains("://") {
            self.find(Effect::Unknown, format!("{} is an address", shown(path)));
        }
        match self.around.more {
            More::FilesBelow(starts) if path.contains("{}") => {
                if usage == Use::Reads && path != "{}" {
                    self.find(Effect::DataExport, format!("reads {}, which may hold a secret", shown(path)));
                }
                if self.below.insert(usage) {
                    starts.iter().for_each(|start| self.any_file_below(usage, start));
                }
            }
            _ => self.uses(usage, path),
        }
    }

    /// `host:path` is reached through a program that connects to the host; `::` only leads to a part of an archive.
    fn elsewhere(&mut self, name: &str) {
        let colon = match self.row.style {
            Style::Dashless => name.contains(':'),
            _ if self.row.hosts => name.contains(':'),
            _ => self.row.repositories && name.replacen("::", "", 1).contains(':'),
        };
        let hosts = self.row.style == Style::Dashless || self.row.hosts || self.row.repositories;
        if colon || hosts && is_wide(name) {
            self.find(Effect::ShellEscape, format!("{} is on another host", shown(name)));
        }
    }

    fn any_file_below(&mut self, usage: Use, start: &str) {
        self.found.extend(self.around.file(self.name, usage, start));
        self.touched.extend(self.around.touches(usage, start, true));
        self.all_below(usage, start);
        if matches!(usage, Use::Creates | Use::Extends | Use::Replaces) {
            self.find(Effect::Unknown, format!("writes to files below {} that are not named", shown(start)));
        }
    }

    /// Words from standard input may be any operand, and any option unless `--` came before.
    fn more(&mut self, ended: bool, operands: usize, scripted: bool) {
        if *self.around.more != More::Words {
            return;
        }
        let positional =
            self.row.operands.iter().filter(|r| !(scripted && **r == Role::Script)).skip(operands);
        for role in positional.chain(&self.row.rest).chain(&self.row.last) {
            self.any_operand(*role);
        }
        if !ended {
            self.any_option();
        }
    }

    fn any_operand(&mut self, role: Role) {
        let because = "with names from its input";
        self.touched.extend(how(role).map(anywhere));
        match role {
            Role::Looks => {}
            Role::Reads if self.around.named => {}
            Role::Reads => self.find_all(&[Effect::DataExport], because),
            Role::Creates | Role::Extends => self.find_all(&[Effect::Write, Effect::Unknown], because),
            Role::Replaces => self.find_all(&[Effect::Write, Effect::DataDestroy], because),
            Role::Removes => self.find_all(&[Effect::DataDestroy], because),
            Role::Script | Role::Awk => self.find_all(&[Effect::ShellEscape], "with a script from its input"),
            Role::Data | Role::Service | Role::Unit | Role::Owned => {}
            Role::Plain
            | Role::Arithmetic
            | Role::Format
            | Role::Plus
            | Role::Number
            | Role::Name
            | Role::Login
            | Role::Local => {
                self.find_all(&[Effect::Unknown], because);
            }
        }
    }

    pub(super) fn any_option(&mut self) {
        let row = self.row;
        for listed in row.grammar.values() {
            match listed.means {
                Means::Nothing | Means::Placeholder => {}
                Means::Effect(effect) => self.find_all(&[effect], "with options from its input"),
                Means::File(Use::Looks) => {}
                Means::File(Use::Reads) if *self.around.more == More::Words => self.any_operand(Role::Reads),
                Means::File(Use::Reads) => {}
                Means::File(Use::Creates | Use::Extends) => self.any_operand(Role::Extends),
                Means::File(Use::Replaces) => self.any_operand(Role::Replaces),
                Means::File(Use::Removes) => self.any_operand(Role::Removes),
                Means::Statements => self.find(Effect::Unknown, "with statements from its input".into()),
                Means::Script | Means::Text | Means::Executes => self.any_operand(Role::Script),
            }
        }
        if !row.complete && !row.any_options {
            self.find(Effect::Unknown, "with options from its input".into());
        }
    }

    fn find_all(&mut self, effects: &[Effect], because: &str) {
        effects.iter().for_each(|effect| self.find(*effect, because.into()));
    }

    pub(super) fn find(&mut self, effect: Effect, because: String) {
        self.found.push((effect, format!("{} {because}", self.name)));
    }
}

/// How an operand of this kind touches a file.
fn how(role: Role) -> Option<How> {
    match role {
        Role::Looks => Some(How::Looks),
        Role::Reads => Some(How::Reads),
        Role::Creates | Role::Extends | Role::Replaces | Role::Owned => Some(How::Writes),
        Role::Removes => Some(How::Removes),
        _ => None,
    }
}

/// The words after those that the row wants directly after the name.
fn after_added<'w, 'a>(row: &Row, words: &'w [&'a str]) -> Option<&'w [&'a str]> {
    let (added, rest) = words.split_at_checked(row.adds.len())?;
    (added == row.adds).then_some(rest)
}
