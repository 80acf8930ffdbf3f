-- Client certificates: found by their digest, with the login that each stands for.
CREATE TABLE certificates (
    id         TEXT    NOT NULL PRIMARY KEY,
    person     TEXT    NOT NULL REFERENCES people (id),
    credential TEXT    NOT NULL,
    passed     BIGINT  NOT NULL,
    source     TEXT    NOT NULL,
    expires    BIGINT  NOT NULL
);
