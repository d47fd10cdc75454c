DROP TABLE search_grams;
DROP SEQUENCE search_seq;
DROP TABLE search_texts;
