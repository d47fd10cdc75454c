DROP TABLE quote_links;
