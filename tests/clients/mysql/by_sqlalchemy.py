"""SQLAlchemy and Alembic's operations over PyMySQL: what an ORM asks, DDL that commits by itself. See ../README.md."""

import os

import sqlalchemy
from alembic.migration import MigrationContext
from alembic.operations import Operations
from sqlalchemy import text


def told(*what):
    print(*what, sep=" | ", flush=True)


env = os.environ
url = sqlalchemy.engine.URL.create(
    "mysql+pymysql", env["DB_USER"], env["DB_PASSWORD"], env["DB_HOST"], int(env["DB_PORT"]), env["DB_NAME"]
)
engine = sqlalchemy.create_engine(url, pool_pre_ping=True, connect_args={"ssl": {"ca": env["DB_CA"]}})
table = sqlalchemy.Table(
    "alchemy", sqlalchemy.MetaData(),
    sqlalchemy.Column("id", sqlalchemy.Integer, primary_key=True),
    sqlalchemy.Column("note", sqlalchemy.String(50), unique=True),
)
table.create(engine)
with engine.begin() as link:
    link.execute(table.insert(), [{"note": f"row {n}"} for n in range(100)])
with engine.connect() as link:
    with link.begin():
        operations = Operations(MigrationContext.configure(link))
        operations.add_column("alchemy", sqlalchemy.Column("total", sqlalchemy.Integer, server_default="7"))
        operations.create_index("alchemy_total", "alchemy", ["total"])
    told("rows", link.execute(text("SELECT count(*), sum(total) FROM alchemy")).all())
    try:
        link.execute(table.insert(), {"note": "row 1"})
    except sqlalchemy.exc.IntegrityError as error:
        told("refused", error.orig.args)
told("columns", [column["name"] for column in sqlalchemy.inspect(engine).get_columns("alchemy")])
table.drop(engine)
