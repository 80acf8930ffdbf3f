//! Expressions: every kind of node that may stand in one, and what it calls.

use pg_query::NodeEnum;
use pg_query::protobuf::*;

use super::nodes::{self, inner};
use super::reader::Reader;
use crate::sql::findings::Usually;
use crate::sql::name::{Kind, Name};

impl Reader<'_> {
    pub(super) fn expressions(&mut self, nodes: &[Node]) {
        nodes.iter().filter_map(|node| node.node.as_ref()).for_each(|node| self.expression(node));
    }

    pub(super) fn maybe(&mut self, node: &Option<Box<Node>>) {
        if let Some(node) = inner(node) {
            self.expression(node);
        }
    }

    /// Reads one expression. The list of kinds is closed: another one is unknown.
    pub(super) fn expression(&mut self, node: &NodeEnum) {
        match node {
            NodeEnum::AConst(_) | NodeEnum::ParamRef(_) | NodeEnum::SetToDefault(_) => {}
            NodeEnum::String(_) | NodeEnum::Integer(_) | NodeEnum::Float(_) | NodeEnum::Boolean(_) => {}
            NodeEnum::SqlvalueFunction(_) | NodeEnum::CurrentOfExpr(_) | NodeEnum::AStar(_) => {}
            NodeEnum::ColumnRef(column) => self.column(column),
            NodeEnum::AExpr(operation) => self.operation(operation),
            NodeEnum::BoolExpr(junction) => self.expressions(&junction.args),
            NodeEnum::NullTest(test) => self.maybe(&test.arg),
            NodeEnum::BooleanTest(test) => self.maybe(&test.arg),
            NodeEnum::FuncCall(call) => self.call(call),
            NodeEnum::TypeCast(cast) => self.cast(cast),
            NodeEnum::CollateClause(collated) => self.maybe(&collated.arg),
            NodeEnum::CaseExpr(case) => self.case(case),
            NodeEnum::CaseWhen(when) => {
                self.maybe(&when.expr);
                self.maybe(&when.result);
            }
            NodeEnum::CoalesceExpr(coalesce) => self.expressions(&coalesce.args),
            NodeEnum::MinMaxExpr(extreme) => self.expressions(&extreme.args),
            NodeEnum::SubLink(link) => self.sublink(link),
            NodeEnum::AArrayExpr(array) => self.expressions(&array.elements),
            NodeEnum::RowExpr(row) => self.expressions(&row.args),
            NodeEnum::List(list) => self.expressions(&list.items),
            NodeEnum::AIndirection(part) => {
                self.maybe(&part.arg);
                self.expressions(&part.indirection);
            }
            NodeEnum::AIndices(index) => {
                self.maybe(&index.lidx);
                self.maybe(&index.uidx);
            }
            NodeEnum::ResTarget(target) => {
                self.expressions(&target.indirection);
                self.maybe(&target.val);
            }
            NodeEnum::MultiAssignRef(assigned) => self.maybe(&assigned.source),
            NodeEnum::NamedArgExpr(named) => self.maybe(&named.arg),
            NodeEnum::GroupingFunc(grouping) => self.expressions(&grouping.args),
            NodeEnum::GroupingSet(set) => self.expressions(&set.content),
            NodeEnum::SortBy(sort) => self.sort(sort),
            NodeEnum::WindowDef(window) => self.window(window),
            NodeEnum::XmlExpr(xml) => {
                self.expressions(&xml.named_args);
                self.expressions(&xml.args);
            }
            NodeEnum::XmlSerialize(xml) => {
                self.maybe(&xml.expr);
                self.type_name(xml.type_name.as_ref());
            }
            other => self.json(other),
        }
    }

    fn column(&mut self, column: &ColumnRef) {
        let fields: Vec<Option<&NodeEnum>> = column.fields.iter().map(|field| field.node.as_ref()).collect();
        match fields.as_slice() {
            [Some(NodeEnum::AStar(_))] => self.scope.all(),
            [Some(NodeEnum::String(name))] => self.scope.column(&name.sval),
            [.., Some(NodeEnum::String(of)), Some(NodeEnum::AStar(_))] => self.scope.whole(&of.sval),
            [.., Some(NodeEnum::String(of)), Some(NodeEnum::String(name))] => {
                self.scope.column_of(&of.sval, &name.sval);
            }
            _ => self.strange("this way to name a column"),
        }
    }

    fn operation(&mut self, operation: &AExpr) {
        let AExpr { kind, name, lexpr, rexpr, rexpr_list_start: _, rexpr_list_end: _, location: _ } =
            operation;
        use AExprKind::*;
        match AExprKind::try_from(*kind).unwrap_or_default() {
            AexprBetween | AexprNotBetween | AexprBetweenSym | AexprNotBetweenSym => {
                self.implied("<=");
                self.implied(">=");
            }
            AexprOp | AexprOpAny | AexprOpAll | AexprDistinct | AexprNotDistinct | AexprNullif | AexprIn
            | AexprLike | AexprIlike | AexprSimilar => self.operator(name),
            Undefined => self.strange("this kind of operation"),
        }
        self.maybe(lexpr);
        self.maybe(rexpr);
    }

    /// The parser also takes a type before a parameter, as in `f(1) $1`, where the server does not.
    fn cast(&mut self, cast: &TypeCast) {
        self.maybe(&cast.arg);
        self.type_name(cast.type_name.as_ref());
        let written = cast.type_name.as_ref().map(|name| name.location);
        if let (Some(NodeEnum::ParamRef(parameter)), Some(written)) = (inner(&cast.arg), written)
            && written < parameter.location
        {
            self.strange("a type before a parameter");
        }
    }

    fn case(&mut self, case: &CaseExpr) {
        if case.arg.is_some() {
            self.implied("=");
        }
        self.maybe(&case.arg);
        self.expressions(&case.args);
        self.maybe(&case.defresult);
    }

    fn sublink(&mut self, link: &SubLink) {
        let SubLink { xpr: _, sub_link_type: _, sub_link_id: _, testexpr, oper_name, subselect, location: _ } =
            link;
        self.maybe(testexpr);
        match oper_name.is_empty() {
            true if testexpr.is_some() => self.implied("="),
            true => {}
            false => self.operator(oper_name),
        }
        self.subquery(inner(subselect));
    }

    pub(super) fn sort(&mut self, sort: &SortBy) {
        self.maybe(&sort.node);
        if !sort.use_op.is_empty() {
            self.operator(&sort.use_op);
        }
    }

    pub(super) fn window(&mut self, window: &WindowDef) {
        let WindowDef { partition_clause, order_clause, start_offset, end_offset, .. } = window;
        self.expressions(partition_clause);
        self.expressions(order_clause);
        self.maybe(start_offset);
        self.maybe(end_offset);
    }

    pub(super) fn operator(&mut self, written: &[Node]) {
        let Some(name) = nodes::name(written) else { return self.strange("an operator without a name") };
        if name.schema.as_deref() == Some("pg_catalog") {
            return;
        }
        let own = name.schema.is_none() && super::functions::is_operator(&name.name);
        let usually = if own { Usually::Harmless } else { Usually::Unknown };
        self.found.rely_on(Kind::Operator, &name, usually);
    }

    /// An operator that the server looks up by its name, though the text does not write it.
    pub(super) fn implied(&mut self, name: &str) {
        self.found.rely_on(Kind::Operator, &Name::plain(name), Usually::Harmless);
    }

    /// A type that a value is made of: those of the server call nothing.
    pub(super) fn type_name(&mut self, written: Option<&TypeName>) {
        let Some(TypeName { names, typmods, .. }) = written else { return };
        self.expressions(typmods);
        match nodes::name(names) {
            Some(name) if name.schema.as_deref() == Some("pg_catalog") => {}
            Some(name) => self.found.rely_on(Kind::Type, &name, Usually::Harmless),
            None => self.strange("a type without a name"),
        }
    }
}
