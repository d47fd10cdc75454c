DROP TABLE faults;
DROP TABLE inspections;
DROP TABLE rounds;
DROP TABLE templates;
