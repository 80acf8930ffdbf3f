-- What two people sign: requests of every kind, permits, administrators' records, enrolment, consent, the outbox.

ALTER TABLE people ADD COLUMN team TEXT;
ALTER TABLE people ADD COLUMN expires INTEGER;

ALTER TABLE person_keys ADD COLUMN device TEXT CHECK (device IN ('security-key', 'certified'));
ALTER TABLE person_keys ADD COLUMN expires INTEGER;
ALTER TABLE person_keys ADD COLUMN last_used INTEGER;

-- SQLite cannot make a column nullable or change a CHECK, so `sessions` and `requests` are made anew, and `decisions`,
-- which refers to a request, as well: dropping a table that is referred to would break the reference. Renaming
-- afterwards carries the references along.
CREATE TABLE sessions_anew (
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
    outcome     TEXT    CHECK (outcome IN ('finished', 'lost', 'recording-failed', 'interrupted', 'ended')),
    CHECK ((closed IS NULL) = (outcome IS NULL))
) STRICT;

INSERT INTO sessions_anew SELECT * FROM sessions;

CREATE TABLE requests_anew (
    id             INTEGER NOT NULL PRIMARY KEY,
    kind           TEXT    NOT NULL CHECK (kind IN ('action', 'access', 'runbook', 'change', 'replay')),
    nonce          TEXT    NOT NULL UNIQUE,
    session        TEXT    REFERENCES sessions_anew (id),
    channel        INTEGER NOT NULL CHECK (channel BETWEEN 0 AND 4294967295),
    requester      TEXT    NOT NULL REFERENCES people (id),
    target         TEXT    NOT NULL,
    account        TEXT    NOT NULL,
    submitted      BLOB    NOT NULL,
    run            TEXT    NOT NULL,
    sealed         BLOB,
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

INSERT INTO requests_anew
SELECT id, 'action', nonce, session, channel, requester, target, account, submitted, run, NULL, canonical, digest,
       quorums, effects, policy_version, created, expires, state, version
FROM requests;

CREATE TABLE decisions_anew (
    request     INTEGER NOT NULL REFERENCES requests_anew (id),
    arrival     INTEGER NOT NULL CHECK (arrival > 0),
    person      TEXT    NOT NULL REFERENCES people (id),
    answer      TEXT    NOT NULL CHECK (answer IN ('approve', 'deny')),
    fingerprint TEXT    NOT NULL,
    statement   TEXT    NOT NULL,
    signature   TEXT    NOT NULL,
    decided     INTEGER NOT NULL,
    mfa_age     INTEGER,
    PRIMARY KEY (request, arrival),
    UNIQUE (request, person)
) STRICT;

INSERT INTO decisions_anew SELECT *, NULL FROM decisions;

DROP TABLE decisions;
DROP TABLE requests;
DROP TABLE sessions;
ALTER TABLE sessions_anew RENAME TO sessions;
ALTER TABLE requests_anew RENAME TO requests;
ALTER TABLE decisions_anew RENAME TO decisions;

CREATE INDEX sessions_opened ON sessions (opened, id);
CREATE INDEX sessions_open ON sessions (opened, id) WHERE closed IS NULL;
CREATE INDEX requests_waiting ON requests (id) WHERE state = 'waiting';

INSERT INTO counters (name, value) VALUES ('permit', 0), ('stir', 0);

-- One permit a request, whichever node finds the quorum met. An emergency has no request.
CREATE TABLE permits (
    id          INTEGER NOT NULL PRIMARY KEY,
    kind        TEXT    NOT NULL CHECK (kind IN ('access', 'runbook', 'emergency', 'replay')),
    request     INTEGER UNIQUE REFERENCES requests (id),
    holder      TEXT    NOT NULL REFERENCES people (id),
    terms       TEXT    NOT NULL,
    valid_from  INTEGER NOT NULL,
    valid_until INTEGER NOT NULL,
    ended       INTEGER,
    reason      TEXT,
    reviewed    TEXT    REFERENCES people (id),
    version     INTEGER NOT NULL,
    CHECK ((ended IS NULL) = (reason IS NULL))
) STRICT;

CREATE INDEX permits_until ON permits (valid_until) WHERE ended IS NULL;
CREATE INDEX permits_unreviewed ON permits (id) WHERE kind = 'emergency' AND reviewed IS NULL;

-- Contents that the ledger vouches for by digest; never changed, never deleted.
CREATE TABLE records (
    kind    TEXT NOT NULL,
    id      TEXT NOT NULL,
    digest  TEXT NOT NULL,
    content TEXT NOT NULL,
    PRIMARY KEY (kind, id, digest)
) STRICT;

CREATE TABLE settings (
    name  TEXT NOT NULL PRIMARY KEY,
    value TEXT NOT NULL
) STRICT;

CREATE TABLE enrolments (
    person  TEXT    NOT NULL PRIMARY KEY REFERENCES people (id),
    hash    TEXT    NOT NULL,
    expires INTEGER NOT NULL
) STRICT;

CREATE TABLE recovery_codes (
    person TEXT NOT NULL REFERENCES people (id),
    hash   TEXT NOT NULL,
    PRIMARY KEY (person, hash)
) STRICT;

CREATE TABLE consents (
    person   TEXT    NOT NULL REFERENCES people (id),
    version  TEXT    NOT NULL,
    accepted INTEGER NOT NULL,
    PRIMARY KEY (person, version)
) STRICT;

-- AUTOINCREMENT: the number of a delivered notice must not name another one afterwards.
CREATE TABLE outbox (
    id       INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    receiver TEXT    NOT NULL,
    event    TEXT    NOT NULL,
    body     TEXT    NOT NULL,
    created  INTEGER NOT NULL,
    due      INTEGER NOT NULL,
    attempts INTEGER NOT NULL CHECK (attempts >= 0)
) STRICT;

CREATE INDEX outbox_receiver ON outbox (receiver, id);
