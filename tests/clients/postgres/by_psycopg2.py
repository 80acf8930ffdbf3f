"""psycopg2: the simple protocol with literals in the text, COPY from files, cancellation. The environment is libpq's."""

import datetime
import decimal
import hashlib
import io
import select
import threading

import psycopg2
import psycopg2.extras


def told(*what):
    print(*what, sep=" | ", flush=True)


def fails(cursor, sql, values=None):
    try:
        cursor.execute(sql, values)
    except psycopg2.Error as error:
        told("refused", error.pgcode, error.diag.message_primary)
    else:
        told("NOT REFUSED")


VALUES = [
    42,
    2.5,
    decimal.Decimal("12345678901234567890.123"),
    "O'Brien \\ 上海",
    True,
    None,
    datetime.date(2026, 11, 23),
    datetime.datetime(2026, 11, 23, 12, 0, tzinfo=datetime.timezone.utc),
    datetime.timedelta(days=1, seconds=2),
    [1, 2, 3],
    ["a'b", "c\\d"],
]


def queries(cursor):
    for value in VALUES:
        cursor.execute("SELECT %s AS it", [value])
        told("parameter", cursor.fetchone())
    cursor.execute("SELECT %s::bytea", [psycopg2.Binary(b"\x00\xff'\\")])
    told("bytes", bytes(cursor.fetchone()[0]))
    cursor.execute("SELECT 1; SELECT 2")
    told("several", cursor.fetchall(), cursor.statusmessage)
    cursor.execute("SELECT n, repeat('x', 200) FROM generate_series(1, 100000) AS n")
    rows = cursor.fetchall()
    told("large", len(rows), hashlib.sha256(repr(rows).encode()).hexdigest())
    for sql in ["SELECT 1/0", "SELECT nothing FROM nowhere"]:
        fails(cursor, sql)
        cursor.connection.rollback()


def transactions(link, cursor):
    cursor.execute("CREATE TABLE psycopg2 (id int PRIMARY KEY, note text)")
    psycopg2.extras.execute_values(cursor, "INSERT INTO psycopg2 VALUES %s", [(n, f"row {n}") for n in range(50)])
    link.commit()
    cursor.execute("DELETE FROM psycopg2")
    fails(cursor, "INSERT INTO psycopg2 VALUES (1, 'a'), (1, 'b')")
    fails(cursor, "SELECT 1")
    link.rollback()
    psycopg2.extras.execute_batch(cursor, "UPDATE psycopg2 SET note = %s WHERE id = %s", [("new", n) for n in range(10)])
    cursor.execute("SELECT note, count(*) FROM psycopg2 GROUP BY note ORDER BY count(*) DESC, note LIMIT 2")
    told("rows", cursor.fetchall())
    link.commit()
    with link.cursor("named") as named:
        named.execute("SELECT n FROM generate_series(1, 10) AS n")
        told("cursor", named.fetchmany(3), named.fetchall())
    link.commit()


def copies(link, cursor):
    lines = "".join(f"{n}\tline {n}\n" for n in range(1000, 6000))
    cursor.copy_expert("COPY psycopg2 FROM STDIN", io.StringIO(lines))
    told("copy in", cursor.rowcount)
    out = io.BytesIO()
    cursor.copy_expert("COPY (SELECT * FROM psycopg2 ORDER BY id) TO STDOUT (FORMAT csv)", out)
    told("copy out", hashlib.sha256(out.getvalue()).hexdigest())
    try:
        cursor.copy_expert("COPY psycopg2 FROM STDIN", io.StringIO("not a row\n"))
    except psycopg2.Error as error:
        told("copy refused", error.pgcode)
    link.rollback()


def signals(link, cursor):
    timer = threading.Timer(0.5, link.cancel)
    timer.start()
    fails(cursor, "SELECT pg_sleep(60)")
    timer.join()
    link.rollback()
    link.autocommit = True
    cursor.execute("DO $$ BEGIN RAISE WARNING 'mind the gap'; END $$")
    told("notice", link.notices)
    cursor.execute("LISTEN news")
    cursor.execute("NOTIFY news, 'one'")
    while not link.notifies:
        select.select([link], [], [], 10)
        link.poll()
    told("heard", [notify.payload for notify in link.notifies])


connection = psycopg2.connect("")
with connection.cursor() as work:
    told("encrypted", connection.info.ssl_in_use)
    queries(work)
    transactions(connection, work)
    copies(connection, work)
    signals(connection, work)
    work.execute("DROP TABLE psycopg2")
connection.close()
