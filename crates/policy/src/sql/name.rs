//! Names in a database: of relations, functions, operators, types and prepared statements.

use std::fmt;

/// A name as the statement means it: folded as the server folds it, with its schema when one was written.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Name {
    /// The schema, in MySQL the database; none when the server looks for it along its search path.
    pub schema: Option<String>,
    /// The name itself.
    pub name: String,
}

impl Name {
    /// Stands for every table, in every schema when none is written.
    pub const ANY: &str = "*";

    /// A name without a schema.
    pub fn plain(name: &str) -> Name {
        Name { schema: None, name: name.into() }
    }

    /// A name in a schema.
    pub fn within(schema: &str, name: &str) -> Name {
        Name { schema: Some(schema.into()), name: name.into() }
    }
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.schema {
            Some(schema) => write!(f, "{schema}.{}", self.name),
            None => f.write_str(&self.name),
        }
    }
}

/// What a name is the name of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// A table, view or the like that is read: a view does what its query does.
    Relation,
    /// A relation that is written: its triggers, rules and foreign keys do more.
    Written,
    /// A function, aggregate or procedure.
    Function,
    /// An operator.
    Operator,
    /// A type: a domain's check or a cast may call functions.
    Type,
    /// A prepared statement of the session.
    Prepared,
}

impl Kind {
    /// The word for it.
    pub fn as_str(self) -> &'static str {
        match self {
            Kind::Relation => "relation",
            Kind::Written => "written",
            Kind::Function => "function",
            Kind::Operator => "operator",
            Kind::Type => "type",
            Kind::Prepared => "prepared",
        }
    }
}

/// A name of which only the database knows what stands behind it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Named {
    /// What it is the name of.
    pub kind: Kind,
    /// The name.
    pub name: Name,
}

impl fmt::Display for Named {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.kind.as_str(), self.name)
    }
}
