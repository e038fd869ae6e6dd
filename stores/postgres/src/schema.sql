CREATE TABLE {table} (
    key bytea PRIMARY KEY CHECK (octet_length(key) = 32),
    ver bigint NOT NULL,
    seq bigint NOT NULL,
    dead boolean NOT NULL DEFAULT false,
    expires bigint NOT NULL,
    created bigint NOT NULL,
    seen bigint NOT NULL,
    owner bytea,
    label bytea,
    body bytea NOT NULL,
    owner_hash bytea GENERATED ALWAYS AS (sha256(owner)) STORED,
    expires_hour bigint GENERATED ALWAYS AS (expires / 3600) STORED
) WITH (fillfactor = 80, autovacuum_vacuum_scale_factor = 0.05);
CREATE SEQUENCE {sequence} OWNED BY {table}.seq;
CREATE INDEX {owner_index} ON {table} (owner_hash, seq) WHERE owner_hash IS NOT NULL;
CREATE INDEX {hour_index} ON {table} (expires_hour);
COMMENT ON TABLE {table} IS 'session-store schema 1';
