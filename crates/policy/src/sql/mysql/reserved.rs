//! Words that are no names in MySQL and MariaDB unless they are quoted, as both have them.

use sqlparser::ast::Ident;

/// Those that stand where a value does.
const VALUES: [&str; 6] = ["default", "true", "false", "on", "binary", "maxvalue"];

/// The others.
const RESERVED: &str = "
accessible add all alter analyze and as asc asensitive before between bigint blob both by call cascade case change char
character check collate column condition constraint continue convert create cross current_date current_time
current_timestamp current_user cursor database databases day_hour day_microsecond day_minute day_second dec decimal
declare delayed delete desc describe deterministic distinct distinctrow div double drop dual each else elseif enclosed
escaped except exists exit explain fetch float float4 float8 for force foreign from fulltext grant group having
high_priority hour_microsecond hour_minute hour_second if ignore in index infile inner inout insensitive insert int int1
int2 int3 int4 int8 integer interval into is iterate join key keys kill leading leave left like limit linear lines load
localtime localtimestamp lock long longblob longtext loop low_priority match mediumblob mediumint mediumtext middleint
minute_microsecond minute_second mod modifies natural not no_write_to_binlog null numeric optimize option optionally or
order out outer outfile over partition precision primary procedure purge range read reads read_write real recursive
references regexp release rename repeat replace require resignal restrict return revoke right rlike schema schemas
second_microsecond select sensitive separator set show signal smallint spatial specific sql sqlexception sqlstate
sqlwarning sql_big_result sql_calc_found_rows sql_small_result ssl starting straight_join table terminated then tinyblob
tinyint tinytext to trailing trigger undo union unique unlock unsigned update usage use using utc_date utc_time
utc_timestamp values varbinary varchar varcharacter varying when where while with write xor year_month zerofill";

/// Whether a word may be the name of a relation, or its alias. In other quotes than these it is a string.
pub(super) fn is_name(word: &Ident) -> bool {
    let is_value = VALUES.iter().any(|value| value.eq_ignore_ascii_case(&word.value));
    match word.quote_style {
        Some(quote) => quote == '`',
        None => !is_value && !word.value.starts_with('@') && is_operand(word),
    }
}

/// Whether a word may stand where a column does.
pub(super) fn is_operand(word: &Ident) -> bool {
    let is = |reserved: &str| reserved.eq_ignore_ascii_case(&word.value);
    word.quote_style.is_some() || !RESERVED.split_whitespace().any(is)
}
