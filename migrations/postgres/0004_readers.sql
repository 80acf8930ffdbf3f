-- An account of a database may have another one beside it, as which whatever only reads runs.

ALTER TABLE accounts ADD COLUMN reader TEXT;
