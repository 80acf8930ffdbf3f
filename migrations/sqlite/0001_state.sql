-- The state of one bastion. Times are microseconds since the epoch, UTC; sets, lists and maps are JSON.
-- STRICT makes SQLite keep to the declared types. Where a value is one of a few words, a CHECK lists them.

CREATE TABLE people (
    id             TEXT    NOT NULL PRIMARY KEY,
    name           TEXT    NOT NULL UNIQUE,
    groups         TEXT    NOT NULL CHECK (json_type(groups) = 'array'),
    suspended      INTEGER NOT NULL CHECK (suspended IN (0, 1)),
    password       TEXT,
    totp           BLOB,
    totp_last_step INTEGER CHECK (totp_last_step >= 0),
    salt           BLOB    NOT NULL CHECK (length(salt) = 16)
) STRICT;

-- A fingerprint belongs to one person: two people with one key would be one signature counted twice.
CREATE TABLE person_keys (
    fingerprint TEXT    NOT NULL PRIMARY KEY,
    person      TEXT    NOT NULL REFERENCES people (id),
    line        TEXT    NOT NULL,
    enrolled_at INTEGER NOT NULL CHECK (enrolled_at >= 0)
) STRICT;

CREATE INDEX person_keys_person ON person_keys (person);

CREATE TABLE targets (
    name     TEXT    NOT NULL PRIMARY KEY,
    host     TEXT    NOT NULL,
    port     INTEGER NOT NULL CHECK (port BETWEEN 0 AND 65535),
    labels   TEXT    NOT NULL CHECK (json_type(labels) = 'object'),
    level    TEXT    NOT NULL CHECK (level IN ('recorded', 'command-gated', 'exec-gated', 'statement-gated')),
    host_key TEXT    NOT NULL
) STRICT;

CREATE TABLE accounts (
    target     TEXT NOT NULL REFERENCES targets (name) ON DELETE CASCADE,
    login      TEXT NOT NULL,
    credential BLOB NOT NULL,
    PRIMARY KEY (target, login)
) STRICT;

CREATE TABLE remembered_factors (
    person       TEXT    NOT NULL REFERENCES people (id),
    first_factor TEXT    NOT NULL,
    source       TEXT    NOT NULL,
    passed       INTEGER NOT NULL,
    PRIMARY KEY (person, first_factor, source)
) STRICT;

CREATE TABLE attempts (
    subject      TEXT    NOT NULL PRIMARY KEY,
    failures     INTEGER NOT NULL CHECK (failures > 0),
    last_failure INTEGER NOT NULL CHECK (last_failure >= 0)
) STRICT;

-- Targets come and go; a session keeps the name that its target had.
CREATE TABLE sessions (
    id          TEXT    NOT NULL PRIMARY KEY,
    person      TEXT    NOT NULL REFERENCES people (id),
    person_name TEXT    NOT NULL,
    target      TEXT    NOT NULL,
    account     TEXT    NOT NULL,
    way         TEXT    NOT NULL,
    source      TEXT    NOT NULL,
    salt        BLOB    NOT NULL CHECK (length(salt) = 16),
    opened      INTEGER NOT NULL,
    closed      INTEGER,
    outcome     TEXT    CHECK (outcome IN ('finished', 'lost', 'recording-failed', 'interrupted')),
    CHECK ((closed IS NULL) = (outcome IS NULL))
) STRICT;

CREATE INDEX sessions_opened ON sessions (opened, id);

-- Outlives every request: the largest number in `requests` is no substitute once rows are gone.
CREATE TABLE counters (
    name  TEXT    NOT NULL PRIMARY KEY,
    value INTEGER NOT NULL CHECK (value >= 0)
) STRICT;

INSERT INTO counters (name, value) VALUES ('request', 0);

CREATE TABLE requests (
    id             INTEGER NOT NULL PRIMARY KEY,
    nonce          TEXT    NOT NULL UNIQUE,
    session        TEXT    NOT NULL REFERENCES sessions (id),
    channel        INTEGER NOT NULL CHECK (channel BETWEEN 0 AND 4294967295),
    requester      TEXT    NOT NULL REFERENCES people (id),
    target         TEXT    NOT NULL,
    account        TEXT    NOT NULL,
    submitted      BLOB    NOT NULL,
    run            TEXT    NOT NULL,
    canonical      TEXT    NOT NULL,
    digest         TEXT    NOT NULL UNIQUE,
    quorums        TEXT    NOT NULL CHECK (json_type(quorums) = 'array'),
    effects        TEXT    NOT NULL CHECK (json_type(effects) = 'array'),
    policy_version TEXT    NOT NULL,
    created        INTEGER NOT NULL,
    expires        INTEGER NOT NULL,
    state          TEXT    NOT NULL CHECK (state IN ('waiting', 'used', 'denied', 'expired', 'abandoned', 'refused')),
    version        INTEGER NOT NULL
) STRICT;

CREATE INDEX requests_waiting ON requests (id) WHERE state = 'waiting';

-- One answer a person and request, whichever key signed it.
CREATE TABLE decisions (
    request     INTEGER NOT NULL REFERENCES requests (id),
    arrival     INTEGER NOT NULL CHECK (arrival > 0),
    person      TEXT    NOT NULL REFERENCES people (id),
    answer      TEXT    NOT NULL CHECK (answer IN ('approve', 'deny')),
    fingerprint TEXT    NOT NULL,
    statement   TEXT    NOT NULL,
    signature   TEXT    NOT NULL,
    decided     INTEGER NOT NULL,
    PRIMARY KEY (request, arrival),
    UNIQUE (request, person)
) STRICT;
