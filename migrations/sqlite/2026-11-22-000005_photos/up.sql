-- Every photo on every record, by what it is looked for: who still owes its bytes, and what refers to a blob.
CREATE TABLE photos (
    org_id BLOB NOT NULL REFERENCES organisations (id),
    op_id BLOB NOT NULL,
    kind TEXT NOT NULL,
    entity_id BLOB NOT NULL,
    sha256 BLOB NOT NULL,
    user_id BLOB NOT NULL,
    device_id BLOB,
    recorded_at BIGINT NOT NULL,
    awaited BOOLEAN NOT NULL,
    PRIMARY KEY (org_id, op_id)
);
CREATE INDEX photos_by_blob ON photos (org_id, sha256);
CREATE INDEX photos_awaited ON photos (org_id, recorded_at, op_id) WHERE awaited;

-- Bytes by their SHA-256: expected, here, or looked at. The row is there from the first mention on, by an operation or by
-- an upload, so that whoever comes second waits for the first. `refs` counts the photos that name it; what nothing names
-- for long enough is collected. `object` is where the bytes lie (a fresh name each time, so that a late deletion
-- never meets new bytes), `arrival` what was found in them.
CREATE TABLE blobs (
    org_id BLOB NOT NULL REFERENCES organisations (id),
    sha256 BLOB NOT NULL,
    refs BIGINT NOT NULL,
    state TEXT NOT NULL,
    bytes BIGINT,
    object TEXT,
    received_at BIGINT,
    arrival TEXT,
    PRIMARY KEY (org_id, sha256)
);
CREATE INDEX blobs_unused ON blobs (org_id, received_at) WHERE refs <= 0;

-- Uploads under way (tus). `received` is how many bytes are safely kept, in the parts of the upload.
CREATE TABLE uploads (
    id BLOB NOT NULL PRIMARY KEY,
    org_id BLOB NOT NULL REFERENCES organisations (id),
    user_id BLOB NOT NULL,
    device_id BLOB,
    sha256 BLOB NOT NULL,
    bytes BIGINT NOT NULL,
    received BIGINT NOT NULL,
    metadata TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    finished BOOLEAN NOT NULL
);
CREATE INDEX uploads_by_expiry ON uploads (expires_at);
CREATE INDEX uploads_by_blob ON uploads (org_id, sha256);

CREATE TABLE upload_parts (
    upload_id BLOB NOT NULL REFERENCES uploads (id) ON DELETE CASCADE,
    start_at BIGINT NOT NULL,
    bytes BIGINT NOT NULL,
    object TEXT NOT NULL,
    PRIMARY KEY (upload_id, start_at)
);
