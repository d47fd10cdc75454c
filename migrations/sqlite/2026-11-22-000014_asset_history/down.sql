DROP TABLE asset_readings;
DROP TABLE asset_history;
