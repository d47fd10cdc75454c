DROP TABLE reviews;
DROP TABLE directory;
DROP TABLE labour;
DROP TABLE work_orders;
