//! Whether a condition bounds which rows are meant, or is one that always holds.
//!
//! Only what the text shows: a condition that no row of the data fails is for the estimate of the server to tell.

use pg_query::NodeEnum;
use pg_query::protobuf::*;

use super::nodes::inner;

/// Alternatives of more than this many are not compared with each other.
const MOST_COMPARED: usize = 64;

/// Whether a statement with this WHERE means every row: there is none, it names no column, or it is a tautology.
pub(super) fn are_unbounded(condition: Option<&NodeEnum>) -> bool {
    condition.is_none_or(always_holds)
}

fn always_holds(condition: &NodeEnum) -> bool {
    if !names_a_column(condition) {
        return true;
    }
    match condition {
        NodeEnum::BoolExpr(junction) => holds_of_parts(junction),
        NodeEnum::AExpr(comparison) => compares_with_itself(comparison),
        NodeEnum::BooleanTest(test) => {
            let kind = BoolTestType::try_from(test.booltesttype).unwrap_or_default();
            use BoolTestType::{IsNotFalse, IsTrue};
            matches!(kind, IsTrue | IsNotFalse) && inner(&test.arg).is_some_and(always_holds)
        }
        NodeEnum::TypeCast(cast) => inner(&cast.arg).is_some_and(always_holds),
        _ => false,
    }
}

fn holds_of_parts(junction: &BoolExpr) -> bool {
    let parts = || junction.args.iter().filter_map(|arg| arg.node.as_ref());
    match BoolExprType::try_from(junction.boolop).unwrap_or_default() {
        BoolExprType::AndExpr => parts().all(always_holds),
        BoolExprType::OrExpr => {
            let few = junction.args.len() <= MOST_COMPARED;
            parts().any(always_holds) || few && parts().any(|one| parts().any(|other| excludes(one, other)))
        }
        BoolExprType::NotExpr => parts().all(never_holds),
        BoolExprType::Undefined => true,
    }
}

/// Whether `NOT` makes it a tautology.
fn never_holds(condition: &NodeEnum) -> bool {
    match condition {
        NodeEnum::BoolExpr(junction) => {
            let mut parts = junction.args.iter().filter_map(|arg| arg.node.as_ref());
            match BoolExprType::try_from(junction.boolop).unwrap_or_default() {
                BoolExprType::AndExpr => parts.any(never_holds),
                BoolExprType::OrExpr => parts.all(never_holds),
                BoolExprType::NotExpr => parts.all(always_holds),
                BoolExprType::Undefined => true,
            }
        }
        NodeEnum::AExpr(comparison) => {
            operator(comparison).is_some_and(|name| ["<>", "<", ">"].contains(&name))
                && sides_are_the_same(comparison)
        }
        other => !names_a_column(other),
    }
}

/// Whether of two conditions one holds wherever the other does not, as far as it can be seen: `x` and `NOT x`,
/// `x IS NULL` and `x IS NOT NULL`, `a = b` and `a <> b`.
fn excludes(one: &NodeEnum, other: &NodeEnum) -> bool {
    match (one, other) {
        (NodeEnum::NullTest(a), NodeEnum::NullTest(b)) => {
            a.nulltesttype != b.nulltesttype && same(inner(&a.arg), inner(&b.arg))
        }
        (_, NodeEnum::BoolExpr(not)) if not.boolop == BoolExprType::NotExpr as i32 => {
            not.args.first().is_some_and(|arg| same(arg.node.as_ref(), Some(one)))
        }
        (NodeEnum::AExpr(a), NodeEnum::AExpr(b)) => {
            let pair = (operator(a), operator(b));
            let opposite = matches!(
                pair,
                (Some("="), Some("<>")) | (Some("<"), Some(">=" | ">")) | (Some("<="), Some(">" | ">="))
            );
            opposite && same(inner(&a.lexpr), inner(&b.lexpr)) && same(inner(&a.rexpr), inner(&b.rexpr))
        }
        _ => false,
    }
}

fn compares_with_itself(comparison: &AExpr) -> bool {
    use AExprKind::*;
    match AExprKind::try_from(comparison.kind).unwrap_or_default() {
        AexprOp => {
            operator(comparison).is_some_and(|name| ["=", "<=", ">="].contains(&name))
                && sides_are_the_same(comparison)
        }
        AexprNotDistinct => sides_are_the_same(comparison),
        AexprLike | AexprIlike => sides_are_the_same(comparison) || is_anything(inner(&comparison.rexpr)),
        AexprIn | AexprOpAny | AexprBetween | AexprBetweenSym => {
            members(inner(&comparison.rexpr)).any(|member| same(inner(&comparison.lexpr), Some(member)))
        }
        _ => false,
    }
}

fn operator(comparison: &AExpr) -> Option<&str> {
    super::nodes::words(&comparison.name)?.last().copied()
}

fn sides_are_the_same(comparison: &AExpr) -> bool {
    same(inner(&comparison.lexpr), inner(&comparison.rexpr))
}

/// A pattern that everything fits.
fn is_anything(pattern: Option<&NodeEnum>) -> bool {
    match pattern {
        Some(NodeEnum::AConst(value)) => super::settings::literal(value)
            .is_some_and(|text| !text.is_empty() && text.chars().all(|character| character == '%')),
        _ => false,
    }
}

fn members(list: Option<&NodeEnum>) -> impl Iterator<Item = &NodeEnum> {
    let items: &[Node] = match list {
        Some(NodeEnum::List(list)) => &list.items,
        Some(NodeEnum::AArrayExpr(array)) => &array.elements,
        _ => &[],
    };
    items.iter().filter_map(|item| item.node.as_ref())
}

/// Whether two expressions are written alike, wherever they stand. A column with its relation and without is alike too.
fn same(one: Option<&NodeEnum>, other: Option<&NodeEnum>) -> bool {
    let (Some(one), Some(other)) = (one, other) else { return false };
    match (one, other) {
        (NodeEnum::ColumnRef(a), NodeEnum::ColumnRef(b)) => {
            let (a, b) = (super::nodes::words(&a.fields), super::nodes::words(&b.fields));
            a.zip(b).is_some_and(|(a, b)| a.ends_with(&b) || b.ends_with(&a))
        }
        (NodeEnum::AConst(a), NodeEnum::AConst(b)) => a.val == b.val && a.isnull == b.isnull,
        (NodeEnum::ParamRef(a), NodeEnum::ParamRef(b)) => a.number == b.number,
        (NodeEnum::TypeCast(a), _) => same(inner(&a.arg), Some(other)),
        (_, NodeEnum::TypeCast(b)) => same(Some(one), inner(&b.arg)),
        (NodeEnum::AExpr(a), NodeEnum::AExpr(b)) => {
            operator(a) == operator(b)
                && (same(inner(&a.lexpr), inner(&b.lexpr)) || a.lexpr.is_none() && b.lexpr.is_none())
                && same(inner(&a.rexpr), inner(&b.rexpr))
        }
        (NodeEnum::FuncCall(a), NodeEnum::FuncCall(b)) => {
            super::nodes::words(&a.funcname) == super::nodes::words(&b.funcname) && all_same(&a.args, &b.args)
        }
        (NodeEnum::CoalesceExpr(a), NodeEnum::CoalesceExpr(b)) => all_same(&a.args, &b.args),
        (NodeEnum::RowExpr(a), NodeEnum::RowExpr(b)) => all_same(&a.args, &b.args),
        (NodeEnum::BoolExpr(a), NodeEnum::BoolExpr(b)) => a.boolop == b.boolop && all_same(&a.args, &b.args),
        (NodeEnum::NullTest(a), NodeEnum::NullTest(b)) => {
            a.nulltesttype == b.nulltesttype && same(inner(&a.arg), inner(&b.arg))
        }
        _ => false,
    }
}

fn all_same(one: &[Node], other: &[Node]) -> bool {
    one.len() == other.len() && one.iter().zip(other).all(|(a, b)| same(a.node.as_ref(), b.node.as_ref()))
}

/// Whether a column stands anywhere in it. What is not looked into here counts as one.
fn names_a_column(node: &NodeEnum) -> bool {
    let any = |nodes: &[Node]| nodes.iter().filter_map(|node| node.node.as_ref()).any(names_a_column);
    let one = |node: &Option<Box<Node>>| inner(node).is_some_and(names_a_column);
    match node {
        NodeEnum::AConst(_) | NodeEnum::ParamRef(_) | NodeEnum::SqlvalueFunction(_) => false,
        NodeEnum::AExpr(expression) => one(&expression.lexpr) || one(&expression.rexpr),
        NodeEnum::BoolExpr(junction) => any(&junction.args),
        NodeEnum::NullTest(test) => one(&test.arg),
        NodeEnum::BooleanTest(test) => one(&test.arg),
        NodeEnum::TypeCast(cast) => one(&cast.arg),
        NodeEnum::FuncCall(call) => any(&call.args),
        NodeEnum::CoalesceExpr(coalesce) => any(&coalesce.args),
        NodeEnum::MinMaxExpr(extreme) => any(&extreme.args),
        NodeEnum::AArrayExpr(array) => any(&array.elements),
        NodeEnum::RowExpr(row) => any(&row.args),
        NodeEnum::List(list) => any(&list.items),
        NodeEnum::CaseExpr(case) => one(&case.arg) || any(&case.args) || one(&case.defresult),
        NodeEnum::CaseWhen(when) => one(&when.expr) || one(&when.result),
        NodeEnum::SubLink(link) => one(&link.testexpr) || one(&link.subselect),
        NodeEnum::SelectStmt(select) => {
            any(&select.target_list)
                || any(&select.from_clause)
                || one(&select.where_clause)
                || any(&select.values_lists)
        }
        NodeEnum::ResTarget(target) => one(&target.val),
        _ => true,
    }
}
