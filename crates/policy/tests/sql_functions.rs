//! The functions of a PostgreSQL server beside our lists of them: names, and what calling them really changes.

#[path = "sql/server.rs"]
mod server;
#[path = "sql/states.rs"]
mod states;

use std::collections::BTreeSet;

use policy::Effect;
use policy::sql::{Catalogue, Dialect, Script, analyse};
use server::Server;
use states::{more, states};

fn read(text: &str) -> Script {
    analyse(Dialect::Postgres, text.as_bytes(), &Catalogue::unasked())
}

/// Names of functions that can be called, none of which is volatile with any arguments.
const QUIET: &str = "
    SELECT proname FROM pg_proc WHERE pronamespace = 'pg_catalog'::regnamespace AND NOT 'internal'::regtype = ANY (proargtypes)
      AND NOT prorettype::regtype::text = ANY (ARRAY['trigger', 'internal', 'event_trigger', 'language_handler', 'fdw_handler',
        'index_am_handler', 'table_am_handler', 'tsm_handler'])
    GROUP BY proname HAVING bool_and(provolatile <> 'v');";

#[test]
fn the_lists_of_functions_and_operators_are_those_of_the_server() {
    let server = Server::start();
    let version = server.psql("SELECT current_setting('server_version_num')::int / 10000;");
    let listed =
        |list: &'static str| list.split_whitespace().map(str::to_owned).collect::<BTreeSet<String>>();
    let asked = |query: &str| server.psql(query).lines().map(str::to_owned).collect::<BTreeSet<String>>();
    let functions = listed(include_str!("../src/sql/postgres/data/functions.txt"));
    let operators = listed(include_str!("../src/sql/postgres/data/operators.txt"));
    if version.trim() == "15" {
        assert_eq!(functions, asked(QUIET));
        assert_eq!(
            operators,
            asked(
                "SELECT DISTINCT oprname FROM pg_operator WHERE oprnamespace = 'pg_catalog'::regnamespace;"
            )
        );
    }
    let volatile = asked(
        "SELECT proname FROM pg_proc WHERE pronamespace = 'pg_catalog'::regnamespace AND provolatile = 'v';",
    );
    let both: Vec<&String> = functions.intersection(&volatile).collect();
    assert!(both.is_empty(), "volatile in version {}: {both:?}", version.trim());
}

/// Values to call functions with, by type; a function that wants another gets a null.
const VALUES: &str = "
    CREATE FUNCTION checks.value(of oid) RETURNS text LANGUAGE sql AS $$
      SELECT CASE of::regtype::text
        WHEN 'integer' THEN '1::int4' WHEN 'bigint' THEN '1::int8' WHEN 'smallint' THEN '1::int2' WHEN 'oid' THEN '''orders''::regclass::oid'
        WHEN 'text' THEN '''orders''::text' WHEN 'name' THEN '''orders''::name' WHEN 'regclass' THEN '''orders''::regclass'
        WHEN 'numeric' THEN '1.5' WHEN 'double precision' THEN '1.5::float8' WHEN 'boolean' THEN 'true' WHEN 'jsonb' THEN '''{\"a\": 1}''::jsonb'
        WHEN 'json' THEN '''{\"a\": 1}''::json' WHEN 'timestamp with time zone' THEN 'now()' WHEN 'date' THEN 'current_date'
        WHEN 'bytea' THEN '''x''::bytea' WHEN 'text[]' THEN 'ARRAY[''a'']' WHEN 'tsquery' THEN '''a''::tsquery' WHEN 'tsvector' THEN '''a''::tsvector'
        WHEN 'cstring' THEN '''1''::cstring' WHEN 'anyelement' THEN '1' WHEN 'anyarray' THEN 'ARRAY[1]' WHEN '\"any\"' THEN '1'
        ELSE 'NULL::' || of::regtype::text END $$;
    SELECT format('SELECT pg_catalog.%I(%s)', proname, (SELECT string_agg(checks.value(a), ', ' ORDER BY n) FROM unnest(proargtypes) WITH ORDINALITY x(a, n)))
      FROM pg_proc WHERE pronamespace = 'pg_catalog'::regnamespace AND prokind = 'f' AND NOT 'internal'::regtype = ANY (proargtypes)
      AND pronargs < 6 AND proname !~ 'pg_sleep|backend|wal|promote|backup|binary_upgrade|restart|advisory|_in$|_recv$|recv$|in$' ORDER BY 1;";

#[test]
fn every_function_that_is_called_read_changes_nothing() {
    let server = Server::start();
    server.psql(include_str!("sql/fixture.sql"));
    let calls: Vec<String> = server.psql(VALUES).lines().map(str::to_owned).collect();
    let called_read = |text: &&String| read(text).effects() == [Effect::Read].into();
    let calls: Vec<String> = calls.iter().filter(called_read).cloned().collect();
    // Many in one transaction, since none may change anything; one that fails takes only itself back.
    let before = states(&server, "", &["SELECT 1".into()])[0].clone().expect("the fixture has a state");
    let kept: Vec<String> = calls
        .chunks(50)
        .map(|some| {
            some.iter().map(|call| format!("\\set ON_ERROR_ROLLBACK on\n{call};\n")).collect::<String>()
        })
        .collect();
    let after = states(&server, "", &kept);
    let changed: Vec<(&String, BTreeSet<String>)> = kept
        .iter()
        .zip(&after)
        .filter_map(|(text, state)| {
            Some((text, more(state.as_ref()?, &before))).filter(|(_, new)| !new.is_empty())
        })
        .collect();
    let ran = after.iter().flatten().count();
    eprintln!("{} calls of functions that are called read, {ran} of {} groups ran", calls.len(), kept.len());
    assert!(changed.is_empty(), "{changed:#?}");
    assert!(calls.len() > 1500 && ran == kept.len(), "the test has become too small");
}
