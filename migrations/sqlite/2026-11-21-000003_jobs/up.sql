-- Work to be done after a commit, written in the same transaction as its cause. `unique_key` makes a job exist once.
CREATE TABLE jobs (
    id BLOB NOT NULL PRIMARY KEY,
    org_id BLOB NOT NULL REFERENCES organisations (id),
    kind TEXT NOT NULL,
    unique_key TEXT NOT NULL,
    payload TEXT NOT NULL,
    run_at BIGINT NOT NULL,
    attempts BIGINT NOT NULL,
    locked_until BIGINT NOT NULL,
    last_error TEXT,
    UNIQUE (org_id, kind, unique_key)
);
CREATE INDEX jobs_by_time ON jobs (run_at);
