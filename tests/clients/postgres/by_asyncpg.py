"""asyncpg: named prepared statements, binary values, COPY, cancellation. It reads libpq's environment."""

import asyncio
import datetime
import decimal
import hashlib
import io
import uuid

import asyncpg


def told(*what):
    print(*what, sep=" | ", flush=True)


async def fails(act):
    try:
        await act
    except asyncpg.PostgresError as error:
        told("refused", error.sqlstate, error.message)
    else:
        told("NOT REFUSED")


VALUES = [
    ("int", 42),
    ("float8", 2.5),
    ("numeric", decimal.Decimal("12345678901234567890.123")),
    ("text", "O'Brien \\ 上海"),
    ("bytea", b"\x00\xff'\\"),
    ("bool", True),
    ("text", None),
    ("date", datetime.date(2026, 11, 23)),
    ("timestamptz", datetime.datetime(2026, 11, 23, 12, 0, tzinfo=datetime.timezone.utc)),
    ("interval", datetime.timedelta(days=1, seconds=2)),
    ("uuid", uuid.UUID(int=7)),
    ("int[]", [1, 2, 3]),
    ("json", '{"a": [1, null]}'),
]


async def queries(link):
    told("simple", await link.execute("SELECT 1; SELECT 2"))
    for name, value in VALUES:
        told("parameter", await link.fetchval(f"SELECT $1::{name}", value))
    statement = await link.prepare("SELECT $1::int * 2 AS twice")
    told("described", [(column.name, column.type.name) for column in statement.get_attributes()])
    told("prepared", [await statement.fetchval(n) for n in range(8)])
    rows = await link.fetch("SELECT n, repeat('x', 200) FROM generate_series(1, 100000) AS n")
    told("large", len(rows), hashlib.sha256(repr([tuple(row) for row in rows]).encode()).hexdigest())
    await fails(link.fetch("SELECT 1/0"))
    await fails(link.fetch("SELECT nothing FROM nowhere"))


async def transactions(link):
    await link.execute("CREATE TABLE asyncpg (id int PRIMARY KEY, note text)")
    told("batch", await link.executemany("INSERT INTO asyncpg VALUES ($1, $2)", [(n, f"row {n}") for n in range(50)]))
    transaction = link.transaction()
    await transaction.start()
    told("deleted", await link.execute("DELETE FROM asyncpg"))
    await fails(link.execute("INSERT INTO asyncpg VALUES (1, 'a'), (1, 'b')"))
    await fails(link.fetch("SELECT 1"))
    await transaction.rollback()
    async with link.transaction(isolation="repeatable_read", readonly=True):
        cursor = await link.cursor("SELECT id FROM asyncpg ORDER BY id")
        told("cursor", await cursor.fetch(3), await cursor.fetch(3))
        await fails(link.execute("SAVEPOINT s; DELETE FROM asyncpg; ROLLBACK TO s"))
    told("rows", await link.fetchval("SELECT count(*) FROM asyncpg"))


async def copies(link):
    rows = [(n, f"line {n}") for n in range(1000, 6000)]
    told("copy in", await link.copy_records_to_table("asyncpg", records=rows))
    out = io.BytesIO()
    told("copy out", await link.copy_from_query("SELECT * FROM asyncpg ORDER BY id", output=out))
    told("copied", hashlib.sha256(out.getvalue()).hexdigest())


async def signals(link):
    try:
        await link.execute("SELECT pg_sleep(60)", timeout=0.5)
    except asyncio.TimeoutError:
        told("timed out", await link.fetchval("SELECT 1"))
    heard = asyncio.Queue()
    await link.add_listener("news", lambda _link, _pid, _channel, payload: heard.put_nowait(payload))
    await link.execute("NOTIFY news, 'one'")
    told("heard", await asyncio.wait_for(heard.get(), 10))
    await link.reset()


async def main():
    link = await asyncpg.connect()
    await queries(link)
    await transactions(link)
    await copies(link)
    await signals(link)
    await link.execute("DROP TABLE asyncpg")
    await link.close()


asyncio.run(main())
