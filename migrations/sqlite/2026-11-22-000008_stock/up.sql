-- Material. A place is written as on the wire: `store:…`, `bag:…`, `order:…`, `supplier`. See `src/stock/`.

-- How much lies where, by place and by article; written with each move.
CREATE TABLE stock_levels (
    org_id BLOB NOT NULL REFERENCES organisations (id),
    place TEXT NOT NULL,
    article_id BLOB NOT NULL,
    id BLOB NOT NULL,
    milli BIGINT NOT NULL,
    PRIMARY KEY (org_id, place, article_id)
);
CREATE INDEX stock_levels_by_article ON stock_levels (org_id, article_id, place);

-- The ledger, by what its lines are listed and summed up by. `used_milli` is how much was used on an order, less than
-- nothing for a counter-entry, 0 for what is neither.
CREATE TABLE stock_moves (
    org_id BLOB NOT NULL REFERENCES organisations (id),
    id BLOB NOT NULL,
    kind TEXT NOT NULL,
    article_id BLOB NOT NULL,
    from_place TEXT NOT NULL,
    to_place TEXT NOT NULL,
    milli BIGINT NOT NULL,
    received_at BIGINT NOT NULL,
    happened_at BIGINT NOT NULL,
    by_id BLOB NOT NULL,
    awaiting BOOLEAN NOT NULL,
    used_milli BIGINT NOT NULL,
    technician_id BLOB,
    team_id BLOB,
    site_id BLOB,
    PRIMARY KEY (org_id, id)
);
CREATE INDEX stock_moves_by_time ON stock_moves (org_id, received_at, id);
CREATE INDEX stock_moves_by_article ON stock_moves (org_id, article_id, received_at, id);
CREATE INDEX stock_moves_by_from ON stock_moves (org_id, from_place, received_at, id);
CREATE INDEX stock_moves_by_to ON stock_moves (org_id, to_place, received_at, id);
CREATE INDEX stock_moves_by_person ON stock_moves (org_id, by_id, received_at, id);
CREATE INDEX stock_moves_used ON stock_moves (org_id, happened_at) WHERE used_milli <> 0;

-- Numbered pieces, each at its one place.
CREATE TABLE stock_serials (
    org_id BLOB NOT NULL REFERENCES organisations (id),
    id BLOB NOT NULL,
    article_id BLOB NOT NULL,
    serial TEXT NOT NULL,
    place TEXT NOT NULL,
    PRIMARY KEY (org_id, id)
);
CREATE INDEX stock_serials_by_article ON stock_serials (org_id, article_id, serial, id);
CREATE INDEX stock_serials_by_place ON stock_serials (org_id, place, serial, id);

-- Count sheets. `counters` are the accounts that count, with spaces between them.
CREATE TABLE stock_counts (
    org_id BLOB NOT NULL REFERENCES organisations (id),
    id BLOB NOT NULL,
    place TEXT NOT NULL,
    open BOOLEAN NOT NULL,
    opened_at BIGINT NOT NULL,
    counters TEXT NOT NULL,
    PRIMARY KEY (org_id, id)
);
CREATE INDEX stock_counts_by_time ON stock_counts (org_id, opened_at, id);

-- What orders that are not over hold back.
CREATE TABLE reserved (
    org_id BLOB NOT NULL REFERENCES organisations (id),
    work_order_id BLOB NOT NULL,
    place TEXT NOT NULL,
    article_id BLOB NOT NULL,
    milli BIGINT NOT NULL,
    PRIMARY KEY (org_id, work_order_id, place, article_id)
);
CREATE INDEX reserved_by_place ON reserved (org_id, place, article_id);
