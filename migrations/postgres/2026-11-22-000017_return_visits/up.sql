-- By what return visits are listed; see `src/return_visit/`. `due_at` only while somebody is to call; `next_at` is the first time that
-- lies outside of the customer's rest.
CREATE TABLE return_visits (
    org_id UUID NOT NULL REFERENCES organisations (id),
    id UUID NOT NULL,
    about_id UUID NOT NULL,
    site_id UUID NOT NULL,
    unit_id UUID,
    customer_id UUID,
    assignee_id UUID,
    status TEXT NOT NULL,
    satisfaction TEXT,
    disagrees BOOLEAN NOT NULL,
    since BIGINT NOT NULL,
    due_at BIGINT,
    next_at BIGINT,
    PRIMARY KEY (org_id, id)
);
CREATE INDEX return_visits_by_time ON return_visits (org_id, since, id);
CREATE INDEX return_visits_to_call ON return_visits (org_id, due_at, id, next_at) WHERE due_at IS NOT NULL;
CREATE INDEX return_visits_next ON return_visits (org_id, next_at, id) WHERE next_at IS NOT NULL;
CREATE INDEX return_visits_open_of ON return_visits (org_id, customer_id, id) WHERE due_at IS NOT NULL;
CREATE INDEX return_visits_about ON return_visits (org_id, about_id);

-- The code in each link to a satisfaction survey; see `src/survey_link/`. Written with the operation that makes the survey.
CREATE TABLE survey_links (
    code TEXT NOT NULL PRIMARY KEY,
    org_id UUID NOT NULL REFERENCES organisations (id),
    return_visit_id UUID NOT NULL
);

-- The history of an asset was the first of its sort; units and customers have one like it. A subject is any of the three.
DROP INDEX asset_history_by_time;
DROP INDEX asset_history_by_record;
ALTER TABLE asset_history RENAME COLUMN asset_id TO subject_id;
ALTER TABLE asset_history RENAME TO histories;
CREATE INDEX histories_by_time ON histories (org_id, subject_id, at, id);
CREATE INDEX histories_by_record ON histories (org_id, kind, id);

INSERT INTO histories (org_id, subject_id, kind, id, at)
    SELECT org_id, unit_id, 'work_order', id, received_at FROM work_orders WHERE unit_id IS NOT NULL;
INSERT INTO histories (org_id, subject_id, kind, id, at)
    SELECT org_id, customer_id, 'work_order', id, received_at FROM work_orders WHERE customer_id IS NOT NULL;
INSERT INTO histories (org_id, subject_id, kind, id, at)
    SELECT org_id, unit_id, 'inspection', id, at FROM inspections WHERE unit_id IS NOT NULL;
INSERT INTO histories (org_id, subject_id, kind, id, at)
    SELECT org_id, unit_id, 'complaint', id, received_at FROM complaints WHERE unit_id IS NOT NULL;
INSERT INTO histories (org_id, subject_id, kind, id, at)
    SELECT org_id, customer_id, 'complaint', id, received_at FROM complaints WHERE customer_id IS NOT NULL;
