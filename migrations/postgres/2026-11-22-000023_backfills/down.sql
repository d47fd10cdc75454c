CREATE TABLE back_fills (
    org_id UUID NOT NULL REFERENCES organisations (id),
    kind TEXT NOT NULL,
    after_id UUID,
    PRIMARY KEY (org_id, kind)
);
INSERT INTO back_fills (org_id, kind, after_id) SELECT org_id, kind, after_id FROM backfills WHERE target = 'figures';
DROP TABLE backfills;
