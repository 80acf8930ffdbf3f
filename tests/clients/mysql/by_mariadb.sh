#!/bin/sh
# The mariadb client: many statements of a file, errors passed over, a procedure, Ctrl-C. See ../README.md.
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
mariadb --defaults-file="$options" --table "$DB_NAME" -e 'SELECT 1; SELECT 2'
mariadb --defaults-file="$options" --force --table --show-warnings "$DB_NAME" <<'SQL'
CREATE TABLE client (id int PRIMARY KEY, note varchar(20) DEFAULT 'none');
INSERT INTO client (id) SELECT seq FROM seq_1_to_50;
UPDATE client SET note = 'O''Brien \\ 上海' WHERE id <= 3;
SELECT * FROM client WHERE id < 5;
BEGIN;
DELETE FROM client;
INSERT INTO client (id) VALUES (1), (1);
ROLLBACK;
SELECT count(*) FROM client;
INSERT IGNORE INTO client (id) VALUES (1);
SELEC;
SELECT nothing FROM nowhere;
DESCRIBE client;
SHOW CREATE TABLE client;
DELIMITER //
CREATE PROCEDURE several() BEGIN SELECT 1; SELECT 2; END//
DELIMITER ;
CALL several();
DROP PROCEDURE several;
DROP TABLE client;
SQL
timeout --foreground -s INT 1 mariadb --defaults-file="$options" "$DB_NAME" -e \
    'SELECT count(*) FROM seq_1_to_1000000000 WHERE seq % 7 = 3' 2>/dev/null
echo "ended with $?"
