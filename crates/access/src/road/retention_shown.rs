//! What audit administrators are shown of retention: for how long recordings are kept, what is held, what was erased.

use super::Road;
use crate::administer::Role;
use crate::error::RoadError;
use crate::model::{Person, PersonId};
use crate::register::{hold_of_person, hold_of_session};
use crate::statement::{rfc3339, visible};
use crate::text;

/// How many erasures are listed.
const RECENT: usize = 500;

impl Road {
    pub(super) async fn show_retention(&self, person: &Person) -> Result<String, RoadError> {
        self.may_see_retention(person)?;
        let kinds = self.register().kinds();
        let days = match self.explained_retention().await? {
            Some(days) => self.say(&text::RETENTION_DAYS, &[("days", &days.to_string())]),
            None => self.say(&text::RETENTION_UNEXPLAINED, &[]),
        };
        let (open, kept, erased) = (kinds.open, kinds.kept, kinds.erased.len());
        let numbers = [
            ("open", &*open.to_string()),
            ("kept", &kept.to_string()),
            ("erased", &erased.to_string()),
            ("oldest", &kinds.oldest.map_or_else(|| "-".to_owned(), rfc3339)),
        ];
        let mut lines = vec![days, self.say(&text::RETENTION_NUMBERS, &numbers)];
        if self.register().doubt(self.now()).is_some() {
            lines.push(self.say(&text::RETENTION_CLOCK, &[("now", &rfc3339(self.now()))]));
        }
        let row = |(session, at): &(String, _)| format!("{session}  {}", rfc3339(*at));
        let rows: Vec<_> = kinds.erased.iter().take(RECENT).map(row).collect();
        if !rows.is_empty() {
            lines.push(self.say(&text::ERASED_HEADER, &[]));
            lines.extend(rows);
        }
        Ok(lines.join("\n") + "\n")
    }

    pub(super) async fn list_holds(&self, person: &Person) -> Result<String, RoadError> {
        self.may_see_retention(person)?;
        let (session, of_person) = (hold_of_session(""), hold_of_person(""));
        let mut rows = Vec::new();
        for (name, reason) in self.store().settings().await? {
            if let Some(id) = name.strip_prefix(&of_person) {
                let who = self.name_of(&PersonId(id.to_owned())).await?;
                rows.push(format!("{who:<32}  {}", visible(&reason)));
            } else if let Some(id) = name.strip_prefix(&session) {
                rows.push(format!("{id:<32}  {}", visible(&reason)));
            }
        }
        Ok(self.table(&text::HOLDS_HEADER, rows, &text::NO_HOLDS))
    }

    fn may_see_retention(&self, person: &Person) -> Result<(), RoadError> {
        match person.groups.contains(Role::Audit.group()) {
            true => Ok(()),
            false => Err(self.refusal(&text::RETENTION_NOT_YOURS, &[]).into()),
        }
    }
}
