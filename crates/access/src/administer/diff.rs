//! A change as people weigh it: what every row is and what it will be, field by field, line by line, nothing left out.

use std::collections::BTreeMap;

use serde_json::Value;

use super::plan::Plan;
use super::row::Row;
use crate::blind::sha256_hex;
use crate::statement::visible;

impl Plan {
    /// One line for each thing that becomes another, without secrets.
    pub(super) fn diff(&self) -> String {
        let rows = self.rows.iter().flat_map(|(before, after)| row_lines(before.as_ref(), after.as_ref()));
        rows.collect::<Vec<_>>().join("\n")
    }
}

fn row_lines(before: Option<&Row>, after: Option<&Row>) -> Vec<String> {
    let Some(row) = after.or(before) else { return vec![] };
    let heading = match (before, after) {
        (None, _) => "new",
        (_, None) => "removed",
        _ => "changed",
    };
    let mut lines = vec![format!("{heading}: {} {}", row.kind(), visible(&shown_name(row)))];
    let (old, new) = (before.map(fields).unwrap_or_default(), after.map(fields).unwrap_or_default());
    for name in old.keys().chain(new.keys().filter(|name| !old.contains_key(*name))) {
        let (old, new) = (old.get(name).map(String::as_str), new.get(name).map(String::as_str));
        if old != new && [old, new].iter().flatten().any(|value| value.starts_with(SECRET)) {
            lines.push(secret_line(name, old, new));
        } else if old != new {
            lines.extend(field_lines(name, old.unwrap_or_default(), new.unwrap_or_default()));
        }
    }
    lines
}

fn field_lines(name: &str, old: &str, new: &str) -> Vec<String> {
    if !old.contains('\n') && !new.contains('\n') {
        return vec![format!("  {}: {} -> {}", visible(name), quoted(old), quoted(new))];
    }
    let (old, new): (Vec<_>, Vec<_>) = (old.lines().collect(), new.lines().collect());
    let same = |(a, b): &(&&str, &&str)| a == b;
    let head = old.iter().zip(&new).take_while(same).count();
    let (old, new) = (old.get(head..).unwrap_or_default(), new.get(head..).unwrap_or_default());
    let tail = old.iter().rev().zip(new.iter().rev()).take_while(same).count();
    let shown = |sign: char, lines: &[&str]| {
        let kept = lines.len() - tail;
        lines.iter().take(kept).map(move |line| format!("    {sign} {}", visible(line))).collect::<Vec<_>>()
    };
    let mut lines = vec![format!("  {} from line {}:", visible(name), head + 1)];
    lines.extend(shown('-', old));
    lines.extend(shown('+', new));
    if lines.len() == 1 {
        // Only how lines end has changed, which no line shows.
        lines.push("    other line ends".to_owned());
    }
    lines
}

fn quoted(value: &str) -> String {
    if value.is_empty() { "(none)".to_owned() } else { visible(value) }
}

fn shown_name(row: &Row) -> String {
    match row {
        Row::Person(person) => person.name.clone(),
        Row::Key(key) => key.fingerprint.clone(),
        Row::Target(target) => target.name.clone(),
        Row::Account(account) => format!("{}@{}", account.login, account.target),
        Row::Setting(name, _) | Row::Enrolment(name, _) => name.clone(),
        Row::Permit(_) | Row::Policies(_) => String::new(),
    }
}

/// What people are shown of a row: names for secrets' digests, nothing random.
fn fields(row: &Row) -> BTreeMap<String, String> {
    if let Row::Policies(files) = row {
        return files.clone();
    }
    if let Row::Enrolment(..) = row {
        // All of it is random, and another time it is another.
        return BTreeMap::new();
    }
    let mut shown = BTreeMap::new();
    for record in row.records() {
        let content: Value = serde_json::from_str(&record.content).unwrap_or_default();
        for (name, value) in content.as_object().into_iter().flatten() {
            let text = match (name.as_str(), value) {
                // Random, or the same for everybody.
                ("id" | "salt", _) | (_, Value::Null) => continue,
                ("password" | "totp" | "credential", value) => secret(value),
                (_, Value::String(text)) => text.clone(),
                (_, value) => value.to_string(),
            };
            shown.insert(name.clone(), text);
        }
    }
    shown
}

/// Begins the stand-in of a secret, which is compared and never shown.
const SECRET: &str = "\0secret ";

fn secret(value: &Value) -> String {
    SECRET.to_owned() + &sha256_hex(value.to_string().as_bytes())
}

/// Nothing of a secret is shown: it is sealed anew each time, and what was signed must stay what is made of it. Which
/// one it is, is bound by the digest of the sealed material.
fn secret_line(name: &str, old: Option<&str>, new: Option<&str>) -> String {
    let shown = |value: Option<&str>, word: &'static str| value.map_or("(none)", |_| word);
    let becomes = if old.is_some() { "(another secret)" } else { "(a secret)" };
    format!("  {}: {} -> {}", visible(name), shown(old, "(a secret)"), shown(new, becomes))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn policies(quorums: &str) -> Row {
        Row::Policies([("quorums.toml".to_owned(), quorums.to_owned())].into())
    }

    #[test]
    fn a_lower_quorum_shows_as_the_line_that_becomes_another() {
        let lines = row_lines(Some(&policies("a\nn = 2\nz\n")), Some(&policies("a\nn = 1\nz\n")));
        assert_eq!(lines[1..], ["  quorums.toml from line 2:", "    - n = 2", "    + n = 1"]);
    }

    #[test]
    fn nothing_hides_at_the_end_of_lines() {
        let lines = row_lines(Some(&policies("a\nb\n")), Some(&policies("a\nb \n")));
        assert_eq!(lines[2..], ["    - b", "    + b␠"]);
        let lines = row_lines(Some(&policies("a\nb\n")), Some(&policies("a\nb")));
        assert_eq!(lines[2..], ["    other line ends"]);
    }

    #[test]
    fn a_new_value_stands_beside_the_old_one() {
        let days = |days: &str| Row::Setting("retention-days".to_owned(), days.to_owned());
        let lines = row_lines(Some(&days("200")), Some(&days("400")));
        assert_eq!(lines, ["changed: setting retention-days", "  value: 200 -> 400"]);
        let lines = row_lines(None, Some(&days("400")));
        assert_eq!(lines[0], "new: setting retention-days");
    }
}
