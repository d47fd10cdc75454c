-- The older server cuts texts in its own way, and enters them all anew when it starts.
TRUNCATE search_grams, search_texts;
