//! The access report as people read it, as spreadsheets read it, and as machines do.

use super::Road;
use super::reports::{AccessReport, KeyReport, PersonReport, PlaceReport};
use crate::desk_command::AccessReview;
use crate::entry::canonical;
use crate::statement::visible;
use crate::text;

const COLUMNS: [&str; 12] = [
    "person",
    "state",
    "team",
    "groups",
    "target",
    "account",
    "level",
    "rules",
    "permit",
    "until",
    "last_used",
    "unused",
];

impl Road {
    pub(super) fn written(&self, report: &AccessReport, wanted: AccessReview) -> String {
        match (wanted.json, wanted.csv) {
            (true, _) => canonical(report) + "\n",
            (_, true) => table_of(report),
            _ => self.told(report),
        }
    }

    fn told(&self, report: &AccessReport) -> String {
        let days = report.unused_days.to_string();
        let values = [("at", &*report.at), ("policies", &report.policies), ("days", &days)];
        let mut lines = vec![self.say(&text::REPORT_HEAD, &values), self.say(&text::REPORT_PLACES, &[])];
        for person in &report.people {
            lines.extend(person.access.iter().map(|place| self.place_line(person, place)));
            if person.access.is_empty() {
                lines.push(format!("{:<10} {:<10} -", person.name, person.state));
            }
        }
        lines.push(self.say(&text::REPORT_KEYS, &[]));
        for person in &report.people {
            lines.extend(person.keys.iter().map(|key| self.key_line(person, key)));
        }
        lines.join("\n") + "\n"
    }

    fn place_line(&self, person: &PersonReport, place: &PlaceReport) -> String {
        let why = match place.permit {
            Some(permit) => format!("{} ({permit})", place.rules.join(", ")),
            None => place.rules.join(", "),
        };
        let line = format!(
            "{:<10} {:<10} {:<22} {:<28} {:<21} {:<21} {}",
            person.name,
            person.state,
            format!("{}@{}", place.account, place.target),
            visible(&why),
            or_dash(&place.until),
            or_dash(&place.last_used),
            self.mark(place.unused),
        );
        line.trim_end().to_owned()
    }

    fn key_line(&self, person: &PersonReport, key: &KeyReport) -> String {
        let expires = match key.expired {
            true => format!("{} !", or_dash(&key.expires)),
            false => or_dash(&key.expires).to_owned(),
        };
        let line = format!(
            "{:<10} {:<52} {:<12} {expires:<22} {:<21} {}",
            person.name,
            key.fingerprint,
            key.device.unwrap_or("-"),
            or_dash(&key.last_used),
            self.mark(key.unused),
        );
        line.trim_end().to_owned()
    }

    fn mark(&self, unused: bool) -> String {
        if unused { self.say(&text::REPORT_UNUSED, &[]) } else { String::new() }
    }
}

fn or_dash(text: &Option<String>) -> &str {
    text.as_deref().unwrap_or("-")
}

/// One line for each account that somebody reaches, and one for each person who reaches none. Keys are in the other forms.
fn table_of(report: &AccessReport) -> String {
    let mut rows = vec![COLUMNS.join(",")];
    for person in &report.people {
        rows.extend(person.access.iter().map(|place| row(person, Some(place))));
        if person.access.is_empty() {
            rows.push(row(person, None));
        }
    }
    rows.join("\r\n") + "\r\n"
}

fn row(person: &PersonReport, place: Option<&PlaceReport>) -> String {
    let of = |field: fn(&PlaceReport) -> String| place.map(field).unwrap_or_default();
    let groups: Vec<_> = person.groups.iter().map(String::as_str).collect();
    let fields = [
        person.name.clone(),
        person.state.to_owned(),
        person.team.clone().unwrap_or_default(),
        groups.join(" "),
        of(|place| place.target.clone()),
        of(|place| place.account.clone()),
        of(|place| place.level.clone()),
        of(|place| place.rules.join(" ")),
        of(|place| place.permit.map(|permit| permit.to_string()).unwrap_or_default()),
        of(|place| place.until.clone().unwrap_or_default()),
        of(|place| place.last_used.clone().unwrap_or_default()),
        of(|place| place.unused.to_string()),
    ];
    fields.map(|field| quoted(&field)).join(",")
}

/// In quotes always; what a spreadsheet would take for a formula begins with an apostrophe.
fn quoted(field: &str) -> String {
    let calculates = field.starts_with(['=', '+', '-', '@', '\t', '\r']);
    format!("\"{}{}\"", if calculates { "'" } else { "" }, visible(field).replace('"', "\"\""))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_field_is_neither_two_fields_nor_a_formula() {
        assert_eq!(quoted(r#"a","b"#), r#""a"",""b""#);
        assert_eq!(quoted("=cmd()"), r#""'=cmd()""#);
    }
}
