//! Functions of MySQL and MariaDB that compute and look, and what others do. The rest is unknown: stored functions and
//! those that were loaded do whatever they do.

use crate::Effect::{self, DataExport, Read, ServiceStop, ShellEscape, Write};

/// Functions without side effects.
const HARMLESS: &str = "
abs acos adddate addtime aes_decrypt aes_encrypt any_value ascii asin atan atan2 avg bin bin_to_uuid bit_and bit_count
bit_length bit_or bit_xor cast ceil ceiling char char_length character_length charset coalesce coercibility collation
compress concat concat_ws connection_id conv convert convert_tz cos cot count crc32 cume_dist curdate current_date
current_role current_time current_timestamp current_user curtime database date date_add date_format date_sub datediff
day dayname dayofmonth dayofweek dayofyear degrees dense_rank elt exp export_set extract extractvalue field find_in_set
first_value floor format format_bytes found_rows from_base64 from_days from_unixtime greatest group_concat grouping hex
hour if ifnull inet6_aton inet6_ntoa inet_aton inet_ntoa insert instr interval isnull json_array json_array_append
json_array_insert json_arrayagg json_contains json_contains_path json_depth json_extract json_insert json_keys
json_length json_merge_patch json_merge_preserve json_object json_objectagg json_overlaps json_pretty json_quote
json_remove json_replace json_search json_set json_storage_size json_type json_unquote json_valid json_value lag
last_day last_insert_id last_value lcase lead least left length ln localtime localtimestamp locate log log10 log2 lower
lpad ltrim make_set makedate maketime max md5 microsecond mid min minute mod month monthname now nth_value ntile nullif
oct octet_length ord percent_rank period_add period_diff pi position pow power quarter quote radians rand rank
regexp_instr regexp_like regexp_replace regexp_substr repeat replace reverse right round row_count row_number rpad rtrim
schema sec_to_time second session_user sha sha1 sha2 sign sin soundex space sqrt std stddev stddev_pop stddev_samp
str_to_date strcmp subdate substr substring substring_index subtime sum sysdate system_user tan time time_format
time_to_sec timediff timestamp timestampadd timestampdiff to_base64 to_days to_seconds trim truncate ucase uncompress
unhex unix_timestamp updatexml upper user utc_date utc_time utc_timestamp uuid uuid_short uuid_to_bin values var_pop
var_samp variance version week weekday weekofyear weight_string year yearweek is_free_lock is_used_lock
st_astext st_geomfromtext st_distance st_contains st_x st_y point";

/// What a function does; none when it is not on any list.
pub(super) fn effect(name: &str) -> Option<(Effect, &'static str)> {
    Some(match name {
        "sleep" => (Read, "waits"),
        "benchmark" => (ServiceStop, "keeps the server busy"),
        "load_file" => (DataExport, "reads a file of the server"),
        "get_lock" | "release_lock" | "release_all_locks" => (Write, "takes or gives back a lock"),
        "nextval" | "setval" | "lastval" => (Write, "takes a number from a sequence"),
        "sys_exec" | "sys_eval" => (ShellEscape, "starts a program on the server"),
        "master_pos_wait" | "source_pos_wait" => (Read, "waits for a replica"),
        _ if HARMLESS.split_whitespace().any(|known| known == name) => (Read, "computes"),
        _ => return None,
    })
}
