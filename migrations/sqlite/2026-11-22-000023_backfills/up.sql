-- After which record of a kind what a later version keeps beside the records is still to be entered, of what was there before it: the
-- facts of the figures, the texts of the search. See `src/backfill.rs`; the last chunk takes the row away.
CREATE TABLE backfills (
    org_id BLOB NOT NULL REFERENCES organisations (id),
    target TEXT NOT NULL,
    kind TEXT NOT NULL,
    after_id BLOB,
    PRIMARY KEY (org_id, target, kind)
) WITHOUT ROWID;
INSERT INTO backfills (org_id, target, kind, after_id) SELECT org_id, 'figures', kind, after_id FROM back_fills;
DROP TABLE back_fills;

-- Texts are cut in another way than before: what stands in a word before the first Chinese sign is a word as well.
INSERT INTO backfills (org_id, target, kind) SELECT id, 'search', 'work_order' FROM organisations;
INSERT INTO backfills (org_id, target, kind) SELECT id, 'search', 'complaint' FROM organisations;
