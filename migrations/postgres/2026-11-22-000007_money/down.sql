DROP INDEX work_orders_under_warranty;
ALTER TABLE work_orders DROP COLUMN warranty_until;
DROP TABLE payments;
