"""Many rows in every table, so that PostgreSQL chooses its plans as in a large school and every list has pages.

They are the world's rows again and again, with other keys. Of the rows that one names, as a comment names its author
and its lesson, a copy keeps one, each in turn, and takes others at random: so a lesson of the world has many comments,
by many, and its author has written in many lessons. What a plugin adds to the metadata is multiplied by itself.
"""

from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import TSVECTOR

from courseplatform.db import Base

ROWS = 10_000
#: Of how many rows of another table the copies choose theirs.
POOL = 2000
#: Of what a teacher or a course has a few dozens, however large the school is: how often a copy stays where it was.
FEW = {"courses": 4, "course_teachers": 4, "lessons": 12, "assignments": 4}


def crowd(connection: sa.Connection) -> None:
    """Multiply the rows of every table that has some. Triggers and foreign keys rest meanwhile."""
    connection.execute(sa.text("SET LOCAL statement_timeout = 0"))
    connection.execute(sa.text("SELECT setseed(0.5)"))  # the same each time, lest a plan be another one
    connection.execute(sa.text("SET LOCAL session_replication_role = replica"))
    for table in Base.metadata.sorted_tables:
        connection.execute(sa.text(copies_of(table)))
    connection.execute(sa.text("SET LOCAL session_replication_role = origin"))
    connection.execute(sa.text("ANALYZE"))
    # Reading them from end to end is as cheap as it is for tables of a few megabytes: a page read by an index is, too.
    connection.execute(sa.text("SET LOCAL random_page_cost = 1.1"))


def copies_of(table: sa.Table) -> str:
    unique = unique_columns(table)
    parents = {key.parent.name: key.column for key in table.foreign_keys}
    is_checked_late = any(getattr(one, "deferrable", False) for one in table.constraints)  # then none may be skipped
    most = FEW.get(table.name, ROWS)
    values, pools = [], []
    for column in table.columns:
        name = f's."{column.name}"'
        if column.name in parents:
            turn = f"(g / total) % {len(parents) + 1} = {len(pools)} AND g / total < {most}"
            pool, alias = parents[column.name], f"p{len(pools)}"
            pools.append(
                f"LEFT JOIN (SELECT {pool.name} AS id, row_number() OVER (ORDER BY random()) - 1 AS n FROM "
                f"(SELECT {pool.name} FROM {pool.table.name} LIMIT {POOL}) AS found) AS {alias} "
                f"ON {alias}.n = abs(hashint8(g * 31 + {len(pools)})::bigint) % least({POOL}, "
                f"(SELECT greatest(count(*), 1) FROM {pool.table.name}))"
            )
            values.append(f"CASE WHEN {name} IS NULL OR {turn} THEN {name} ELSE {alias}.id END")
        elif column.name in unique:
            values.append(another(column, name))
        elif isinstance(column.type, TSVECTOR):
            values.append("NULL")  # a search finds the world's own
        elif isinstance(column.type, sa.DateTime):
            values.append(f"{name} - make_interval(secs => g)")
        elif isinstance(column.type, sa.Boolean) and not column.nullable:
            values.append(f"{name} <> (hashint8(g * 31 + {len(values)}) % 4 = 0)")
        else:
            values.append(name)
    return f"""
        INSERT INTO {table.name} ({", ".join(f'"{column.name}"' for column in table.columns)})
        SELECT {", ".join(values)}
        FROM (SELECT *, row_number() OVER () - 1 AS seed, count(*) OVER () AS total FROM {table.name}) AS s
        JOIN generate_series(1, {ROWS}) AS g ON g % total = seed
        {" ".join(pools)}
        {"" if is_checked_late else "ON CONFLICT DO NOTHING"}
    """


def unique_columns(table: sa.Table) -> set[str]:
    """Names of the columns that have to differ from copy to copy. Where other rows are named, those differ."""
    sets = [{column.name for column in table.primary_key}]
    for constraint in table.constraints:
        if isinstance(constraint, sa.UniqueConstraint):
            sets.append({column.name for column in constraint.columns})
    for index in table.indexes:
        if index.unique:
            told = " ".join(map(str, index.expressions))
            sets.append({column.name for column in table.columns if column.name in told})
    foreign = {key.parent.name for key in table.foreign_keys}
    texts = {column.name for column in table.columns if isinstance(column.type, sa.String)}
    return {name for names in sets for name in (names - texts if names & foreign else names)}


def another(column: sa.Column[Any], name: str) -> str:
    if isinstance(column.type, sa.Uuid):
        return f"CASE WHEN {name} IS NULL THEN NULL ELSE md5(g || '{column}')::uuid END"
    if isinstance(column.type, sa.Integer):
        return "g + 1000"
    if isinstance(column.type, sa.String):
        return f"md5(g || {name}) || right({name}, 12)"
    return name
