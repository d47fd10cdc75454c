DROP INDEX assets_to_tell_of;
ALTER TABLE assets DROP COLUMN certificate_untold;
DROP INDEX work_orders_by_plan;
ALTER TABLE work_orders DROP COLUMN plan_id;
DROP TABLE notice_links;
DROP TABLE shutdown_notices;
DROP TABLE shutdowns;
DROP TABLE maintenance_plans;
