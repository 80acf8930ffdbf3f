//! What a PostgreSQL client asks for, as the road takes it: the text with its parameters, read with what its names stand for.

use std::sync::Arc;

use access::SqlStatement;
use access::policy::sql::Script;
use aws_lc_rs::digest::{SHA256, digest};
use wire::postgres::{ActKind, Parameter};

use super::accounts::{may_only_read, only_reads};
use super::catalogue::{Guide, Prepared};
use super::judging::Read;
use super::texts::{Reading, Texts};

/// Longest value that is shown whole, and how much is shown of a longer one, in bytes.
const LONGEST: usize = 32 << 10;
const BEGINNING: usize = 64;

/// How many acts are remembered that would have changed too many rows.
const REMEMBERED: usize = 16;

/// How texts are read for one session at one moment.
#[derive(Clone)]
pub(crate) struct Reader {
    texts: Arc<Texts>,
    guide: Guide,
    /// How whatever only reads is read, and as which account it runs.
    reading: Option<(Guide, String)>,
    /// It runs as the session's own account although it only reads.
    pub stays: bool,
    /// What stands behind the prepared statements that the text names.
    pub prepared: Prepared,
    /// The open transaction has changed the schema, and only it sees how.
    pub shifted: bool,
    /// What would have changed too many rows; people are asked about it next time.
    exceeded: Vec<ActKind>,
}

impl Reader {
    /// Reads for a session that has changed nothing yet.
    pub(crate) fn new(texts: Arc<Texts>, guide: Guide, reading: Option<(Guide, String)>) -> Self {
        let (prepared, exceeded) = (Prepared::new(), Vec::new());
        Self { texts, guide, reading, stays: false, prepared, shifted: false, exceeded }
    }

    /// That act would have changed too many rows: it is not counted again.
    pub(crate) fn has_exceeded(&mut self, kind: ActKind) {
        if self.exceeded.len() == REMEMBERED {
            self.exceeded.remove(0);
        }
        self.exceeded.push(kind);
    }

    /// The statement; the name of what is none, and never allowed.
    pub(crate) async fn statement(self, kind: ActKind, afresh: bool) -> Read {
        let has_exceeded = self.exceeded.contains(&kind);
        let (text, parameters) = match kind {
            ActKind::Query(text) => (text, Vec::new()),
            ActKind::Bind { statement: Some(prepared), parameters, .. } => {
                (prepared.text.clone(), parameters)
            }
            ActKind::Bind { statement: None, .. } => return Err("statement that nobody has seen"),
            ActKind::FunctionCall { .. } => return Err("function call"),
        };
        let told = |one: &Parameter| one.value.as_deref().map(|value| shown(value, one.is_binary));
        let parameters = parameters.iter().map(told).collect();
        let (Reading { script, countable }, runs_as) = self.read(&text, afresh).await;
        let countable = countable && !has_exceeded;
        Ok(SqlStatement { text: text.to_vec(), parameters, script, countable, runs_as })
    }

    /// What it says to the account as which it runs: names may stand for something else to another.
    async fn read(&self, text: &[u8], afresh: bool) -> (Reading, Option<String>) {
        let script = self.texts.read(text);
        let may_read = !self.stays && may_only_read(&script);
        if let Some((guide, login)) = self.reading.as_ref().filter(|_| may_read) {
            let reading = self.ask(guide, &script, afresh).await;
            if only_reads(&reading.script) {
                return (reading, Some(login.clone()));
            }
        }
        (self.ask(&self.guide, &script, afresh).await, None)
    }

    async fn ask(&self, guide: &Guide, script: &Arc<Script>, afresh: bool) -> Reading {
        if script.obstacle().is_some() {
            return Reading { script: script.clone(), countable: false };
        }
        match self.unanswerable(script) {
            Some(why) => Reading::unanswered(script, why),
            None if afresh => guide.read_afresh(script, &self.prepared).await,
            None => guide.read(script, &self.prepared).await,
        }
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
