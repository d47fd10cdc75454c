-- By what complaints are listed and watched; see `src/complaint/`. `due_at` is the soonest end of what is still to be done,
-- `watch_at` when somebody is to be told of a deadline next.
CREATE TABLE complaints (
    org_id UUID NOT NULL REFERENCES organisations (id),
    id UUID NOT NULL,
    number TEXT,
    received_at BIGINT NOT NULL,
    status TEXT NOT NULL,
    severity TEXT NOT NULL,
    channel TEXT NOT NULL,
    site_id UUID,
    unit_id UUID,
    customer_id UUID,
    asset_id UUID,
    work_order_id UUID,
    person_id UUID,
    team_id UUID,
    class_id UUID,
    founded BOOLEAN,
    escalated BOOLEAN NOT NULL,
    closed_at BIGINT,
    due_at BIGINT,
    watch_at BIGINT,
    reach_changes_at BIGINT,
    PRIMARY KEY (org_id, id)
);
CREATE INDEX complaints_by_time ON complaints (org_id, received_at DESC, id DESC);
CREATE INDEX complaints_by_site ON complaints (org_id, site_id, received_at DESC);
CREATE INDEX complaints_by_unit ON complaints (org_id, unit_id, received_at DESC);
CREATE INDEX complaints_by_customer ON complaints (org_id, customer_id, received_at DESC);
CREATE INDEX complaints_by_asset ON complaints (org_id, asset_id, received_at DESC);
CREATE INDEX complaints_by_order ON complaints (org_id, work_order_id);
CREATE INDEX complaints_by_team ON complaints (org_id, team_id, received_at DESC);
CREATE INDEX complaints_by_status ON complaints (org_id, status, received_at DESC);
CREATE INDEX complaints_by_class ON complaints (org_id, class_id, received_at DESC);
CREATE INDEX complaints_by_number ON complaints (org_id, number);
CREATE INDEX complaints_by_due ON complaints (org_id, due_at);
CREATE INDEX complaints_by_watch ON complaints (watch_at);
CREATE INDEX complaints_by_reach ON complaints (org_id, reach_changes_at);

-- Which technicians have to do with a complaint, beyond those of its department.
CREATE TABLE complaint_people (
    org_id UUID NOT NULL REFERENCES organisations (id),
    user_id UUID NOT NULL,
    complaint_id UUID NOT NULL,
    PRIMARY KEY (org_id, user_id, complaint_id)
);
