//! What is asked of a PostgreSQL catalogue about what a statement would reach. Nothing here waits for a lock but [`SIZES`].
//!
//! `$1` is a list of names in JSON, `[{"schema": …, "name": …}]`; a name without a schema counts in whichever schema.

/// The relations of those names, and the partitions and children of each.
macro_rules! asked {
    () => {
        "
    WITH RECURSIVE asked AS (
      SELECT DISTINCT c.oid FROM json_to_recordset($1::json) AS a(schema text, name text)
        JOIN pg_class c ON c.relname = a.name::name JOIN pg_namespace n ON n.oid = c.relnamespace
      WHERE a.schema IS NULL OR n.nspname = a.schema::name ORDER BY c.oid LIMIT 100
    ), family(root, oid) AS (
      SELECT oid, oid FROM asked
      UNION SELECT f.root, i.inhrelid FROM family f JOIN pg_inherits i ON i.inhparent = f.oid
    )"
    };
}

/// Schema, name, kind, rows and indexes of each. A table that was never counted tells no rows.
pub(super) const TABLES: &str = concat!(
    asked!(),
    "
    SELECT n.nspname::text, c.relname::text,
      CASE c.relkind WHEN 'v' THEN 'view' WHEN 'm' THEN 'materialized view' WHEN 'S' THEN 'sequence' WHEN 'i' THEN 'index'
        WHEN 'I' THEN 'index' WHEN 'f' THEN 'foreign table' ELSE 'table' END,
      (SELECT sum(p.reltuples::float8)::bigint::text FROM family f JOIN pg_class p ON p.oid = f.oid
        WHERE f.root = c.oid AND p.relkind IN ('r', 'm') AND p.reltuples >= 0),
      (SELECT count(*)::text FROM family f JOIN pg_index i ON i.indrelid = f.oid WHERE f.root = c.oid)
    FROM asked JOIN pg_class c ON c.oid = asked.oid JOIN pg_namespace n ON n.oid = c.relnamespace ORDER BY 1, 2"
);

/// Schema, name, and bytes on disk.
pub(super) const SIZES: &str = concat!(
    asked!(),
    "
    SELECT n.nspname::text, c.relname::text, sum(pg_total_relation_size(f.oid))::text
    FROM family f JOIN pg_class c ON c.oid = f.root JOIN pg_namespace n ON n.oid = c.relnamespace GROUP BY 1, 2"
);

/// Schema, name, what happens and rows of each table to which foreign keys lead, however many on the way. `$2`: rows go
/// (`removes`), rows change (`changes`), or the tables are emptied with all that refer to them (`all`).
pub(super) const CASCADES: &str = concat!(
    asked!(),
    ", reach(oid, how, is_along) AS (
      SELECT oid, $2::text, false FROM asked
      UNION
      SELECT k.conrelid, CASE WHEN r.how = 'all' THEN 'all' WHEN r.how = 'removes' AND k.confdeltype = 'c' THEN 'removes'
        ELSE 'changes' END, true
      FROM reach r JOIN pg_constraint k ON k.confrelid = r.oid
      WHERE k.contype = 'f' AND k.conparentid = 0 AND (r.how = 'all'
        OR r.how = 'removes' AND k.confdeltype IN ('c', 'n', 'd') OR r.how = 'changes' AND k.confupdtype IN ('c', 'n', 'd'))
    )
    SELECT n.nspname::text, c.relname::text, CASE r.how WHEN 'all' THEN 'removes' ELSE r.how END,
      CASE WHEN c.reltuples >= 0 THEN c.reltuples::bigint::text END
    FROM reach r JOIN pg_class c ON c.oid = r.oid JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE r.is_along ORDER BY 3 DESC, 1, 2 LIMIT 21"
);

/// Triggers that are not switched off.
pub(super) const TRIGGERS: &str = concat!(
    asked!(),
    "
    SELECT DISTINCT t.tgname || ' on ' || n.nspname || '.' || c.relname
    FROM family f JOIN pg_trigger t ON t.tgrelid = f.oid JOIN pg_class c ON c.oid = f.oid
      JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE NOT t.tgisinternal AND t.tgenabled <> 'D' ORDER BY 1 LIMIT 21"
);

/// What else goes when those relations, or the schema `$2`, go with CASCADE.
pub(super) const DEPENDENTS: &str = concat!(
    asked!(),
    ", reach(classid, objid) AS (
      SELECT 'pg_class'::regclass::oid, oid FROM asked
      UNION SELECT 'pg_namespace'::regclass::oid, oid FROM pg_namespace WHERE nspname = $2::name
      UNION
      SELECT next.classid, next.objid FROM reach r CROSS JOIN LATERAL (
        SELECT d.classid, d.objid FROM pg_depend d
          WHERE d.refclassid = r.classid AND d.refobjid = r.objid AND d.deptype IN ('n', 'a', 'i', 'P', 'S')
        UNION ALL
        SELECT d.refclassid, d.refobjid FROM pg_depend d WHERE r.classid = 'pg_rewrite'::regclass
          AND d.classid = r.classid AND d.objid = r.objid AND d.deptype = 'i'
      ) next
    )
    SELECT pg_describe_object(r.classid, r.objid, 0) FROM reach r
      LEFT JOIN pg_class c ON r.classid = 'pg_class'::regclass AND c.oid = r.objid
      LEFT JOIN pg_constraint k ON r.classid = 'pg_constraint'::regclass AND k.oid = r.objid
    WHERE r.objid NOT IN (SELECT oid FROM asked) AND (c.relkind IN ('r', 'p', 'v', 'm', 'f')
      OR k.contype = 'f' AND k.conrelid NOT IN (SELECT oid FROM asked) OR r.classid = 'pg_proc'::regclass)
    ORDER BY 1 LIMIT 21"
);

/// Tables, rows, bytes and indexes of the schema `$1`.
pub(super) const SCHEMA: &str = "
    SELECT count(*) FILTER (WHERE c.relkind IN ('r', 'p', 'm'))::text,
      sum(c.reltuples::float8) FILTER (WHERE c.relkind IN ('r', 'm') AND c.reltuples >= 0)::bigint::text,
      sum(CASE WHEN c.relkind IN ('r', 'm') THEN pg_total_relation_size(c.oid) END)::text,
      count(*) FILTER (WHERE c.relkind IN ('i', 'I'))::text
    FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname = $1::name";

/// Bytes of the database `$1`.
pub(super) const DATABASE: &str = "SELECT pg_database_size($1::name)::text";

/// Whoever asks sees how many replicas there are, and when the log was archived; not which, nor where.
pub(super) const COPIES: &str = "
    SELECT (SELECT count(*) FROM pg_stat_replication)::text,
      (SELECT to_char(last_archived_time AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS\"Z\"') FROM pg_stat_archiver)";
