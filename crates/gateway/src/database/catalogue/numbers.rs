//! What numbers in messages stand for: functions that are called and types of parameters that are declared without a name.

use std::collections::HashMap;
use std::fmt::Write as _;

use access::policy::sql::{Kind, Name, Named};

use wire::Rows;

use super::{Guide, questions};

/// The first number of what is not the server's own.
pub(crate) const FIRST_OWN: u32 = 16_384;

/// Names by number that were learnt lately.
pub(super) type Numbers = HashMap<(Kind, u32), Name>;

impl Guide {
    /// The text that calls a function with that many arguments, if there is such a function.
    pub(crate) async fn call(&self, function: u32, arguments: usize) -> Option<String> {
        self.numbered(Kind::Function, function).await.map(|name| calling(&name, arguments))
    }

    /// The types of these numbers; nothing if one of them is none that the database knows.
    pub(crate) async fn types(&self, numbers: &[u32]) -> Option<Vec<Named>> {
        let mut types = Vec::new();
        for number in numbers {
            types.push(Named { kind: Kind::Type, name: self.numbered(Kind::Type, *number).await? });
        }
        Some(types)
    }

    /// Nothing is remembered of a number that stood for nothing.
    async fn numbered(&self, kind: Kind, number: u32) -> Option<Name> {
        let known = self.whole.known();
        if let Some(name) = known.numbered(kind, number) {
            return Some(name);
        }
        let question = match kind {
            Kind::Function => questions::FUNCTION_NUMBERED,
            _ => questions::TYPE_NUMBERED,
        };
        let answer = self.whole.line.ask(&self.credential, question, &[Some(&number.to_string())]).await;
        let rows = answer.unwrap_or_else(|fault| {
            tracing::warn!(%fault, "a database did not say what a number stands for");
            Rows::new()
        });
        let row = <[Option<String>; 2]>::try_from(rows.into_iter().next()?);
        let Ok([Some(schema), Some(name)]) = row else { return None };
        let name = Name { schema: Some(schema), name };
        known.remember_number(kind, number, &name);
        Some(name)
    }
}

/// `SELECT "schema"."function"($1, $2)`.
fn calling(name: &Name, arguments: usize) -> String {
    let mut text = String::from("SELECT ");
    if let Some(schema) = &name.schema {
        text += &format!("{}.", quoted(schema));
    }
    text += &format!("{}(", quoted(&name.name));
    for number in 1..=arguments {
        let comma = if number == 1 { "" } else { ", " };
        // Writing to a string does not fail.
        let _ = write!(text, "{comma}${number}");
    }
    text + ")"
}

fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_call_is_written_so_that_no_name_can_be_anything_else() {
        assert_eq!(calling(&Name::within("pg_catalog", "now"), 0), "SELECT \"pg_catalog\".\"now\"()");
        let odd = Name::within("Odd", "f\"(); DROP TABLE t; --");
        assert_eq!(calling(&odd, 2), "SELECT \"Odd\".\"f\"\"(); DROP TABLE t; --\"($1, $2)");
    }
}
