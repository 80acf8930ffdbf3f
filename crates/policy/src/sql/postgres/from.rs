//! What stands in FROM: relations first, so that every expression finds the names that it may mean.

use pg_query::NodeEnum;
use pg_query::protobuf::*;

use super::nodes::{self, inner};
use super::reader::Reader;
use crate::sql::name::Name;

impl Reader<'_> {
    /// The relations of a query, then what is computed among them.
    pub(super) fn from(&mut self, items: &[Node]) {
        let items: Vec<&NodeEnum> = items.iter().filter_map(|item| item.node.as_ref()).collect();
        for item in &items {
            self.relations(item);
        }
        for item in items {
            self.computed(item);
        }
    }

    /// Names the relations of an item; says which tables they are.
    fn relations(&mut self, item: &NodeEnum) -> Vec<Name> {
        match item {
            NodeEnum::RangeVar(range) => self.relation(range),
            NodeEnum::JoinExpr(join) => self.joined(join),
            NodeEnum::RangeTableSample(sample) => {
                inner(&sample.relation).map_or_else(Vec::new, |relation| self.relations(relation))
            }
            NodeEnum::RangeSubselect(subquery) => self.derived(subquery.alias.as_ref()),
            NodeEnum::RangeFunction(function) => self.derived(function.alias.as_ref()),
            NodeEnum::RangeTableFunc(table) => self.derived(table.alias.as_ref()),
            _ => vec![],
        }
    }

    /// What no table stands behind.
    fn derived(&mut self, alias: Option<&Alias>) -> Vec<Name> {
        if let Some(alias) = alias {
            self.scope.derived(&alias.aliasname);
        }
        vec![]
    }

    /// A table, unless the name is that of a common table.
    pub(super) fn relation(&mut self, range: &RangeVar) -> Vec<Name> {
        let alias = nodes::alias(range);
        if range.schemaname.is_empty() && self.scope.is_common(&range.relname) {
            self.scope.derived(alias);
            return vec![];
        }
        let table = nodes::relation(range);
        self.scope.table(alias, &table);
        if range.alias.as_ref().is_some_and(|alias| !alias.colnames.is_empty()) {
            self.scope.whole(alias);
        }
        vec![table]
    }

    fn joined(&mut self, join: &JoinExpr) -> Vec<Name> {
        let mut tables = vec![];
        for side in [&join.larg, &join.rarg].into_iter().filter_map(inner) {
            tables.extend(self.relations(side));
        }
        for alias in [&join.alias, &join.join_using_alias].into_iter().flatten() {
            self.scope.together(&alias.aliasname, &tables);
            if !alias.colnames.is_empty() {
                self.scope.whole(&alias.aliasname);
            }
        }
        tables
    }

    /// Reads what an item computes.
    fn computed(&mut self, item: &NodeEnum) {
        match item {
            NodeEnum::RangeVar(_) => {}
            NodeEnum::JoinExpr(join) => self.join(join),
            NodeEnum::RangeSubselect(select) => self.subquery(inner(&select.subquery)),
            NodeEnum::RangeFunction(function) => {
                self.expressions(&function.functions);
                self.columns(&function.coldeflist);
            }
            NodeEnum::RangeTableSample(sample) => self.sample(sample),
            NodeEnum::RangeTableFunc(table) => self.xml_table(table),
            _ => self.strange("this kind of relation"),
        }
    }

    fn join(&mut self, join: &JoinExpr) {
        for side in [&join.larg, &join.rarg].into_iter().filter_map(inner) {
            self.computed(side);
        }
        if join.is_natural || !join.using_clause.is_empty() {
            self.implied("=");
        }
        for column in nodes::words(&join.using_clause).unwrap_or_default() {
            self.scope.column(column);
        }
        if join.is_natural {
            self.scope.all();
        }
        self.maybe(&join.quals);
    }

    fn sample(&mut self, sample: &RangeTableSample) {
        let RangeTableSample { relation, method, args, repeatable, location: _ } = sample;
        if let Some(relation) = inner(relation) {
            self.computed(relation);
        }
        self.expressions(args);
        self.maybe(repeatable);
        if !matches!(nodes::words(method).as_deref(), Some(["system" | "bernoulli"])) {
            self.strange("this way to sample a table");
        }
    }

    fn xml_table(&mut self, table: &RangeTableFunc) {
        self.maybe(&table.docexpr);
        self.maybe(&table.rowexpr);
        self.expressions(&table.namespaces);
        for column in &table.columns {
            match column.node.as_ref() {
                Some(NodeEnum::RangeTableFuncCol(column)) => {
                    self.type_name(column.type_name.as_ref());
                    self.maybe(&column.colexpr);
                    self.maybe(&column.coldefexpr);
                }
                _ => self.strange("this kind of column"),
            }
        }
    }
}
