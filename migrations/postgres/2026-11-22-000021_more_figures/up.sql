-- When somebody is to be told that nobody called in time; see `src/return_visit/`. Of those that are due already, at once.
ALTER TABLE return_visits ADD COLUMN watch_at BIGINT;
UPDATE return_visits SET watch_at = greatest(due_at + 1, coalesce(next_at, 0)) WHERE due_at IS NOT NULL;
CREATE INDEX return_visits_to_watch ON return_visits (watch_at) WHERE watch_at IS NOT NULL;

-- What the material of an order is worth, in minor units, and how many uses of it have no price. Neither where none was used.
ALTER TABLE order_facts ADD COLUMN material_minor BIGINT;
ALTER TABLE order_facts ADD COLUMN material_unpriced BIGINT;

-- What each complaint says for the figures, in the order in which they were written down: a month is one range. Of each deadline
-- either the verdict, or until when it runs.
CREATE TABLE complaint_facts (
    org_id UUID NOT NULL REFERENCES organisations (id),
    received_at BIGINT NOT NULL,
    complaint_id UUID NOT NULL,
    site_id UUID,
    team_id UUID,
    class_id UUID,
    cause TEXT,
    founded BOOLEAN,
    told TEXT,
    told_due BIGINT,
    responded TEXT,
    responded_due BIGINT,
    resolved TEXT,
    resolved_due BIGINT,
    called TEXT,
    called_due BIGINT,
    accepted BOOLEAN,
    again BOOLEAN NOT NULL,
    PRIMARY KEY (org_id, received_at, complaint_id)
);

-- After which record of a kind its facts are still to be entered, of what was there before this step. See `src/figures/backfill.rs`;
-- the last chunk takes the row away.
CREATE TABLE back_fills (
    org_id UUID NOT NULL REFERENCES organisations (id),
    kind TEXT NOT NULL,
    after_id UUID,
    PRIMARY KEY (org_id, kind)
);
INSERT INTO back_fills (org_id, kind) SELECT id, 'work_order' FROM organisations;
INSERT INTO back_fills (org_id, kind) SELECT id, 'complaint' FROM organisations;
