-- What can be found of a record by a part of its text, in plain form; see `src/search/`. `seq` is its number in the index of grams.
CREATE TABLE search_texts (
    org_id BLOB NOT NULL REFERENCES organisations (id),
    kind TEXT NOT NULL,
    id BLOB NOT NULL,
    seq BIGINT NOT NULL,
    text TEXT NOT NULL,
    PRIMARY KEY (org_id, kind, id)
);
CREATE UNIQUE INDEX search_texts_by_seq ON search_texts (seq);

-- The index of grams, which each database has of its own kind.
CREATE VIRTUAL TABLE search_grams USING fts5 (grams, content = '', contentless_delete = 1, detail = none, tokenize = 'ascii');
