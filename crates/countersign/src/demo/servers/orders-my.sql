-- The same shop, smaller. This server proves passwords by mysql_native_password; it has no caching_sha2_password.
CREATE DATABASE orders;
CREATE USER orders_app@'127.0.0.1' IDENTIFIED VIA mysql_native_password USING PASSWORD('{orders_app}') REQUIRE SSL;
CREATE USER orders_read@'127.0.0.1' IDENTIFIED VIA mysql_native_password USING PASSWORD('{orders_read}') REQUIRE SSL;
GRANT ALL ON orders.* TO orders_app@'127.0.0.1';
GRANT SELECT, SHOW VIEW ON orders.* TO orders_read@'127.0.0.1';
USE orders;
CREATE TABLE customers (
    id integer PRIMARY KEY, name varchar(100) NOT NULL, city varchar(100) NOT NULL, email varchar(100) NOT NULL
);
CREATE TABLE orders (
    id integer PRIMARY KEY,
    customer_id integer NOT NULL,
    placed datetime NOT NULL,
    state varchar(20) NOT NULL,
    total decimal(10, 2) NOT NULL,
    FOREIGN KEY (customer_id) REFERENCES customers (id) ON DELETE CASCADE
);
CREATE TABLE items (
    order_id integer, line smallint, article varchar(100) NOT NULL, amount integer NOT NULL,
    PRIMARY KEY (order_id, line),
    FOREIGN KEY (order_id) REFERENCES orders (id) ON DELETE CASCADE
);
INSERT INTO customers
SELECT seq, concat('Customer ', seq), elt(1 + seq % 4, 'Lisboa', '上海', 'Lagos', 'Bergen'),
    concat('c', seq, '@example.org')
FROM seq_1_to_1000;
INSERT INTO orders
SELECT seq, 1 + seq % 1000, timestamp('2024-01-01') + INTERVAL seq MINUTE,
    if(seq % 20 = 0, 'returned', 'paid'), 5 + seq % 500
FROM seq_1_to_50000;
INSERT INTO items SELECT seq * 10, 1, concat('Article ', seq % 300), 1 + seq % 3 FROM seq_1_to_5000;
CREATE SQL SECURITY INVOKER VIEW sales AS
SELECT date_format(placed, '%Y-%m') AS month, count(*) AS orders, sum(total) AS total FROM orders GROUP BY month;
ANALYZE TABLE customers, orders, items;
