-- How far each webhook is: everything up to (version, op_id) of the journal was delivered, or not wanted. `claimed_until` while a server
-- sends for it.
CREATE TABLE webhooks (
    org_id BLOB NOT NULL REFERENCES organisations (id),
    id BLOB NOT NULL,
    sending BOOLEAN NOT NULL,
    version BIGINT NOT NULL,
    op_id BLOB NOT NULL,
    attempts BIGINT NOT NULL,
    failing_since BIGINT,
    last_error TEXT,
    next_at BIGINT NOT NULL,
    delivered_at BIGINT,
    claimed_until BIGINT,
    PRIMARY KEY (org_id, id)
);
CREATE INDEX webhooks_by_turn ON webhooks (sending, next_at);
