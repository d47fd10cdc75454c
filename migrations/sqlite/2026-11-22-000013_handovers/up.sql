-- By what handovers between shifts are listed; see `src/handover/`. `open` while a signature is missing.
CREATE TABLE handovers (
    org_id BLOB NOT NULL REFERENCES organisations (id),
    id BLOB NOT NULL,
    from_id BLOB NOT NULL,
    to_id BLOB NOT NULL,
    open BOOLEAN NOT NULL,
    opened_at BIGINT NOT NULL,
    PRIMARY KEY (org_id, id)
);
CREATE INDEX handovers_by_time ON handovers (org_id, opened_at DESC, id DESC);
CREATE INDEX handovers_by_giver ON handovers (org_id, from_id, opened_at DESC);
CREATE INDEX handovers_by_taker ON handovers (org_id, to_id, opened_at DESC);
