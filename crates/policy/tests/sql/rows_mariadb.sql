DELETE FROM shop.orders; DELETE FROM shop.customers; DELETE FROM shop.pieces; DELETE FROM shop.sink; DELETE FROM shop.t; DELETE FROM shop.parts; DELETE FROM archive.old;
USE shop; INSERT INTO customers SELECT seq, CONCAT('name', seq), CONCAT('mail', seq) FROM seq_1_to_5;
INSERT INTO orders SELECT seq, 1 + seq % 5, seq, '2026-01-01', 'open' FROM seq_1_to_8;
INSERT INTO pieces SELECT seq, seq, 'thing' FROM seq_1_to_8;
INSERT INTO sink VALUES (1, 'a'), (2, 'b');
INSERT INTO t SELECT seq, seq, 'b', CONCAT('n', seq) FROM seq_1_to_5;
INSERT INTO parts VALUES (1), (20); INSERT INTO archive.old VALUES (1, 'a');
