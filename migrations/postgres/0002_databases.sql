-- Databases behind the gateway beside hosts: what answers, and what its certificate must come from. A host has its key.

ALTER TABLE targets ADD COLUMN protocol  TEXT NOT NULL DEFAULT 'ssh' CHECK (protocol IN ('ssh', 'postgres', 'mysql'));
ALTER TABLE targets ADD COLUMN database  TEXT;
ALTER TABLE targets ADD COLUMN authority TEXT;

-- Short passwords for database clients: a digest, the login that it stands for, and how often it can still be used.
CREATE TABLE tickets (
    id         TEXT    NOT NULL PRIMARY KEY,
    digest     TEXT    NOT NULL,
    person     TEXT    NOT NULL REFERENCES people (id),
    credential TEXT    NOT NULL,
    passed     BIGINT  NOT NULL,
    source     TEXT    NOT NULL,
    target     TEXT    NOT NULL,
    account    TEXT    NOT NULL,
    expires    BIGINT  NOT NULL,
    uses       BIGINT  NOT NULL CHECK (uses >= 0)
);
