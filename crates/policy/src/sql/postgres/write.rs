//! INSERT, UPDATE, DELETE and MERGE.

use pg_query::NodeEnum;
use pg_query::protobuf::*;

use super::nodes::{self, inner};
use super::reader::Reader;
use super::rows;
use crate::sql::name::Name;
use crate::sql::script::Columns;
use crate::{Effect, How};

impl Reader<'_> {
    /// A statement that changes rows; any other kind is unknown here.
    pub(super) fn write(&mut self, node: &NodeEnum) {
        match node {
            NodeEnum::InsertStmt(insert) => self.query(|reader| reader.insert(insert)),
            NodeEnum::UpdateStmt(update) => self.query(|reader| reader.update(update)),
            NodeEnum::DeleteStmt(delete) => self.query(|reader| reader.delete(delete)),
            NodeEnum::MergeStmt(merge) => self.query(|reader| reader.merge(merge)),
            _ => self.strange("this kind of statement inside another"),
        }
    }

    fn insert(&mut self, insert: &InsertStmt) {
        let InsertStmt {
            relation,
            cols,
            select_stmt,
            on_conflict_clause,
            returning_clause,
            with_clause,
            r#override: _,
        } = insert;
        self.with(with_clause.as_ref());
        match inner(select_stmt) {
            Some(NodeEnum::SelectStmt(values)) if !values.values_lists.is_empty() => self.values(values),
            Some(NodeEnum::SelectStmt(select)) => self.select(select),
            Some(_) => self.strange("this source of rows"),
            None => {}
        }
        let Some(range) = relation else { return self.strange("an INSERT without a table") };
        let table = self.target(range);
        self.found.does(Effect::Write, format!("adds rows to {table}"));
        let columns = if cols.is_empty() { Columns::All } else { targets(cols) };
        self.expressions(cols);
        self.writes(&table, How::Writes, columns, false);
        if let Some(conflict) = on_conflict_clause {
            self.conflict(&table, conflict);
        }
        self.returning(returning_clause.as_ref());
    }

    fn conflict(&mut self, table: &Name, conflict: &OnConflictClause) {
        let OnConflictClause { action, infer, target_list, where_clause, location: _ } = conflict;
        if let Some(infer) = infer {
            self.index_elements(&infer.index_elems);
            self.maybe(&infer.where_clause);
        }
        self.scope.derived("excluded");
        self.expressions(target_list);
        self.maybe(where_clause);
        if *action != OnConflictAction::OnconflictNothing as i32 {
            self.found.does(
                Effect::DataDestroy,
                format!("replaces values in rows of {table} that are there already"),
            );
            self.writes(table, How::Writes, targets(target_list), false);
        }
    }

    fn update(&mut self, update: &UpdateStmt) {
        let UpdateStmt { relation, target_list, where_clause, from_clause, returning_clause, with_clause } =
            update;
        self.with(with_clause.as_ref());
        let Some(range) = relation else { return self.strange("an UPDATE without a table") };
        let table = self.target(range);
        self.from(from_clause);
        self.expressions(target_list);
        self.maybe(where_clause);
        let whole = rows::are_unbounded(inner(where_clause));
        self.found.does(Effect::Write, format!("changes rows of {table}"));
        self.found.does(Effect::DataDestroy, format!("replaces values in {} of {table}", which(whole)));
        self.writes(&table, How::Writes, targets(target_list), whole);
        self.returning(returning_clause.as_ref());
    }

    fn delete(&mut self, delete: &DeleteStmt) {
        let DeleteStmt { relation, using_clause, where_clause, returning_clause, with_clause } = delete;
        self.with(with_clause.as_ref());
        let Some(range) = relation else { return self.strange("a DELETE without a table") };
        let table = self.target(range);
        self.from(using_clause);
        self.maybe(where_clause);
        let whole = rows::are_unbounded(inner(where_clause));
        self.found.does(Effect::DataDestroy, format!("removes {} of {table}", which(whole)));
        self.writes(&table, How::Removes, Columns::All, whole);
        self.returning(returning_clause.as_ref());
    }

    fn merge(&mut self, merge: &MergeStmt) {
        let MergeStmt {
            relation,
            source_relation,
            join_condition,
            merge_when_clauses,
            returning_clause,
            with_clause,
        } = merge;
        self.with(with_clause.as_ref());
        let Some(range) = relation else { return self.strange("a MERGE without a table") };
        let table = self.target(range);
        if let Some(source) = source_relation {
            self.from(std::slice::from_ref(source));
        }
        self.maybe(join_condition);
        for clause in merge_when_clauses {
            match clause.node.as_ref() {
                Some(NodeEnum::MergeWhenClause(when)) => self.when(&table, when),
                _ => self.strange("this clause of MERGE"),
            }
        }
        self.returning(returning_clause.as_ref());
    }

    fn when(&mut self, table: &Name, when: &MergeWhenClause) {
        let MergeWhenClause { match_kind: _, command_type, condition, target_list, values, r#override: _ } =
            when;
        self.maybe(condition);
        self.expressions(target_list);
        self.expressions(values);
        match CmdType::try_from(*command_type).unwrap_or_default() {
            CmdType::CmdNothing => {}
            CmdType::CmdInsert => {
                self.found.does(Effect::Write, format!("adds rows to {table}"));
                let columns = if target_list.is_empty() { Columns::All } else { targets(target_list) };
                self.writes(table, How::Writes, columns, false);
            }
            CmdType::CmdUpdate => {
                self.found.does(Effect::Write, format!("changes rows of {table}"));
                self.found.does(Effect::DataDestroy, format!("replaces values in rows of {table}"));
                self.writes(table, How::Writes, targets(target_list), false);
            }
            CmdType::CmdDelete => {
                self.found.does(Effect::DataDestroy, format!("removes rows of {table}"));
                self.writes(table, How::Removes, Columns::All, false);
            }
            _ => self.strange("this action of MERGE"),
        }
    }

    /// The table that is written; never a common table.
    fn target(&mut self, range: &RangeVar) -> Name {
        let table = nodes::relation(range);
        self.scope.table(nodes::alias(range), &table);
        table
    }

    fn returning(&mut self, returning: Option<&ReturningClause>) {
        let Some(ReturningClause { options, exprs }) = returning else { return };
        for alias in options.iter().filter_map(|option| match option.node.as_ref()? {
            NodeEnum::ReturningOption(option) => Some(option.value.as_str()),
            _ => None,
        }) {
            self.scope.derived(alias);
        }
        self.expressions(exprs);
    }
}

fn which(whole: bool) -> &'static str {
    if whole { "every row" } else { "rows" }
}

/// The columns that assignments or a list of columns name.
fn targets(list: &[Node]) -> Columns {
    let named = |node: &Node| match node.node.as_ref()? {
        NodeEnum::ResTarget(target) => Some(target.name.clone()),
        _ => None,
    };
    list.iter().map(named).collect::<Option<_>>().map_or(Columns::All, Columns::Some)
}
