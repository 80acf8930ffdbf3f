-- A shop: customers, a million orders, what was ordered. Deleting a customer deletes the orders and their items.
CREATE ROLE orders_app LOGIN PASSWORD '{orders_app}';
CREATE ROLE orders_read LOGIN PASSWORD '{orders_read}';
ALTER ROLE orders_read SET default_transaction_read_only = on;
CREATE DATABASE orders OWNER orders_app;
\connect orders
SET ROLE orders_app;
CREATE TABLE customers (id integer, name text NOT NULL, city text NOT NULL, email text NOT NULL);
CREATE TABLE orders (
    id integer,
    customer_id integer NOT NULL,
    placed timestamptz NOT NULL,
    state text NOT NULL,
    total numeric(10, 2) NOT NULL
);
CREATE TABLE items (order_id integer NOT NULL, line smallint, article text NOT NULL, amount integer NOT NULL);
INSERT INTO customers
SELECT n, 'Customer ' || n, (ARRAY['Lisboa', '上海', 'Lagos', 'Bergen'])[1 + n % 4], 'c' || n || '@example.org'
FROM generate_series(1, 10000) AS n;
INSERT INTO orders
SELECT n, 1 + n % 10000, timestamptz '2024-01-01 00:00Z' + n * interval '1 minute',
    CASE WHEN n % 20 = 0 THEN 'returned' ELSE 'paid' END, 5 + n % 500
FROM generate_series(1, 1000000) AS n;
INSERT INTO items
SELECT n * 10, 1, 'Article ' || n % 300, 1 + n % 3 FROM generate_series(1, 100000) AS n;
ALTER TABLE customers ADD PRIMARY KEY (id);
ALTER TABLE orders ADD PRIMARY KEY (id);
ALTER TABLE items ADD PRIMARY KEY (order_id, line);
CREATE INDEX ON orders (customer_id);
ALTER TABLE orders ADD FOREIGN KEY (customer_id) REFERENCES customers ON DELETE CASCADE;
ALTER TABLE items ADD FOREIGN KEY (order_id) REFERENCES orders ON DELETE CASCADE;
CREATE VIEW sales AS
SELECT date_trunc('month', placed) AS month, count(*) AS orders, sum(total) AS total FROM orders GROUP BY month;
GRANT SELECT ON ALL TABLES IN SCHEMA public TO orders_read;
RESET ROLE;
ANALYZE;
