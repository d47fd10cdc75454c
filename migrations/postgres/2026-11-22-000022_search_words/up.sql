-- Texts are cut in another way than before (whole words, the day of what they are about): the server enters them all anew when it
-- starts.
TRUNCATE search_grams, search_texts;
