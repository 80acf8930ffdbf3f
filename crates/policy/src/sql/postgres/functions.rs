//! Functions and operators of the server's own, and what those functions do that do something.
//!
//! `data/*.txt` are read off a server's catalogue; a test compares them. A function that stands neither there nor here
//! is unknown.

use std::collections::HashSet;
use std::sync::LazyLock;

use pg_query::NodeEnum;
use pg_query::protobuf::{FuncCall, Node};

use super::nodes;
use super::reader::Reader;
use super::settings::literal;
use crate::Effect::{self, *};
use crate::sql::findings::Usually;
use crate::sql::name::{Kind, Name};

type Words = LazyLock<HashSet<&'static str>>;

static FUNCTIONS: Words = LazyLock::new(|| include_str!("data/functions.txt").split_whitespace().collect());
static OPERATORS: Words = LazyLock::new(|| include_str!("data/operators.txt").split_whitespace().collect());

/// Whether the server has an operator of this name.
pub(super) fn is_operator(name: &str) -> bool {
    OPERATORS.contains(name)
}

/// Whether the server has a function of this name, and it is known what that does.
pub fn knows_function(name: &str) -> bool {
    let does = SIDE_EFFECTS.iter().any(|(names, ..)| names.contains(&name));
    does || FUNCTIONS.contains(name) || name == "set_config"
}

impl Reader<'_> {
    pub(super) fn call(&mut self, call: &FuncCall) {
        let FuncCall {
            funcname,
            args,
            agg_order,
            agg_filter,
            over,
            agg_within_group: _,
            agg_star: _,
            agg_distinct: _,
            func_variadic: _,
            funcformat: _,
            location: _,
        } = call;
        self.expressions(args);
        self.expressions(agg_order);
        self.maybe(agg_filter);
        if let Some(window) = over {
            self.window(window);
        }
        match nodes::name(funcname) {
            Some(name) => self.function(&name, args),
            None => self.strange("a function without a name"),
        }
    }

    /// Uses a function, with these arguments.
    pub(super) fn function(&mut self, name: &Name, args: &[Node]) {
        self.found.functions.insert(name.to_string());
        let own = match name.schema.as_deref() {
            Some("pg_catalog") | None => self.own_function(&name.name, args),
            Some("information_schema") => name.name.starts_with("_pg_"),
            Some(_) => false,
        };
        match name.schema.as_deref() {
            Some("pg_catalog" | "information_schema") if own => {}
            Some("pg_catalog") => self.found.unknown(format!("{name} is not on the list of functions")),
            _ if own => self.found.rely_on(Kind::Function, name, Usually::Harmless),
            _ => self.found.rely_on(Kind::Function, name, Usually::Unknown),
        }
    }

    /// Whether it is known as one of the server's own, and then what it does.
    fn own_function(&mut self, name: &str, args: &[Node]) -> bool {
        if name == "set_config" {
            self.set_config(args);
            return true;
        }
        match SIDE_EFFECTS.iter().find(|(names, ..)| names.contains(&name)) {
            Some((_, effects, does)) => {
                effects.iter().for_each(|effect| self.found.calls(*effect, format!("{name} {does}")));
                true
            }
            None => FUNCTIONS.contains(name),
        }
    }

    fn set_config(&mut self, args: &[Node]) {
        let text = |at: usize| match args.get(at).and_then(|node| node.node.as_ref()) {
            Some(NodeEnum::AConst(value)) => literal(value),
            _ => None,
        };
        match text(0) {
            Some(setting) => self.setting(&setting.to_lowercase(), text(1).as_deref()),
            None => self.found.unknown("set_config changes a setting that only the server will know"),
        }
    }
}

/// Functions that are volatile, or are not and do more than compute, with what they do.
const SIDE_EFFECTS: [(&[&str], &[Effect], &str); 24] = [
    (
        &[
            "amvalidate",
            "clock_timestamp",
            "current_query",
            "currtid2",
            "currval",
            "gen_random_uuid",
            "lastval",
            "lo_get",
            "loread",
            "lo_close",
            "lo_lseek",
            "lo_lseek64",
            "lo_tell",
            "lo_tell64",
            "pg_blocking_pids",
            "pg_collation_actual_version",
            "pg_control_checkpoint",
            "pg_control_init",
            "pg_control_recovery",
            "pg_control_system",
            "pg_current_logfile",
            "pg_current_wal_flush_lsn",
            "pg_current_wal_insert_lsn",
            "pg_current_wal_lsn",
            "pg_database_collation_actual_version",
            "pg_database_size",
            "pg_export_snapshot",
            "pg_get_backend_memory_contexts",
            "pg_get_multixact_members",
            "pg_get_shmem_allocations",
            "pg_get_wal_replay_pause_state",
            "pg_get_wal_resource_managers",
            "pg_hba_file_rules",
            "pg_ident_file_mappings",
            "pg_indexes_size",
            "pg_is_in_recovery",
            "pg_is_wal_replay_paused",
            "pg_isolation_test_session_is_blocked",
            "pg_jit_available",
            "pg_last_committed_xact",
            "pg_last_wal_receive_lsn",
            "pg_last_wal_replay_lsn",
            "pg_last_xact_replay_timestamp",
            "pg_lock_status",
            "pg_ls_archive_statusdir",
            "pg_ls_dir",
            "pg_ls_logdir",
            "pg_ls_logicalmapdir",
            "pg_ls_logicalsnapdir",
            "pg_ls_replslotdir",
            "pg_ls_tmpdir",
            "pg_ls_waldir",
            "pg_notification_queue_usage",
            "pg_partition_ancestors",
            "pg_partition_tree",
            "pg_prepared_xact",
            "pg_relation_size",
            "pg_replication_origin_progress",
            "pg_replication_origin_session_is_setup",
            "pg_replication_origin_session_progress",
            "pg_safe_snapshot_blocking_pids",
            "pg_sequence_last_value",
            "pg_show_all_file_settings",
            "pg_show_replication_origin_status",
            "pg_sleep",
            "pg_sleep_for",
            "pg_sleep_until",
            "pg_stat_clear_snapshot",
            "pg_stat_file",
            "pg_stat_force_next_flush",
            "pg_stat_get_recovery_prefetch",
            "pg_stat_get_xact_blocks_fetched",
            "pg_stat_get_xact_blocks_hit",
            "pg_stat_get_xact_function_calls",
            "pg_stat_get_xact_function_self_time",
            "pg_stat_get_xact_function_total_time",
            "pg_stat_get_xact_numscans",
            "pg_stat_get_xact_tuples_deleted",
            "pg_stat_get_xact_tuples_fetched",
            "pg_stat_get_xact_tuples_hot_updated",
            "pg_stat_get_xact_tuples_inserted",
            "pg_stat_get_xact_tuples_returned",
            "pg_stat_get_xact_tuples_updated",
            "pg_stat_have_stats",
            "pg_table_size",
            "pg_tablespace_size",
            "pg_total_relation_size",
            "pg_xact_commit_timestamp",
            "pg_xact_commit_timestamp_origin",
            "pg_xact_status",
            "random",
            "setseed",
            "timeofday",
            "txid_status",
        ],
        &[],
        "only looks",
    ),
    (&["nextval"], &[Write], "takes a number from a sequence"),
    (&["setval"], &[Write, DataDestroy], "sets a sequence to another number"),
    (&["lo_creat", "lo_create", "lo_from_bytea", "lo_open", "pg_notify"], &[Write], "writes"),
    (
        &["lo_put", "lowrite", "lo_truncate", "lo_truncate64"],
        &[Write, DataDestroy],
        "overwrites a large object",
    ),
    (&["lo_unlink"], &[DataDestroy], "removes a large object"),
    (&["lo_import"], &[Write, DataExport], "reads a file of the server into the database"),
    (
        &["lo_export"],
        &[DataExport, DataDestroy, ShellEscape],
        "writes a file of the server, and may replace one that it runs",
    ),
    (
        &["pg_read_file", "pg_read_file_old", "pg_read_binary_file"],
        &[DataExport],
        "reads a file of the server",
    ),
    (
        &[
            "pg_advisory_lock",
            "pg_advisory_lock_shared",
            "pg_advisory_xact_lock",
            "pg_advisory_xact_lock_shared",
            "pg_try_advisory_lock",
            "pg_try_advisory_lock_shared",
            "pg_try_advisory_xact_lock",
            "pg_try_advisory_xact_lock_shared",
            "pg_advisory_unlock",
            "pg_advisory_unlock_shared",
            "pg_advisory_unlock_all",
        ],
        &[Write],
        "takes or gives back a lock that others may wait for",
    ),
    (
        &["pg_cancel_backend", "pg_terminate_backend"],
        &[ServiceStop],
        "interrupts the work of another session",
    ),
    (
        &["pg_wal_replay_pause", "pg_wal_replay_resume", "pg_promote"],
        &[ServiceStop],
        "changes what a replica does",
    ),
    (&["pg_reload_conf"], &[ServiceStop], "makes the server read its configuration again"),
    (
        &["pg_rotate_logfile", "pg_rotate_logfile_old", "pg_log_backend_memory_contexts"],
        &[AuditTamper],
        "changes the server's log",
    ),
    (
        &[
            "pg_stat_reset",
            "pg_stat_reset_replication_slot",
            "pg_stat_reset_shared",
            "pg_stat_reset_single_function_counters",
            "pg_stat_reset_single_table_counters",
            "pg_stat_reset_slru",
            "pg_stat_reset_subscription_stats",
        ],
        &[AuditTamper],
        "forgets what was counted",
    ),
    (
        &[
            "brin_desummarize_range",
            "brin_summarize_new_values",
            "brin_summarize_range",
            "gin_clean_pending_list",
            "pg_backup_start",
            "pg_backup_stop",
            "pg_create_restore_point",
            "pg_switch_wal",
            "pg_create_physical_replication_slot",
            "pg_copy_physical_replication_slot",
            "pg_logical_emit_message",
        ],
        &[Write],
        "does upkeep on the server",
    ),
    (
        &["pg_create_logical_replication_slot", "pg_copy_logical_replication_slot"],
        &[Write, DataExport],
        "begins to keep all changes for a reader",
    ),
    (
        &["pg_logical_slot_peek_changes", "pg_logical_slot_peek_binary_changes"],
        &[DataExport],
        "reads all changes",
    ),
    (
        &["pg_logical_slot_get_changes", "pg_logical_slot_get_binary_changes"],
        &[DataExport, BackupDestroy],
        "takes changes away from a replica",
    ),
    (
        &["pg_drop_replication_slot", "pg_replication_slot_advance"],
        &[BackupDestroy],
        "lets go of changes that a replica needs",
    ),
    (
        &[
            "pg_replication_origin_advance",
            "pg_replication_origin_create",
            "pg_replication_origin_drop",
            "pg_replication_origin_session_reset",
            "pg_replication_origin_session_setup",
            "pg_replication_origin_xact_reset",
            "pg_replication_origin_xact_setup",
        ],
        &[BackupDestroy],
        "changes from where a replica goes on",
    ),
    (&["pg_import_system_collations"], &[SchemaChange], "makes collations"),
    (
        &[
            "query_to_xml",
            "query_to_xml_and_xmlschema",
            "query_to_xmlschema",
            "cursor_to_xml",
            "cursor_to_xmlschema",
            "table_to_xml",
            "table_to_xml_and_xmlschema",
            "table_to_xmlschema",
            "schema_to_xml",
            "schema_to_xml_and_xmlschema",
            "schema_to_xmlschema",
            "database_to_xml",
            "database_to_xml_and_xmlschema",
            "database_to_xmlschema",
            "ts_stat",
            "ts_rewrite",
        ],
        &[Unknown],
        "runs a query that is made when it is called",
    ),
    (
        &["fmgr_c_validator", "fmgr_internal_validator", "fmgr_sql_validator", "plpgsql_validator"],
        &[Unknown],
        "reads the code of a function",
    ),
];
