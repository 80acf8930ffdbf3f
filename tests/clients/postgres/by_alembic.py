"""Alembic, a migration tool: two revisions up, one down, in transactions of its own. libpq's environment."""

import pathlib
import tempfile

import alembic.command
import alembic.config
import sqlalchemy

ENVIRONMENT = """
from alembic import context
connectable = context.config.attributes["engine"]
with connectable.connect() as connection:
    context.configure(connection=connection, transaction_per_migration=True)
    with context.begin_transaction():
        context.run_migrations()
"""

FIRST = """
import sqlalchemy as sa
from alembic import op
revision, down_revision = "one", None
def upgrade():
    op.create_table("migrated", sa.Column("id", sa.Integer, primary_key=True), sa.Column("note", sa.Text))
    op.bulk_insert(sa.table("migrated", sa.column("id"), sa.column("note")), [{"id": n, "note": str(n)} for n in range(5)])
def downgrade():
    op.drop_table("migrated")
"""

SECOND = """
import sqlalchemy as sa
from alembic import op
revision, down_revision = "two", "one"
def upgrade():
    op.add_column("migrated", sa.Column("total", sa.Integer, nullable=False, server_default="0"))
    op.create_index("migrated_note", "migrated", ["note"], unique=True)
    op.execute("UPDATE migrated SET total = id * 2")
def downgrade():
    op.drop_index("migrated_note")
    op.drop_column("migrated", "total")
"""


def shape(engine, step):
    with engine.connect() as link:
        columns = [column["name"] for column in sqlalchemy.inspect(link).get_columns("migrated")]
        version = link.execute(sqlalchemy.text("SELECT version_num FROM alembic_version")).scalar()
        rows = link.execute(sqlalchemy.text("SELECT * FROM migrated ORDER BY id")).all()
        print(step, version, columns, rows, sep=" | ", flush=True)


engine = sqlalchemy.create_engine("postgresql+psycopg2://")
with tempfile.TemporaryDirectory() as folder:
    versions = pathlib.Path(folder, "versions")
    versions.mkdir()
    pathlib.Path(folder, "env.py").write_text(ENVIRONMENT)
    (versions / "one.py").write_text(FIRST)
    (versions / "two.py").write_text(SECOND)
    config = alembic.config.Config()
    config.set_main_option("script_location", folder)
    config.attributes["engine"] = engine
    alembic.command.upgrade(config, "head")
    shape(engine, "up")
    alembic.command.downgrade(config, "one")
    shape(engine, "down")
    alembic.command.downgrade(config, "base")
with engine.begin() as link:
    link.execute(sqlalchemy.text("DROP TABLE alembic_version"))
