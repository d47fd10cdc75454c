DROP TABLE back_fills;
DROP TABLE complaint_facts;
ALTER TABLE order_facts DROP COLUMN material_unpriced;
ALTER TABLE order_facts DROP COLUMN material_minor;
DROP INDEX return_visits_to_watch;
ALTER TABLE return_visits DROP COLUMN watch_at;
