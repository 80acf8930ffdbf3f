//! Queries: SELECT, VALUES, TABLE, set operations and common tables.

use pg_query::NodeEnum;
use pg_query::protobuf::*;

use super::nodes::{self, inner};
use super::reader::Reader;
use crate::sql::script::Columns;
use crate::{Effect, How};

impl Reader<'_> {
    /// A query inside an expression or a FROM, or a statement with a result inside WITH.
    pub(super) fn subquery(&mut self, node: Option<&NodeEnum>) {
        match node {
            Some(NodeEnum::SelectStmt(select)) => self.select(select),
            Some(other) => self.write(other),
            None => self.strange("a query without content"),
        }
    }

    pub(super) fn select(&mut self, select: &SelectStmt) {
        self.found.does(Effect::Read, "queries");
        self.query(|reader| reader.select_parts(select));
    }

    /// Rows that stand in the statement.
    pub(super) fn values(&mut self, values: &SelectStmt) {
        self.query(|reader| reader.select_parts(values));
    }

    fn select_parts(&mut self, select: &SelectStmt) {
        let SelectStmt {
            distinct_clause,
            into_clause,
            target_list,
            from_clause,
            where_clause,
            group_clause,
            group_distinct: _,
            having_clause,
            window_clause,
            values_lists,
            sort_clause,
            limit_offset,
            limit_count,
            limit_option: _,
            locking_clause,
            with_clause,
            op: _,
            all: _,
            larg,
            rarg,
        } = select;
        self.with(with_clause.as_ref());
        self.from(from_clause);
        for half in [larg, rarg].into_iter().flatten() {
            self.query(|reader| reader.select_parts(half));
        }
        for list in [distinct_clause, target_list, group_clause, window_clause, values_lists, sort_clause] {
            self.expressions(list);
        }
        for one in [where_clause, having_clause, limit_offset, limit_count] {
            self.maybe(one);
        }
        if !locking_clause.is_empty() {
            self.found.does(Effect::Write, "locks the rows that it reads");
        }
        self.into(into_clause.as_deref());
    }

    /// `SELECT … INTO` and `CREATE TABLE … AS` make a table.
    pub(super) fn into(&mut self, into: Option<&IntoClause>) {
        let Some(IntoClause { rel, options, .. }) = into else { return };
        self.expressions_of_options(options);
        match rel {
            Some(range) => self.makes_table(range, "a query's result"),
            None => self.strange("a table without a name"),
        }
    }

    /// A new table; a temporary one changes nothing that others see.
    pub(super) fn makes_table(&mut self, range: &RangeVar, of: &str) {
        let name = nodes::relation(range);
        if range.relpersistence == "t" {
            self.found.does(Effect::Write, format!("makes the temporary table {name} of {of}"));
        } else {
            self.found.does(Effect::SchemaChange, format!("makes the table {name} of {of}"));
            self.found.does(Effect::Write, format!("fills {name}"));
        }
        self.found.table(&name, How::Writes, Columns::All, false);
    }

    /// Common tables are visible to those after them, with RECURSIVE to all of them, and to the query.
    pub(super) fn with(&mut self, with: Option<&WithClause>) {
        let Some(WithClause { ctes, recursive, location: _ }) = with else { return };
        let tables: Vec<&CommonTableExpr> = ctes.iter().filter_map(common_table).collect();
        if tables.len() != ctes.len() {
            self.strange("this kind of common table");
        }
        if *recursive {
            tables.iter().for_each(|table| self.scope.common(&table.ctename));
        }
        for table in tables {
            self.subquery(inner(&table.ctequery));
            if let Some(cycle) = &table.cycle_clause {
                self.maybe(&cycle.cycle_mark_value);
                self.maybe(&cycle.cycle_mark_default);
            }
            self.scope.common(&table.ctename);
        }
    }
}

fn common_table(node: &Node) -> Option<&CommonTableExpr> {
    match node.node.as_ref()? {
        NodeEnum::CommonTableExpr(table) => Some(table),
        _ => None,
    }
}
