DROP INDEX work_orders_under_warranty;
ALTER TABLE work_orders DROP COLUMN warranty_until;
DROP INDEX work_orders_by_signature;
ALTER TABLE work_orders DROP COLUMN passed;
ALTER TABLE work_orders DROP COLUMN signed_at;
DROP TABLE payments;
