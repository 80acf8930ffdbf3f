//! `policy explain`: how an act is read, what it touches, which policies decide, and what would allow it.

use std::collections::BTreeSet;
use std::path::Path;
use std::process::ExitCode;

use access::policy::sql::{Columns, Name, TableUse};
use access::policy::{Act, Analysis, Effect, How, Level, Question, Rule, Touch, Verdict};
use access::statement::visible;
use access::text::{self, Language, Line};
use access::{Rehearsal, Setting};
use anyhow::Result;

use super::facts::Facts;
use super::outcome::{Outcome, Word};
use super::place::Place;
use super::who::Moment;
use super::{Wanted, Who};

/// Prints what would become of an act.
pub async fn explain(config: &Path, who: &Who, wanted: &Wanted, command: &str) -> Result<ExitCode> {
    let place = Place::find(config)?;
    let (setting, facts) = who.setting(&place).await?;
    let steps = Rehearsal::of_all(&place.policies, &setting, &wanted.supposed(command)?);
    let story = Story { place: &place, setting: &setting, facts: &facts };
    print!("{}", story.of(&steps));
    Ok(ExitCode::SUCCESS)
}

struct Story<'a> {
    place: &'a Place,
    setting: &'a Setting,
    facts: &'a Facts,
}

impl Story<'_> {
    fn of(&self, steps: &[Rehearsal]) -> String {
        let Some((act, before)) = steps.split_last() else { return String::new() };
        let outcome = Outcome::of(steps);
        let mut told = self.circumstances();
        for step in before {
            told += &self.before(step);
        }
        if let Some(analysis) = &act.analysis {
            told += &self.reading(analysis, &act.question);
        }
        told += &self.verdict(&outcome);
        let refused = before.iter().find(|step| !step.is_allowed()).unwrap_or(act);
        told + &self.ways_out(&outcome, refused)
    }

    fn say(&self, line: &Line, values: &[(&str, &str)]) -> String {
        line.say(self.language(), values) + "\n"
    }

    fn language(&self) -> Language {
        self.place.language
    }

    fn circumstances(&self) -> String {
        let Setting { person, groups, target, account, source, minute_of_day, weekday, .. } = self.setting;
        let groups: Vec<&str> = groups.iter().map(String::as_str).collect();
        let labels: Vec<_> = target.labels.iter().map(|(name, value)| format!("{name}={value}")).collect();
        let when = Moment { minute_of_day: *minute_of_day, weekday: *weekday }.to_string();
        let values = [
            ("who", &**person),
            ("groups", &groups.join(" ")),
            ("account", account),
            ("target", &target.name),
            ("labels", &labels.join(" ")),
            ("level", target.level.as_str()),
            ("when", &when),
            ("from", &source.to_string()),
        ];
        self.say(&text::EXPLAIN_WHO, &values) + &self.known()
    }

    /// What was said of access, emergencies, devices and durations; nothing when none of them is so.
    fn known(&self) -> String {
        let Setting { granted, emergency, device_bound, duration_seconds, .. } = self.setting;
        let lasts = format!("duration_seconds = {duration_seconds}");
        let all = [
            (*granted, "granted"),
            (*emergency, "emergency"),
            (*device_bound, "device_bound"),
            (*duration_seconds > 0, &lasts),
        ];
        let facts: Vec<&str> = all.into_iter().filter(|(is_so, _)| *is_so).map(|(_, name)| name).collect();
        if facts.is_empty() {
            String::new()
        } else {
            self.say(&text::EXPLAIN_KNOWN, &[("facts", &facts.join(", "))])
        }
    }

    /// What must be allowed before the act is even asked for.
    fn before(&self, step: &Rehearsal) -> String {
        let outcome = Outcome::of_one(step);
        let values =
            [("act", step.act().as_str()), ("verdict", outcome.word.as_str()), ("rule", &*outcome.rule())];
        self.say(&text::EXPLAIN_BEFORE, &values)
    }

    fn reading(&self, analysis: &Analysis, question: &Question) -> String {
        let mut told = match analysis.obstacle() {
            None => self.say(&text::EXPLAIN_UNDERSTOOD, &[]),
            Some(obstacle) => {
                self.say(&text::EXPLAIN_NOT_UNDERSTOOD, &[("obstacle", &visible(&obstacle.to_string()))])
            }
        };
        // An operation on files is only read as a command; on a recorded target what the client sent runs.
        let runs = question.act == Act::Exec && self.setting.target.level != Level::Recorded;
        if let Some(run) = analysis.run().filter(|_| runs) {
            told += &self.say(&text::EXPLAIN_RUN, &[("run", &visible(run))]);
        }
        if question.act != Act::Statement {
            told += &self.structure(analysis);
        }
        told += &self.say(&text::EXPLAIN_EFFECTS, &[]);
        for reason in analysis.reasons() {
            told += &format!("  {:<17} {}\n", reason.effect, visible(&reason.because));
        }
        told + &match question.act {
            Act::Statement => self.tables(&question.tables),
            _ => self.paths(analysis.touched()),
        }
    }

    fn structure(&self, analysis: &Analysis) -> String {
        let lines = analysis.tree();
        let lines = lines.lines().map(|line| format!("  {}\n", visible(line)));
        self.say(&text::EXPLAIN_STRUCTURE, &[]) + &lines.collect::<String>()
    }

    fn paths(&self, touched: &[Touch]) -> String {
        let lines = touched.iter().map(|touch| self.path(touch));
        self.say(&text::EXPLAIN_PATHS, &[]) + &lines.collect::<String>()
    }

    fn tables(&self, used: &[TableUse]) -> String {
        let lines = used.iter().map(|table| self.table(table));
        self.say(&text::EXPLAIN_TABLES, &[]) + &lines.collect::<String>()
    }

    /// `  removes  billing.customers (*), every row → billing`.
    fn table(&self, used: &TableUse) -> String {
        let areas: Vec<&str> = self.place.policies.areas_of_table(used).into_iter().collect();
        let table = match &used.table {
            Name { schema: None, name } if name == Name::ANY => {
                text::EXPLAIN_ANYWHERE.say(self.language(), &[])
            }
            named => visible(&named.to_string()),
        };
        let columns = match &used.columns {
            Columns::All => " (*)".into(),
            Columns::Some(names) if names.is_empty() => String::new(),
            Columns::Some(names) => {
                format!(" ({})", visible(&names.iter().cloned().collect::<Vec<_>>().join(", ")))
            }
        };
        let whole =
            if used.whole { text::EXPLAIN_EVERY_ROW.say(self.language(), &[]) } else { String::new() };
        format!("  {:<9}{table}{columns}{whole}{}\n", verb(used.how), arrow(&areas))
    }

    /// `  removes  /srv/x and all below it → backups`.
    fn path(&self, touch: &Touch) -> String {
        let areas: Vec<&str> = self.place.policies.areas_of(touch).into_iter().collect();
        let place = match &*touch.path {
            "?" => text::EXPLAIN_ANYWHERE.say(self.language(), &[]),
            path => visible(path),
        };
        let below = if touch.below && touch.path != "?" {
            text::EXPLAIN_BELOW.say(self.language(), &[])
        } else {
            String::new()
        };
        format!("  {:<9}{place}{below}{}\n", verb(touch.how), arrow(&areas))
    }

    fn verdict(&self, outcome: &Outcome) -> String {
        let mut told = self.say(&text::EXPLAIN_VERDICT, &[("verdict", outcome.word.as_str())]);
        for Rule { id, file, description, never, .. } in &outcome.rules {
            let values = [("rule", &**id), ("file", file), ("description", description)];
            told += &self.say(&text::EXPLAIN_RULE, &values);
            if *never {
                told += &self.say(&text::EXPLAIN_NEVER, &[("rule", id)]);
            }
        }
        if let Some(bytes) = outcome.obligations.max_bytes {
            told += &self.say(&text::EXPLAIN_MAX_BYTES, &[("bytes", &bytes.to_string())]);
        }
        if let Some(rows) = outcome.obligations.max_rows {
            told += &self.say(&text::EXPLAIN_MAX_ROWS, &[("rows", &rows.to_string())]);
        }
        if outcome.obligations.keep_copy {
            told += &self.say(&text::EXPLAIN_KEEP_COPY, &[]);
        }
        told
    }

    /// Who could sign, or what to do instead.
    fn ways_out(&self, outcome: &Outcome, refused: &Rehearsal) -> String {
        let mut told = match outcome.word {
            Word::Allow => return String::new(),
            Word::Hold => outcome.quorums.iter().map(|quorum| self.quorum(quorum)).collect(),
            Word::Deny => self.say(&text::EXPLAIN_DENIED, &[("reason", &visible(&outcome.reason))]),
        };
        let blamed = self.blamed(&refused.question);
        for reason in refused.analysis.iter().flat_map(Analysis::reasons) {
            if blamed.contains(&reason.effect) {
                let values = [("effect", reason.effect.as_str()), ("because", &*visible(&reason.because))];
                told += &self.say(&text::EXPLAIN_BLAMED, &values);
            }
        }
        told + &self.advice(refused, &blamed)
    }

    fn quorum(&self, quorum: &access::policy::Quorum) -> String {
        let signers = |clause: &access::policy::Clause| {
            let people: Vec<_> = self.facts.signers(&clause.of, &self.setting.person).collect();
            let nobody = text::EXPLAIN_NOBODY.say(self.language(), &[]);
            if people.is_empty() { nobody } else { people.join(", ") }
        };
        let clauses = text::quorums::clauses_with(self.language(), quorum, signers);
        self.say(&text::EXPLAIN_QUORUM, &[("quorum", &quorum.name), ("clauses", &clauses)])
    }

    /// The effects each of which alone is not allowed; none when it is not for its effects that the act is not allowed.
    fn blamed(&self, question: &Question) -> BTreeSet<Effect> {
        let allowed = |effects: BTreeSet<Effect>| {
            let question = Question { effects, ..question.clone() };
            matches!(self.place.policies.judge(&question), Verdict::Allow(_))
        };
        let harmless =
            Question { touched: vec![], tables: vec![], effects: [Effect::Read].into(), ..question.clone() };
        match self.place.policies.judge(&harmless) {
            Verdict::Allow(_) => question.effects.iter().copied().filter(|e| !allowed([*e].into())).collect(),
            _ => BTreeSet::new(),
        }
    }

    fn advice(&self, refused: &Rehearsal, blamed: &BTreeSet<Effect>) -> String {
        let gated = refused.question.target.level != Level::Recorded;
        let no_policy = refused.verdict.rules().is_empty();
        let unread = gated && !refused.question.understood;
        let advice = match () {
            () if refused.act() == Act::Statement && (unread || blamed.contains(&Effect::Unknown)) => {
                &text::ADVICE_STATEMENT
            }
            () if unread => &text::ADVICE_PLAIN,
            () if blamed.contains(&Effect::Unknown) => &text::ADVICE_TABLE,
            () if blamed.contains(&Effect::ShellEscape) => &text::ADVICE_ESCAPE,
            () if no_policy && matches!(refused.verdict, Verdict::Deny(_)) => &text::ADVICE_PERMIT,
            () => return String::new(),
        };
        self.say(advice, &[("who", &self.setting.person), ("act", refused.act().as_str())])
    }
}

/// To the areas that are reached.
fn arrow(areas: &[&str]) -> String {
    if areas.is_empty() { String::new() } else { format!(" → {}", areas.join(", ")) }
}

fn verb(how: How) -> &'static str {
    match how {
        How::Looks => "looks",
        How::Reads => "reads",
        How::Writes => "writes",
        How::Removes => "removes",
    }
}
