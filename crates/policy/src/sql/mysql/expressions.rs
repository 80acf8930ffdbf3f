//! Expressions: every kind that may stand in one, and what it calls.

use sqlparser::ast::{
    Expr, Function, FunctionArg, FunctionArgExpr, FunctionArguments, InTarget, ObjectName, WindowType,
};

use super::functions;
use super::reserved::is_operand;
use super::statements::{Reader, words};
use crate::sql::findings::Usually;
use crate::sql::name::Kind;

impl Reader<'_> {
    pub(super) fn expressions(&mut self, all: &[Expr]) {
        all.iter().for_each(|one| self.expression(one));
    }

    /// Reads one expression. The list of kinds is closed: another one is unknown.
    pub(super) fn expression(&mut self, expression: &Expr) {
        match expression {
            Expr::Value(_) | Expr::TypedString(_) | Expr::Wildcard(_) => {}
            Expr::Identifier(name) if name.value.starts_with('@') && name.quote_style.is_none() => {}
            Expr::Identifier(name) if !is_operand(name) => self.strange("a reserved word as a name"),
            Expr::Identifier(name) => self.scope.column(&name.value.to_lowercase()),
            Expr::CompoundIdentifier(names) => match names.as_slice() {
                [first, ..] if first.value.starts_with('@') && first.quote_style.is_none() => {}
                [first, ..] if !is_operand(first) => self.strange("a reserved word as a name"),
                names if names.iter().any(|name| matches!(name.quote_style, Some('\'' | '"'))) => {
                    self.strange("a string as a name");
                }
                [.., of, name] => self.scope.column_of(&of.value, &name.value.to_lowercase()),
                _ => self.strange("this way to name a column"),
            },
            Expr::IsFalse(one)
            | Expr::IsNotFalse(one)
            | Expr::IsTrue(one)
            | Expr::IsNotTrue(one)
            | Expr::IsNull(one)
            | Expr::IsNotNull(one)
            | Expr::IsUnknown(one)
            | Expr::IsNotUnknown(one)
            | Expr::Nested(one) => {
                self.expression(one);
            }
            Expr::UnaryOp { expr, .. }
            | Expr::Cast { expr, .. }
            | Expr::Extract { expr, .. }
            | Expr::Collate { expr, .. }
            | Expr::Ceil { expr, .. }
            | Expr::Floor { expr, .. }
            | Expr::Convert { expr, .. } => self.expression(expr),
            Expr::BinaryOp { left, op: _, right }
            | Expr::AnyOp { left, right, .. }
            | Expr::AllOp { left, right, .. }
            | Expr::Position { expr: left, r#in: right } => {
                self.expression(left);
                self.expression(right);
            }
            Expr::Like { expr, pattern, .. } | Expr::RLike { expr, pattern, .. } => {
                self.expression(expr);
                self.expression(pattern);
            }
            Expr::Between { expr, low, high, .. } => {
                [expr, low, high].into_iter().for_each(|one| self.expression(one))
            }
            Expr::In { expr, target, .. } => {
                self.expression(expr);
                self.members(target);
            }
            Expr::Substring { expr, substring_from, substring_for, .. } => {
                self.expression(expr);
                [substring_from, substring_for].into_iter().flatten().for_each(|one| self.expression(one));
            }
            Expr::Trim { trim_what, expr, .. } => {
                self.expression(expr);
                trim_what.iter().for_each(|one| self.expression(one));
            }
            Expr::Case { operand, conditions, else_result, .. } => {
                [operand, else_result].into_iter().flatten().for_each(|one| self.expression(one));
                for when in conditions {
                    self.expression(&when.condition);
                    self.expression(&when.result);
                }
            }
            Expr::Exists { subquery, .. } | Expr::Subquery(subquery) => self.query(subquery),
            Expr::Tuple(parts) => self.expressions(parts),
            Expr::Interval(interval) => self.expression(&interval.value),
            Expr::Function(function) => self.function(function),
            _ => self.strange("this kind of expression"),
        }
    }

    fn members(&mut self, target: &InTarget) {
        match target {
            InTarget::List(list) => self.expressions(list),
            InTarget::Subquery(query) => self.query(query),
            _ => self.strange("this kind of list"),
        }
    }

    fn function(&mut self, function: &Function) {
        let Function {
            name,
            uses_odbc_syntax,
            parameters,
            args,
            within_group,
            filter,
            null_treatment: _,
            over,
        } = function;
        if *uses_odbc_syntax
            || *parameters != FunctionArguments::None
            || !within_group.is_empty()
            || filter.is_some()
        {
            self.strange("this way to call a function");
        }
        self.arguments(args);
        match over {
            None => {}
            Some(WindowType::WindowSpec(window)) if window.window_name.is_none() => {
                self.expressions(&window.partition_by);
                self.ordered(&window.order_by);
            }
            Some(WindowType::WindowSpec(_) | WindowType::NamedWindow(_)) => {
                self.strange("a window with a name")
            }
        }
        self.call(name);
    }

    fn arguments(&mut self, arguments: &FunctionArguments) {
        match arguments {
            FunctionArguments::None => {}
            FunctionArguments::Subquery(query) => self.query(query),
            FunctionArguments::List(list) => {
                for argument in &list.args {
                    match argument {
                        FunctionArg::Unnamed(FunctionArgExpr::Expr(expression)) => {
                            self.expression(expression)
                        }
                        FunctionArg::Unnamed(FunctionArgExpr::Wildcard) => {}
                        _ => self.strange("this kind of argument"),
                    }
                }
                if !list.clauses.is_empty() {
                    self.aggregate_clauses(list);
                }
            }
        }
    }

    fn aggregate_clauses(&mut self, list: &sqlparser::ast::FunctionArgumentList) {
        use sqlparser::ast::FunctionArgumentClause;
        for clause in &list.clauses {
            match clause {
                FunctionArgumentClause::OrderBy(by) => self.ordered(by),
                FunctionArgumentClause::Separator(_) => {}
                _ => self.strange("this kind of argument"),
            }
        }
    }

    fn call(&mut self, name: &ObjectName) {
        let Some(name) = words(name) else { return self.strange("this name") };
        self.found.functions.insert(name.to_string());
        let own = if name.schema.is_none() { functions::effect(&name.name.to_lowercase()) } else { None };
        match own {
            Some((effect, does)) => {
                if effect != crate::Effect::Read {
                    self.found.calls(effect, format!("{} {does}", name.name));
                }
                self.found.rely_on(Kind::Function, &name, Usually::Harmless);
            }
            None => self.found.rely_on(Kind::Function, &name, Usually::Unknown),
        }
    }
}
