//! Values of `sql_mode` under which a text is divided and understood as it is read here.

use sqlparser::ast::{Expr, Function, FunctionArg, FunctionArgExpr, FunctionArguments, Value};

/// Modes about the values that are accepted. None stands for another one that is not here.
const HARMLESS: [&str; 11] = [
    "ERROR_FOR_DIVISION_BY_ZERO",
    "NO_AUTO_CREATE_USER",
    "NO_AUTO_VALUE_ON_ZERO",
    "NO_ENGINE_SUBSTITUTION",
    "NO_ZERO_DATE",
    "NO_ZERO_IN_DATE",
    "ONLY_FULL_GROUP_BY",
    "STRICT_ALL_TABLES",
    "STRICT_TRANS_TABLES",
    "TIME_ROUND_FRACTIONAL",
    "TRADITIONAL",
];

/// Whether it is a list of such modes, or adds some to those of the session.
pub(super) fn keep_the_grammar(values: &[Expr]) -> bool {
    match values {
        [Expr::Function(function)] => is_concatenation(function),
        [value] => is_kept(value),
        _ => false,
    }
}

fn is_concatenation(function: &Function) -> bool {
    let FunctionArguments::List(list) = &function.args else { return false };
    let is_kept = |argument: &FunctionArg| match argument {
        FunctionArg::Unnamed(FunctionArgExpr::Expr(value)) => is_kept(value),
        _ => false,
    };
    let is_plain = function.over.is_none() && function.filter.is_none() && list.clauses.is_empty();
    is_plain && function.name.to_string().eq_ignore_ascii_case("concat") && list.args.iter().all(is_kept)
}

/// Each part for itself: no mode is made by joining two of them, since one would have to be no mode.
fn is_kept(value: &Expr) -> bool {
    match value {
        Expr::Value(value) => match &value.value {
            Value::SingleQuotedString(modes) | Value::DoubleQuotedString(modes) => are_harmless(modes),
            _ => false,
        },
        other => {
            let name = other.to_string();
            ["@@sql_mode", "@@session.sql_mode"].iter().any(|own| name.eq_ignore_ascii_case(own))
        }
    }
}

fn are_harmless(modes: &str) -> bool {
    let is_harmless = |mode: &str| HARMLESS.iter().any(|known| mode.eq_ignore_ascii_case(known));
    modes.split(',').all(|mode| mode.is_empty() || is_harmless(mode))
}

#[cfg(test)]
mod tests {
    use crate::sql::{Catalogue, Dialect, analyse};

    fn is_harmless(text: &str) -> bool {
        let script = analyse(Dialect::MySql, text.as_bytes(), &Catalogue::unasked());
        script.effects() == [crate::Effect::Read].into()
    }

    #[test]
    fn what_drivers_open_with_is_harmless() {
        for text in [
            "SET sql_mode = 'STRICT_TRANS_TABLES'",
            "SET SESSION sql_mode = ''",
            "set autocommit=1, sql_mode = concat(@@sql_mode,',STRICT_TRANS_TABLES')",
            "SET autocommit = 0, time_zone = '+00:00', @@session.sql_select_limit = 10",
        ] {
            assert!(is_harmless(text), "{text}");
        }
    }

    #[test]
    fn another_grammar_or_a_wider_scope_is_not() {
        for text in [
            "SET sql_mode = 'ANSI'",
            "SET sql_mode = 'STRICT_TRANS_TABLES,NO_BACKSLASH_ESCAPES'",
            "SET sql_mode = concat('ANSI', '_QUOTES')",
            "SET sql_mode = concat(@@global.sql_mode, '')",
            "SET sql_mode = @x",
            "SET sql_mode = 4",
            "SET sql_mode = DEFAULT",
            "SET autocommit = 1, sql_mode = 'PIPES_AS_CONCAT'",
            "SET GLOBAL sql_mode = ''",
            "SET @@global.sql_mode = ''",
            "SET GLOBAL autocommit = 1, time_zone = '+00:00'",
            "SET autocommit = 1, character_set_client = gbk",
            "SET autocommit = 1, general_log = 0",
            "SET autocommit = 1, made_up = 1",
        ] {
            assert!(!is_harmless(text), "{text}");
        }
    }
}
