-- What was done to an asset and what was seen on it, newest first: a row for each order, reading and inspection that names it. The
-- records themselves say what it was; `kind` and `id` are their address.
CREATE TABLE asset_history (
    org_id BLOB NOT NULL REFERENCES organisations (id),
    asset_id BLOB NOT NULL,
    kind TEXT NOT NULL,
    id BLOB NOT NULL,
    at BIGINT NOT NULL,
    PRIMARY KEY (org_id, asset_id, kind, id)
);
CREATE INDEX asset_history_by_time ON asset_history (org_id, asset_id, at, id);
CREATE INDEX asset_history_by_record ON asset_history (org_id, kind, id);

-- Values read off assets, by asset and meter.
CREATE TABLE asset_readings (
    org_id BLOB NOT NULL REFERENCES organisations (id),
    id BLOB NOT NULL,
    asset_id BLOB NOT NULL,
    site_id BLOB NOT NULL,
    meter TEXT NOT NULL,
    milli BIGINT NOT NULL,
    beyond BOOLEAN NOT NULL,
    at BIGINT NOT NULL,
    PRIMARY KEY (org_id, id)
);
CREATE INDEX asset_readings_by_time ON asset_readings (org_id, at, id);
CREATE INDEX asset_readings_by_meter ON asset_readings (org_id, asset_id, meter, at, id);
