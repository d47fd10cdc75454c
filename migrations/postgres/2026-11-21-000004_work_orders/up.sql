-- The columns by which work orders are listed and found; the order itself is in `records`.
CREATE TABLE work_orders (
    org_id UUID NOT NULL REFERENCES organisations (id),
    id UUID NOT NULL,
    number TEXT,
    status TEXT NOT NULL,
    order_type_id UUID NOT NULL,
    site_id UUID NOT NULL,
    unit_id UUID,
    customer_id UUID,
    team_id UUID,
    assignee_id UUID,
    priority TEXT NOT NULL,
    received_at BIGINT NOT NULL,
    closed_at BIGINT,
    due_at BIGINT,
    deadline TEXT NOT NULL,
    external_source TEXT,
    external_id TEXT,
    reach_changes_at BIGINT,
    PRIMARY KEY (org_id, id)
);
CREATE UNIQUE INDEX work_orders_by_number ON work_orders (org_id, number);
CREATE UNIQUE INDEX work_orders_by_external ON work_orders (org_id, external_source, external_id);
CREATE INDEX work_orders_by_received ON work_orders (org_id, received_at, id);
CREATE INDEX work_orders_by_status ON work_orders (org_id, status, received_at, id);
CREATE INDEX work_orders_by_assignee ON work_orders (org_id, assignee_id, received_at, id);
CREATE INDEX work_orders_by_unit ON work_orders (org_id, unit_id, received_at, id);
CREATE INDEX work_orders_by_customer ON work_orders (org_id, customer_id, received_at, id);
CREATE INDEX work_orders_by_deadline ON work_orders (org_id, deadline, due_at);
CREATE INDEX work_orders_by_reach ON work_orders (reach_changes_at);

-- When which technician worked, to notice times that overlap.
CREATE TABLE labour (
    org_id UUID NOT NULL REFERENCES organisations (id),
    technician_id UUID NOT NULL,
    started_at BIGINT NOT NULL,
    op_id UUID NOT NULL,
    ended_at BIGINT NOT NULL,
    work_order_id UUID NOT NULL,
    PRIMARY KEY (org_id, technician_id, started_at, op_id)
);

-- Sites, buildings, units, customers, users, teams, order types, price items: by what lists and searches need.
CREATE TABLE directory (
    org_id UUID NOT NULL REFERENCES organisations (id),
    kind TEXT NOT NULL,
    id UUID NOT NULL,
    parent_id UUID,
    site_id UUID,
    name TEXT NOT NULL,
    code TEXT,
    active BOOLEAN NOT NULL,
    PRIMARY KEY (org_id, kind, id)
);
CREATE INDEX directory_by_name ON directory (org_id, kind, name, id);
CREATE INDEX directory_by_parent ON directory (org_id, kind, parent_id, name, id);
CREATE INDEX directory_by_code ON directory (org_id, kind, code);

-- Questions that wait for a person.
CREATE TABLE reviews (
    org_id UUID NOT NULL REFERENCES organisations (id),
    id UUID NOT NULL,
    status TEXT NOT NULL,
    opened_at BIGINT NOT NULL,
    kind TEXT NOT NULL,
    entity_id UUID NOT NULL,
    site_id UUID,
    PRIMARY KEY (org_id, id)
);
CREATE INDEX reviews_by_status ON reviews (org_id, status, opened_at, id);
CREATE INDEX reviews_by_entity ON reviews (org_id, kind, entity_id);
