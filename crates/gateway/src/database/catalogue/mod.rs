//! What names stand for, asked of each database by a connection of the gateway's own. Who cannot be asked has not answered,
//! and what nobody knows is `unknown`.
//!
//! Answers are kept for a few seconds, and forgotten at once when something that went through here has changed a schema.
//! The reasoning, and the race that stays, are in docs/decisions/0016.

mod constants;
mod estimate;
mod facts;
mod line;
mod locks;
mod mysql;
mod numbers;
mod plan;
mod postgres;
mod questions;
mod reach;
mod survey;

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use access::model::{Protocol, Service};
use access::policy::sql::{Kind, Name, Named, Script};
use access::road::TargetCredential;
use tokio::sync::{OnceCell, Semaphore};
use tokio::time::Instant;

use super::texts::{Generations, Reading};
pub(crate) use estimate::Values;
use facts::{Facts, question, relied_on};
use line::{AskError, Line};
pub(crate) use numbers::FIRST_OWN;
use numbers::Numbers;
use survey::{Survey, called_like_columns};

/// How long an answer is believed.
const BELIEVED: Duration = Duration::from_secs(5);

/// Names that a text may lead to.
const MOST_NAMES: usize = 500;

/// Connections that are open for estimates at a time.
const MOST_ESTIMATES: usize = 2;

/// Texts behind the names of prepared statements.
pub(crate) type Prepared = BTreeMap<Named, Arc<Script>>;

/// One for each server and login.
#[derive(Default)]
pub(crate) struct Catalogues(Mutex<HashMap<String, Arc<Whole>>>);

/// All of one server that one login may ask.
pub(crate) struct Whole {
    name: String,
    limit: Duration,
    line: Line,
    /// Estimates are made a few at a time.
    estimates: Semaphore,
    known: Mutex<Arc<Known>>,
}

/// What was learnt lately.
struct Known {
    since: Instant,
    server: OnceCell<(u32, Vec<Name>)>,
    facts: Mutex<HashMap<Named, Arc<Facts>>>,
    numbers: Mutex<Numbers>,
    is_plain: OnceCell<bool>,
    readings: Mutex<Generations<Reading>>,
}

/// The way to one catalogue.
#[derive(Clone)]
pub(crate) struct Guide {
    whole: Arc<Whole>,
    credential: Arc<TargetCredential>,
}

impl Catalogues {
    /// The catalogue of the server that is dialled with that.
    pub(crate) fn guide(&self, name: &str, credential: &Arc<TargetCredential>, limit: Duration) -> Guide {
        let (database, protocol) = match &credential.service {
            Service::Database(database) => (database.name.as_str(), database.protocol),
            _ => ("", Protocol::Postgres),
        };
        let place = (name, &credential.host, credential.port, database, &credential.login);
        let line = || match protocol {
            Protocol::Postgres => Line::new::<postgres::Open>(name, limit),
            Protocol::Mysql => Line::new::<mysql::Open>(name, limit),
        };
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let whole =
            all.entry(format!("{place:?}")).or_insert_with(|| Arc::new(Whole::new(name, line(), limit)));
        Guide { whole: whole.clone(), credential: credential.clone() }
    }

    /// Somebody's statement has changed a schema, or may have: nothing is known any more.
    pub(crate) fn forget(&self) {
        let all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        all.values().for_each(|whole| whole.forget());
    }
}

impl Whole {
    fn new(name: &str, line: Line, limit: Duration) -> Self {
        Self {
            name: name.to_owned(),
            limit,
            line,
            estimates: Semaphore::new(MOST_ESTIMATES),
            known: Mutex::new(Known::nothing()),
        }
    }

    fn forget(&self) {
        *self.known.lock().unwrap_or_else(PoisonError::into_inner) = Known::nothing();
    }

    fn known(&self) -> Arc<Known> {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if known.since.elapsed() >= BELIEVED {
            *known = Known::nothing();
        }
        known.clone()
    }
}

impl Known {
    fn nothing() -> Arc<Self> {
        Arc::new(Self {
            since: Instant::now(),
            server: OnceCell::new(),
            facts: Mutex::default(),
            numbers: Mutex::default(),
            is_plain: OnceCell::new(),
            readings: Mutex::default(),
        })
    }

    fn fact(&self, named: &Named) -> Option<Arc<Facts>> {
        self.facts.lock().unwrap_or_else(PoisonError::into_inner).get(named).cloned()
    }

    fn numbered(&self, kind: Kind, number: u32) -> Option<Name> {
        self.numbers.lock().unwrap_or_else(PoisonError::into_inner).get(&(kind, number)).cloned()
    }

    fn remember_number(&self, kind: Kind, number: u32, name: &Name) {
        let mut numbers = self.numbers.lock().unwrap_or_else(PoisonError::into_inner);
        numbers.insert((kind, number), name.clone());
    }

    fn reading(&self, text: &[u8]) -> Option<Reading> {
        self.readings.lock().unwrap_or_else(PoisonError::into_inner).known(text)
    }

    /// Nothing is remembered of a name that stood for nothing: it may do so a moment later.
    fn remember(&self, named: &Named, facts: &Arc<Facts>) {
        if !facts.found.is_empty() {
            self.facts.lock().unwrap_or_else(PoisonError::into_inner).insert(named.clone(), facts.clone());
        }
    }
}

impl Guide {
    /// The text, read again with what its names stand for; from memory if that is fresh. Its parameters have these types
    /// besides those that the text names.
    pub(crate) async fn read(&self, script: &Arc<Script>, prepared: &Prepared, types: &[Named]) -> Reading {
        let known = self.whole.known();
        let text = script.text().as_bytes();
        let is_all = prepared.is_empty() && types.is_empty();
        let remembered = known.reading(text).filter(|_| is_all);
        if let Some(reading) = remembered {
            return reading;
        }
        match self.survey(&known, script, prepared, types).await {
            Ok(survey) => {
                let countable = types.is_empty() && is_countable(&survey, script);
                let reading = Reading { script: survey.read(script), countable };
                let is_lasting = survey.facts.values().all(|facts| !facts.found.is_empty());
                if is_all && is_lasting {
                    let mut readings = known.readings.lock().unwrap_or_else(PoisonError::into_inner);
                    readings.remember(text, reading.clone());
                }
                reading
            }
            Err(fault) => {
                tracing::warn!(%fault, "a database did not say what names stand for");
                Reading::unanswered(script, &fault.to_string())
            }
        }
    }

    /// Nothing from memory any more, for what was held.
    pub(crate) fn forget(&self) {
        self.whole.forget();
    }

    async fn survey(
        &self,
        known: &Known,
        script: &Arc<Script>,
        prepared: &Prepared,
        types: &[Named],
    ) -> Result<Survey, AskError> {
        let (version, like_columns) = known.server.get_or_try_init(|| self.server()).await?.clone();
        let (prepared, types) = (prepared.clone(), types.to_vec());
        let mut survey = Survey { version, like_columns, prepared, types, ..Survey::default() };
        let mut open = relied_on(script);
        open.extend(survey.types.iter().cloned());
        open.extend(called_like_columns(script, &survey.like_columns));
        while let Some(named) = open.pop() {
            if survey.facts.contains_key(&named) {
                continue;
            }
            if let Some(behind) = survey.prepared.get(&named) {
                open.extend(relied_on(behind));
                open.extend(called_like_columns(behind, &survey.like_columns));
                continue;
            }
            if survey.facts.len() >= MOST_NAMES {
                return Err(AskError::TooMuch);
            }
            let Some(facts) = self.facts(known, &named).await? else { continue };
            open.extend(facts.names());
            for (_, text) in &facts.runs {
                open.extend(called_like_columns(text, &survey.like_columns));
            }
            survey.facts.insert(named, facts);
        }
        Ok(survey)
    }

    async fn server(&self) -> Result<(u32, Vec<Name>), AskError> {
        let version = self.whole.line.ask(&self.credential, questions::VERSION, &[]).await?;
        let version = version.into_iter().flatten().flatten().next().and_then(|text| text.parse().ok());
        let functions = self.whole.line.ask(&self.credential, questions::LIKE_COLUMNS, &[]).await?;
        let functions = functions.into_iter().filter_map(|row| match <[Option<String>; 2]>::try_from(row) {
            Ok([schema, Some(name)]) => Some(Name { schema, name }),
            _ => None,
        });
        Ok((version.unwrap_or_default(), functions.collect()))
    }

    async fn facts(&self, known: &Known, named: &Named) -> Result<Option<Arc<Facts>>, AskError> {
        if let Some(facts) = known.fact(named) {
            return Ok(Some(facts));
        }
        let Some(text) = question(named.kind) else { return Ok(None) };
        let name = [named.name.schema.as_deref(), Some(named.name.name.as_str())];
        let rows = self.whole.line.ask(&self.credential, text, &name).await?;
        let facts = Arc::new(Facts::of(named, rows));
        known.remember(named, &facts);
        Ok(Some(facts))
    }
}

/// Whether the tag of the text's one statement counts everything that it changes.
fn is_countable(survey: &Survey, script: &Script) -> bool {
    let [statement] = script.statements() else { return false };
    // The tag of anything else, such as a SELECT over what a WITH removes, counts something else.
    if !["update", "delete"].contains(&first_word(&statement.text).as_str()) {
        return false;
    }
    let written: Vec<_> = statement.resolve.iter().filter(|named| named.kind == Kind::Written).collect();
    match written.as_slice() {
        [table] => survey.facts.get(table).is_some_and(|facts| facts.is_countable()),
        _ => false,
    }
}

fn first_word(text: &str) -> String {
    text.trim_start().chars().take_while(char::is_ascii_alphabetic).collect::<String>().to_ascii_lowercase()
}
