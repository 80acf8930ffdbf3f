"""psycopg 3: the extended protocol, binary and text, pipeline mode, COPY, cancellation. The environment is libpq's."""

import datetime
import decimal
import hashlib
import threading
import uuid

import psycopg
from psycopg.types.json import Json


def told(*what):
    print(*what, sep=" | ", flush=True)


def fails(act):
    try:
        act()
    except psycopg.Error as error:
        told("refused", error.sqlstate, error.diag.message_primary)
    else:
        told("NOT REFUSED")


VALUES = [
    42,
    2.5,
    decimal.Decimal("12345678901234567890.123"),
    "O'Brien \\ 上海",
    b"\x00\xff'\\",
    True,
    None,
    datetime.date(2026, 11, 23),
    datetime.datetime(2026, 11, 23, 12, 0, tzinfo=datetime.timezone.utc),
    datetime.timedelta(days=1, seconds=2),
    uuid.UUID(int=7),
    [1, 2, 3],
    Json({"a": [1, None]}),
]


def queries(connection):
    told("encrypted", connection.pgconn.ssl_in_use)
    told("simple", connection.execute("SELECT 1; SELECT 2").fetchall())
    for value in VALUES:
        text = connection.execute("SELECT %s AS it", [value], binary=False).fetchone()
        binary = connection.execute("SELECT %b AS it", [value], binary=True).fetchone()
        told("parameter", text, binary)
    for turn in range(8):
        told("prepared", connection.execute("SELECT %s::int * 2", [turn], prepare=True).fetchone())
    with connection.cursor(binary=True) as cursor:
        cursor.execute("SELECT n, repeat('x', 200) FROM generate_series(1, 100000) AS n")
        rows = cursor.fetchall()
        told("large", len(rows), hashlib.sha256(repr(rows).encode()).hexdigest())
    told("wide", len(connection.execute("SELECT %s::text", ["y" * 5_000_000]).fetchone()[0]))
    fails(lambda: connection.execute("SELECT 1/0"))
    fails(lambda: connection.execute("SELECT nothing FROM nowhere"))
    fails(lambda: connection.execute("SELECT %s::int", ["no number"]))


def transactions(connection):
    connection.execute("CREATE TABLE psycopg3 (id int PRIMARY KEY, note text)")
    with connection.transaction():
        connection.execute("INSERT INTO psycopg3 VALUES (1, 'kept')")
    try:
        with connection.transaction():
            connection.execute("INSERT INTO psycopg3 VALUES (2, 'lost')")
            fails(lambda: connection.execute("INSERT INTO psycopg3 VALUES (1, 'again')"))
            fails(lambda: connection.execute("SELECT 1"))
            raise psycopg.Rollback
    except psycopg.Rollback:
        pass
    with connection.transaction():
        with connection.transaction(force_rollback=True):
            connection.execute("DELETE FROM psycopg3")
        told("savepoint", connection.execute("SELECT * FROM psycopg3").fetchall())
        with connection.cursor("named") as cursor:
            cursor.execute("SELECT n FROM generate_series(1, 10) AS n")
            told("cursor", cursor.fetchmany(3), cursor.fetchmany(3))
            cursor.scroll(2)
            told("cursor", cursor.fetchall())


def batches(connection):
    with connection.cursor() as cursor:
        cursor.executemany("INSERT INTO psycopg3 VALUES (%s, %s)", [(n, f"row {n}") for n in range(10, 30)])
        told("batch", cursor.rowcount)
    with connection.pipeline() as pipeline:
        cursors = [connection.execute("SELECT %s::int + 1", [n]) for n in range(20)]
        pipeline.sync()
        told("pipeline", [cursor.fetchone()[0] for cursor in cursors])
    try:
        with connection.pipeline():
            connection.execute("INSERT INTO psycopg3 VALUES (100, 'in a pipeline')")
            connection.execute("INSERT INTO psycopg3 VALUES (100, 'twice')")
            connection.execute("INSERT INTO psycopg3 VALUES (101, 'after the error')")
    except psycopg.Error as error:
        told("pipeline refused", error.sqlstate)
    told("after", connection.execute("SELECT count(*) FROM psycopg3 WHERE id >= 100").fetchone())


def copies(connection):
    with connection.cursor() as cursor:
        with cursor.copy("COPY psycopg3 FROM STDIN") as copy:
            for n in range(1000, 6000):
                copy.write_row((n, f"tab\tline\n{n}"))
        told("copy in", cursor.rowcount)
        digest = hashlib.sha256()
        with cursor.copy("COPY (SELECT * FROM psycopg3 ORDER BY id) TO STDOUT (FORMAT binary)") as copy:
            for data in copy:
                digest.update(data)
        told("copy out", cursor.rowcount, digest.hexdigest())
        try:
            with cursor.copy("COPY psycopg3 FROM STDIN") as copy:
                copy.write("not a row\n")
        except psycopg.Error as error:
            told("copy refused", error.sqlstate)
        try:
            with cursor.copy("COPY psycopg3 FROM STDIN") as copy:
                copy.write_row((9999, "never"))
                raise ValueError("the client changed its mind")
        except psycopg.errors.QueryCanceled:
            told("copy given up", connection.info.transaction_status.name)


def signals(connection):
    timer = threading.Timer(0.5, connection.cancel)
    timer.start()
    fails(lambda: connection.execute("SELECT pg_sleep(60)"))
    timer.join()
    told("after the cancel", connection.execute("SELECT 1").fetchone())
    notices = []
    connection.add_notice_handler(lambda notice: notices.append((notice.severity, notice.message_primary)))
    connection.execute("DO $$ BEGIN RAISE NOTICE 'mind the gap'; END $$")
    told("notice", notices)
    connection.execute("LISTEN news")
    with psycopg.connect(autocommit=True) as other:
        other.execute("NOTIFY news, 'one'")
        other.execute("SELECT pg_notify('news', 'two')")
    heard = connection.notifies()
    told("heard", [(next(heard).payload) for _ in range(2)])
    heard.close()


with psycopg.connect(autocommit=True) as link:
    queries(link)
    transactions(link)
    batches(link)
    copies(link)
    signals(link)
    link.execute("DROP TABLE psycopg3")
told("end", link.closed)
