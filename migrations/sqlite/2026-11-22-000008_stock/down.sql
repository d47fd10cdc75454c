DROP TABLE reserved;
DROP TABLE stock_counts;
DROP TABLE stock_serials;
DROP TABLE stock_moves;
DROP TABLE stock_levels;
