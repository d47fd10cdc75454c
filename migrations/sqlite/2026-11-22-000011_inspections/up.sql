-- Inspections. See `src/inspection/`.

-- Forms in versions, by what they are listed by.
CREATE TABLE templates (
    org_id BLOB NOT NULL REFERENCES organisations (id),
    id BLOB NOT NULL,
    family_id BLOB NOT NULL,
    version BIGINT NOT NULL,
    code TEXT NOT NULL,
    name TEXT NOT NULL,
    status TEXT NOT NULL,
    PRIMARY KEY (org_id, id)
);
CREATE INDEX templates_by_code ON templates (org_id, code, id);
CREATE INDEX templates_by_family ON templates (org_id, family_id, version);

-- Rounds. `plan_at` is when turns are to be planned next, empty if there is nothing to plan.
CREATE TABLE rounds (
    org_id BLOB NOT NULL REFERENCES organisations (id),
    id BLOB NOT NULL,
    name TEXT NOT NULL,
    template_id BLOB NOT NULL,
    site_id BLOB NOT NULL,
    assignee_id BLOB,
    team_id BLOB,
    active BOOLEAN NOT NULL,
    plan_at BIGINT,
    PRIMARY KEY (org_id, id)
);
CREATE INDEX rounds_by_name ON rounds (org_id, name, id);
CREATE INDEX rounds_to_plan ON rounds (plan_at) WHERE plan_at IS NOT NULL;

-- Inspections, one row for each. `at` is when it is due, or was begun if nobody planned it; `watch_at` is when somebody is to be
-- told that it was missed; `late_points` and `missed_points` count the points of a round.
CREATE TABLE inspections (
    org_id BLOB NOT NULL REFERENCES organisations (id),
    id BLOB NOT NULL,
    at BIGINT NOT NULL,
    template_id BLOB NOT NULL,
    round_id BLOB,
    work_order_id BLOB,
    site_id BLOB NOT NULL,
    unit_id BLOB,
    asset_id BLOB,
    assignee_id BLOB,
    team_id BLOB,
    status TEXT NOT NULL,
    passed BOOLEAN,
    due_until BIGINT,
    finished_at BIGINT,
    points BIGINT NOT NULL,
    late_points BIGINT NOT NULL,
    missed_points BIGINT NOT NULL,
    reach_changes_at BIGINT,
    watch_at BIGINT,
    PRIMARY KEY (org_id, id)
);
CREATE INDEX inspections_by_time ON inspections (org_id, at, id);
CREATE INDEX inspections_by_round ON inspections (org_id, round_id, at, id) WHERE round_id IS NOT NULL;
CREATE INDEX inspections_by_unit ON inspections (org_id, unit_id, at, id) WHERE unit_id IS NOT NULL;
CREATE INDEX inspections_by_asset ON inspections (org_id, asset_id, at, id) WHERE asset_id IS NOT NULL;
CREATE INDEX inspections_by_order ON inspections (org_id, work_order_id) WHERE work_order_id IS NOT NULL;
CREATE INDEX inspections_by_assignee ON inspections (org_id, assignee_id, at, id) WHERE assignee_id IS NOT NULL;
CREATE INDEX inspections_by_team ON inspections (org_id, team_id, at, id) WHERE team_id IS NOT NULL;
CREATE INDEX inspections_to_move ON inspections (org_id, reach_changes_at) WHERE reach_changes_at IS NOT NULL;
CREATE INDEX inspections_to_watch ON inspections (watch_at) WHERE watch_at IS NOT NULL;

-- Which orders came from, or were joined to, which faults.
CREATE TABLE faults (
    org_id BLOB NOT NULL REFERENCES organisations (id),
    fault_id BLOB NOT NULL,
    work_order_id BLOB NOT NULL,
    PRIMARY KEY (org_id, fault_id, work_order_id)
);
