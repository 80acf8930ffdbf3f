//! Settings: which may change freely, which change who may do what, what is logged, or how text is read.

use pg_query::NodeEnum;
use pg_query::protobuf::{AConst, VariableSetKind, VariableSetStmt, a_const::Val};

use super::reader::Reader;
use crate::Effect;
use crate::sql::script::Control;

/// Settings that only change how fast, how long or in which shape the session's own work is done.
const HARMLESS: [&str; 62] = [
    "application_name",
    "array_nulls",
    "bytea_output",
    "check_function_bodies",
    "client_connection_check_interval",
    "client_min_messages",
    "commit_delay",
    "commit_siblings",
    "constraint_exclusion",
    "cpu_index_tuple_cost",
    "cpu_operator_cost",
    "cpu_tuple_cost",
    "cursor_tuple_fraction",
    "datestyle",
    "default_statistics_target",
    "default_table_access_method",
    "default_tablespace",
    "default_text_search_config",
    "default_toast_compression",
    "default_transaction_deferrable",
    "default_transaction_isolation",
    "effective_cache_size",
    "effective_io_concurrency",
    "exit_on_error",
    "extra_float_digits",
    "force_parallel_mode",
    "debug_parallel_query",
    "from_collapse_limit",
    "geqo",
    "geqo_threshold",
    "gin_fuzzy_search_limit",
    "hash_mem_multiplier",
    "idle_in_transaction_session_timeout",
    "idle_session_timeout",
    "intervalstyle",
    "jit",
    "join_collapse_limit",
    "lc_messages",
    "lc_monetary",
    "lc_numeric",
    "lc_time",
    "lock_timeout",
    "maintenance_work_mem",
    "max_parallel_workers_per_gather",
    "parallel_setup_cost",
    "parallel_tuple_cost",
    "plan_cache_mode",
    "quote_all_identifiers",
    "random_page_cost",
    "row_security",
    "seed",
    "seq_page_cost",
    "statement_timeout",
    "synchronize_seqscans",
    "temp_buffers",
    "temp_tablespaces",
    "timezone",
    "transaction_deferrable",
    "transaction_isolation",
    "transaction_timeout",
    "work_mem",
    "xmloption",
];

impl Reader<'_> {
    pub(super) fn set(&mut self, set: &VariableSetStmt) {
        let value = match set.args.as_slice() {
            [] => None,
            args => args
                .iter()
                .map(|arg| written(arg.node.as_ref()?))
                .collect::<Option<Vec<_>>>()
                .map(|all| all.join(", ")),
        };
        if set.args.iter().any(|arg| matches!(arg.node, Some(NodeEnum::ParamRef(_)))) {
            return self.strange("a setting from a parameter");
        }
        use VariableSetKind::*;
        match VariableSetKind::try_from(set.kind).unwrap_or_default() {
            VarResetAll => {
                self.found.control = Control::Set { name: "all".into(), value: None };
                self.found.does(Effect::Read, "puts all settings of the session back");
            }
            VarSetMulti => self.set_transaction(set),
            VarSetValue => self.setting(&set.name.to_lowercase(), value.as_deref()),
            VarSetDefault | VarReset => self.setting(&set.name.to_lowercase(), None),
            VarSetCurrent | Undefined => self.strange("this way to change a setting"),
        }
    }

    /// Changes a setting to a value; none when it is not known, as with a default.
    pub(super) fn setting(&mut self, name: &str, value: Option<&str>) {
        self.found.control = Control::Set { name: name.into(), value: value.map(str::to_owned) };
        let (effect, because) = judged(name, value);
        if effect == Effect::Unknown
            && ["standard_conforming_strings", "client_encoding", "names", "search_path"].contains(&name)
        {
            self.found.misleads(format!("setting {name} {because}"));
        }
        self.found.calls(effect, format!("setting {name} {because}"));
    }

    /// `SET TRANSACTION` and `SET SESSION CHARACTERISTICS`.
    fn set_transaction(&mut self, set: &VariableSetStmt) {
        match set.name.as_str() {
            "TRANSACTION" | "SESSION CHARACTERISTICS" => self.transaction_modes(&set.args),
            "TRANSACTION SNAPSHOT" => {
                self.found.does(Effect::Read, "takes the snapshot of another transaction")
            }
            _ => self.strange("this way to change a setting"),
        }
    }
}

/// What a setting does, and why.
fn judged(name: &str, value: Option<&str>) -> (Effect, &'static str) {
    let value = value.map(str::to_lowercase);
    let value = value.as_deref();
    match name {
        _ if HARMLESS.contains(&name) || name.starts_with("enable_") => {
            (Effect::Read, "changes only how the session's own work is done")
        }
        "standard_conforming_strings" if is_on(value) => {
            (Effect::Read, "keeps strings as they are read here")
        }
        "client_encoding" | "names" if matches!(value, Some("utf8" | "utf-8" | "unicode")) => {
            (Effect::Read, "keeps the encoding in which texts are read here")
        }
        "search_path" if keeps_own_names_first(value) => (Effect::Read, "changes where names are looked for"),
        "search_path" => (Effect::Unknown, "lets other functions take the names of the server's own"),
        "standard_conforming_strings" | "client_encoding" | "names" => {
            (Effect::Unknown, "changes how texts are read")
        }
        "default_transaction_read_only" | "transaction_read_only" if is_on(value) => {
            (Effect::Read, "forbids the session to write")
        }
        "default_transaction_read_only" | "transaction_read_only" => {
            (Effect::PrivilegeChange, "may let the session write again")
        }
        "role" | "session_authorization" | "lo_compat_privileges" => {
            (Effect::PrivilegeChange, "changes what the session may do")
        }
        "session_replication_role" => (Effect::AuditTamper, "switches triggers and foreign keys off"),
        "synchronous_commit" => (Effect::Write, "lets the last transactions be lost in a crash"),
        "dynamic_library_path"
        | "local_preload_libraries"
        | "session_preload_libraries"
        | "shared_preload_libraries"
        | "archive_command"
        | "restore_command"
        | "archive_cleanup_command"
        | "recovery_end_command"
        | "ssl_passphrase_command"
        | "archive_library"
        | "jit_provider" => (Effect::ShellEscape, "says what the server loads or runs"),
        "archive_mode"
        | "wal_level"
        | "max_wal_senders"
        | "max_replication_slots"
        | "wal_keep_size"
        | "max_slot_wal_keep_size"
        | "synchronous_standby_names"
        | "fsync"
        | "full_page_writes"
        | "primary_conninfo" => (Effect::BackupDestroy, "changes what a restore or a replica needs"),
        "zero_damaged_pages" | "ignore_checksum_failure" => {
            (Effect::DataDestroy, "lets damaged data be lost")
        }
        _ if is_about_logs(name) => (Effect::AuditTamper, "changes what is logged"),
        _ if name.contains('.') => (Effect::PrivilegeChange, "is what row policies may go by"),
        _ => (Effect::Unknown, "is not on the list of settings"),
    }
}

fn is_about_logs(name: &str) -> bool {
    [
        "log_",
        "logging_",
        "pgaudit.",
        "auto_explain.",
        "syslog_",
        "event_source",
        "track_",
        "pg_stat_statements.",
    ]
    .iter()
    .any(|start| name.starts_with(start))
}

fn is_on(value: Option<&str>) -> bool {
    matches!(value, Some("on" | "true" | "yes" | "1" | "t" | "y"))
}

/// The server's own schema is looked at first unless the path says where it comes.
fn keeps_own_names_first(path: Option<&str>) -> bool {
    let Some(path) = path else { return true };
    let schemas: Vec<&str> = path.split(',').map(|schema| schema.trim().trim_matches('"')).collect();
    schemas.iter().position(|schema| *schema == "pg_catalog").is_none_or(|at| at == 0)
}

/// A value as it stands in the text.
fn written(node: &NodeEnum) -> Option<String> {
    match node {
        NodeEnum::AConst(value) => literal(value),
        _ => None,
    }
}

/// What a constant says.
pub(super) fn literal(value: &AConst) -> Option<String> {
    match value.val.as_ref()? {
        Val::Sval(text) => Some(text.sval.clone()),
        Val::Ival(number) => Some(number.ival.to_string()),
        Val::Fval(number) => Some(number.fval.clone()),
        Val::Boolval(truth) => Some(if truth.boolval { "on" } else { "off" }.into()),
        Val::Bsval(_) => None,
    }
}
