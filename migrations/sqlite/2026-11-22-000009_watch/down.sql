DROP INDEX work_orders_by_watch;
ALTER TABLE work_orders DROP COLUMN watch_at;
