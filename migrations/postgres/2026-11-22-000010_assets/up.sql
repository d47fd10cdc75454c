-- Assets by the columns by which they are listed. A date is written as yyyy-mm-dd. The day on which the certificate runs out and
-- what tells the serial apart are those of assets that are not retired.
CREATE TABLE assets (
    org_id UUID NOT NULL REFERENCES organisations (id),
    id UUID NOT NULL,
    name TEXT NOT NULL,
    asset_type TEXT NOT NULL,
    code TEXT,
    serial TEXT,
    serial_key TEXT,
    site_id UUID NOT NULL,
    building_id UUID,
    unit_id UUID,
    parent_id UUID,
    status TEXT NOT NULL,
    certificate_expires TEXT,
    PRIMARY KEY (org_id, id)
);
CREATE INDEX assets_by_name ON assets (org_id, name, id);
CREATE INDEX assets_by_site ON assets (org_id, site_id, name, id);
CREATE INDEX assets_by_building ON assets (org_id, building_id, name, id);
CREATE INDEX assets_by_unit ON assets (org_id, unit_id, name, id);
CREATE INDEX assets_by_parent ON assets (org_id, parent_id, name, id);
CREATE INDEX assets_by_serial ON assets (org_id, serial);
CREATE UNIQUE INDEX assets_once_per_serial ON assets (org_id, serial_key);
CREATE INDEX assets_by_certificate ON assets (org_id, certificate_expires, id) WHERE certificate_expires IS NOT NULL;

-- What an order is about.
ALTER TABLE work_orders ADD COLUMN asset_id UUID;
CREATE INDEX work_orders_by_asset ON work_orders (org_id, asset_id, received_at, id) WHERE asset_id IS NOT NULL;
