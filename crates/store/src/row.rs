//! Columns of a row as values of the model. What does not parse is reported with table, key and column.

use std::collections::BTreeMap;
use std::fmt::Display;

use access::model::{PersonId, Timestamp};
use access::ports::StoreError;
use access::recording::SessionId;

/// A row of either database. A column that is NULL is none; one of another type is an error.
pub trait Columns: Send + Sync {
    /// A column that holds text.
    fn text(&self, column: &str) -> Result<Option<String>, sqlx::Error>;
    /// A column that holds a number.
    fn integer(&self, column: &str) -> Result<Option<i64>, sqlx::Error>;
    /// A column that holds bytes.
    fn bytes(&self, column: &str) -> Result<Option<Vec<u8>>, sqlx::Error>;
}

/// What a column can hold.
pub(crate) trait Cell: Sized {
    /// The column's value, if it is not NULL.
    fn of(row: &dyn Columns, column: &str) -> Result<Option<Self>, sqlx::Error>;
}

impl Cell for String {
    fn of(row: &dyn Columns, column: &str) -> Result<Option<Self>, sqlx::Error> {
        row.text(column)
    }
}

impl Cell for i64 {
    fn of(row: &dyn Columns, column: &str) -> Result<Option<Self>, sqlx::Error> {
        row.integer(column)
    }
}

impl Cell for Vec<u8> {
    fn of(row: &dyn Columns, column: &str) -> Result<Option<Self>, sqlx::Error> {
        row.bytes(column)
    }
}

/// A row that is being parsed.
pub(crate) struct Fields<'r> {
    table: &'static str,
    key: &'static [&'static str],
    row: &'r dyn Columns,
}

impl<'r> Fields<'r> {
    /// A row of `table`, whose columns `key` tell an operator which one it is.
    pub fn of(table: &'static str, key: &'static [&'static str], row: &'r dyn Columns) -> Self {
        Self { table, key, row }
    }

    /// A column that is kept as the model has it.
    ///
    /// NULL is never taken for 0 or for nothing: a person would not be suspended.
    pub fn value<T: Cell>(&self, column: &str) -> Result<T, StoreError> {
        self.optional(column)?.ok_or_else(|| self.inconsistent(column, "there is no value"))
    }

    /// A column that may be NULL.
    pub fn optional<T: Cell>(&self, column: &str) -> Result<Option<T>, StoreError> {
        T::of(self.row, column).map_err(|fault| self.inconsistent(column, fault))
    }

    /// An integer, if it is in the range of `T`.
    pub fn number<T: TryFrom<i64>>(&self, column: &str) -> Result<T, StoreError> {
        let number: i64 = self.value(column)?;
        T::try_from(number).map_err(|_| self.inconsistent(column, format_args!("{number} is out of range")))
    }

    /// An integer that may be absent.
    pub fn optional_number<T: TryFrom<i64>>(&self, column: &str) -> Result<Option<T>, StoreError> {
        match self.optional::<i64>(column)? {
            Some(_) => self.number(column).map(Some),
            None => Ok(None),
        }
    }

    /// Yes or no, kept as 1 or 0.
    pub fn flag(&self, column: &str) -> Result<bool, StoreError> {
        match self.value::<i64>(column)? {
            0 => Ok(false),
            1 => Ok(true),
            other => Err(self.inconsistent(column, format_args!("{other} is neither 0 nor 1"))),
        }
    }

    /// A moment, in microseconds since the epoch.
    pub fn time(&self, column: &str) -> Result<Timestamp, StoreError> {
        self.value(column).map(Timestamp)
    }

    /// A moment that may be absent.
    pub fn optional_time(&self, column: &str) -> Result<Option<Timestamp>, StoreError> {
        Ok(self.optional(column)?.map(Timestamp))
    }

    /// Text that stands for a value of the model.
    pub fn word<T>(&self, column: &str, parse: impl Fn(&str) -> Option<T>) -> Result<T, StoreError> {
        let word: String = self.value(column)?;
        parse(&word).ok_or_else(|| self.inconsistent(column, format_args!("{word:?} is not known")))
    }

    /// The identifier of a person.
    pub fn person(&self, column: &str) -> Result<PersonId, StoreError> {
        self.value(column).map(PersonId)
    }

    /// Text that stands for a value of the model, or is absent.
    pub fn optional_word<T>(
        &self,
        column: &str,
        parse: impl Fn(&str) -> Option<T>,
    ) -> Result<Option<T>, StoreError> {
        match self.optional::<String>(column)? {
            Some(_) => self.word(column, parse).map(Some),
            None => Ok(None),
        }
    }

    /// The identifier of a session.
    pub fn session(&self, column: &str) -> Result<SessionId, StoreError> {
        self.word(column, |text| text.parse().ok())
    }

    /// Sixteen random bytes.
    pub fn salt(&self, column: &str) -> Result<[u8; 16], StoreError> {
        let bytes: Vec<u8> = self.value(column)?;
        let length = bytes.len();
        bytes.try_into().map_err(|_| self.inconsistent(column, format_args!("{length} bytes instead of 16")))
    }

    /// A JSON array of strings.
    pub fn list<T: FromIterator<String>>(&self, column: &str) -> Result<T, StoreError> {
        let items: Vec<String> = self.json(column, |text| serde_json::from_str(text))?;
        Ok(items.into_iter().collect())
    }

    /// A JSON object whose values are strings.
    pub fn map(&self, column: &str) -> Result<BTreeMap<String, String>, StoreError> {
        self.json(column, |text| serde_json::from_str(text))
    }

    fn json<T>(
        &self,
        column: &str,
        parse: impl Fn(&str) -> Result<T, serde_json::Error>,
    ) -> Result<T, StoreError> {
        let text: String = self.value(column)?;
        parse(&text).map_err(|fault| self.inconsistent(column, fault))
    }

    fn inconsistent(&self, column: &str, fault: impl Display) -> StoreError {
        StoreError::Inconsistent { table: self.table, what: format!("{}: {column}: {fault}", self.name()) }
    }

    /// The key as an operator would look for it: `target=db-1 login=root`.
    fn name(&self) -> String {
        let columns = self.key.iter().map(|column| format!("{column}={}", self.key_part(column)));
        columns.collect::<Vec<_>>().join(" ")
    }

    fn key_part(&self, column: &str) -> String {
        let number = || self.row.integer(column).ok().flatten().map(|number| number.to_string());
        self.row.text(column).ok().flatten().or_else(number).unwrap_or_else(|| "?".into())
    }
}

/// A count as the database keeps it. Above `i64::MAX` it would come back as something else, so it is refused.
pub(crate) fn bigint(table: &'static str, column: &str, number: u64) -> Result<i64, StoreError> {
    i64::try_from(number).map_err(|_| StoreError::Inconsistent {
        table,
        what: format!("{column}: {number} is beyond what the database can hold"),
    })
}

/// A JSON array of strings.
pub(crate) fn json_list<'a>(items: impl IntoIterator<Item = &'a String>) -> String {
    items.into_iter().map(String::as_str).collect::<serde_json::Value>().to_string()
}

/// A JSON object whose values are strings.
pub(crate) fn json_map(items: &BTreeMap<String, String>) -> String {
    let pairs = items.iter().map(|(key, value)| (key.as_str(), value.as_str()));
    pairs.collect::<serde_json::Value>().to_string()
}
