DROP TABLE complaint_people;
DROP TABLE complaints;
