DROP TABLE order_facts;
