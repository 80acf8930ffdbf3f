//! What is asked of a PostgreSQL catalogue (14 or later): everything that happens by itself when a name is used.
//!
//! `$1` is the schema, or NULL when the text does not say it: then every relation, function, operator or type of that name
//! counts, in whichever schema, since only the client's session knows its search path. `$2` is the name.
//!
//! Each row is a fact: its kind, a clause that says why, and then a name in two parts, or a text. What the server itself
//! brings (numbers below 16384) does nothing of its own.

/// The server's version, as a number.
pub(super) const VERSION: &str = "SELECT current_setting('server_version_num')";

/// Functions that can stand behind a dot like a column: they take one row, or anything.
pub(super) const LIKE_COLUMNS: &str = "
    SELECT DISTINCT n.nspname::text, p.proname::text
    FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace JOIN pg_type t ON t.oid = p.proargtypes[0]
    WHERE p.oid >= 16384 AND p.pronargs - p.pronargdefaults <= 1 AND t.typtype IN ('c', 'd', 'p')
      AND NOT (p.provolatile = 'i' AND p.prolang IN (12, 13)
        AND EXISTS (SELECT FROM pg_depend d WHERE d.classid = 'pg_proc'::regclass AND d.objid = p.oid AND d.deptype = 'e'))";

/// The relations of that name, those below them (partitions, children), and the numbers of both.
macro_rules! relations {
    () => {
        "
    WITH RECURSIVE named AS (
      SELECT c.oid FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
      WHERE c.relname = $2::name AND c.relkind NOT IN ('i', 'I', 'c')
        AND ($1::text IS NULL OR n.nspname = $1::name OR $1 = 'pg_temp' AND n.nspname LIKE 'pg\\_temp\\_%')
    ), family(oid) AS (
      SELECT oid FROM named UNION SELECT i.inhrelid FROM pg_inherits i JOIN family f ON i.inhparent = f.oid
    ), one AS (SELECT c.* FROM family f JOIN pg_class c ON c.oid = f.oid WHERE c.oid >= 16384)
    SELECT 'found', c.relkind::text, NULL, NULL FROM family f JOIN pg_class c ON c.oid = f.oid
    UNION ALL
    SELECT DISTINCT 'strange', 'is a foreign table, or has one below it', NULL, NULL FROM one
      WHERE relkind NOT IN ('r', 'p', 'v', 'm', 'S', 't')
    UNION ALL
    SELECT DISTINCT 'strange', 'is not kept as ordinary tables are', NULL, NULL FROM one
      WHERE relkind IN ('r', 'm', 't') AND relam <> 2
    UNION ALL
    SELECT DISTINCT 'runs', 'has a row policy', NULL, 'SELECT ' || pg_get_expr(p.polqual, p.polrelid)
      FROM one JOIN pg_policy p ON p.polrelid = one.oid WHERE one.relrowsecurity AND p.polqual IS NOT NULL
    UNION ALL
    SELECT DISTINCT 'type', 'has a column of it', n.nspname::text, t.typname::text
      FROM one JOIN pg_attribute a ON a.attrelid = one.oid JOIN pg_type t ON t.oid = a.atttypid
        JOIN pg_namespace n ON n.oid = t.typnamespace
      WHERE a.attnum > 0 AND NOT a.attisdropped AND t.oid >= 16384
    "
    };
}

/// A relation that is read.
pub(super) const READ: &str = concat!(
    relations!(),
    "UNION ALL SELECT 'runs', 'is a view', NULL, pg_get_viewdef(oid) FROM one WHERE relkind = 'v'"
);

/// A relation whose rows are written.
pub(super) const WRITTEN: &str = concat!(
    relations!(),
    "
    UNION ALL
    SELECT 'view', 'is a view', NULL, pg_get_viewdef(oid) FROM one WHERE relkind = 'v'
    UNION ALL
    SELECT 'runs', 'is filled by a query', NULL, pg_get_viewdef(oid) FROM one WHERE relkind = 'm'
    UNION ALL
    SELECT DISTINCT 'trigger', 'has the trigger ' || t.tgname, n.nspname::text, p.proname::text
      FROM one JOIN pg_trigger t ON t.tgrelid = one.oid JOIN pg_proc p ON p.oid = t.tgfoid
        JOIN pg_namespace n ON n.oid = p.pronamespace
      WHERE NOT t.tgisinternal
    UNION ALL
    SELECT DISTINCT 'runs', 'has the trigger ' || t.tgname, NULL, 'SELECT ' || pg_get_expr(t.tgqual, t.tgrelid)
      FROM one JOIN pg_trigger t ON t.tgrelid = one.oid
      WHERE NOT t.tgisinternal AND t.tgqual IS NOT NULL AND pg_get_expr(t.tgqual, t.tgrelid) IS NOT NULL
    UNION ALL
    SELECT DISTINCT 'strange', 'has the rule ' || r.rulename, NULL, NULL
      FROM one JOIN pg_rewrite r ON r.ev_class = one.oid WHERE r.ev_type <> '1'
    UNION ALL
    SELECT DISTINCT 'runs', 'computes values', NULL, 'SELECT ' || pg_get_expr(d.adbin, d.adrelid)
      FROM one JOIN pg_attrdef d ON d.adrelid = one.oid
    UNION ALL
    SELECT DISTINCT 'runs', 'checks values', NULL, 'SELECT ' || pg_get_expr(k.conbin, k.conrelid)
      FROM one JOIN pg_constraint k ON k.conrelid = one.oid WHERE k.conbin IS NOT NULL
    UNION ALL
    SELECT DISTINCT 'runs', 'has an index that computes', NULL, 'SELECT ' || e
      FROM one JOIN pg_index i ON i.indrelid = one.oid
        CROSS JOIN LATERAL (VALUES (pg_get_expr(i.indexprs, i.indrelid)), (pg_get_expr(i.indpred, i.indrelid))) v(e)
      WHERE e IS NOT NULL
    UNION ALL
    SELECT DISTINCT 'runs', 'is divided by what it computes', NULL, 'SELECT ' || pg_get_expr(d.partexprs, d.partrelid)
      FROM one JOIN pg_partitioned_table d ON d.partrelid = one.oid WHERE d.partexprs IS NOT NULL
    UNION ALL
    SELECT DISTINCT 'runs', 'has a row policy', NULL, 'SELECT ' || pg_get_expr(p.polwithcheck, p.polrelid)
      FROM one JOIN pg_policy p ON p.polrelid = one.oid WHERE one.relrowsecurity AND p.polwithcheck IS NOT NULL
    UNION ALL
    SELECT DISTINCT 'cascade', CASE k.confdeltype WHEN 'c' THEN 'removes' ELSE 'writes' END, n.nspname::text, c.relname::text
      FROM one JOIN pg_constraint k ON k.confrelid = one.oid JOIN pg_class c ON c.oid = k.conrelid
        JOIN pg_namespace n ON n.oid = c.relnamespace
      WHERE k.contype = 'f' AND (k.confdeltype IN ('c', 'n', 'd') OR k.confupdtype IN ('c', 'n', 'd'))
    "
);

/// A function. One of an extension is harmless when it is machine code that is declared to compute only, or on a list;
/// whoever could make another such function is the server's own administrator.
pub(super) const FUNCTION: &str = "
    WITH named AS (
      SELECT p.*, n.nspname, l.lanname, x.extname FROM pg_proc p
        JOIN pg_namespace n ON n.oid = p.pronamespace JOIN pg_language l ON l.oid = p.prolang
        LEFT JOIN pg_depend d ON d.classid = 'pg_proc'::regclass AND d.objid = p.oid AND d.deptype = 'e'
        LEFT JOIN pg_extension x ON x.oid = d.refobjid
      WHERE p.proname = $2::name AND ($1::text IS NULL OR n.nspname = $1::name)
    ), others AS (SELECT * FROM named WHERE oid >= 16384)
    SELECT 'found', 'function', NULL, NULL FROM named
    UNION ALL
    SELECT 'own', '', NULL, NULL FROM named WHERE oid < 16384 AND (provolatile <> 'i' OR prokind NOT IN ('f', 'a', 'w'))
    UNION ALL
    SELECT 'runs', 'is a function in ' || nspname, NULL, CASE
        WHEN prosqlbody IS NULL THEN prosrc
        WHEN pg_get_function_sqlbody(oid) LIKE 'RETURN %' THEN 'SELECT ' || substr(pg_get_function_sqlbody(oid), 8)
        ELSE regexp_replace(pg_get_function_sqlbody(oid), '^\\s*BEGIN ATOMIC(.*)END\\s*$', '\\1')
      END
      FROM others WHERE lanname = 'sql' AND prokind IN ('f', 'p')
    UNION ALL
    SELECT 'strange', CASE prokind WHEN 'a' THEN 'is an aggregate in ' || nspname || ', whose functions are not analysed'
        ELSE 'is a function in ' || nspname || ', whose ' || lanname || ' code is not analysed' END, NULL, NULL
      FROM others WHERE NOT (lanname = 'sql' AND prokind IN ('f', 'p')) AND NOT COALESCE(
        prokind = 'f' AND lanname IN ('c', 'internal') AND (extname IS NOT NULL AND provolatile = 'i'
          OR (extname, proname) IN (
            ('uuid-ossp', 'uuid_generate_v1'), ('uuid-ossp', 'uuid_generate_v1mc'), ('uuid-ossp', 'uuid_generate_v4'),
            ('pgcrypto', 'gen_random_bytes'), ('pgcrypto', 'gen_random_uuid'), ('pgcrypto', 'gen_salt'),
            ('pg_trgm', 'similarity'), ('pg_trgm', 'word_similarity'), ('pg_trgm', 'show_limit'),
            ('unaccent', 'unaccent'), ('pg_stat_statements', 'pg_stat_statements'))), false)
    UNION ALL
    SELECT 'runs', 'computes an argument', NULL, 'SELECT ' || pg_get_expr(proargdefaults, 0)
      FROM others WHERE proargdefaults IS NOT NULL
    UNION ALL
    SELECT DISTINCT 'type', 'takes or gives it', n.nspname::text, t.typname::text
      FROM others CROSS JOIN LATERAL unnest(array_append(proargtypes::oid[], prorettype)) AS used(type)
        JOIN pg_type t ON t.oid = used.type JOIN pg_namespace n ON n.oid = t.typnamespace
      WHERE t.oid >= 16384";

/// An operator.
pub(super) const OPERATOR: &str = "
    WITH named AS (
      SELECT o.* FROM pg_operator o JOIN pg_namespace n ON n.oid = o.oprnamespace
      WHERE o.oprname = $2::name AND ($1::text IS NULL OR n.nspname = $1::name)
    )
    SELECT 'found', 'operator', NULL, NULL FROM named
    UNION ALL
    SELECT DISTINCT 'function', 'calls it', n.nspname::text, p.proname::text
      FROM named JOIN pg_proc p ON p.oid = named.oprcode JOIN pg_namespace n ON n.oid = p.pronamespace
      WHERE named.oid >= 16384";

/// A type: what making a value of it, or casting one, calls.
pub(super) const TYPE: &str = "
    WITH named AS (
      SELECT t.* FROM pg_type t JOIN pg_namespace n ON n.oid = t.typnamespace
      WHERE t.typname = $2::name
        AND ($1::text IS NULL OR n.nspname = $1::name OR $1 = 'pg_temp' AND n.nspname LIKE 'pg\\_temp\\_%')
    ), one AS (SELECT * FROM named WHERE oid >= 16384),
    inner_types(type) AS (
      SELECT typbasetype FROM one UNION SELECT typelem FROM one
      UNION SELECT a.atttypid FROM one JOIN pg_attribute a ON a.attrelid = one.typrelid WHERE a.attnum > 0
      UNION SELECT r.rngsubtype FROM one JOIN pg_range r ON r.rngtypid = one.oid OR r.rngmultitypid = one.oid
    )
    SELECT 'found', 'type', NULL, NULL FROM named
    UNION ALL
    SELECT 'strange', 'is a base type', NULL, NULL FROM one WHERE typtype NOT IN ('d', 'e', 'c', 'r', 'm')
      AND typelem = 0
      AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.classid = 'pg_type'::regclass AND d.objid = one.oid AND d.deptype = 'e')
    UNION ALL
    SELECT DISTINCT 'type', 'is made of it', n.nspname::text, t.typname::text
      FROM inner_types i JOIN pg_type t ON t.oid = i.type JOIN pg_namespace n ON n.oid = t.typnamespace WHERE t.oid >= 16384
    UNION ALL
    SELECT 'runs', 'checks values', NULL, 'SELECT ' || pg_get_expr(k.conbin, 0)
      FROM one JOIN pg_constraint k ON k.contypid = one.oid WHERE k.conbin IS NOT NULL
    UNION ALL
    SELECT 'runs', 'computes values', NULL, 'SELECT ' || pg_get_expr(typdefaultbin, 0) FROM one WHERE typdefaultbin IS NOT NULL
    UNION ALL
    SELECT DISTINCT 'function', 'calls it', n.nspname::text, p.proname::text
      FROM (
        SELECT c.castfunc FROM one JOIN pg_cast c ON one.oid IN (c.castsource, c.casttarget)
        UNION SELECT r.rngcanonical FROM one JOIN pg_range r ON one.oid IN (r.rngtypid, r.rngmultitypid)
        UNION SELECT r.rngsubdiff FROM one JOIN pg_range r ON one.oid IN (r.rngtypid, r.rngmultitypid)
      ) calls(function) JOIN pg_proc p ON p.oid = calls.function JOIN pg_namespace n ON n.oid = p.pronamespace
      WHERE p.oid >= 16384";

/// A function or type by its number, `$1`. Only a plain function that gives one value can be called by number.
pub(super) const FUNCTION_NUMBERED: &str = "
    SELECT n.nspname::text, p.proname::text FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace
    WHERE p.oid = $1::oid AND p.prokind = 'f' AND NOT p.proretset";
pub(super) const TYPE_NUMBERED: &str = "
    SELECT n.nspname::text, t.typname::text FROM pg_type t JOIN pg_namespace n ON n.oid = t.typnamespace
    WHERE t.oid = $1::oid";

/// What domains check, and ranges that are made canonical by somebody's function. A domain lends its checks to its arrays,
/// to ranges and to rows.
pub(super) const CHECKS: &str = "
    SELECT DISTINCT 'SELECT ' || pg_get_expr(conbin, 0) FROM pg_constraint WHERE contypid >= 16384 AND conbin IS NOT NULL
    UNION ALL
    SELECT 'SELECT ' || quote_ident(n.nspname) || '.' || quote_ident(p.proname) || '(NULL)'
      FROM pg_range r JOIN pg_proc p ON p.oid = r.rngcanonical JOIN pg_namespace n ON n.oid = p.pronamespace
      WHERE p.oid >= 16384";
