//! Calls of functions: what they do, and how those may be called that have a grammar of their own.

use std::ops::RangeInclusive;

use sqlparser::ast::{
    DuplicateTreatment, Expr, Function, FunctionArg, FunctionArgExpr, FunctionArgumentClause,
    FunctionArgumentList, FunctionArguments, Value, WindowFrame, WindowFrameBound, WindowFrameUnits,
    WindowSpec, WindowType,
};

use super::functions;
use super::reserved::is_name;
use super::statements::{Reader, words};
use crate::sql::findings::Usually;
use crate::sql::name::{Kind, Name};

/// What the brackets of a function may hold, in the server's grammar.
enum Shape {
    /// Expressions, their number checked later.
    Any,
    Expressions(RangeInclusive<usize>),
    /// How many digits of a second, or nothing.
    Digits,
    /// A moment and an interval.
    Moment,
    /// A moment and an interval, or a number of days.
    MomentOrDays,
    /// A unit of time and two expressions.
    Unit,
    /// A column.
    Column,
    /// Words of its own, which the parser reads by another road; never only expressions.
    Other,
}

/// Whether rows that a window shows are what a function computes from.
#[derive(PartialEq)]
enum Window {
    Never,
    Maybe,
    Always,
}

/// These may stand without brackets.
const BARE: [&str; 10] = [
    "current_date",
    "current_role",
    "current_time",
    "current_timestamp",
    "current_user",
    "localtime",
    "localtimestamp",
    "utc_date",
    "utc_time",
    "utc_timestamp",
];

/// These may be told to count equal values once.
const DISTINCT: [&str; 7] = ["avg", "count", "group_concat", "json_arrayagg", "max", "min", "sum"];

fn shape(name: &str) -> Shape {
    match name {
        "curdate" | "current_date" | "current_role" | "current_user" | "session_user" | "system_user"
        | "user" | "utc_date" | "cume_dist" | "dense_rank" | "percent_rank" | "rank" | "row_number" => {
            Shape::Expressions(0..=0)
        }
        "ascii" | "charset" | "date" | "day" | "hour" | "minute" | "month" | "second" | "time" | "year"
        | "avg" | "max" | "min" | "sum" | "bit_and" | "bit_or" | "bit_xor" | "std" | "stddev"
        | "stddev_pop" | "stddev_samp" | "var_pop" | "var_samp" | "variance" | "weight_string"
        | "first_value" | "ntile" | "count" => Shape::Expressions(1..=1),
        "timestamp" | "lag" | "lead" => Shape::Expressions(1..=2),
        "left" | "right" | "mod" | "repeat" | "truncate" | "json_objectagg" | "nth_value" => {
            Shape::Expressions(2..=2)
        }
        "mid" | "substr" | "substring" => Shape::Expressions(2..=3),
        "if" | "replace" => Shape::Expressions(3..=3),
        "insert" => Shape::Expressions(4..=4),
        "setval" => Shape::Expressions(2..=4),
        "char" | "group_concat" | "json_arrayagg" | "last_value" => Shape::Expressions(1..=usize::MAX),
        "interval" => Shape::Expressions(2..=usize::MAX),
        "current_time" | "current_timestamp" | "curtime" | "localtime" | "localtimestamp" | "now"
        | "sysdate" | "utc_time" | "utc_timestamp" => Shape::Digits,
        "date_add" | "date_sub" => Shape::Moment,
        "adddate" | "subdate" => Shape::MomentOrDays,
        "timestampadd" | "timestampdiff" => Shape::Unit,
        "values" | "nextval" | "lastval" => Shape::Column,
        "cast" | "convert" | "extract" | "position" | "trim" => Shape::Other,
        _ => Shape::Any,
    }
}

fn window(name: &str) -> Window {
    match name {
        "cume_dist" | "dense_rank" | "percent_rank" | "rank" | "row_number" | "first_value" | "ntile"
        | "nth_value" | "lag" | "lead" => Window::Always,
        "avg" | "max" | "min" | "sum" | "count" | "bit_and" | "bit_or" | "bit_xor" | "std" | "stddev"
        | "stddev_pop" | "stddev_samp" | "var_pop" | "var_samp" | "variance" | "last_value" => Window::Maybe,
        _ => Window::Never,
    }
}

impl Reader<'_> {
    pub(super) fn function(&mut self, function: &Function) {
        let Function { name, uses_odbc_syntax, parameters, args, within_group, filter, null_treatment, over } =
            function;
        let is_plain = !uses_odbc_syntax
            && *parameters == FunctionArguments::None
            && within_group.is_empty()
            && filter.is_none()
            && null_treatment.is_none();
        let Some(called) = words(name).filter(|_| is_plain) else {
            return self.strange("this way to call a function");
        };
        // In quotes, the name of a function that the grammar itself knows (`count`) is that of somebody's stored function.
        let is_quoted =
            name.0.iter().any(|part| part.as_ident().is_some_and(|word| word.quote_style.is_some()));
        let may_be_own = called.schema.is_none() && !is_quoted;
        let own = if may_be_own { called.name.to_lowercase() } else { String::new() };
        self.arguments(&own, args);
        self.window(&own, over.as_ref());
        self.call(&called, &own);
    }

    fn arguments(&mut self, function: &str, arguments: &FunctionArguments) {
        match arguments {
            FunctionArguments::None if BARE.contains(&function) => {}
            FunctionArguments::List(rows) if function == "count" && is_star(rows) => {}
            FunctionArguments::List(list) => {
                self.quantified(function, list);
                match expressions(list) {
                    Some(arguments) if self.fits(function, &arguments, list) => {}
                    _ => self.strange("these arguments of a function"),
                }
            }
            _ => self.strange("this way to call a function"),
        }
    }

    /// DISTINCT, ORDER BY and SEPARATOR.
    fn quantified(&mut self, function: &str, list: &FunctionArgumentList) {
        let FunctionArgumentList { duplicate_treatment, args: _, clauses } = list;
        let is_known = match duplicate_treatment {
            None => true,
            Some(DuplicateTreatment::Distinct) => DISTINCT.contains(&function),
            Some(DuplicateTreatment::All) => false,
        };
        if !is_known || !clauses.is_empty() && function != "group_concat" {
            self.strange("this clause of a function");
        }
        for clause in clauses {
            match clause {
                FunctionArgumentClause::OrderBy(by) => self.ordered(by),
                FunctionArgumentClause::Separator(_) => {}
                _ => self.strange("this kind of argument"),
            }
        }
    }

    /// Reads the arguments, if the function takes such.
    fn fits(&mut self, function: &str, arguments: &[&Expr], list: &FunctionArgumentList) -> bool {
        let is_distinct = list.duplicate_treatment.is_some();
        match (shape(function), arguments) {
            (Shape::Expressions(_), _) if function == "count" && is_distinct => {
                self.every(arguments);
                !arguments.is_empty()
            }
            (Shape::Any, _) => self.every(arguments),
            (Shape::Expressions(count), _) => self.every(arguments) && count.contains(&arguments.len()),
            (Shape::Digits, []) => true,
            (Shape::Digits, [digits]) => is_whole(digits),
            (Shape::Moment | Shape::MomentOrDays, [moment, Expr::Interval(by)]) => {
                self.expression(moment);
                self.interval(by);
                true
            }
            (Shape::MomentOrDays, [_, _]) => self.every(arguments),
            (Shape::Unit, [Expr::Identifier(unit), rest @ ..]) => {
                self.every(rest) && is_unit_of_a_function(&unit.value) && rest.len() == 2
            }
            (Shape::Column, _) if function == "values" && !self.replaces => false,
            (Shape::Column, [column]) => {
                self.expression(column);
                matches!(column, Expr::Identifier(name) if is_name(name))
                    || matches!(column, Expr::CompoundIdentifier(_))
            }
            _ => false,
        }
    }

    fn every(&mut self, all: &[&Expr]) -> bool {
        all.iter().for_each(|one| self.expression(one));
        true
    }

    fn window(&mut self, function: &str, over: Option<&WindowType>) {
        let window = window(function);
        match over {
            None if window == Window::Always => self.strange("a function without its window"),
            None => {}
            Some(WindowType::WindowSpec(over)) if window != Window::Never => self.over(over),
            Some(_) => self.strange("this kind of window"),
        }
    }

    fn over(&mut self, window: &WindowSpec) {
        let WindowSpec { window_name, partition_by, order_by, window_frame } = window;
        if window_name.is_some() || !window_frame.as_ref().is_none_or(is_frame) {
            self.strange("this kind of window");
        }
        self.expressions(partition_by);
        self.ordered(order_by);
    }

    fn call(&mut self, name: &Name, own: &str) {
        self.found.functions.insert(name.to_string());
        match functions::effect(own) {
            Some((effect, does)) => {
                if effect != crate::Effect::Read {
                    self.found.calls(effect, format!("{} {does}", name.name));
                }
                self.found.rely_on(Kind::Function, name, Usually::Harmless);
            }
            None => self.found.rely_on(Kind::Function, name, Usually::Unknown),
        }
    }
}

/// The arguments; none if one is anything else than an expression.
fn expressions(list: &FunctionArgumentList) -> Option<Vec<&Expr>> {
    let argument = |argument| match argument {
        &FunctionArg::Unnamed(FunctionArgExpr::Expr(ref expression)) => Some(expression),
        _ => None,
    };
    list.args.iter().map(argument).collect()
}

fn is_star(list: &FunctionArgumentList) -> bool {
    let is_alone = list.duplicate_treatment.is_none() && list.clauses.is_empty();
    is_alone && matches!(list.args.as_slice(), [FunctionArg::Unnamed(FunctionArgExpr::Wildcard)])
}

/// Digits and nothing else.
pub(super) fn is_whole(expression: &Expr) -> bool {
    let Expr::Value(value) = expression else { return false };
    matches!(&value.value, Value::Number(digits, false) if digits.bytes().all(|byte| byte.is_ascii_digit()) && digits.parse::<u64>().is_ok())
}

fn is_unit_of_a_function(word: &str) -> bool {
    const UNITS: [&str; 9] =
        ["microsecond", "second", "minute", "hour", "day", "week", "month", "quarter", "year"];
    UNITS.iter().any(|unit| unit.eq_ignore_ascii_case(word))
}

/// Bounds are digits; where only the first is told, it is not behind the row.
fn is_frame(frame: &WindowFrame) -> bool {
    use WindowFrameBound::{CurrentRow, Following, Preceding};
    let WindowFrame { units, start_bound, end_bound } = frame;
    let is_bound = |bound: &WindowFrameBound| match bound {
        CurrentRow | Preceding(None) | Following(None) => true,
        Preceding(Some(rows)) | Following(Some(rows)) => is_whole(rows),
    };
    let begins = !matches!(start_bound, Following(None))
        && (end_bound.is_some() || !matches!(start_bound, Following(_)));
    let ends = !matches!(end_bound, Some(Preceding(None)));
    *units != WindowFrameUnits::Groups
        && is_bound(start_bound)
        && end_bound.as_ref().is_none_or(is_bound)
        && begins
        && ends
}
