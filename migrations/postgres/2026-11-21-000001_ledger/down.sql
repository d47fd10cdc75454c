DROP TABLE device_state;
DROP TABLE feed;
DROP TABLE held;
DROP TABLE journal_conflicts;
DROP TABLE journal;
DROP TABLE records;
DROP TABLE counters;
DROP TABLE organisations;
