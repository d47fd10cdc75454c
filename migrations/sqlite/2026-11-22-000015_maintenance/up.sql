-- Planned maintenance and shutdowns. See `src/maintenance/`.

-- Maintenance plans. `look_at` is when one is to be looked at next, empty while only something else can make it due; `readings` says
-- whether readings of its asset can.
CREATE TABLE maintenance_plans (
    org_id BLOB NOT NULL REFERENCES organisations (id),
    id BLOB NOT NULL,
    name TEXT NOT NULL,
    site_id BLOB NOT NULL,
    asset_id BLOB NOT NULL,
    active BOOLEAN NOT NULL,
    readings BOOLEAN NOT NULL,
    look_at BIGINT,
    PRIMARY KEY (org_id, id)
);
CREATE INDEX maintenance_plans_by_name ON maintenance_plans (org_id, name, id);
CREATE INDEX maintenance_plans_by_asset ON maintenance_plans (org_id, asset_id);
CREATE INDEX maintenance_plans_to_look_at ON maintenance_plans (look_at) WHERE look_at IS NOT NULL;

-- Shutdowns, by when they begin. `edition` is that of the newest notice, 0 before there is one.
CREATE TABLE shutdowns (
    org_id BLOB NOT NULL REFERENCES organisations (id),
    id BLOB NOT NULL,
    begins_at BIGINT NOT NULL,
    site_id BLOB NOT NULL,
    asset_id BLOB NOT NULL,
    plan_id BLOB,
    work_order_id BLOB,
    assignee_id BLOB,
    team_id BLOB,
    status TEXT NOT NULL,
    edition BIGINT NOT NULL,
    PRIMARY KEY (org_id, id)
);
CREATE INDEX shutdowns_by_time ON shutdowns (org_id, begins_at, id);
CREATE INDEX shutdowns_by_asset ON shutdowns (org_id, asset_id, begins_at);
CREATE INDEX shutdowns_by_plan ON shutdowns (org_id, plan_id, begins_at) WHERE plan_id IS NOT NULL;
CREATE INDEX shutdowns_by_assignee ON shutdowns (org_id, assignee_id, begins_at) WHERE assignee_id IS NOT NULL;
CREATE INDEX shutdowns_by_team ON shutdowns (org_id, team_id, begins_at) WHERE team_id IS NOT NULL;

-- Notices of shutdowns, one for each unit or department; `read_edition` is the newest edition that was read, 0 if none was.
CREATE TABLE shutdown_notices (
    org_id BLOB NOT NULL REFERENCES organisations (id),
    id BLOB NOT NULL,
    shutdown_id BLOB NOT NULL,
    site_id BLOB NOT NULL,
    unit_id BLOB,
    team_id BLOB,
    read_edition BIGINT NOT NULL,
    PRIMARY KEY (org_id, id)
);
CREATE INDEX shutdown_notices_by_shutdown ON shutdown_notices (org_id, shutdown_id, id);
CREATE INDEX shutdown_notices_by_unit ON shutdown_notices (org_id, unit_id, id) WHERE unit_id IS NOT NULL;

-- Where the links to notices lead.
CREATE TABLE notice_links (
    code TEXT PRIMARY KEY NOT NULL,
    org_id BLOB NOT NULL REFERENCES organisations (id),
    notice_id BLOB NOT NULL
);

-- Which maintenance plan an order came from.
ALTER TABLE work_orders ADD COLUMN plan_id BLOB;
CREATE INDEX work_orders_by_plan ON work_orders (org_id, plan_id, received_at) WHERE plan_id IS NOT NULL;

-- The last day of a certificate of which nobody has been told that it comes, as YYYY-MM-DD.
ALTER TABLE assets ADD COLUMN certificate_untold TEXT;
UPDATE assets SET certificate_untold = certificate_expires;
CREATE INDEX assets_to_tell_of ON assets (org_id, certificate_untold) WHERE certificate_untold IS NOT NULL;
