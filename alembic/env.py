"""Alembic's environment: for core's history, which is that of every built-in plugin, and for a plugin's own."""

import time
from importlib import import_module
from importlib.util import find_spec
from pkgutil import iter_modules

from alembic import context
from sqlalchemy import NullPool, create_engine, text

import plugins
from courseplatform.db import Base
from courseplatform.histories import History, is_own, keep_record, table_names

# An arbitrary number: processes that migrate at the same time wait for each other.
MIGRATION_LOCK = 7_206_411

history: History = context.config.attributes["history"]

for name in ("files", "idempotency", "jobs"):
    import_module(f"courseplatform.{name}")
for module in iter_modules(plugins.__path__, "plugins."):
    if find_spec(f"{module.name}.models"):
        import_module(f"{module.name}.models")

engine = create_engine(
    context.config.get_main_option("sqlalchemy.url"),
    connect_args={"options": "-c lock_timeout=500ms -c timezone=UTC"},
    hide_parameters=True,
    poolclass=NullPool,  # a migration that fails gives the lock back too
)
with engine.connect() as connection:
    # Asked again and again: a statement that waits would be waited for by an index that is made CONCURRENTLY.
    while not connection.scalar(text("SELECT pg_try_advisory_lock(:key)"), {"key": MIGRATION_LOCK}):
        connection.commit()
        time.sleep(0.1)
    connection.commit()
    before, is_mine = table_names(connection), is_own(connection, history)
    connection.commit()

    def note(**_):
        keep_record(connection, history, table_names(connection) - before)

    context.configure(
        connection=connection,
        target_metadata=Base.metadata,
        version_table=history.version_table,
        include_name=lambda name, kind, parents: kind != "table" or is_mine(name),
        include_object=lambda thing, name, kind, *rest: kind != "table" or is_mine(name),
        on_version_apply=note,
        transaction_per_migration=True,
    )
    with context.begin_transaction():
        context.run_migrations()
    note()
    connection.commit()
