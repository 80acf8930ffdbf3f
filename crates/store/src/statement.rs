//! A statement and its values, before a particular database gets them.

/// SQL with `$1`, `$2`, … and what stands for them.
#[derive(Clone, Debug)]
pub struct Statement {
    /// The text; it is written in this crate, never put together from values.
    pub sql: &'static str,
    /// One value for each placeholder, in order.
    pub values: Vec<Value>,
}

/// A value as both databases keep it.
#[derive(Clone)]
pub enum Value {
    /// Text.
    Text(Option<String>),
    /// A count, a moment, or yes and no.
    Integer(Option<i64>),
    /// Bytes.
    Bytes(Option<Vec<u8>>),
}

/// Hashes and sealed secrets are values: only the kind is shown.
impl std::fmt::Debug for Value {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Text(_) => "text",
            Self::Integer(_) => "integer",
            Self::Bytes(_) => "bytes",
        })
    }
}

/// A statement without values yet.
pub(crate) fn query(sql: &'static str) -> Statement {
    Statement { sql, values: Vec::new() }
}

impl Statement {
    /// Adds the value for the next placeholder.
    pub(crate) fn bind(mut self, value: impl Into<Value>) -> Self {
        self.values.push(value.into());
        self
    }
}

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        Self::Text(Some(text.to_owned()))
    }
}

impl From<Option<&str>> for Value {
    fn from(text: Option<&str>) -> Self {
        Self::Text(text.map(str::to_owned))
    }
}

impl From<String> for Value {
    fn from(text: String) -> Self {
        Self::Text(Some(text))
    }
}

impl From<Option<String>> for Value {
    fn from(text: Option<String>) -> Self {
        Self::Text(text)
    }
}

impl From<&String> for Value {
    fn from(text: &String) -> Self {
        text.as_str().into()
    }
}

impl From<&Option<String>> for Value {
    fn from(text: &Option<String>) -> Self {
        text.as_deref().into()
    }
}

impl From<i64> for Value {
    fn from(number: i64) -> Self {
        Self::Integer(Some(number))
    }
}

impl From<Option<i64>> for Value {
    fn from(number: Option<i64>) -> Self {
        Self::Integer(number)
    }
}

impl From<bool> for Value {
    fn from(flag: bool) -> Self {
        i64::from(flag).into()
    }
}

impl From<&[u8]> for Value {
    fn from(bytes: &[u8]) -> Self {
        Self::Bytes(Some(bytes.to_vec()))
    }
}

impl From<Option<&[u8]>> for Value {
    fn from(bytes: Option<&[u8]>) -> Self {
        Self::Bytes(bytes.map(<[u8]>::to_vec))
    }
}

impl From<&Vec<u8>> for Value {
    fn from(bytes: &Vec<u8>) -> Self {
        bytes.as_slice().into()
    }
}

impl From<&Option<Vec<u8>>> for Value {
    fn from(bytes: &Option<Vec<u8>>) -> Self {
        bytes.as_deref().into()
    }
}
