//! What a PostgreSQL client asks for, as the road takes it: the text with its parameters, read with what its names stand for.

use std::sync::Arc;
use std::time::Duration;

use access::policy::Effect;
use access::policy::sql::{Control, Kind, Name, Named, Script, Statement, SyntaxError};
use access::{Impact, SqlStatement};
use aws_lc_rs::digest::{SHA256, digest};
use bytes::Bytes;
use wire::postgres::{ActKind, Parameter, Prepared, Session, Unsettled, may_have_constants};

use super::accounts::{may_only_read, only_reads};
use super::catalogue::{FIRST_OWN, Guide, Values};
use super::judging::{Matter, Read};
use super::login::Replication;
use super::prepared::{Behind, behind, certain};
use super::replicating::command;
use super::texts::{Reading, Texts};

/// Longest value that is shown whole, and how much is shown of a longer one, in bytes.
const LONGEST: usize = 32 << 10;
const BEGINNING: usize = 64;

/// How many acts are remembered that would have changed too many rows.
const REMEMBERED: usize = 16;

const UNKNOWN_FUNCTION: &str = "call of a function by a number that the database does not know";
const OWN_TYPES: &str = "has parameters whose types, given by number, only its session knows";

/// What a session asks for, with all that is needed to read it.
pub(crate) struct Asked {
    pub reader: Reader,
    pub kind: ActKind,
    /// A transaction may be open, in the server's process of that number.
    pub transaction: Option<Option<u32>>,
}

impl Matter for Asked {
    async fn is_nothing(&self) -> bool {
        match &self.kind {
            ActKind::Parse(prepared) if self.reader.replication.is_none() => {
                self.reader.parses_plainly(&prepared.text).await
            }
            _ => false,
        }
    }

    async fn read(&self, afresh: bool) -> Read {
        self.reader.statement(&self.kind, afresh).await
    }

    async fn impact(&self, patience: Duration) -> Option<Impact> {
        self.reader.impact(&self.kind, patience).await
    }

    async fn locked(&self) -> Option<Vec<String>> {
        Some(match self.transaction? {
            Some(process) => self.reader.guide.locked(process).await,
            None => vec![],
        })
    }
}

/// How texts are read for one session at one moment.
#[derive(Clone)]
pub(crate) struct Reader {
    texts: Arc<Texts>,
    guide: Guide,
    /// How whatever only reads is read, and as which account it runs.
    reading: Option<(Guide, String)>,
    /// It runs as the session's own account although it only reads.
    pub stays: bool,
    /// What the prepared statements are that the text executes.
    behind: Behind,
    /// The types of its parameters that the database has made, by number.
    typed: Vec<u32>,
    /// The open transaction has changed the schema, and only it sees how.
    shifted: bool,
    /// It may have changed what the server calls to read a constant.
    retyped: bool,
    /// What kind of replication connection it is, if it is one.
    replication: Option<Replication>,
    /// What would have changed too many rows; people are asked about it next time.
    exceeded: Vec<ActKind>,
}

impl Reader {
    /// Reads for a session that has changed nothing yet.
    pub(crate) fn new(texts: Arc<Texts>, guide: Guide, reading: Option<(Guide, String)>) -> Self {
        let (behind, typed, exceeded) = (Behind::new(), Vec::new(), Vec::new());
        let (stays, shifted, retyped) = (false, false, false);
        let replication = None;
        Self { texts, guide, reading, stays, behind, typed, shifted, retyped, replication, exceeded }
    }

    /// Reads for a replication connection of that kind.
    pub(crate) fn replicating(self, replication: Option<Replication>) -> Self {
        Self { replication, ..self }
    }

    /// A command of a replication connection, or what such a connection does not take.
    fn command(&self, kind: &ActKind) -> Option<Read> {
        command(kind, self.replication?)
    }

    /// That act would have changed too many rows: it is not counted again.
    pub(crate) fn has_exceeded(&mut self, kind: ActKind) {
        if self.exceeded.len() == REMEMBERED {
            self.exceeded.remove(0);
        }
        self.exceeded.push(kind);
    }

    /// That is let through.
    pub(crate) fn follows(&mut self, script: &Script) {
        self.shifted |= script.statements().iter().any(|statement| statement.shifts);
        self.retyped |= script.statements().iter().any(may_retype);
    }

    /// What the open transaction has changed is seen by everybody now, or gone. Whether it has changed the schema.
    pub(crate) fn settles(&mut self) -> bool {
        self.retyped = false;
        std::mem::take(&mut self.shifted)
    }

    /// The same, knowing what the names stand for that this act executes.
    ///
    /// # Errors
    ///
    /// That depends on answers of the server's that have not come.
    pub(crate) fn knowing(&self, kind: &ActKind, session: &Session) -> Result<Self, Unsettled> {
        let behind = match text(kind) {
            Ok(text) => behind(&self.texts.read(&text), &self.texts, session)?,
            Err(_) => Behind::new(),
        };
        let typed = match kind {
            ActKind::Bind { statement: Some(prepared), .. } | ActKind::Parse(prepared) => {
                own_types(prepared).collect()
            }
            _ => Vec::new(),
        };
        Ok(Self { behind, typed, ..self.clone() })
    }

    /// What the grammar says of the text, if it does not have it.
    pub(crate) fn syntax_error(&self, kind: &ActKind) -> Option<SyntaxError> {
        if self.command(kind).is_some() {
            return None;
        }
        self.texts.read(&text(kind).ok()?).syntax_error().cloned()
    }

    /// The statement; the name of what is none, and never allowed.
    pub(crate) async fn statement(&self, kind: &ActKind, afresh: bool) -> Read {
        if let Some(command) = self.command(kind) {
            return command;
        }
        let has_exceeded = self.exceeded.contains(kind);
        if afresh {
            self.guides().for_each(Guide::forget);
        }
        let text = self.text(kind).await?;
        let parameters = match kind {
            ActKind::Bind { parameters, .. } => parameters.as_slice(),
            ActKind::FunctionCall { arguments, .. } => arguments.as_slice(),
            ActKind::Query(_) | ActKind::Parse(_) => &[],
        };
        let told = |one: &Parameter| one.value.as_deref().map(|value| shown(value, one.is_binary));
        let parameters = parameters.iter().map(told).collect();
        let (reading, behind, runs_as) = self.read(&text).await;
        let Reading { script, countable } = reading;
        let script = self.preparing(script).await;
        let countable = countable && !has_exceeded && !matches!(kind, ActKind::Parse(_));
        Ok(SqlStatement { text: text.to_vec(), parameters, script, behind, countable, runs_as, place: None })
    }

    /// What the statement would reach, as far as its database tells in that time.
    pub(crate) async fn impact(&self, kind: &ActKind, patience: Duration) -> Option<Impact> {
        if self.command(kind).is_some() {
            return None;
        }
        let text = self.text(kind).await.ok()?;
        let values = match kind {
            ActKind::Bind { statement: Some(prepared), parameters, .. } => {
                Values { types: prepared.declared.clone(), parameters: parameters.clone() }
            }
            _ => Values::default(),
        };
        let script = self.texts.read(&text);
        Some(match self.unanswerable(&script) {
            Some(why) => Impact::untold(why),
            None => self.guide.impact(&script, &values, patience).await,
        })
    }

    /// The text of an act; of a call by number, the one that makes the same call.
    async fn text(&self, kind: &ActKind) -> Result<Bytes, &'static str> {
        let ActKind::FunctionCall { function, arguments } = kind else { return text(kind) };
        let called = self.guide.call(*function, arguments.len()).await;
        called.map(Bytes::from).ok_or(UNKNOWN_FUNCTION)
    }

    /// Whether the server calls nobody's code when it parses that text. The constants in it are read at once, as values of
    /// their types: an array of a domain calls the domain's checks.
    async fn parses_plainly(&self, text: &[u8]) -> bool {
        let script = self.texts.read(text);
        if !may_have_constants(text) {
            return true;
        }
        let may_retype = self.retyped || script.statements().iter().any(may_retype);
        !may_retype && (self.guide.reads_constants_plainly().await || self.has_no_code(&script).await)
    }

    async fn has_no_code(&self, script: &Arc<Script>) -> bool {
        let (reading, _) = self.ask(&self.guide, script).await;
        reading.script.understood()
    }

    /// What a text does that prepares: nothing but that, if parsing it does nothing.
    async fn preparing(&self, script: Arc<Script>) -> Arc<Script> {
        let prepares = |one: &Statement| matches!(one.control, Control::Prepare(_));
        let is_preparing = script.statements().iter().any(prepares);
        match is_preparing && self.parses_plainly(script.text().as_bytes()).await {
            true => Arc::new(script.preparing()),
            false => script,
        }
    }

    /// What it says to the account as which it runs: names may stand for something else to another.
    async fn read(&self, text: &[u8]) -> (Reading, Behind, Option<String>) {
        let script = self.texts.read(text);
        let may_read = !self.stays && may_only_read(&script);
        if let Some((guide, login)) = self.reading.as_ref().filter(|_| may_read) {
            let (reading, behind) = self.ask(guide, &script).await;
            if only_reads(&reading.script) {
                return (reading, behind, Some(login.clone()));
            }
        }
        let (reading, behind) = self.ask(&self.guide, &script).await;
        (reading, behind, None)
    }

    /// The text, read, and what is certain of the names that it executes.
    async fn ask(&self, guide: &Guide, script: &Arc<Script>) -> (Reading, Behind) {
        if script.obstacle().is_some() {
            return (Reading { script: script.clone(), countable: false }, Behind::new());
        }
        let Some(types) = self.types(guide, script).await else {
            return (Reading::with_unknown(script, OWN_TYPES), Behind::new());
        };
        if let Some(why) = self.unanswerable(script) {
            return (Reading::unanswered(script, why), Behind::new());
        }
        let reading = self.ask_with(guide, script, &self.behind, &types).await;
        let certain = certain(script, &reading.script, &self.behind);
        match certain == self.behind {
            true => (reading, certain),
            false => (self.ask_with(guide, script, &certain, &types).await, certain),
        }
    }

    async fn ask_with(
        &self,
        guide: &Guide,
        script: &Arc<Script>,
        behind: &Behind,
        types: &[Named],
    ) -> Reading {
        let named = |name: &str| Named { kind: Kind::Prepared, name: Name::plain(name) };
        let read = |(name, text): (&String, &String)| (named(name), self.texts.read(text.as_bytes()));
        let prepared = behind.iter().map(read).collect();
        guide.read(script, &prepared, types).await
    }

    /// The types of parameters that the database has made; nothing if nobody outside of the session can tell which.
    async fn types(&self, guide: &Guide, script: &Script) -> Option<Vec<Named>> {
        if self.typed.is_empty() {
            return Some(Vec::new());
        }
        match self.unanswerable(script) {
            Some(_) => None,
            None => guide.types(&self.typed).await,
        }
    }

    fn guides(&self) -> impl Iterator<Item = &Guide> {
        [&self.guide].into_iter().chain(self.reading.as_ref().map(|(guide, _)| guide))
    }

    /// Why no question from outside of the session can tell what names stand for.
    fn unanswerable(&self, script: &Script) -> Option<&'static str> {
        let earlier = script.statements().split_last().map_or([].as_slice(), |(_, earlier)| earlier);
        if self.shifted {
            Some("its transaction has changed the schema, and only it sees how")
        } else if earlier.iter().any(|statement| statement.shifts) {
            Some("an earlier statement of the same text changes the schema")
        } else {
            None
        }
    }
}

/// The text of an act; the name of what has none.
fn text(kind: &ActKind) -> Result<Bytes, &'static str> {
    match kind {
        ActKind::Query(text) => Ok(text.clone()),
        ActKind::Parse(prepared) => Ok(prepared.text.clone()),
        ActKind::Bind { name, statement: Some(prepared), .. } if prepared.by_sql => Ok(execute(name)),
        ActKind::Bind { statement: Some(prepared), .. } => Ok(prepared.text.clone()),
        ActKind::Bind { statement: None, .. } => Err("statement that nobody has seen"),
        ActKind::FunctionCall { .. } => Err(UNKNOWN_FUNCTION),
    }
}

/// What statements that change what reading a constant calls say, besides those that nobody has read.
const RETYPING: [&str; 4] = ["domain", "function", "operator", "extension"];

fn may_retype(statement: &Statement) -> bool {
    let mut words = statement.text.split(|c: char| !c.is_ascii_alphanumeric() && c != '_');
    let mut is_said = || words.any(|word| RETYPING.iter().any(|one| word.eq_ignore_ascii_case(one)));
    statement.effects.contains(&Effect::Unknown)
        || (statement.effects.contains(&Effect::SchemaChange) && is_said())
}

/// The types that the client has declared and that are not the server's own. To read a value of a domain is to run its
/// checks.
pub(super) fn own_types(prepared: &Prepared) -> impl Iterator<Item = u32> {
    prepared.declared.iter().copied().filter(|number| *number >= FIRST_OWN)
}

/// What says in SQL that a prepared statement runs.
fn execute(name: &[u8]) -> Bytes {
    let name = String::from_utf8_lossy(name).replace('"', "\"\"");
    format!("EXECUTE \"{name}\"").into()
}

/// As people read it: text as it is, anything else in hex, and of what is long its beginning and digest.
pub(crate) fn shown(value: &[u8], is_binary: bool) -> String {
    if value.len() <= LONGEST {
        return written(value, is_binary);
    }
    let digest: String = hex(digest(&SHA256, value).as_ref());
    let beginning = written(value.get(..BEGINNING).unwrap_or_default(), is_binary);
    format!("{beginning}… ({} bytes, SHA-256 {digest})", value.len())
}

fn written(value: &[u8], is_binary: bool) -> String {
    match std::str::from_utf8(value) {
        Ok(text) if !is_binary => text.to_owned(),
        Err(fault) if !is_binary && fault.error_len().is_none() => {
            String::from_utf8_lossy(value).into_owned()
        }
        _ => format!("\\x{}", hex(value)),
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
