-- When the next monthly count of a store or van is due; see `src/stock/`.
CREATE TABLE monthly_counts (
    org_id BLOB NOT NULL REFERENCES organisations (id),
    place_id BLOB NOT NULL,
    due_at BIGINT NOT NULL,
    PRIMARY KEY (org_id, place_id)
) WITHOUT ROWID;
CREATE INDEX monthly_counts_due ON monthly_counts (due_at);
