#!/bin/sh
# psql: one text and many, variables, \copy, ON_ERROR_ROLLBACK, what \d asks, Ctrl-C. The environment is libpq's.
set -u
exec 2>&1
psql -X -At -c 'SELECT 1' -c 'SELECT 2; SELECT 3'
psql -X -At -v ON_ERROR_STOP=0 <<'SQL'
CREATE TABLE psql (id int PRIMARY KEY, note text DEFAULT 'none');
CREATE VIEW psql_view AS SELECT note, count(*) FROM psql GROUP BY note;
\copy psql (id) FROM PROGRAM 'seq 1 2000'
SELECT * FROM psql_view;
\copy (SELECT id FROM psql ORDER BY id DESC LIMIT 3) TO STDOUT
COPY psql (id) FROM STDIN;
3001
not a number
\.
\set note 'O''Brien'
UPDATE psql SET note = :'note' WHERE id <= 10 RETURNING id;
\d psql
\d+ psql_view
\dt psql
\set ON_ERROR_ROLLBACK on
BEGIN;
DELETE FROM psql WHERE id > 1990;
SELECT 1/0;
SELECT count(*) FROM psql;
ROLLBACK;
SELECT count(*) FROM psql \gset
\echo :count
SELECT format('SELECT %s', n) FROM generate_series(1, 3) AS n \gexec
PREPARE twice (int) AS SELECT $1 * 2;
EXECUTE twice(21);
DEALLOCATE twice;
DECLARE outside CURSOR FOR SELECT 1;
\set FETCH_COUNT 100
SELECT sum(length(repeat('x', n))) OVER (), n FROM generate_series(1, 3) AS n;
\gdesc
SELECT n, n % 2, n FROM generate_series(1, 2) AS n \crosstabview
SELECT 1 AS a \; SELECT 2 AS b;
DROP VIEW psql_view;
DROP TABLE psql;
SQL
PGCONNECT_TIMEOUT=5 psql -X -At -c "SET statement_timeout = '200ms'" -c 'SELECT pg_sleep(60)'
timeout --foreground -s INT 1 psql -X -At -c 'SELECT pg_sleep(60)'
echo "ended with $?"
