-- The code in each link by which a customer confirms a quote; see `src/quote_link/`. Written with the operation that sends it.
CREATE TABLE quote_links (
    code TEXT NOT NULL PRIMARY KEY,
    org_id BLOB NOT NULL REFERENCES organisations (id),
    work_order_id BLOB NOT NULL,
    quote_id BLOB NOT NULL
);
