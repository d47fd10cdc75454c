-- When somebody is to be told of a deadline of an order next; nothing to watch where it is NULL. A tick of the server
-- reads from this index what has fallen due, and nothing else.
ALTER TABLE work_orders ADD COLUMN watch_at BIGINT;
CREATE INDEX work_orders_by_watch ON work_orders (watch_at);
