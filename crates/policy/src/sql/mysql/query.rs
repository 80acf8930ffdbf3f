//! Queries: SELECT, VALUES, set operations, joins and common tables.

use sqlparser::ast::{
    Cte, Distinct, Expr, GroupByExpr, Ident, Join, JoinConstraint, JoinOperator, LimitClause, LockClause,
    OffsetRows, OrderBy, OrderByExpr, OrderByKind, Query, Select, SelectFlavor, SelectItem,
    SelectItemQualifiedWildcardKind, SetExpr, SetOperator, SetQuantifier, TableAlias, TableFactor,
    TableIndexDirective, TableIndexHintType, TableWithJoins, Value, WildcardAdditionalOptions,
};

use super::calls::is_whole;
use super::reserved::{is_alias, is_name};
use super::statements::{Reader, is_of_the_server, table};
use crate::sql::findings::Usually;
use crate::sql::name::{Kind, Name};
use crate::sql::script::Columns;
use crate::{Effect, How};

impl Reader<'_> {
    pub(super) fn query(&mut self, query: &Query) {
        self.found.does(Effect::Read, "queries");
        self.within(|reader| reader.query_parts(query));
    }

    /// A query of its own: its relations, and common tables that end with it.
    pub(super) fn within(&mut self, read: impl FnOnce(&mut Self)) {
        let commons = self.scope.commons();
        self.scope.enter();
        read(self);
        for (table, columns) in self.scope.leave() {
            self.reads(&table, columns);
        }
        self.scope.forget_common(commons);
    }

    fn reads(&mut self, table: &Name, columns: Columns) {
        let schema = table.schema.as_deref().map(str::to_lowercase);
        if schema.as_deref() == Some("mysql") {
            self.found.does(Effect::DataExport, format!("{table} may hold the password hashes of accounts"));
        }
        self.found.table(table, How::Reads, columns, false);
        if !is_of_the_server(table) {
            self.found.rely_on(Kind::Relation, table, Usually::Harmless);
        }
    }

    pub(super) fn query_parts(&mut self, query: &Query) {
        let Query {
            with,
            body,
            order_by,
            limit_clause,
            fetch,
            locks,
            for_clause,
            settings,
            format_clause,
            pipe_operators,
        } = query;
        if fetch.is_some() || for_clause.is_some() || settings.is_some() || format_clause.is_some() {
            self.strange("this clause of a query");
        }
        if !pipe_operators.is_empty() {
            self.strange("this clause of a query");
        }
        for common in with.iter().flat_map(|with| with.cte_tables.iter()) {
            self.common(common, with.as_ref().is_some_and(|with| with.recursive));
        }
        self.body(body);
        self.order(order_by.as_ref());
        self.limit(limit_clause.as_ref());
        if !locks.iter().all(|lock| matches!(lock, LockClause { of: None, .. })) {
            self.strange("a lock of some tables");
        }
        if !locks.is_empty() {
            self.found.does(Effect::Write, "locks the rows that it reads");
        }
    }

    fn common(&mut self, common: &Cte, recursive: bool) {
        let Cte { alias, query, from, materialized, closing_paren_token: _ } = common;
        let are_names =
            alias.columns.iter().all(|column| is_name(&column.name) && column.data_type.is_none());
        if from.is_some() || materialized.is_some() || !is_name(&alias.name) || !are_names {
            self.strange("this kind of common table");
        }
        if recursive {
            self.scope.common(&alias.name.value);
        }
        self.query(query);
        self.scope.common(&alias.name.value);
    }

    fn body(&mut self, body: &SetExpr) {
        match body {
            SetExpr::Select(select) => self.select(select),
            SetExpr::Query(query) if query.with.is_none() => self.query(query),
            SetExpr::SetOperation {
                left,
                op: SetOperator::Union | SetOperator::Except | SetOperator::Intersect,
                set_quantifier: SetQuantifier::All | SetQuantifier::Distinct | SetQuantifier::None,
                right,
            } => {
                self.within(|reader| reader.body(left));
                self.within(|reader| reader.body(right));
            }
            SetExpr::Values(values) if !values.explicit_row && !values.value_keyword => {
                values.rows.iter().for_each(|row| self.expressions(row));
                if values.rows.iter().any(|row| row.is_empty()) {
                    self.strange("a row of nothing");
                }
            }
            _ => self.strange("this kind of query"),
        }
    }

    fn select(&mut self, select: &Select) {
        if !is_plain(select) {
            self.strange("this clause of a query");
        }
        self.from(&select.from);
        self.items(&select.projection);
        select.selection.iter().for_each(|condition| self.expression(condition));
        match &select.group_by {
            GroupByExpr::Expressions(by, modifiers) if modifiers.is_empty() => self.expressions(by),
            _ => self.strange("this kind of grouping"),
        }
        select.having.iter().for_each(|condition| self.expression(condition));
    }

    /// What a query or RETURNING answers. A star is the first.
    pub(super) fn items(&mut self, items: &[SelectItem]) {
        if items.iter().skip(1).any(|item| matches!(item, SelectItem::Wildcard(_))) {
            self.strange("a star behind something else");
        }
        items.iter().for_each(|item| self.item(item));
    }

    fn item(&mut self, item: &SelectItem) {
        match item {
            SelectItem::ExprWithAlias { alias, .. } if !is_alias(alias) => {
                self.strange("a reserved word as a name");
            }
            SelectItem::Wildcard(options) | SelectItem::QualifiedWildcard(_, options)
                if !is_bare(options) =>
            {
                self.strange("a star without some columns");
            }
            SelectItem::UnnamedExpr(expression)
            | SelectItem::ExprWithAlias { expr: expression, alias: _ } => {
                self.expression(expression);
            }
            SelectItem::Wildcard(_) => self.scope.all(),
            SelectItem::QualifiedWildcard(SelectItemQualifiedWildcardKind::ObjectName(name), _) => {
                match table(name) {
                    Some(of) => self.scope.whole(&of.name),
                    None => self.strange("this name"),
                }
            }
            _ => self.strange("this kind of column"),
        }
    }

    pub(super) fn from(&mut self, items: &[TableWithJoins]) {
        let factors = || {
            items.iter().flat_map(|item| {
                std::iter::once(&item.relation).chain(item.joins.iter().map(|join| &join.relation))
            })
        };
        factors().for_each(|factor| self.relation(factor));
        factors().for_each(|factor| self.computed(factor));
        items.iter().flat_map(|item| &item.joins).for_each(|join| self.join(join));
    }

    fn relation(&mut self, factor: &TableFactor) {
        match factor {
            TableFactor::Table { name, alias, .. } => match table(name) {
                Some(of) => self.table(&of, alias.as_ref()),
                None => self.strange("this name"),
            },
            TableFactor::Derived { alias: Some(alias), .. }
                if is_name(&alias.name) && alias.columns.is_empty() =>
            {
                self.scope.derived(&alias.name.value);
            }
            TableFactor::Derived { .. } => self.strange("this alias of a query"),
            _ => {}
        }
    }

    fn table(&mut self, of: &Name, alias: Option<&TableAlias>) {
        if alias.is_some_and(|alias| !is_name(&alias.name) || !alias.columns.is_empty()) {
            self.strange("this alias of a table");
        }
        let called = alias.map_or(of.name.as_str(), |alias| &alias.name.value);
        if of.schema.is_none() && self.scope.is_common(&of.name) {
            return self.scope.derived(called);
        }
        self.scope.table(called, of);
    }

    fn computed(&mut self, factor: &TableFactor) {
        match factor {
            TableFactor::Table {
                args: None,
                version: None,
                json_path: None,
                sample: None,
                with_hints,
                with_ordinality: false,
                inheritance: None,
                partitions,
                index_directives,
                ..
            } if with_hints.is_empty()
                && partitions.iter().all(is_name)
                && index_directives.iter().all(names_indexes) => {}
            TableFactor::Derived { lateral: false, subquery, sample: None, .. } => self.query(subquery),
            TableFactor::NestedJoin { table_with_joins, alias: None } => {
                self.from(std::slice::from_ref(table_with_joins.as_ref()));
            }
            _ => self.strange("this kind of relation"),
        }
    }

    fn join(&mut self, join: &Join) {
        use JoinOperator::{CrossJoin, Inner, Left, LeftOuter, Right, RightOuter, StraightJoin};
        match &join.join_operator {
            Left(JoinConstraint::None)
            | LeftOuter(JoinConstraint::None)
            | Right(JoinConstraint::None)
            | RightOuter(JoinConstraint::None) => self.strange("an outer join without a condition"),
            CrossJoin(JoinConstraint::Natural) | StraightJoin(JoinConstraint::Natural) => {
                self.strange("this kind of join");
            }
            JoinOperator::Join(on)
            | Inner(on)
            | Left(on)
            | LeftOuter(on)
            | Right(on)
            | RightOuter(on)
            | CrossJoin(on)
            | StraightJoin(on) => self.constraint(on),
            _ => self.strange("this kind of join"),
        }
    }

    fn constraint(&mut self, constraint: &JoinConstraint) {
        match constraint {
            JoinConstraint::On(condition) => self.expression(condition),
            JoinConstraint::Using(columns) => {
                for column in columns {
                    match table(column) {
                        Some(Name { schema: None, name }) => self.scope.column(&name),
                        _ => self.strange("this name"),
                    }
                }
            }
            JoinConstraint::Natural => self.scope.all(),
            JoinConstraint::None => {}
            JoinConstraint::UsingAlias(..) => self.strange("this kind of join"),
        }
    }

    fn order(&mut self, order: Option<&OrderBy>) {
        match order {
            Some(OrderBy { kind: OrderByKind::Expressions(by), interpolate: None }) => self.ordered(by),
            Some(_) => self.strange("this kind of order"),
            None => {}
        }
    }

    pub(super) fn ordered(&mut self, by: &[OrderByExpr]) {
        for OrderByExpr { expr, options, with_fill } in by {
            if options.nulls_first.is_some() || with_fill.is_some() {
                self.strange("this kind of order");
            }
            self.expression(expr);
        }
    }

    /// How many rows: digits, or a parameter.
    pub(super) fn bound(&mut self, limit: &Expr) {
        let is_parameter =
            matches!(limit, Expr::Value(value) if matches!(value.value, Value::Placeholder(_)));
        if !is_parameter && !is_whole(limit) {
            self.strange("this kind of limit");
        }
    }

    fn limit(&mut self, limit: Option<&LimitClause>) {
        match limit {
            None => {}
            Some(LimitClause::LimitOffset { limit, offset, limit_by })
                if limit_by.is_empty() && limit.is_some() >= offset.is_some() =>
            {
                limit.iter().for_each(|limit| self.bound(limit));
                if let Some(offset) = offset {
                    self.bound(&offset.value);
                    if offset.rows != OffsetRows::None {
                        self.strange("this kind of limit");
                    }
                }
            }
            Some(LimitClause::OffsetCommaLimit { offset, limit }) => {
                self.bound(offset);
                self.bound(limit);
            }
            Some(_) => self.strange("this kind of limit"),
        }
    }
}

/// Whether a query has only the clauses that are read.
fn is_plain(select: &Select) -> bool {
    select.optimizer_hints.is_empty()
        && select.select_modifiers.is_none()
        && select.top.is_none()
        && select.exclude.is_none()
        && select.into.is_none()
        && select.lateral_views.is_empty()
        && select.prewhere.is_none()
        && select.connect_by.is_empty()
        && select.cluster_by.is_empty()
        && select.distribute_by.is_empty()
        && select.sort_by.is_empty()
        && select.named_window.is_empty()
        && select.qualify.is_none()
        && select.value_table_mode.is_none()
        && select.flavor == SelectFlavor::Standard
        && !matches!(select.distinct, Some(Distinct::On(_)))
}

/// An index for certain, or several; USE may name none.
fn names_indexes(directive: &TableIndexDirective) -> bool {
    let TableIndexDirective::MySql(hint) = directive else { return false };
    let is_index = |name: &Ident| is_name(name) || name.value.eq_ignore_ascii_case("primary");
    let may_be_none = hint.hint_type == TableIndexHintType::Use;
    (may_be_none || !hint.index_names.is_empty()) && hint.index_names.iter().all(is_index)
}

fn is_bare(star: &WildcardAdditionalOptions) -> bool {
    let WildcardAdditionalOptions {
        wildcard_token: _,
        opt_ilike,
        opt_exclude,
        opt_except,
        opt_replace,
        opt_rename,
        opt_alias,
    } = star;
    opt_ilike.is_none()
        && opt_exclude.is_none()
        && opt_except.is_none()
        && opt_replace.is_none()
        && opt_rename.is_none()
        && opt_alias.is_none()
}
