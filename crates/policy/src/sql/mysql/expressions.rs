//! Expressions: every kind that may stand in one, and what it calls.

use sqlparser::ast::{
    BinaryOperator, CastKind, CeilFloorKind, DataType, DateTimeField, Expr, ExtractSyntax, Ident, InTarget,
    Interval, TimezoneInfo, TypedString, UnaryOperator, Value,
};

use super::reserved::is_name;
use super::statements::{Reader, is_one_word, is_plain_word};

impl Reader<'_> {
    pub(super) fn expressions(&mut self, all: &[Expr]) {
        all.iter().for_each(|one| self.expression(one));
    }

    /// Reads one expression. The list of kinds is closed: another one is unknown.
    pub(super) fn expression(&mut self, expression: &Expr) {
        match expression {
            Expr::Value(value) if is_literal(&value.value) => {}
            Expr::TypedString(moment) if is_moment(moment) => {}
            Expr::Identifier(name) => self.operand(std::slice::from_ref(name)),
            Expr::CompoundIdentifier(names) => self.operand(names),
            Expr::IsFalse(one)
            | Expr::IsNotFalse(one)
            | Expr::IsTrue(one)
            | Expr::IsNotTrue(one)
            | Expr::IsNull(one)
            | Expr::IsNotNull(one)
            | Expr::IsUnknown(one)
            | Expr::IsNotUnknown(one)
            | Expr::Nested(one) => self.expression(one),
            Expr::BinaryOp { left, op, right } => self.operation(left, op, right),
            Expr::AnyOp { left, compare_op, right, is_some: _ } | Expr::AllOp { left, compare_op, right } => {
                self.compared_with_all(left, compare_op, right);
            }
            Expr::Position { expr: left, r#in: right } => {
                self.expression(left);
                self.expression(right);
            }
            Expr::Like { any: false, expr, pattern, escape_char, negated: _ } => {
                self.expression(expr);
                self.expression(pattern);
                escape_char.iter().for_each(|escape| self.expression(escape));
            }
            Expr::RLike { expr, pattern, .. } => {
                self.expression(expr);
                self.expression(pattern);
            }
            Expr::Between { expr, low, high, negated: _ } => {
                [expr, low, high].into_iter().for_each(|one| self.expression(one))
            }
            Expr::In { expr, target, global: false, negated: _ } => {
                self.expression(expr);
                self.members(target);
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
            Expr::Function(function) => self.function(function),
            _ => self.special(expression),
        }
    }

    /// What has a grammar of its own.
    fn special(&mut self, expression: &Expr) {
        match expression {
            Expr::UnaryOp { op, expr } if is_sign(*op) => self.expression(expr),
            Expr::Cast { kind: CastKind::Cast, expr, data_type, format: None } if is_cast(data_type) => {
                self.expression(expr);
            }
            Expr::Convert { is_try: false, expr, data_type, charset, target_before_value: false, styles }
                if styles.is_empty()
                    && data_type.is_some() != charset.is_some()
                    && data_type.as_ref().is_none_or(is_cast) =>
            {
                self.expression(expr);
            }
            Expr::Extract { field, syntax: ExtractSyntax::From, expr } if is_unit(field) => {
                self.expression(expr)
            }
            Expr::Collate { expr, collation } if is_one_word(collation) => self.expression(expr),
            Expr::Ceil { expr, field } | Expr::Floor { expr, field }
                if *field == CeilFloorKind::DateTimeField(DateTimeField::NoDateTime) =>
            {
                self.expression(expr);
            }
            Expr::Substring { expr, substring_from: Some(from), substring_for, .. } => {
                self.expression(expr);
                self.expression(from);
                substring_for.iter().for_each(|one| self.expression(one));
            }
            Expr::Trim { trim_where, trim_what, expr, trim_characters: None }
                if trim_where.is_none() || trim_what.is_some() =>
            {
                self.expression(expr);
                trim_what.iter().for_each(|one| self.expression(one));
            }
            _ => self.strange("this kind of expression"),
        }
    }

    /// A column or a variable.
    fn operand(&mut self, names: &[Ident]) {
        let is_variable = names.split_first().is_some_and(|(first, rest)| is_variable(first, rest));
        match names {
            _ if is_variable => {}
            _ if !is_column(names) => self.strange("a reserved word or a string as a name"),
            [name] => self.scope.column(&name.value.to_lowercase()),
            [.., of, name] => self.scope.column_of(&of.value, &name.value.to_lowercase()),
            [] => {}
        }
    }

    /// An interval stands only behind a plus or minus, or before a plus.
    fn operation(&mut self, left: &Expr, op: &BinaryOperator, right: &Expr) {
        use BinaryOperator::{Minus, Plus};
        match (left, op, right) {
            (Expr::Interval(_), _, Expr::Interval(_)) => self.strange("an interval of an interval"),
            (moment, Plus | Minus, Expr::Interval(by)) | (Expr::Interval(by), Plus, moment) => {
                self.expression(moment);
                self.interval(by);
            }
            _ if is_operator(op) => {
                self.expression(left);
                self.expression(right);
            }
            _ => self.strange("this operator"),
        }
    }

    pub(super) fn interval(&mut self, interval: &Interval) {
        let Interval {
            value,
            leading_field,
            leading_precision,
            last_field,
            fractional_seconds_precision: fraction,
        } = interval;
        let is_plain = leading_precision.is_none() && last_field.is_none() && fraction.is_none();
        if !is_plain || !leading_field.as_ref().is_some_and(is_unit) {
            self.strange("this kind of interval");
        }
        self.expression(value);
    }

    fn compared_with_all(&mut self, left: &Expr, op: &BinaryOperator, right: &Expr) {
        use BinaryOperator::{Eq, Gt, GtEq, Lt, LtEq, NotEq};
        if !matches!(op, Eq | Gt | GtEq | Lt | LtEq | NotEq) {
            self.strange("this comparison");
        }
        self.expression(left);
        match right {
            Expr::Subquery(query) => self.query(query),
            _ => self.strange("a comparison with all of no query"),
        }
    }

    fn members(&mut self, target: &InTarget) {
        match target {
            InTarget::List(list) if !list.is_empty() => self.expressions(list),
            InTarget::Subquery(query) => self.query(query),
            _ => self.strange("this kind of list"),
        }
    }
}

/// `@x`, `@@x`, or `@@session.x`.
fn is_variable(first: &Ident, rest: &[Ident]) -> bool {
    let name = first.value.to_lowercase();
    let is_scope = matches!(&*name, "@@session" | "@@global" | "@@local");
    match name.strip_prefix("@@") {
        _ if first.quote_style.is_some() => false,
        Some(name) => match rest {
            [] => !is_scope && is_name(&Ident::new(name)),
            [of] => is_scope && is_name(of),
            _ => false,
        },
        None => name.starts_with('@') && rest.is_empty(),
    }
}

/// Behind a dot a reserved word is a name like any other.
fn is_column(names: &[Ident]) -> bool {
    names.len() <= 3 && names.first().is_some_and(is_name) && names.iter().all(is_plain_word)
}

/// Strings, numbers, and what stands for one of them.
fn is_literal(value: &Value) -> bool {
    use Value::{Boolean, DoubleQuotedString, Null, Number, Placeholder, SingleQuotedString};
    matches!(
        value,
        Number(_, false) | SingleQuotedString(_) | DoubleQuotedString(_) | Boolean(_) | Null | Placeholder(_)
    )
}

/// `DATE '2026-11-24'` and its like.
fn is_moment(moment: &TypedString) -> bool {
    let TypedString { data_type, value, uses_odbc_syntax } = moment;
    let is_text = matches!(&value.value, Value::SingleQuotedString(_) | Value::DoubleQuotedString(_));
    let is_kind = matches!(
        data_type,
        DataType::Date
            | DataType::Time(None, TimezoneInfo::None)
            | DataType::Timestamp(None, TimezoneInfo::None)
    );
    is_text && is_kind && !uses_odbc_syntax
}

fn is_sign(operator: UnaryOperator) -> bool {
    use UnaryOperator::{BangNot, BitwiseNot, Minus, Not, Plus};
    matches!(operator, Plus | Minus | Not | BangNot | BitwiseNot)
}

fn is_operator(operator: &BinaryOperator) -> bool {
    use BinaryOperator::*;
    matches!(
        operator,
        Plus | Minus
            | Multiply
            | Divide
            | Modulo
            | MyIntegerDivide
            | Gt
            | Lt
            | GtEq
            | LtEq
            | Spaceship
            | Eq
            | NotEq
            | And
            | Or
            | Xor
            | BitwiseOr
            | BitwiseAnd
            | BitwiseXor
            | PGBitwiseShiftLeft
            | PGBitwiseShiftRight
            | Arrow
            | LongArrow
    )
}

/// Types that CAST knows.
fn is_cast(to: &DataType) -> bool {
    use DataType::*;
    matches!(
        to,
        Char(_)
            | Binary(_)
            | Date
            | Time(_, TimezoneInfo::None)
            | Datetime(_)
            | Decimal(_)
            | Double(sqlparser::ast::ExactNumberInfo::None)
            | Signed
            | SignedInteger
            | Unsigned
            | UnsignedInteger
    )
}

/// Units of time that are one word to the parser.
pub(super) fn is_unit(field: &DateTimeField) -> bool {
    use DateTimeField::*;
    matches!(field, Microsecond | Second | Minute | Hour | Day | Week(None) | Month | Quarter | Year)
}
