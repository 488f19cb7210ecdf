"""How PostgreSQL finds the rows of a statement: ``faults`` says what would grow with the tables."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple

import sqlalchemy as sa
from sqlalchemy import event

#: Of what one node of a plan may read or sort: a page with what it names, or what there is of it in one course.
FEW_ROWS = 200
#: A table that is no larger, since the world has nothing to multiply, tells nothing.
SMALL_TABLE_ROWS = 20
READ = ("Actual Rows", "Rows Removed by Filter", "Rows Removed by Index Recheck")


class Sent(NamedTuple):
    statement: str
    values: Any


@contextmanager
def sent_statements(connection: sa.Connection) -> Iterator[list[Sent]]:
    """What is read meanwhile."""
    found: list[Sent] = []

    def note(_: Any, cursor: Any, statement: str, values: Any, *rest: Any) -> None:
        if statement.lstrip("( ").startswith(("SELECT", "WITH")):
            found.append(Sent(statement, values))

    event.listen(connection, "before_cursor_execute", note)
    try:
        yield found
    finally:
        event.remove(connection, "before_cursor_execute", note)


def faults(connection: sa.Connection, sent: Sent) -> list[str]:
    """What reads a table from end to end, reads many rows to show few, or sorts many.

    The statement is run, since what a filter throws away is not in an estimate.
    """
    told = connection.exec_driver_sql(f"EXPLAIN (ANALYZE, TIMING OFF, FORMAT JSON) {sent.statement}", sent.values)
    found = told.scalar_one()
    plan = (json.loads(found) if isinstance(found, str) else found)[0]["Plan"]
    return [fault for node in nodes(plan) if (fault := fault_of(node))]


def nodes(plan: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield plan
    for child in plan.get("Plans", ()):
        yield from nodes(child)


def fault_of(node: dict[str, Any]) -> str:
    kind, table = node["Node Type"], node.get("Relation Name")
    if table is not None:
        rows = sum(node.get(key, 0) for key in READ)
        if rows > (SMALL_TABLE_ROWS if kind == "Seq Scan" else FEW_ROWS):
            how = " ".join(str(node[key]) for key in ("Index Name", "Index Cond", "Filter") if key in node)
            return f"{kind} of {rows:.0f} rows of {table}: {how[:300]}"
    elif kind == "Sort" and node["Plans"][0]["Actual Rows"] > FEW_ROWS:
        return f"Sort of {node['Plans'][0]['Actual Rows']:.0f} rows by {node['Sort Key']}"
    return ""
