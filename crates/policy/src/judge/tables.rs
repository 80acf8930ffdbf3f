//! The tables of an area: which of them a statement may touch, and whether it surely touches no others.

use serde::Deserialize;

use crate::sql::{Columns, Name, TableUse};

/// `schema.table`, or `schema.table.column`; `*` stands for any name.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub(super) struct Pattern {
    schema: String,
    table: String,
    column: Option<String>,
}

/// Why a text is no pattern.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is neither \"schema.table\" nor \"schema.table.column\", where * stands for any name")]
pub(super) struct NoPattern(String);

impl TryFrom<String> for Pattern {
    type Error = NoPattern;

    fn try_from(text: String) -> Result<Self, NoPattern> {
        let plain =
            |name: &&str| *name == Name::ANY || !name.is_empty() && !name.contains(['*', ' ', '"', '`']);
        let names: Vec<&str> = text.split('.').filter(plain).collect();
        if names.len() != text.split('.').count() {
            return Err(NoPattern(text));
        }
        let (schema, table, column) = match names.as_slice() {
            [schema, table] => (*schema, *table, None),
            [schema, table, Name::ANY] => (*schema, *table, None),
            [schema, table, column] => (*schema, *table, Some((*column).to_owned())),
            _ => return Err(NoPattern(text)),
        };
        Ok(Pattern { schema: schema.into(), table: table.into(), column })
    }
}

impl Pattern {
    /// Whether the use may be of what it speaks of. Letters count alike in both cases: which servers distinguish them,
    /// and where, depends on their settings.
    pub(super) fn is_reached_by(&self, used: &TableUse) -> bool {
        let schema = used.table.schema.as_ref().is_none_or(|schema| may_be(&self.schema, schema));
        schema && may_be(&self.table, &used.table.name) && self.column_is_reached_by(&used.columns)
    }

    fn column_is_reached_by(&self, columns: &Columns) -> bool {
        match (&self.column, columns) {
            (None, _) | (_, Columns::All) => true,
            (Some(column), Columns::Some(names)) => names.iter().any(|name| may_be(column, name)),
        }
    }

    /// Whether it surely speaks of that table. A name without a schema may be in any.
    fn speaks_of(&self, table: &Name) -> bool {
        let schema = table.schema.as_ref().is_some_and(|schema| surely_is(&self.schema, schema));
        (schema || self.schema == Name::ANY) && surely_is(&self.table, &table.name)
    }

    fn has_column(&self, name: &str) -> bool {
        self.column.as_ref().is_none_or(|column| column == name)
    }
}

/// Whether a use is surely of nothing but what these speak of.
pub(super) fn hold(patterns: &[Pattern], used: &TableUse) -> bool {
    let mut speaking = patterns.iter().filter(|pattern| pattern.speaks_of(&used.table));
    match &used.columns {
        Columns::All => speaking.any(|pattern| pattern.column.is_none()),
        Columns::Some(names) if names.is_empty() => speaking.next().is_some(),
        Columns::Some(names) => {
            let speaking: Vec<&Pattern> = speaking.collect();
            names.iter().all(|name| speaking.iter().any(|pattern| pattern.has_column(name)))
        }
    }
}

fn may_be(declared: &str, written: &str) -> bool {
    let wild = |name: &str| name == Name::ANY;
    wild(declared) || wild(written) || declared.to_lowercase() == written.to_lowercase()
}

fn surely_is(declared: &str, written: &str) -> bool {
    declared == Name::ANY || declared == written
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sql::{Catalogue, Dialect, analyse};

    fn uses(dialect: Dialect, text: &str) -> Vec<TableUse> {
        analyse(dialect, text.as_bytes(), &Catalogue::unasked()).tables()
    }

    fn patterns(all: &[&str]) -> Vec<Pattern> {
        all.iter().map(|one| Pattern::try_from((*one).to_owned()).unwrap()).collect()
    }

    fn reaches(text: &str, pattern: &str) -> bool {
        let patterns = patterns(&[pattern]);
        uses(Dialect::Postgres, text).iter().any(|used| patterns.iter().any(|one| one.is_reached_by(used)))
    }

    fn is_held(text: &str, all: &[&str]) -> bool {
        uses(Dialect::Postgres, text).iter().all(|used| hold(&patterns(all), used))
    }

    #[test]
    fn a_name_without_a_schema_may_be_in_any() {
        for text in ["SELECT id FROM customers", "SELECT id FROM billing.customers", "TABLE \"Customers\""] {
            assert!(reaches(text, "billing.customers"), "{text}");
            assert!(reaches(text, "billing.*") && reaches(text, "*.customers"), "{text}");
        }
        assert!(!reaches("SELECT id FROM shop.customers", "billing.customers"));
        assert!(!reaches("SELECT id FROM billing.orders", "billing.customers"));
        assert!(!reaches("SELECT 1", "*.*"));
    }

    #[test]
    fn whatever_may_show_a_column_reaches_it() {
        for text in [
            "SELECT iban FROM customers",
            "SELECT \"IBAN\" FROM customers",
            "SELECT U&\"\\0069ban\" FROM customers",
            "SELECT * FROM customers",
            "TABLE customers",
            "SELECT c FROM customers c",
            "SELECT (c).iban FROM customers c",
            "SELECT row_to_json(customers) FROM customers",
            "SELECT b FROM customers AS c(a, b)",
            "SELECT 1 FROM customers WHERE iban LIKE 'DE%'",
            "SELECT count(*) FROM customers GROUP BY iban",
            "SELECT id FROM customers ORDER BY iban",
            "SELECT o.id FROM orders o JOIN customers c USING (iban)",
            "SELECT o.id FROM orders o NATURAL JOIN customers c",
            "COPY customers TO STDOUT",
            "COPY customers (iban) TO STDOUT",
            "WITH x AS (SELECT * FROM customers) SELECT id FROM x",
            "DELETE FROM customers WHERE id = 1 RETURNING iban",
            "CREATE VIEW v AS SELECT iban FROM customers",
            "SELECT id INTO t FROM customers WHERE iban IS NULL",
            "UPDATE customers SET name = iban WHERE id = 1",
            "PREPARE p AS SELECT iban FROM customers",
            "EXPLAIN ANALYZE SELECT iban FROM customers",
            "SELECT my_function()",
            "DO $$ BEGIN END $$",
            "SELECT '",
        ] {
            assert!(reaches(text, "billing.customers.iban"), "{text}");
        }
        for text in
            ["SELECT id, name FROM customers", "SELECT count(*) FROM customers", "SELECT iban FROM shop.t"]
        {
            assert!(!reaches(text, "billing.customers.iban"), "{text}");
        }
    }

    #[test]
    fn what_removes_many_reaches_each_of_them() {
        for text in [
            "DROP SCHEMA billing",
            "DROP SCHEMA \"Billing\" CASCADE",
            "DROP TABLE x.y CASCADE",
            "TRUNCATE x.y CASCADE",
            "DROP DATABASE shop",
            "DROP OWNED BY app",
            "DROP EXTENSION postgis",
            "ALTER SCHEMA billing RENAME TO b",
            "ALTER TABLE billing.customers SET SCHEMA shop",
            "ALTER TABLE billing.customers RENAME TO c",
            "ALTER TABLE billing.customers RENAME COLUMN iban TO x",
            "EXECUTE p",
            "CALL p()",
        ] {
            assert!(reaches(text, "billing.customers.iban"), "{text}");
            assert!(!is_held(text, &["x.*"]), "{text}");
        }
        for text in
            ["DROP DATABASE billing", "RENAME TABLE billing.customers TO c", "DROP VIEW billing.customers"]
        {
            let all = uses(Dialect::MySql, text);
            let patterns = patterns(&["billing.customers"]);
            assert!(all.iter().any(|used| patterns[0].is_reached_by(used)), "{text}: {all:?}");
        }
    }

    #[test]
    fn only_what_is_surely_there_is_held() {
        let reports = ["reports.*", "billing.customers.id", "billing.customers.name"];
        for text in [
            "SELECT 1",
            "BEGIN",
            "SELECT * FROM reports.monthly",
            "SELECT id, name FROM billing.customers",
            "SELECT count(*) FROM billing.customers",
            "SELECT m.a FROM reports.monthly m JOIN reports.daily d ON m.id = d.id",
        ] {
            assert!(is_held(text, &reports), "{text}");
        }
        for text in [
            "SELECT * FROM monthly",
            "SELECT * FROM \"Reports\".monthly",
            "SELECT * FROM billing.customers",
            "SELECT id, iban FROM billing.customers",
            "SELECT * FROM reports.monthly, billing.orders",
            "SELECT my_function() FROM reports.monthly",
            "SELECT * FROM \"*\".monthly",
            "DROP SCHEMA billing",
        ] {
            assert!(!is_held(text, &reports), "{text}");
        }
        assert!(!is_held("DROP SCHEMA billing", &["billing.customers"]));
        assert!(is_held("DROP SCHEMA billing", &["billing.*"]));
    }

    #[test]
    fn a_text_that_names_nothing_is_no_pattern() {
        for wrong in
            ["", "customers", "billing.", ".customers", "a.b.c.d", "billing.cust*", "\"a\".b", "a. b"]
        {
            let text = wrong.to_owned();
            assert_eq!(Pattern::try_from(text.clone()), Err(NoPattern(text)));
        }
    }
}
