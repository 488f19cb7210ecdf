"""Rows by the thousand, as if they had come over the years."""

from typing import Any

import sqlalchemy as sa

from courseplatform.testing import Client
from tests.factories.courses import id_of


def fill(connection: sa.Connection, table: str, select: str, **values: Any) -> None:
    """Insert what ``select`` yields, each column under its name, however busy the machine is.

    The planner is told, as it would have been by and by: a connection that met the table when it was small would read
    all of it for each row that a foreign key checks.
    """
    raw: Any = connection.connection.dbapi_connection
    bound_s, raw.bound_s = raw.bound_s, None
    try:
        connection.execute(sa.text("SET LOCAL statement_timeout = 0"))
        names = ", ".join(connection.execute(sa.text(f"{select} LIMIT 0"), values).keys())
        connection.execute(sa.text(f"INSERT INTO {table} ({names}) {select}"), values)
        connection.execute(sa.text(f"ANALYZE {table}"))
        connection.execute(sa.text("SET LOCAL statement_timeout TO DEFAULT"))
    finally:
        raw.bound_s = bound_s


def enrol_many(client: Client, course: str, count: int) -> None:
    """Students of a course, ``many1`` and so on; nobody is told."""
    with client.script() as request:
        connection = request.db.connection()
        fill(
            connection,
            "users",
            "SELECT gen_random_uuid() AS id, 'many' || n AS username, n || '@example.com' AS email, 'student' AS role,"
            " '' AS first_name, '' AS last_name, 'en' AS locale, 'UTC' AS timezone, true AS is_active,"
            " now() AS created_at FROM generate_series(1, :count) AS n",
            count=count,
        )
        fill(
            connection,
            "enrollments",
            "SELECT gen_random_uuid() AS id, CAST(:course AS uuid) AS course_id, id AS student_id,"
            " 'active' AS status, now() AS enrolled_at FROM users WHERE username LIKE 'many%'",
            course=id_of(course),
        )
