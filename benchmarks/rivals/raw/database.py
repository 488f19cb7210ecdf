"""A connection for each thread, on which each statement is prepared once."""

import os
import re
import threading
from contextlib import contextmanager

import psycopg2
from statements import STATEMENTS

kept = threading.local()


def connect():
    # One plan for all callers: planning the first pages anew takes longer than reading them.
    kept.connection = psycopg2.connect(os.environ["DATABASE_URL"], options="-c plan_cache_mode=force_generic_plan")
    kept.connection.autocommit = True
    kept.cursor, kept.prepared = kept.connection.cursor(), set()


def run(name, *values):
    """All rows. A statement alone is its own transaction."""
    if not hasattr(kept, "cursor"):
        connect()
    if name not in kept.prepared:
        kept.cursor.execute(f"PREPARE {name} AS {STATEMENTS[name]}")
        kept.prepared.add(name)
    kept.cursor.execute(EXECUTE[name], values)
    return kept.cursor.fetchall() if kept.cursor.description else []


@contextmanager
def transaction():
    kept.cursor.execute("BEGIN")
    try:
        yield
    except BaseException:
        kept.cursor.execute("ROLLBACK")
        raise
    kept.cursor.execute("COMMIT")


def arity(statement):
    return max(map(int, re.findall(r"\$(\d+)", statement)))


EXECUTE = {name: f"EXECUTE {name}({', '.join(['%s'] * arity(text))})" for name, text in STATEMENTS.items()}
