DROP DATABASE IF EXISTS shop; DROP DATABASE IF EXISTS archive; DROP DATABASE IF EXISTS made;
DROP USER IF EXISTS app, made, mallory; DROP ROLE IF EXISTS made_role; DROP SERVER IF EXISTS made;
CREATE USER app IDENTIFIED BY 'secret'; GRANT SELECT ON shop.* TO app;
CREATE DATABASE shop; CREATE DATABASE archive; USE shop;
CREATE TABLE customers (id INT PRIMARY KEY, name VARCHAR(40), email VARCHAR(40));
CREATE TABLE orders (id INT PRIMARY KEY, customer_id INT, amount INT, at DATETIME DEFAULT NOW(), state VARCHAR(20), FOREIGN KEY (customer_id) REFERENCES customers (id) ON DELETE CASCADE);
CREATE TABLE pieces (id INT AUTO_INCREMENT PRIMARY KEY, order_id INT, what VARCHAR(40));
CREATE TABLE sink (id INT, what VARCHAR(40));
CREATE TABLE t (id INT PRIMARY KEY, a INT, b VARCHAR(20), name VARCHAR(20));
CREATE TABLE parts (id INT) PARTITION BY RANGE (id) (PARTITION low VALUES LESS THAN (10), PARTITION high VALUES LESS THAN MAXVALUE);
CREATE TABLE archive.old (id INT, what VARCHAR(40));
CREATE SEQUENCE counter NOCACHE;
CREATE VIEW open_orders AS SELECT * FROM orders WHERE state = 'open';
SET GLOBAL general_log = 0, GLOBAL slow_query_log = 0, GLOBAL sql_mode = DEFAULT, GLOBAL read_only = 0;

CREATE FUNCTION shop.erase() RETURNS INT MODIFIES SQL DATA BEGIN DELETE FROM shop.sink; RETURN 1; END

CREATE FUNCTION shop.now() RETURNS INT MODIFIES SQL DATA BEGIN DELETE FROM shop.sink; RETURN 1; END

CREATE PROCEDURE shop.clean() DELETE FROM shop.sink

CREATE DATABASE IF NOT EXISTS checks

DROP PROCEDURE IF EXISTS checks.state

CREATE PROCEDURE checks.state()
BEGIN
  DECLARE query LONGTEXT;
  DECLARE done INT DEFAULT 0;
  DECLARE tables_of CURSOR FOR
    SELECT CONCAT('SELECT CONCAT(''row ', c.table_schema, '.', c.table_name, ' '', MD5(CONCAT_WS(''|'', ',
        GROUP_CONCAT(CONCAT('IFNULL(HEX(`', c.column_name, '`), ''-'')') ORDER BY c.ordinal_position),
        '))) FROM `', c.table_schema, '`.`', c.table_name, '`')
    FROM information_schema.columns c JOIN information_schema.tables t USING (table_schema, table_name)
    WHERE t.table_type IN ('BASE TABLE', 'SYSTEM VERSIONED') AND c.table_schema IN ('shop', 'archive', 'made')
    GROUP BY c.table_schema, c.table_name;
  DECLARE CONTINUE HANDLER FOR NOT FOUND SET done = 1;
  OPEN tables_of;
  all_tables: LOOP
    FETCH tables_of INTO query;
    IF done THEN LEAVE all_tables; END IF;
    EXECUTE IMMEDIATE query;
  END LOOP;
  CLOSE tables_of;
  IF EXISTS (SELECT 1 FROM information_schema.tables WHERE table_schema = 'shop' AND table_name = 'counter' AND table_type = 'SEQUENCE') THEN
    EXECUTE IMMEDIATE 'SELECT CONCAT(''sequence shop.counter '', next_not_cached_value) FROM shop.counter';
  END IF;
  SELECT CONCAT('catalogue table ', table_schema, '.', table_name, ' ', table_type, ' ', IFNULL(engine, '-'), ' ', IFNULL(create_options, '-'), ' ', IFNULL(table_collation, '-'), ' ', MD5(IFNULL(table_comment, '-'))) FROM information_schema.tables
    WHERE table_schema IN ('shop', 'archive', 'made');
  SELECT CONCAT('catalogue column ', table_schema, '.', table_name, '.', column_name, ' ', MD5(CONCAT_WS('|', ordinal_position, IFNULL(column_default, '-'), is_nullable, column_type, column_key, extra, column_comment))) FROM information_schema.columns
    WHERE table_schema IN ('shop', 'archive', 'made');
  SELECT CONCAT('catalogue index ', table_schema, '.', table_name, '.', index_name, ' ', column_name) FROM information_schema.statistics
    WHERE table_schema IN ('shop', 'archive', 'made');
  SELECT CONCAT('catalogue partition ', table_schema, '.', table_name, '.', partition_name) FROM information_schema.partitions WHERE table_schema IN ('shop', 'archive', 'made') AND partition_name IS NOT NULL;
  SELECT CONCAT('catalogue constraint ', constraint_schema, '.', table_name, '.', constraint_name) FROM information_schema.table_constraints WHERE constraint_schema IN ('shop', 'archive', 'made');
  SELECT CONCAT('catalogue view ', table_schema, '.', table_name, ' ', MD5(view_definition)) FROM information_schema.views WHERE table_schema IN ('shop', 'archive', 'made');
  SELECT CONCAT('catalogue routine ', routine_schema, '.', routine_name, ' ', MD5(IFNULL(routine_definition, '-'))) FROM information_schema.routines WHERE routine_schema <> 'sys';
  SELECT CONCAT('catalogue trigger ', trigger_schema, '.', trigger_name) FROM information_schema.triggers WHERE trigger_schema IN ('shop', 'archive', 'made');
  SELECT CONCAT('catalogue event ', event_schema, '.', event_name, ' ', status) FROM information_schema.events;
  SELECT CONCAT('catalogue schema ', schema_name, ' ', default_collation_name) FROM information_schema.schemata;
  SELECT CONCAT('catalogue plugin ', plugin_name, ' ', plugin_status) FROM information_schema.all_plugins;
  SELECT CONCAT('catalogue right ', MD5(CONCAT_WS('|', host, user, JSON_REMOVE(priv, '$.password_last_changed')))) FROM mysql.global_priv;
  SELECT CONCAT('catalogue right ', MD5(CONCAT_WS('|', host, db, user, select_priv, insert_priv, update_priv, delete_priv, create_priv, drop_priv, grant_priv, alter_priv, execute_priv))) FROM mysql.db;
  SELECT CONCAT('catalogue right ', MD5(CONCAT_WS('|', host, db, user, table_name, table_priv, column_priv))) FROM mysql.tables_priv;
  SELECT CONCAT('catalogue right ', MD5(CONCAT_WS('|', host, user, role, admin_option))) FROM mysql.roles_mapping;
  SELECT CONCAT('catalogue server ', server_name) FROM mysql.servers;
  SELECT CONCAT('setting ', variable_name, ' ', variable_value) FROM information_schema.global_variables
    WHERE variable_name NOT LIKE 'gtid%' AND variable_name NOT IN ('innodb_buffer_pool_dump_at_shutdown');
END
