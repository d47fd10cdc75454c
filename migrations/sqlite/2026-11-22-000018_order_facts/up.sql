-- What each order whose work is settled says for the figures, in the order in which it was settled: a month is one range.
CREATE TABLE order_facts (
    org_id BLOB NOT NULL REFERENCES organisations (id),
    settled_at BIGINT NOT NULL,
    order_id BLOB NOT NULL,
    called_at BIGINT NOT NULL,
    technician_id BLOB,
    team_id BLOB,
    site_id BLOB NOT NULL,
    order_type_id BLOB NOT NULL,
    deadline TEXT,
    passed BOOLEAN,
    response_seconds BIGINT,
    resolution_seconds BIGINT NOT NULL,
    labour_minutes BIGINT NOT NULL,
    rework BOOLEAN NOT NULL,
    PRIMARY KEY (org_id, settled_at, order_id)
) WITHOUT ROWID;
