CREATE TABLE back_fills (
    org_id BLOB NOT NULL REFERENCES organisations (id),
    kind TEXT NOT NULL,
    after_id BLOB,
    PRIMARY KEY (org_id, kind)
) WITHOUT ROWID;
INSERT INTO back_fills (org_id, kind, after_id) SELECT org_id, kind, after_id FROM backfills WHERE target = 'figures';
DROP TABLE backfills;
