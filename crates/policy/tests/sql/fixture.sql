CREATE SCHEMA checks;
CREATE TABLE customers (id int PRIMARY KEY, name text, email text);
CREATE TABLE orders (id int PRIMARY KEY, customer_id int REFERENCES customers ON DELETE CASCADE, amount numeric, at timestamptz DEFAULT now(), state text);
CREATE TABLE lines (id serial PRIMARY KEY, order_id int, what text);
CREATE TABLE sink (id int, what text);
CREATE SEQUENCE counter;
CREATE VIEW open_orders AS SELECT * FROM orders WHERE state = 'open';
CREATE MATERIALIZED VIEW totals AS SELECT customer_id, sum(amount) AS sum FROM orders GROUP BY 1;
CREATE ROLE app;
CREATE TYPE mood AS ENUM ('good', 'bad');
CREATE FUNCTION erase() RETURNS int LANGUAGE sql AS 'DELETE FROM sink; SELECT 1';
CREATE FUNCTION lower(int) RETURNS text LANGUAGE sql AS 'SELECT ''x''';
CREATE PROCEDURE clean() LANGUAGE sql AS 'DELETE FROM sink';
INSERT INTO customers SELECT n, 'name' || n, 'mail' || n FROM generate_series(1, 5) n;
INSERT INTO orders (id, customer_id, amount, state) SELECT n, 1 + n % 5, n, 'open' FROM generate_series(1, 8) n;
INSERT INTO lines (order_id, what) SELECT n, 'thing' FROM generate_series(1, 8) n;
INSERT INTO sink VALUES (1, 'a'), (2, 'b');
SELECT lo_from_bytea(4242, 'large');
-- Everything that may change, a line for each row of it.
CREATE FUNCTION checks.state() RETURNS SETOF text LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog AS $$
DECLARE of record;
BEGIN
  FOR of IN SELECT c.oid::regclass::text AS name FROM pg_class c JOIN pg_namespace n ON n.oid = relnamespace
            WHERE relkind IN ('r', 'm') AND nspname NOT IN ('pg_catalog', 'information_schema', 'pg_toast') LOOP
    RETURN QUERY EXECUTE format('SELECT %L || md5(t::text) FROM %s t', 'row ' || of.name || ' ', of.name);
  END LOOP;
  FOR of IN SELECT c.oid::regclass::text AS name FROM pg_class c WHERE relkind = 'S' LOOP
    RETURN QUERY EXECUTE format('SELECT %L || concat(last_value, is_called) FROM %s', 'sequence ' || of.name || ' ', of.name);
  END LOOP;
  FOR of IN SELECT unnest(ARRAY['pg_attrdef', 'pg_auth_members', 'pg_authid', 'pg_cast', 'pg_collation', 'pg_constraint',
      'pg_conversion', 'pg_default_acl', 'pg_depend', 'pg_description', 'pg_enum', 'pg_event_trigger', 'pg_extension',
      'pg_foreign_data_wrapper', 'pg_foreign_server', 'pg_inherits', 'pg_language', 'pg_largeobject', 'pg_namespace',
      'pg_operator', 'pg_policy', 'pg_proc', 'pg_publication', 'pg_rewrite', 'pg_seclabel', 'pg_sequence', 'pg_trigger', 'pg_ts_config',
      'pg_user_mapping', 'pg_db_role_setting', 'pg_database', 'pg_class', 'pg_attribute']) AS name LOOP
    RETURN QUERY EXECUTE format('SELECT %L || concat(count(*), '' '', sum(xmin::text::bigint)) FROM %s',
        'catalogue ' || of.name || ' ', of.name);
  END LOOP;
  RETURN QUERY SELECT 'slot ' || slot_name FROM pg_replication_slots;
  RETURN QUERY SELECT 'setting ' || name || ' ' || setting FROM pg_settings
      WHERE name LIKE 'log\_%' OR name IN ('session_replication_role', 'standard_conforming_strings', 'client_encoding');
  RETURN NEXT 'setting role ' || current_setting('role') || ' ' || session_user;
END $$;
-- What the grammar says to a text: nothing, or its error.
CREATE FUNCTION checks.refusal(statement text) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
  EXECUTE format('CREATE FUNCTION checks.candidate() RETURNS void LANGUAGE sql AS %L', statement);
  DROP FUNCTION checks.candidate();
  RETURN NULL;
EXCEPTION WHEN OTHERS THEN
  RETURN SQLSTATE || ' ' || SQLERRM;
END $$;
