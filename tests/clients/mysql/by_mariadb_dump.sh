#!/bin/sh
# mariadb-dump, which reads everything and locks what it reads. See ../README.md.
set -u
exec 2>&1
options=$(mktemp)
trap 'rm -f "$options"' EXIT
cat >"$options" <<END
[client]
host = $DB_HOST
port = $DB_PORT
user = $DB_USER
password = $DB_PASSWORD
ssl-ca = $DB_CA
ssl-verify-server-cert
END
mariadb --defaults-file="$options" "$DB_NAME" -e 'CREATE TABLE dumped AS SELECT seq FROM seq_1_to_2000'
mariadb-dump --defaults-file="$options" --skip-comments "$DB_NAME" dumped
mariadb-dump --defaults-file="$options" --skip-comments --single-transaction --tz-utc "$DB_NAME" dumped | cksum
mariadb --defaults-file="$options" "$DB_NAME" -e 'DROP TABLE dumped'
