-- One row per organisation. `version` is the number that the last committed write took; `epoch` changes
-- when the database was restored from a backup, so that phones start anew instead of trusting old cursors.
CREATE TABLE organisations (
    id BLOB NOT NULL PRIMARY KEY,
    slug TEXT NOT NULL UNIQUE,
    epoch BLOB NOT NULL,
    secret BLOB NOT NULL,
    version BIGINT NOT NULL,
    horizon BIGINT NOT NULL,
    created_at BIGINT NOT NULL
);

-- Gapless human numbers (order numbers), one row per series.
CREATE TABLE counters (
    org_id BLOB NOT NULL REFERENCES organisations (id),
    name TEXT NOT NULL,
    value BIGINT NOT NULL,
    PRIMARY KEY (org_id, name)
) WITHOUT ROWID;

-- The present state of everything: the wire form of each record, passed through to phones unparsed.
-- `reach` lists what this record brings into which scope, so that a change can be told from no change.
-- With a rowid, like the journal: rows this long would spill out of the pages of a table without one, and every write
-- would cost twice the time and space.
CREATE TABLE records (
    org_id BLOB NOT NULL REFERENCES organisations (id),
    kind TEXT NOT NULL,
    id BLOB NOT NULL,
    rev BIGINT NOT NULL,
    deleted BOOLEAN NOT NULL,
    body TEXT NOT NULL,
    reach TEXT NOT NULL,
    PRIMARY KEY (org_id, kind, id)
);

-- Every operation that was ever received and recorded, with its verdict. Rows are never edited but for the
-- verdict of a held operation. `outcome` is the verdict's JSON; `rev` the revision of the record that it made.
CREATE TABLE journal (
    org_id BLOB NOT NULL REFERENCES organisations (id),
    op_id BLOB NOT NULL,
    version BIGINT NOT NULL,
    type TEXT NOT NULL,
    kind TEXT NOT NULL,
    entity_id BLOB NOT NULL,
    actor_id BLOB NOT NULL,
    device_id BLOB,
    seq BIGINT,
    group_id BLOB,
    rev BIGINT,
    received_at BIGINT NOT NULL,
    digest BLOB NOT NULL,
    body TEXT NOT NULL,
    status TEXT NOT NULL,
    outcome TEXT NOT NULL,
    PRIMARY KEY (org_id, op_id)
);
CREATE INDEX journal_by_entity ON journal (org_id, kind, entity_id, version);
CREATE INDEX journal_by_version ON journal (org_id, version);

-- The same id sent with another body: kept beside the first, never applied.
CREATE TABLE journal_conflicts (
    org_id BLOB NOT NULL REFERENCES organisations (id),
    op_id BLOB NOT NULL,
    digest BLOB NOT NULL,
    actor_id BLOB NOT NULL,
    device_id BLOB,
    received_at BIGINT NOT NULL,
    body TEXT NOT NULL,
    PRIMARY KEY (org_id, op_id, digest)
);

-- Operations that wait: for another operation, for the rest of their group, or for an earlier one of the same device.
-- `context` is who recorded them and when, as judged on arrival.
CREATE TABLE held (
    org_id BLOB NOT NULL REFERENCES organisations (id),
    op_id BLOB NOT NULL,
    waits_for TEXT NOT NULL,
    device_id BLOB,
    seq BIGINT,
    until BIGINT NOT NULL,
    context TEXT NOT NULL,
    PRIMARY KEY (org_id, op_id)
);
CREATE INDEX held_by_reason ON held (org_id, waits_for, seq);
CREATE INDEX held_by_until ON held (until);

-- What each scope holds: one row per (scope, record), upserted with the version of its last change.
-- `refs` counts the reasons for which the record is in the scope; 0 or less means it left (a drop).
CREATE TABLE feed (
    org_id BLOB NOT NULL REFERENCES organisations (id),
    scope TEXT NOT NULL,
    kind TEXT NOT NULL,
    id BLOB NOT NULL,
    version BIGINT NOT NULL,
    refs BIGINT NOT NULL,
    PRIMARY KEY (org_id, kind, id, scope)
) WITHOUT ROWID;
CREATE INDEX feed_by_version ON feed (org_id, scope, version, kind, id, refs);
CREATE INDEX feed_drops ON feed (org_id, version) WHERE refs <= 0;

-- Per device: the next sequence number expected, and when it was last heard of.
CREATE TABLE device_state (
    org_id BLOB NOT NULL REFERENCES organisations (id),
    device_id BLOB NOT NULL,
    user_id BLOB NOT NULL,
    next_seq BIGINT NOT NULL,
    revoked BOOLEAN NOT NULL,
    registered_at BIGINT NOT NULL,
    last_seen_at BIGINT NOT NULL,
    PRIMARY KEY (org_id, device_id)
);
