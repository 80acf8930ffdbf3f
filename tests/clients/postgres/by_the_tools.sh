#!/bin/sh
# pgbench in its three query modes and pg_dump, which reads everything. The environment is libpq's.
set -u
pgbench -i -q -s 1 2>/dev/null || exit 1
for mode in simple extended prepared; do
    pgbench -n -M "$mode" -c 2 -t 50 2>&1 | grep -E 'query mode|transactions actually|failed'
    pgbench -n -S -M "$mode" -c 2 -t 50 2>&1 | grep -E 'query mode|transactions actually|failed'
done
pg_dump --no-owner --exclude-table=pgbench_history -T 'pgbench_[bt]*' --data-only -t pgbench_accounts | grep -c .
pg_dump --no-owner --schema-only -t 'pgbench_*' | sed '/^--/d;/restrict/d'
pgbench -i -I d -q 2>/dev/null
