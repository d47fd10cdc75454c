-- One file per phone. Accounts that share the phone are kept apart by `account` in every table.

CREATE TABLE accounts (
    id INTEGER PRIMARY KEY,
    -- Two people on one phone are two devices: each has a sequence and an outbox of its own.
    device_id TEXT NOT NULL UNIQUE,
    login TEXT NOT NULL UNIQUE,
    user_id TEXT UNIQUE,
    -- What the server said of the person at sign-in (JSON).
    identity TEXT,
    access_token TEXT,
    refresh_token TEXT,
    -- What the phone said of itself when it registered (JSON); the server is told again when that changes.
    registered_as TEXT,
    -- Another epoch than the server's: the server was restored from a backup.
    epoch TEXT,
    -- Limits, retention, schemas, as the server last stated them (JSON).
    config TEXT,
    -- The last server time seen, tied to the phone's uptime (JSON).
    anchor TEXT,
    next_seq INTEGER NOT NULL DEFAULT 1,
    -- The copy that the screen shows, and the one that is being filled to replace it.
    live INTEGER REFERENCES copies (id) ON DELETE SET NULL,
    filling INTEGER REFERENCES copies (id) ON DELETE SET NULL
);

-- The account whose work is on the screen; at most one row.
CREATE TABLE active (
    one INTEGER PRIMARY KEY CHECK (one = 1),
    account INTEGER NOT NULL REFERENCES accounts (id)
);

-- A copy of what the server holds for an account, up to a cursor.
CREATE TABLE copies (
    id INTEGER PRIMARY KEY,
    account INTEGER NOT NULL REFERENCES accounts (id),
    cursor TEXT,
    version INTEGER NOT NULL DEFAULT 0,
    -- Whether a pull ever ended with nothing left to bring. Until then some records are missing.
    complete BOOLEAN NOT NULL DEFAULT FALSE,
    -- Whether held operations were asked about since it was begun: the feed of verdicts begins with the copy, so
    -- verdicts from before come only to those who ask.
    asked BOOLEAN NOT NULL DEFAULT FALSE
);

CREATE TABLE records (
    copy INTEGER NOT NULL REFERENCES copies (id) ON DELETE CASCADE,
    scope TEXT NOT NULL,
    kind TEXT NOT NULL,
    id TEXT NOT NULL,
    rev INTEGER NOT NULL,
    version INTEGER NOT NULL,
    body TEXT NOT NULL
);
CREATE UNIQUE INDEX records_by_address ON records (copy, kind, id, scope);
CREATE INDEX records_by_scope ON records (copy, scope, kind, id, rev, version);

-- Everything that people recorded on this phone, in the order in which they did.
CREATE TABLE outbox (
    account INTEGER NOT NULL REFERENCES accounts (id),
    seq INTEGER NOT NULL,
    id TEXT NOT NULL UNIQUE,
    type TEXT NOT NULL,
    kind TEXT NOT NULL,
    entity TEXT NOT NULL,
    group_id TEXT,
    recorded_at TEXT NOT NULL,
    -- The exact bytes that are sent, now and at every later attempt.
    body TEXT NOT NULL,
    -- `pending`: the server has not said that it has it. `stuck`: the server cannot take it in this form.
    -- `held`: the server has it and waits for something else. `settled`: its verdict is final.
    state TEXT NOT NULL DEFAULT 'pending' CHECK (state IN ('pending', 'stuck', 'held', 'settled')),
    -- It was sent and no answer came: the server may have it.
    in_doubt BOOLEAN NOT NULL DEFAULT FALSE,
    -- The verdict (JSON), or for `stuck` the problem.
    verdict TEXT,
    -- The revision of its record that it made on the server.
    made_rev INTEGER,
    -- The server's version from which on pulled records contain it.
    version INTEGER,
    -- Whether the screen must still replay it on top of the pulled records.
    replayed BOOLEAN NOT NULL DEFAULT TRUE,
    PRIMARY KEY (account, seq)
);
CREATE INDEX outbox_by_state ON outbox (account, state, seq);
CREATE INDEX outbox_by_entity ON outbox (account, entity, made_rev);
CREATE INDEX outbox_by_replay ON outbox (account, seq) WHERE replayed;

-- What a person recorded is never changed, and never goes before the server has it for good. The file itself
-- enforces this, so that no mistake in the program can break it.
CREATE TRIGGER outbox_is_never_edited
BEFORE UPDATE OF account, seq, id, type, kind, entity, group_id, recorded_at, body ON outbox
BEGIN SELECT RAISE(ABORT, 'an operation is never edited'); END;

CREATE TRIGGER outbox_is_never_emptied
BEFORE DELETE ON outbox WHEN OLD.state <> 'settled'
BEGIN SELECT RAISE(ABORT, 'an unsettled operation is never deleted'); END;

-- Photos, each owed from the moment it is recorded until the server has proved that it has the bytes.
CREATE TABLE photos (
    account INTEGER NOT NULL REFERENCES accounts (id),
    -- The operation that records it.
    op TEXT NOT NULL PRIMARY KEY,
    sha256 TEXT NOT NULL,
    bytes INTEGER NOT NULL,
    -- The path at which its upload goes on.
    upload TEXT,
    stored BOOLEAN NOT NULL DEFAULT FALSE,
    -- Why the server will not take it (JSON).
    refused TEXT
);
CREATE INDEX photos_by_account ON photos (account, stored);
CREATE INDEX photos_by_bytes ON photos (sha256);

-- In the file like everything else, so that a photo and its operation are recorded in one transaction or not at all.
CREATE TABLE photo_bytes (
    sha256 TEXT NOT NULL PRIMARY KEY,
    bytes BLOB NOT NULL
);

CREATE TRIGGER owed_photos_are_never_deleted
BEFORE DELETE ON photo_bytes WHEN EXISTS (SELECT * FROM photos WHERE sha256 = OLD.sha256 AND NOT stored)
BEGIN SELECT RAISE(ABORT, 'a photo that is owed is never deleted'); END;
