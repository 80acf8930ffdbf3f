//! INSERT, REPLACE, UPDATE and DELETE.

use sqlparser::ast::{
    Assignment, AssignmentTarget, BinaryOperator, Delete, Expr, FromTable, Insert, ObjectName, OnInsert,
    Query, SetExpr, TableFactor, TableObject, TableWithJoins, Update, Value,
};

use super::reserved::is_name;
use super::statements::{Reader, table};
use crate::sql::name::Name;
use crate::sql::script::Columns;
use crate::{Effect, How};

impl Reader<'_> {
    pub(super) fn insert(&mut self, insert: &Insert) {
        let TableObject::TableName(name) = &insert.table else { return self.strange("this table") };
        let Some(target) = table(name) else { return self.strange("this name") };
        if insert.has_table_keyword || target.name.eq_ignore_ascii_case("value") {
            self.strange("this way to say which table");
        }
        if insert.partitioned.is_some() || insert.overwrite || insert.or.is_some() || insert.output.is_some()
        {
            self.strange("this clause of INSERT");
        }
        if insert
            .insert_alias
            .as_ref()
            .is_some_and(|alias| alias.row_alias.0.iter().any(|part| !part.as_ident().is_some_and(is_name)))
        {
            self.strange("this alias of rows");
        }
        if let Some(source) = &insert.source {
            self.rows(source);
        }
        if !insert.columns.iter().all(|name| table(name).is_some()) {
            self.strange("a reserved word as a name");
        }
        self.scope.table(&target.name, &target);
        self.assignments(&insert.assignments);
        self.found.does(Effect::Write, format!("adds rows to {target}"));
        if insert.replace_into {
            self.found.does(Effect::DataDestroy, format!("replaces rows of {target} that are there already"));
        }
        match &insert.on {
            None => {}
            Some(OnInsert::DuplicateKeyUpdate(assignments)) if !insert.replace_into => {
                self.replaces = true;
                self.assignments(assignments);
                self.replaces = false;
                self.found.does(
                    Effect::DataDestroy,
                    format!("replaces values in rows of {target} that are there already"),
                );
            }
            Some(_) => self.strange("this clause of INSERT"),
        }
        insert.returning.iter().for_each(|items| self.items(items));
        let columns = insert.columns.iter().map(column).collect::<Option<_>>().map(Columns::Some);
        let columns = columns.filter(|_| !insert.columns.is_empty()).unwrap_or(Columns::All);
        self.writes(&target, How::Writes, columns, false);
    }

    pub(super) fn update(&mut self, update: &Update) {
        if update.from.is_some()
            || update.output.is_some()
            || update.or.is_some()
            || update.returning.is_some()
            || !update.optimizer_hints.is_empty()
        {
            self.strange("this clause of UPDATE");
        }
        self.from(std::slice::from_ref(&update.table));
        self.assignments(&update.assignments);
        update.selection.iter().for_each(|condition| self.expression(condition));
        self.ordered(&update.order_by);
        update.limit.iter().for_each(|limit| self.bound(limit));
        let whole = is_unbounded(update.selection.as_ref()) && update.limit.is_none();
        let columns = targets(&update.assignments);
        for target in written(std::slice::from_ref(&update.table)) {
            self.found.does(Effect::Write, format!("changes rows of {target}"));
            self.found.does(Effect::DataDestroy, format!("replaces values in {} of {target}", which(whole)));
            self.writes(&target, How::Writes, columns.clone(), whole);
        }
    }

    /// Every table in FROM is taken for one that rows are removed from.
    pub(super) fn delete(&mut self, delete: &Delete) {
        let (FromTable::WithFromKeyword(from) | FromTable::WithoutKeyword(from)) = &delete.from;
        if delete.output.is_some() || delete.on_cluster.is_some() || delete.settings.is_some() {
            self.strange("this clause of DELETE");
        }
        self.from(from);
        delete.using.iter().for_each(|using| self.from(using));
        delete.selection.iter().for_each(|condition| self.expression(condition));
        self.ordered(&delete.order_by);
        delete.limit.iter().for_each(|limit| self.bound(limit));
        delete.returning.iter().for_each(|items| self.items(items));
        let whole = is_unbounded(delete.selection.as_ref()) && delete.limit.is_none();
        for target in written(from) {
            self.found.does(Effect::DataDestroy, format!("removes {} of {target}", which(whole)));
            self.writes(&target, How::Removes, Columns::All, whole);
        }
    }

    /// New rows: of a query, or each value told.
    fn rows(&mut self, source: &Query) {
        match source.body.as_ref() {
            SetExpr::Values(values) if !values.explicit_row && is_alone(source) => {
                values.rows.iter().flat_map(|row| row.iter()).for_each(|value| self.value(value));
            }
            _ => self.query_parts(source),
        }
    }

    fn assignments(&mut self, assignments: &[Assignment]) {
        for Assignment { target, value } in assignments {
            if !matches!(target, AssignmentTarget::ColumnName(name) if is_column(name)) {
                self.strange("a reserved word as a name");
            }
            self.value(value);
        }
    }

    /// What a column is set to.
    fn value(&mut self, value: &Expr) {
        match value {
            Expr::Identifier(word) if word.value.eq_ignore_ascii_case("default") => {}
            _ => self.expression(value),
        }
    }
}

fn which(whole: bool) -> &'static str {
    if whole { "every row" } else { "rows" }
}

/// The tables that stand in a clause.
fn written(from: &[TableWithJoins]) -> Vec<Name> {
    let factors = from
        .iter()
        .flat_map(|item| std::iter::once(&item.relation).chain(item.joins.iter().map(|join| &join.relation)));
    let named = factors.filter_map(|factor| match factor {
        TableFactor::Table { name, .. } => table(name),
        _ => None,
    });
    named.collect()
}

/// Whether a query is nothing but its body.
fn is_alone(query: &Query) -> bool {
    query.with.is_none() && query.order_by.is_none() && query.limit_clause.is_none() && query.locks.is_empty()
}

/// Behind a dot a reserved word is a name like any other.
fn is_column(name: &ObjectName) -> bool {
    name.0.first().and_then(|first| first.as_ident()).is_some_and(is_name) && name.0.len() <= 3
}

fn column(name: &ObjectName) -> Option<String> {
    name.0.last()?.as_ident().map(|word| word.value.to_lowercase())
}

fn targets(assignments: &[Assignment]) -> Columns {
    let named = |assignment: &Assignment| match &assignment.target {
        AssignmentTarget::ColumnName(name) => column(name),
        AssignmentTarget::Tuple(_) => None,
    };
    assignments.iter().map(named).collect::<Option<_>>().map_or(Columns::All, Columns::Some)
}

/// Whether nothing bounds which rows are meant: no condition, one without a column, or one that always holds.
fn is_unbounded(condition: Option<&Expr>) -> bool {
    condition.is_none_or(always_holds)
}

fn always_holds(condition: &Expr) -> bool {
    match condition {
        Expr::Nested(inner) => always_holds(inner),
        Expr::BinaryOp { left, op, right } => match op {
            BinaryOperator::And => always_holds(left) && always_holds(right),
            BinaryOperator::Or => always_holds(left) || always_holds(right),
            BinaryOperator::Eq | BinaryOperator::GtEq | BinaryOperator::LtEq | BinaryOperator::Spaceship => {
                left == right || is_constant(left) && is_constant(right)
            }
            _ => is_constant(left) && is_constant(right),
        },
        Expr::Like { expr, pattern, .. } => expr == pattern || is_anything(pattern),
        other => is_constant(other),
    }
}

fn is_constant(expression: &Expr) -> bool {
    match expression {
        Expr::Value(_) => true,
        Expr::Identifier(name) => name.value.starts_with('@') || name.value.eq_ignore_ascii_case("true"),
        Expr::Nested(inner) | Expr::UnaryOp { expr: inner, .. } => is_constant(inner),
        Expr::BinaryOp { left, right, .. } => is_constant(left) && is_constant(right),
        _ => false,
    }
}

fn is_anything(pattern: &Expr) -> bool {
    match pattern {
        Expr::Value(value) => match &value.value {
            Value::SingleQuotedString(text) | Value::DoubleQuotedString(text) => {
                !text.is_empty() && text.chars().all(|character| character == '%')
            }
            _ => false,
        },
        _ => false,
    }
}
