//! Words that are no names in MySQL and MariaDB unless they are quoted, as both have them.

use sqlparser::ast::Ident;

/// Those that stand where a value does, but only in a setting or in a new row.
const VALUES: [&str; 4] = ["default", "on", "binary", "maxvalue"];

/// The others.
const RESERVED: &str = "
accessible add all alter analyze and as asc asensitive before between bigint blob both by call cascade case change char
character check collate column condition constraint continue convert create cross cube current_date current_role
current_time current_timestamp current_user cursor database databases day_hour day_microsecond day_minute day_second
dec decimal declare delayed delete delete_domain_id desc describe deterministic distinct distinctrow div do_domain_ids
double drop dual each else elseif enclosed escaped except exists exit explain false fetch float float4 float8 for force
foreign from fulltext grant group having high_priority hour_microsecond hour_minute hour_second if ignore
ignore_domain_ids in index infile inner inout insensitive insert int int1 int2 int3 int4 int8 integer intersect
interval into is iterate join key keys kill leading leave left like limit linear lines load localtime localtimestamp
lock long longblob longtext loop low_priority master_demote_to_replica master_demote_to_slave
master_ssl_verify_server_cert match mediumblob mediumint mediumtext middleint minute_microsecond minute_second mod
modifies natural no_write_to_binlog not null numeric offset optimize option optionally or order out outer outfile over
page_checksum parse_vcol_expr partition portion precision primary procedure purge range read read_write reads real
recursive ref_system_id references regexp release rename repeat replace require resignal restrict return returning
revoke right rlike rollup row_number rows schema schemas second_microsecond select sensitive separator set show signal
smallint sounds spatial specific sql sql_big_result sql_buffer_result sql_cache sql_calc_found_rows sql_no_cache
sql_small_result sqlexception sqlstate sqlwarning ssl starting stats_auto_recalc stats_persistent stats_sample_pages
straight_join system table terminated then tinyblob tinyint tinytext to trailing trigger true undo union unique unlock
unsigned update usage use using utc_date utc_time utc_timestamp values varbinary varchar varcharacter varying when
where while window with write xor year_month zerofill";

/// Whether a word may name something. In other quotes than these it is a string.
pub(super) fn is_name(word: &Ident) -> bool {
    match word.quote_style {
        Some(quote) => quote == '`',
        None => {
            let is = |reserved: &str| reserved.eq_ignore_ascii_case(&word.value);
            !word.value.starts_with('@') && !is_value(word) && !RESERVED.split_whitespace().any(is)
        }
    }
}

/// Whether a word may be what a column is called in an answer, where strings are names too.
pub(super) fn is_alias(word: &Ident) -> bool {
    word.quote_style.is_some() || is_name(word)
}

/// Whether a word stands for a value where a setting or a row gets a new one.
pub(super) fn is_value(word: &Ident) -> bool {
    word.quote_style.is_none() && VALUES.iter().any(|value| value.eq_ignore_ascii_case(&word.value))
}
