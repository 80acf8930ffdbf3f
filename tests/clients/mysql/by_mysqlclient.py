"""mysqlclient: MariaDB's own C library under Python; several result sets, a stored cursor. See ../README.md."""

import hashlib
import os

import MySQLdb
import MySQLdb.cursors


def told(*what):
    print(*what, sep=" | ", flush=True)


env = os.environ
link = MySQLdb.connect(
    host=env["DB_HOST"], port=int(env["DB_PORT"]), user=env["DB_USER"], passwd=env["DB_PASSWORD"], db=env["DB_NAME"],
    ssl={"ca": env["DB_CA"]}, charset="utf8mb4",
)
cursor = link.cursor()
cursor.execute("SHOW SESSION STATUS LIKE 'Ssl_version'")
told("encrypted", cursor.fetchone()[1].startswith("TLSv1."))
for value in [42, 2.5, "O'Brien \\ 上海", None]:
    cursor.execute("SELECT %s AS it", [value])
    told("parameter", cursor.fetchone())
cursor.execute("SELECT hex(%s)", [b"\x00\xff'\\"])
told("bytes", cursor.fetchone())
cursor.execute("CREATE TABLE mysqlclient (id int AUTO_INCREMENT PRIMARY KEY, note text)")
told("batch", cursor.executemany("INSERT INTO mysqlclient (note) VALUES (%s)", [[f"row {n}"] for n in range(500)]))
told("last", cursor.lastrowid)
link.commit()
cursor.execute("DELETE FROM mysqlclient WHERE id > 10")
told("deleted", cursor.rowcount)
for sql in ["INSERT INTO mysqlclient VALUES (1, 'twice')", "SELEC", "SELECT nothing FROM nowhere"]:
    try:
        cursor.execute(sql)
        told("NOT REFUSED")
    except MySQLdb.Error as error:
        told("refused", *error.args)
link.rollback()
stream = link.cursor(MySQLdb.cursors.SSCursor)
stream.execute("SELECT id, note FROM mysqlclient ORDER BY id")
told("streamed", hashlib.sha256(repr(stream.fetchall()).encode()).hexdigest())
stream.close()
cursor.execute("DROP TABLE mysqlclient")
link.close()
