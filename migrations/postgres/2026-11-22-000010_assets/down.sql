DROP INDEX work_orders_by_asset;
ALTER TABLE work_orders DROP COLUMN asset_id;
DROP TABLE assets;
