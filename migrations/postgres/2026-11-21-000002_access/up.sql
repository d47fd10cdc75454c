-- How a user proves who they are. The account itself is a record (kind `user`); secrets never enter the journal.
CREATE TABLE credentials (
    user_id UUID NOT NULL PRIMARY KEY,
    org_id UUID NOT NULL REFERENCES organisations (id),
    login TEXT NOT NULL UNIQUE,
    password_hash TEXT NOT NULL,
    changed_at BIGINT NOT NULL
);

-- Refresh tokens, by digest. A family is one sign-in on one device; using an old member revokes all of it.
-- `follows` is the token that this one was given for: a phone that lost the answer may repeat that one while this is unused.
CREATE TABLE refresh_tokens (
    digest BYTEA NOT NULL PRIMARY KEY,
    family UUID NOT NULL,
    follows BYTEA,
    org_id UUID NOT NULL REFERENCES organisations (id),
    user_id UUID NOT NULL,
    device_id UUID,
    issued_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    used_at BIGINT,
    revoked_at BIGINT
);
CREATE INDEX refresh_tokens_by_family ON refresh_tokens (family, follows);
CREATE INDEX refresh_tokens_by_user ON refresh_tokens (user_id, device_id);
CREATE INDEX refresh_tokens_by_expiry ON refresh_tokens (expires_at);

-- Ed25519 keys that sign access tokens; the newest unretired one signs, the others still verify.
CREATE TABLE signing_keys (
    kid TEXT NOT NULL PRIMARY KEY,
    private_pem TEXT NOT NULL,
    public_pem TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    retires_at BIGINT
);

-- Failed sign-ins per login and per address, for throttling that survives restarts and counts across servers.
CREATE TABLE login_failures (
    subject TEXT NOT NULL PRIMARY KEY,
    failures BIGINT NOT NULL,
    last_at BIGINT NOT NULL,
    blocked_until BIGINT NOT NULL
);
