DELETE FROM histories WHERE subject_id NOT IN (SELECT id FROM assets);
DROP INDEX histories_by_time;
DROP INDEX histories_by_record;
ALTER TABLE histories RENAME TO asset_history;
ALTER TABLE asset_history RENAME COLUMN subject_id TO asset_id;
CREATE INDEX asset_history_by_time ON asset_history (org_id, asset_id, at, id);
CREATE INDEX asset_history_by_record ON asset_history (org_id, kind, id);
DROP TABLE survey_links;
DROP TABLE return_visits;
