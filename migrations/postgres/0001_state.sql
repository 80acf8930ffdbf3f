-- The state of one or more nodes. Times are microseconds since the epoch, UTC; sets, lists and maps are JSON as text;
-- yes and no are 1 and 0. Nothing here goes beyond what other databases of the same protocol accept: no triggers, no
-- deferred constraints, no types of our own. Where a value is one of a few words, a CHECK lists them.

CREATE TABLE people (
    id             TEXT   NOT NULL PRIMARY KEY,
    name           TEXT   NOT NULL UNIQUE,
    groups         TEXT   NOT NULL,
    team           TEXT,
    expires        BIGINT,
    suspended      BIGINT NOT NULL CHECK (suspended IN (0, 1)),
    password       TEXT,
    totp           BYTEA,
    totp_last_step BIGINT CHECK (totp_last_step >= 0),
    salt           BYTEA  NOT NULL CHECK (length(salt) = 16)
);

-- A fingerprint belongs to one person: two people with one key would be one signature counted twice.
CREATE TABLE person_keys (
    fingerprint TEXT   NOT NULL PRIMARY KEY,
    person      TEXT   NOT NULL REFERENCES people (id),
    line        TEXT   NOT NULL,
    enrolled_at BIGINT NOT NULL CHECK (enrolled_at >= 0),
    device      TEXT   CHECK (device IN ('security-key', 'certified')),
    expires     BIGINT,
    last_used   BIGINT
);

CREATE INDEX person_keys_person ON person_keys (person);

CREATE TABLE targets (
    name     TEXT   NOT NULL PRIMARY KEY,
    host     TEXT   NOT NULL,
    port     BIGINT NOT NULL CHECK (port BETWEEN 0 AND 65535),
    labels   TEXT   NOT NULL,
    level    TEXT   NOT NULL CHECK (level IN ('recorded', 'command-gated', 'exec-gated', 'statement-gated')),
    host_key TEXT   NOT NULL
);

CREATE TABLE accounts (
    target     TEXT  NOT NULL REFERENCES targets (name) ON DELETE CASCADE,
    login      TEXT  NOT NULL,
    credential BYTEA NOT NULL,
    PRIMARY KEY (target, login)
);

CREATE TABLE remembered_factors (
    person       TEXT   NOT NULL REFERENCES people (id),
    first_factor TEXT   NOT NULL,
    source       TEXT   NOT NULL,
    passed       BIGINT NOT NULL,
    PRIMARY KEY (person, first_factor, source)
);

CREATE TABLE attempts (
    subject      TEXT   NOT NULL PRIMARY KEY,
    failures     BIGINT NOT NULL CHECK (failures > 0),
    last_failure BIGINT NOT NULL CHECK (last_failure >= 0)
);

-- Targets come and go; a session keeps the name that its target had.
CREATE TABLE sessions (
    id          TEXT   NOT NULL PRIMARY KEY,
    person      TEXT   NOT NULL REFERENCES people (id),
    person_name TEXT   NOT NULL,
    target      TEXT   NOT NULL,
    account     TEXT   NOT NULL,
    way         TEXT   NOT NULL,
    source      TEXT   NOT NULL,
    salt        BYTEA  NOT NULL CHECK (length(salt) = 16),
    opened      BIGINT NOT NULL,
    closed      BIGINT,
    outcome     TEXT   CHECK (outcome IN ('finished', 'lost', 'recording-failed', 'interrupted', 'ended')),
    CHECK ((closed IS NULL) = (outcome IS NULL))
);

CREATE INDEX sessions_opened ON sessions (opened, id);
CREATE INDEX sessions_open ON sessions (opened, id) WHERE closed IS NULL;

-- Rows and not sequences: a number that was taken by a change that failed would leave a gap, which looks like a loss.
CREATE TABLE counters (
    name  TEXT   NOT NULL PRIMARY KEY,
    value BIGINT NOT NULL CHECK (value >= 0)
);

INSERT INTO counters (name, value) VALUES ('request', 0), ('permit', 0), ('stir', 0);

CREATE TABLE requests (
    id             BIGINT NOT NULL PRIMARY KEY,
    kind           TEXT   NOT NULL CHECK (kind IN ('action', 'access', 'runbook', 'change', 'replay')),
    nonce          TEXT   NOT NULL UNIQUE,
    session        TEXT   REFERENCES sessions (id),
    channel        BIGINT NOT NULL CHECK (channel BETWEEN 0 AND 4294967295),
    requester      TEXT   NOT NULL REFERENCES people (id),
    target         TEXT   NOT NULL,
    account        TEXT   NOT NULL,
    submitted      BYTEA  NOT NULL,
    run            TEXT   NOT NULL,
    sealed         BYTEA,
    canonical      TEXT   NOT NULL,
    digest         TEXT   NOT NULL UNIQUE,
    quorums        TEXT   NOT NULL,
    effects        TEXT   NOT NULL,
    policy_version TEXT   NOT NULL,
    created        BIGINT NOT NULL,
    expires        BIGINT NOT NULL,
    state          TEXT   NOT NULL CHECK (state IN ('waiting', 'used', 'denied', 'expired', 'abandoned', 'refused')),
    version        BIGINT NOT NULL
);

CREATE INDEX requests_waiting ON requests (id) WHERE state = 'waiting';

-- One answer a person and request, whichever key signed it. `arrival` rises, and is taken when the request is locked.
CREATE TABLE decisions (
    request     BIGINT NOT NULL REFERENCES requests (id),
    arrival     BIGINT NOT NULL GENERATED ALWAYS AS IDENTITY,
    person      TEXT   NOT NULL REFERENCES people (id),
    answer      TEXT   NOT NULL CHECK (answer IN ('approve', 'deny')),
    fingerprint TEXT   NOT NULL,
    statement   TEXT   NOT NULL,
    signature   TEXT   NOT NULL,
    decided     BIGINT NOT NULL,
    mfa_age     BIGINT,
    PRIMARY KEY (request, arrival),
    UNIQUE (request, person)
);

-- One permit a request, whichever node finds the quorum met. An emergency has no request.
CREATE TABLE permits (
    id          BIGINT NOT NULL PRIMARY KEY,
    kind        TEXT   NOT NULL CHECK (kind IN ('access', 'runbook', 'emergency', 'replay')),
    request     BIGINT UNIQUE REFERENCES requests (id),
    holder      TEXT   NOT NULL REFERENCES people (id),
    terms       TEXT   NOT NULL,
    valid_from  BIGINT NOT NULL,
    valid_until BIGINT NOT NULL,
    ended       BIGINT,
    reason      TEXT,
    reviewed    TEXT   REFERENCES people (id),
    version     BIGINT NOT NULL,
    CHECK ((ended IS NULL) = (reason IS NULL))
);

CREATE INDEX permits_until ON permits (valid_until) WHERE ended IS NULL;
CREATE INDEX permits_unreviewed ON permits (id) WHERE kind = 'emergency' AND reviewed IS NULL;

-- Contents that the ledger vouches for by digest; never changed, never deleted.
CREATE TABLE records (
    kind    TEXT NOT NULL,
    id      TEXT NOT NULL,
    digest  TEXT NOT NULL,
    content TEXT NOT NULL,
    PRIMARY KEY (kind, id, digest)
);

CREATE TABLE settings (
    name  TEXT NOT NULL PRIMARY KEY,
    value TEXT NOT NULL
);

CREATE TABLE enrolments (
    person  TEXT   NOT NULL PRIMARY KEY REFERENCES people (id),
    hash    TEXT   NOT NULL,
    expires BIGINT NOT NULL
);

CREATE TABLE recovery_codes (
    person TEXT NOT NULL REFERENCES people (id),
    hash   TEXT NOT NULL,
    PRIMARY KEY (person, hash)
);

CREATE TABLE consents (
    person   TEXT   NOT NULL REFERENCES people (id),
    version  TEXT   NOT NULL,
    accepted BIGINT NOT NULL,
    PRIMARY KEY (person, version)
);

CREATE TABLE outbox (
    id       BIGINT NOT NULL PRIMARY KEY GENERATED ALWAYS AS IDENTITY,
    receiver TEXT   NOT NULL,
    event    TEXT   NOT NULL,
    body     TEXT   NOT NULL,
    created  BIGINT NOT NULL,
    due      BIGINT NOT NULL,
    attempts BIGINT NOT NULL CHECK (attempts >= 0)
);

CREATE INDEX outbox_receiver ON outbox (receiver, id);
