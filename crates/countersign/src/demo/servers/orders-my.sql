-- The shop of orders-pg: customers, a million orders, what was ordered. Deleting a customer deletes the orders and their items.
CREATE DATABASE orders CHARACTER SET utf8mb4;
CREATE USER orders_app@'127.0.0.1' IDENTIFIED BY '{orders_app}' REQUIRE SSL;
CREATE USER orders_read@'127.0.0.1' IDENTIFIED BY '{orders_read}' REQUIRE SSL;
GRANT ALL ON orders.* TO orders_app@'127.0.0.1';
GRANT SELECT, SHOW VIEW ON orders.* TO orders_read@'127.0.0.1';
USE orders;
SET NAMES utf8mb4;
SET foreign_key_checks = 0;
CREATE TABLE customers (
    id INT PRIMARY KEY,
    name VARCHAR(60) NOT NULL,
    city VARCHAR(40) NOT NULL,
    email VARCHAR(80) NOT NULL
);
CREATE TABLE orders (
    id INT PRIMARY KEY,
    customer_id INT NOT NULL,
    placed DATETIME NOT NULL,
    state VARCHAR(10) NOT NULL,
    total DECIMAL(10, 2) NOT NULL
);
CREATE TABLE items (
    order_id INT NOT NULL,
    line SMALLINT NOT NULL,
    article VARCHAR(40) NOT NULL,
    amount INT NOT NULL,
    PRIMARY KEY (order_id, line),
    FOREIGN KEY (order_id) REFERENCES orders (id) ON DELETE CASCADE
);
INSERT INTO customers
SELECT seq, CONCAT('Customer ', seq), ELT(1 + seq % 4, 'Lisboa', '上海', 'Lagos', 'Bergen'), CONCAT('c', seq, '@example.org')
FROM seq_1_to_10000;
INSERT INTO orders
SELECT seq, 1 + seq % 10000, TIMESTAMP '2024-01-01 00:00:00' + INTERVAL seq MINUTE, IF(seq % 20, 'paid', 'returned'), 5 + seq % 500
FROM seq_1_to_1000000;
INSERT INTO items SELECT seq * 10, 1, CONCAT('Article ', seq % 300), 1 + seq % 3 FROM seq_1_to_100000;
-- Filled tables get their indexes faster than they are filled with them.
ALTER TABLE orders ADD KEY (customer_id);
ALTER TABLE orders ADD FOREIGN KEY (customer_id) REFERENCES customers (id) ON DELETE CASCADE;
CREATE VIEW sales AS
SELECT EXTRACT(YEAR_MONTH FROM placed) AS month, COUNT(*) AS orders, SUM(total) AS total FROM orders GROUP BY month;
ANALYZE TABLE customers, orders, items;
