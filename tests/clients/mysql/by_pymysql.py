"""PyMySQL: the text protocol with literals in the text, streaming, transactions, KILL QUERY. See ../README.md."""

import datetime
import decimal
import hashlib
import os
import threading

import pymysql
import pymysql.cursors


def told(*what):
    print(*what, sep=" | ", flush=True)


def connect(**options):
    env = os.environ
    return pymysql.connect(
        host=env["DB_HOST"], port=int(env["DB_PORT"]), user=env["DB_USER"], password=env["DB_PASSWORD"],
        database=env["DB_NAME"], ssl_ca=env["DB_CA"], ssl_verify_cert=True, ssl_verify_identity=True, **options
    )


def fails(cursor, sql, values=None):
    try:
        cursor.execute(sql, values)
    except pymysql.MySQLError as error:
        told("refused", *error.args)
    else:
        told("NOT REFUSED")


VALUES = [
    42,
    2.5,
    decimal.Decimal("1234567890.123"),
    "O'Brien \\ 上海",
    True,
    None,
    datetime.date(2026, 11, 23),
    datetime.datetime(2026, 11, 23, 12, 0),
]


def queries(link, cursor):
    for value in VALUES:
        cursor.execute("SELECT %s AS it", [value])
        told("parameter", cursor.fetchone())
    cursor.execute("SELECT hex(%s)", [b"\x00\xff'\\"])
    told("bytes", cursor.fetchone())
    cursor.execute("SELECT seq, repeat('x', 200) FROM seq_1_to_100000")
    rows = cursor.fetchall()
    told("large", len(rows), hashlib.sha256(repr(rows).encode()).hexdigest())
    cursor.execute("SELECT length(%s)", ["y" * 5_000_000])
    told("wide", cursor.fetchone())
    with link.cursor(pymysql.cursors.SSCursor) as stream:
        stream.execute("SELECT seq FROM seq_1_to_1000")
        told("streamed", sum(row[0] for row in stream))
    for sql in ["SELECT nothing FROM nowhere", "SELEC", "SELECT 1; SELECT 2"]:
        fails(cursor, sql)
    link.ping()
    told("server", link.get_server_info().split("-")[0] != "")


def transactions(link, cursor):
    cursor.execute("CREATE TABLE pymysql (id int PRIMARY KEY, note text) ENGINE=InnoDB")
    told("batch", cursor.executemany("INSERT INTO pymysql VALUES (%s, %s)", [(n, f"row {n}") for n in range(50)]))
    link.commit()
    told("deleted", cursor.execute("DELETE FROM pymysql"))
    fails(cursor, "INSERT INTO pymysql VALUES (1, 'a'), (1, 'b')")
    link.rollback()
    cursor.execute("SELECT count(*) FROM pymysql")
    told("rows", cursor.fetchall())
    link.autocommit(True)
    told("updated", cursor.execute("UPDATE pymysql SET note = 'new' WHERE id < 10"))
    cursor.execute("INSERT IGNORE INTO pymysql VALUES (1, 'again')")
    cursor.execute("SHOW WARNINGS")
    told("warnings", cursor.fetchall())
    cursor.execute("PREPARE twice FROM 'SELECT ? * 2'")
    cursor.execute("SET @n = 21")
    cursor.execute("EXECUTE twice USING @n")
    told("prepared", cursor.fetchall())


def killed(link, cursor):
    def kill():
        with connect() as other:
            other.cursor().execute(f"KILL QUERY {number}")

    cursor.execute("SELECT connection_id()")
    number = cursor.fetchone()[0]
    timer = threading.Timer(0.5, kill)
    timer.start()
    fails(cursor, "SELECT count(*) FROM seq_1_to_1000000000 WHERE seq % 7 = 3")
    timer.join()
    cursor.execute("DROP TABLE pymysql")


with connect() as connection, connection.cursor() as work:
    queries(connection, work)
    transactions(connection, work)
    killed(connection, work)
