-- When somebody is to be told that nobody called in time; see `src/return_visit/`. Of those that are due already, at once.
ALTER TABLE return_visits ADD COLUMN watch_at BIGINT;
UPDATE return_visits SET watch_at = max(due_at + 1, coalesce(next_at, 0)) WHERE due_at IS NOT NULL;
CREATE INDEX return_visits_to_watch ON return_visits (watch_at) WHERE watch_at IS NOT NULL;

-- What the material of an order is worth, in minor units, and how many uses of it have no price. Neither where none was used.
ALTER TABLE order_facts ADD COLUMN material_minor BIGINT;
ALTER TABLE order_facts ADD COLUMN material_unpriced BIGINT;
