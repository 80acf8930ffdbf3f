-- Targets that speak whatever they speak, inside TLS, and their level. SQLite cannot change a CHECK, so `targets` is made anew, and `accounts`,
-- which refers to it.

CREATE TABLE targets_anew (
    name      TEXT    NOT NULL PRIMARY KEY,
    host      TEXT    NOT NULL,
    port      INTEGER NOT NULL CHECK (port BETWEEN 0 AND 65535),
    labels    TEXT    NOT NULL CHECK (json_type(labels) = 'object'),
    level     TEXT    NOT NULL
        CHECK (level IN ('recorded', 'command-gated', 'exec-gated', 'statement-gated', 'counted')),
    host_key  TEXT    NOT NULL,
    protocol  TEXT    NOT NULL DEFAULT 'ssh' CHECK (protocol IN ('ssh', 'postgres', 'mysql', 'tls')),
    database  TEXT,
    authority TEXT
) STRICT;

INSERT INTO targets_anew SELECT name, host, port, labels, level, host_key, protocol, database, authority FROM targets;

CREATE TABLE accounts_anew (
    target     TEXT NOT NULL REFERENCES targets_anew (name) ON DELETE CASCADE,
    login      TEXT NOT NULL,
    credential BLOB NOT NULL,
    reader     TEXT,
    PRIMARY KEY (target, login)
) STRICT;

INSERT INTO accounts_anew SELECT target, login, credential, reader FROM accounts;

DROP TABLE accounts;
DROP TABLE targets;

ALTER TABLE targets_anew RENAME TO targets;
ALTER TABLE accounts_anew RENAME TO accounts;
