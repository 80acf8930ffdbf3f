//! CREATE: what is made, and what the expressions and queries that are kept in it will call.

use pg_query::NodeEnum;
use pg_query::protobuf::*;

use super::nodes::{self, inner};
use super::reader::Reader;
use super::session::flag;
use crate::Effect::{PrivilegeChange, SchemaChange, ShellEscape, Unknown, Write};
use crate::How;
use crate::sql::script::Columns;

impl Reader<'_> {
    pub(super) fn create_table(&mut self, create: &CreateStmt) {
        let CreateStmt {
            relation,
            table_elts,
            inh_relations: _,
            partbound,
            partspec,
            of_typename,
            constraints,
            nnconstraints,
            options,
            oncommit: _,
            tablespacename: _,
            access_method: _,
            if_not_exists: _,
        } = create;
        let Some(range) = relation else { return self.strange("a table without a name") };
        self.made(range, "table");
        for list in [table_elts, constraints, nnconstraints] {
            self.columns(list);
        }
        if let Some(bound) = partbound {
            self.bound(bound);
        }
        for part in partspec.iter().flat_map(|spec| &spec.part_params) {
            match part.node.as_ref() {
                Some(NodeEnum::PartitionElem(part)) => self.maybe(&part.expr),
                _ => self.strange("this kind of partition"),
            }
        }
        self.type_name(of_typename.as_ref());
        self.expressions_of_options(options);
        // Whoever writes to the table calls them.
        self.found.shifts |= !self.found.functions.is_empty();
    }

    /// A new relation; a temporary one changes nothing that others see.
    fn made(&mut self, range: &RangeVar, what: &str) {
        let name = nodes::relation(range);
        let temporary = range.relpersistence == "t";
        let effect = if temporary { Write } else { SchemaChange };
        self.found
            .does(effect, format!("makes the {}{what} {name}", if temporary { "temporary " } else { "" }));
        self.found.table(&name, How::Writes, Columns::All, false);
        self.found.shifts |= what != "table";
    }

    pub(super) fn bound(&mut self, bound: &PartitionBoundSpec) {
        for data in [&bound.listdatums, &bound.lowerdatums, &bound.upperdatums] {
            for datum in data.iter().filter_map(|datum| datum.node.as_ref()) {
                match datum {
                    NodeEnum::PartitionRangeDatum(datum) => self.maybe(&datum.value),
                    other => self.expression(other),
                }
            }
        }
    }

    /// Columns and constraints of a table or of a function's rows.
    pub(super) fn columns(&mut self, elements: &[Node]) {
        for element in elements {
            match element.node.as_ref() {
                Some(NodeEnum::ColumnDef(column)) => self.column_definition(column),
                Some(NodeEnum::Constraint(constraint)) => self.constraint(constraint),
                Some(NodeEnum::TableLikeClause(_)) => {}
                _ => self.strange("this part of a table"),
            }
        }
    }

    pub(super) fn column_definition(&mut self, column: &ColumnDef) {
        self.type_name(column.type_name.as_ref());
        self.maybe(&column.raw_default);
        self.columns(&column.constraints);
        self.expressions_of_options(&column.fdwoptions);
    }

    pub(super) fn constraint(&mut self, constraint: &Constraint) {
        self.maybe(&constraint.raw_expr);
        self.maybe(&constraint.where_clause);
        for exclusion in &constraint.exclusions {
            match exclusion.node.as_ref() {
                Some(NodeEnum::List(pair)) => self.exclusion(&pair.items),
                _ => self.strange("this part of a constraint"),
            }
        }
        self.expressions_of_options(&constraint.options);
    }

    /// An element of an index and the operator that it is compared with.
    fn exclusion(&mut self, pair: &[Node]) {
        for part in pair.iter().filter_map(|part| part.node.as_ref()) {
            match part {
                NodeEnum::IndexElem(element) => self.maybe(&element.expr),
                NodeEnum::List(operator) => self.operator(&operator.items),
                _ => self.strange("this part of a constraint"),
            }
        }
    }

    /// Options are words and numbers; anything else in one is not understood.
    pub(super) fn expressions_of_options(&mut self, options: &[Node]) {
        for option in options {
            let Some(NodeEnum::DefElem(option)) = option.node.as_ref() else {
                return self.strange("this kind of option");
            };
            match inner(&option.arg) {
                None
                | Some(
                    NodeEnum::String(_) | NodeEnum::Integer(_) | NodeEnum::Float(_) | NodeEnum::Boolean(_),
                ) => {}
                Some(NodeEnum::List(_) | NodeEnum::TypeName(_) | NodeEnum::RoleSpec(_)) => {}
                Some(_) => self.strange("the value of an option"),
            }
        }
    }

    pub(super) fn create_table_as(&mut self, create: &CreateTableAsStmt) {
        let CreateTableAsStmt { query, into, objtype: _, is_select_into: _, if_not_exists: _ } = create;
        self.into(into.as_deref());
        match inner(query) {
            Some(NodeEnum::SelectStmt(select)) => self.select(select),
            Some(NodeEnum::ExecuteStmt(execute)) => self.execute(execute),
            _ => self.strange("this kind of statement inside another"),
        }
    }

    pub(super) fn create_schema(&mut self, create: &CreateSchemaStmt) {
        self.found.does(SchemaChange, format!("makes the schema {}", create.schemaname));
        if create.authrole.is_some() {
            self.found.does(PrivilegeChange, "gives a schema to a role");
        }
        for element in create.schema_elts.iter().filter_map(|element| element.node.as_ref()) {
            self.statement(element);
        }
    }

    pub(super) fn create_view(&mut self, view: &ViewStmt) {
        let ViewStmt { view, aliases: _, query, replace: _, options, with_check_option: _ } = view;
        match view {
            Some(range) => self.made(range, "view"),
            None => self.strange("a view without a name"),
        }
        self.expressions_of_options(options);
        self.subquery(inner(query));
    }

    pub(super) fn create_index(&mut self, index: &IndexStmt) {
        let Some(range) = &index.relation else { return self.strange("an index without a table") };
        let table = nodes::relation(range);
        self.found.does(SchemaChange, format!("makes an index on {table}"));
        self.found.table(&table, How::Looks, Columns::none(), false);
        self.index_elements(&index.index_params);
        self.index_elements(&index.index_including_params);
        self.maybe(&index.where_clause);
        self.expressions_of_options(&index.options);
    }

    pub(super) fn index_elements(&mut self, elements: &[Node]) {
        for element in elements {
            match element.node.as_ref() {
                Some(NodeEnum::IndexElem(element)) => self.maybe(&element.expr),
                _ => self.strange("this part of an index"),
            }
        }
    }

    /// A rule runs its statements in the place of those of others, so it does what they do.
    pub(super) fn create_rule(&mut self, rule: &RuleStmt) {
        let RuleStmt { relation, rulename, where_clause, event: _, instead: _, actions, replace: _ } = rule;
        self.found.does(SchemaChange, format!("makes the rule {rulename}"));
        if let Some(range) = relation {
            self.found.table(&nodes::relation(range), How::Writes, Columns::All, false);
        }
        self.query(|reader| {
            reader.scope.derived("old");
            reader.scope.derived("new");
            reader.maybe(where_clause);
            for action in actions.iter().filter_map(|action| action.node.as_ref()) {
                reader.inside(action);
            }
        });
    }

    pub(super) fn create_trigger(&mut self, trigger: &CreateTrigStmt) {
        self.maybe(&trigger.when_clause);
        if let Some(range) = &trigger.relation {
            self.found.table(&nodes::relation(range), How::Writes, Columns::All, false);
        }
        self.all(&[SchemaChange, Unknown], "runs a function whenever rows change");
    }

    pub(super) fn create_function(&mut self, function: &CreateFunctionStmt) {
        self.all(&[SchemaChange, Unknown], "keeps code that is not analysed");
        for option in function.options.iter().filter_map(|option| option.node.as_ref()) {
            let NodeEnum::DefElem(option) = option else { continue };
            match (option.defname.as_str(), inner(&option.arg)) {
                ("security", _) if flag(option) != Some(false) => {
                    self.found.does(PrivilegeChange, "makes a function that runs as its owner");
                }
                ("language", Some(NodeEnum::String(language))) if is_native(&language.sval) => {
                    self.found.does(ShellEscape, "makes a function of a library");
                }
                _ => {}
            }
        }
    }

    pub(super) fn create_domain(&mut self, domain: &CreateDomainStmt) {
        self.found.does(SchemaChange, "makes a type");
        self.type_name(domain.type_name.as_ref());
        self.columns(&domain.constraints);
    }

    pub(super) fn create_statistics(&mut self, statistics: &CreateStatsStmt) {
        self.found.does(SchemaChange, "makes statistics");
        for element in statistics.exprs.iter().filter_map(|element| element.node.as_ref()) {
            match element {
                NodeEnum::StatsElem(element) => self.maybe(&element.expr),
                _ => self.strange("this part of statistics"),
            }
        }
    }

    pub(super) fn create_sequence(&mut self, sequence: &CreateSeqStmt) {
        match &sequence.sequence {
            Some(range) => self.made(range, "sequence"),
            None => self.strange("a sequence without a name"),
        }
    }

    pub(super) fn define(&mut self, define: &DefineStmt) {
        use self::ObjectType::{
            ObjectCollation, ObjectTsconfiguration, ObjectTsdictionary, ObjectTsparser, ObjectTstemplate,
        };
        self.found.does(SchemaChange, "makes an object");
        match ObjectType::try_from(define.kind).unwrap_or_default() {
            ObjectCollation
            | ObjectTsconfiguration
            | ObjectTsdictionary
            | ObjectTsparser
            | ObjectTstemplate => {}
            _ => self.found.unknown("an aggregate, operator or type calls functions by itself"),
        }
    }
}

/// Languages in which a function is machine code or may start programs.
fn is_native(language: &str) -> bool {
    let language = language.to_lowercase();
    ["c", "internal"].contains(&language.as_str()) || language.ends_with('u')
}
