-- Every payment and what was given back, by day and by who took it. Written with the order; what came back counts below
-- zero. `site_id` decides who in the office sees it.
CREATE TABLE payments (
    org_id UUID NOT NULL REFERENCES organisations (id),
    op_id UUID NOT NULL,
    work_order_id UUID NOT NULL,
    site_id UUID NOT NULL,
    user_id UUID NOT NULL,
    method TEXT NOT NULL,
    minor BIGINT NOT NULL,
    at BIGINT NOT NULL,
    receipt TEXT,
    reference TEXT,
    PRIMARY KEY (org_id, op_id)
);
CREATE INDEX payments_by_day ON payments (org_id, at);
CREATE INDEX payments_by_user ON payments (org_id, user_id, at);

-- When the customer signed, and whether they accepted the work the first time and it was not done again.
ALTER TABLE work_orders ADD COLUMN signed_at BIGINT;
ALTER TABLE work_orders ADD COLUMN passed BOOLEAN;
CREATE INDEX work_orders_by_signature ON work_orders (org_id, signed_at) WHERE signed_at IS NOT NULL;

-- Until when the work of a signed order is under warranty, to notice a call about the same fault.
ALTER TABLE work_orders ADD COLUMN warranty_until BIGINT;
CREATE INDEX work_orders_under_warranty ON work_orders (org_id, unit_id, warranty_until) WHERE warranty_until IS NOT NULL;
