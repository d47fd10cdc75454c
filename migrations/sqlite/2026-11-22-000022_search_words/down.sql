-- The older server cuts texts in its own way, and enters them all anew when it starts.
INSERT INTO search_grams (search_grams) VALUES ('delete-all');
DELETE FROM search_texts;
