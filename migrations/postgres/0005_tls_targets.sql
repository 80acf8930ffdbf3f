-- Targets that speak whatever they speak, inside TLS, and their level. What a constraint is called depends on the server.

ALTER TABLE targets DROP CONSTRAINT IF EXISTS targets_protocol_check;
ALTER TABLE targets DROP CONSTRAINT IF EXISTS check_protocol;
ALTER TABLE targets ADD CONSTRAINT targets_protocol_known CHECK (protocol IN ('ssh', 'postgres', 'mysql', 'tls'));

ALTER TABLE targets DROP CONSTRAINT IF EXISTS targets_level_check;
ALTER TABLE targets DROP CONSTRAINT IF EXISTS check_level;
ALTER TABLE targets ADD CONSTRAINT targets_level_known
    CHECK (level IN ('recorded', 'command-gated', 'exec-gated', 'statement-gated', 'counted'));
