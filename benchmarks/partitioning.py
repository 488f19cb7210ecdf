"""Does partitioning pay? ``python -m benchmarks.partitioning --rows 5000000`` makes the figures of docs/operations/growing.md.

On a PostgreSQL of its own (fsync on, 1 GB of buffers), which takes some 2.5 kB of disk a row until it ends. Each layout has the
columns, checks and indexes of the migrated table, without its foreign keys, and holds the same four years of rows. Times are
medians of a client that, like the platform, has each statement planned anew. Only the ratios mean anything elsewhere.
"""

import tempfile
import time
from argparse import ArgumentParser
from collections.abc import Iterator
from pathlib import Path
from statistics import median
from typing import Any

import psycopg2

from courseplatform.embedded import import_server, start_postgres
from courseplatform.migrations import migrate

#: Half-years of courses.
TERMS = 8
ASSIGNMENTS_A_TERM = 1250
STUDENTS = 100_000
HASHES = 16
BEGAN_MS = 1_640_995_200_000
TERM_MS = 182 * 86_400_000
TRIES = 400

SETTINGS = {"shared_buffers": "1GB", "max_wal_size": "8GB", "maintenance_work_mem": "256MB", "autovacuum": "off"}
#: An id of version 7: the time in its first 48 bits.
ID = "(lpad(to_hex({ms}), 12, '0') || '7' || substr(md5({salt}), 1, 3) || '8' || substr(md5({salt}), 4, 15))::uuid"
FUNCTIONS = f"""
CREATE FUNCTION id_at(ms bigint, salt text) RETURNS uuid LANGUAGE sql IMMUTABLE AS $$ SELECT {ID.format(ms="ms", salt="salt")} $$;
CREATE FUNCTION number_id(kind text, number bigint) RETURNS uuid LANGUAGE sql IMMUTABLE AS $$ SELECT md5(kind || number)::uuid $$;
CREATE FUNCTION scattered(i bigint, among bigint) RETURNS bigint LANGUAGE sql IMMUTABLE AS $$ SELECT abs(hashint8(i)::bigint) % among $$;
"""
ROWS = f"""
SELECT number_id('assignment', i * {TERMS} / {{rows}} * {ASSIGNMENTS_A_TERM} + scattered(i, {ASSIGNMENTS_A_TERM})) AS assignment_id,
    number_id('student', scattered(i + 1000003, {STUDENTS})) AS student_id, i AS attempt,
    md5('a' || i) || md5('b' || i) || md5('c' || i) || md5('d' || i) || md5('e' || i) || md5('f' || i) AS text,
    md5('g' || i) || md5('h' || i) AS content_sha256,
    id_at({BEGAN_MS} + i * {TERMS * TERM_MS} / {{rows}}, i::text) AS id,
    to_timestamp(({BEGAN_MS} + i * {TERMS * TERM_MS} / {{rows}}) / 1000.0) AS at
"""
WRITE = f"""
INSERT INTO {{table}} (assignment_id, student_id, attempt, text, status, grade, feedback, is_late, content_sha256,
    submitted_at, checked_at, id, created_at)
SELECT assignment_id, student_id, attempt, text, 'checked', attempt % 100, '', false, content_sha256, at, at, id, at
FROM ({ROWS} FROM generate_series({{first}}::bigint, {{last}}) AS i) AS made
"""


class Bench:
    def __init__(self, url: str, rows: int) -> None:
        self.rows, self.connection = rows, psycopg2.connect(url)
        self.connection.autocommit = True

    def run(self, sql: str, *parameters: Any) -> Any:
        with self.connection.cursor() as cursor:
            cursor.execute(sql, parameters or None)
            return cursor.fetchall() if cursor.description else None

    def seconds(self, sql: str) -> float:
        began = time.perf_counter()
        self.run(sql)
        return time.perf_counter() - began

    def microseconds(self, sql: str, *among: str) -> float:
        """The median for different rows: ``among`` are the names of what ``picked`` finds."""
        took = []
        for row in self.picked:
            parameters = [row[name] for name in among]
            began = time.perf_counter()
            self.run(sql, *parameters)
            took.append(time.perf_counter() - began)
        return median(took[len(took) // 4 :]) * 1e6  # the first warm it up

    def pick(self) -> None:
        numbers = [number * (self.rows // TRIES) + 17 for number in range(TRIES)]
        found = [
            self.run(
                f"SELECT assignment_id, student_id, id FROM ({ROWS} FROM (SELECT %s::bigint AS i) AS i) AS made".format(
                    rows=self.rows
                ),
                n,
            )[0]
            for n in numbers
        ]
        self.picked = [dict(zip(("assignment", "student", "id"), row, strict=True)) for row in found]

    def sizes(self, table: str) -> tuple[float, float]:
        """Of all partitions, in MiB: rows, indexes."""
        leaves = "FROM pg_class WHERE relkind = 'r' AND relname ~ ('^' || %s || '(_[0-9]+)?$')"
        size = "SELECT sum(pg_table_size(oid)) / 1048576, sum(pg_indexes_size(oid)) / 1048576"
        ((heap, indexes),) = self.run(f"{size} {leaves}", table)
        return float(heap), float(indexes)


def uuid_at(ms: int) -> str:
    text = f"{ms:012x}" + "0" * 20
    return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"


def plain() -> Iterator[str]:
    yield "CREATE TABLE plain (LIKE submissions INCLUDING ALL)"


def indexes(table: str) -> Iterator[str]:
    """Those of submissions that need not hold the partition's key."""
    yield f"CREATE INDEX ON {table} (assignment_id, id)"
    yield f"CREATE INDEX ON {table} (student_id, id)"
    yield f"CREATE INDEX ON {table} (file_key) WHERE file_key IS NOT NULL"


def by_assignment() -> Iterator[str]:
    """The work of an assignment lies together. An id alone is unique no longer."""
    yield "CREATE TABLE by_assignment (LIKE submissions INCLUDING ALL EXCLUDING INDEXES) PARTITION BY HASH (assignment_id)"
    for number in range(HASHES):
        yield f"CREATE TABLE by_assignment_{number} PARTITION OF by_assignment FOR VALUES WITH (MODULUS {HASHES}, REMAINDER {number})"
    yield "ALTER TABLE by_assignment ADD PRIMARY KEY (id, assignment_id), ADD UNIQUE (assignment_id, student_id, attempt)"
    yield "CREATE UNIQUE INDEX ON by_assignment (assignment_id, student_id) WHERE status = 'draft'"
    yield from indexes("by_assignment")


def by_term() -> Iterator[str]:
    """The work of a half-year lies together. That an attempt is there once is kept by nothing any more."""
    yield "CREATE TABLE by_term (LIKE submissions INCLUDING ALL EXCLUDING INDEXES) PARTITION BY RANGE (id)"
    for term in range(TERMS):
        last = "MAXVALUE" if term == TERMS - 1 else f"'{uuid_at(BEGAN_MS + (term + 1) * TERM_MS)}'"
        first = "MINVALUE" if term == 0 else f"'{uuid_at(BEGAN_MS + term * TERM_MS)}'"
        yield f"CREATE TABLE by_term_{term} PARTITION OF by_term FOR VALUES FROM ({first}) TO ({last})"
    yield "ALTER TABLE by_term ADD PRIMARY KEY (id), ADD UNIQUE (id, assignment_id, student_id, attempt)"
    yield "CREATE UNIQUE INDEX ON by_term (id, assignment_id, student_id) WHERE status = 'draft'"
    yield from indexes("by_term")


def measure(bench: Bench, layout: Any) -> dict[str, float]:
    table = layout.__name__
    for statement in layout():
        bench.run(statement)
    found = {"load, s": bench.seconds(WRITE.format(table=table, rows=bench.rows, first=0, last=bench.rows - 1))}
    bench.run(f"VACUUM (ANALYZE) {table}")
    found["rows, MiB"], found["indexes, MiB"] = bench.sizes(table)
    page = f"SELECT * FROM {table} WHERE {{}} ORDER BY id DESC LIMIT 21"
    found["grading list, us"] = bench.microseconds(
        page.format("assignment_id = %s AND status <> 'draft'"), "assignment"
    )
    found["one, by assignment and id, us"] = bench.microseconds(
        f"SELECT * FROM {table} WHERE assignment_id = %s AND id = %s", "assignment", "id"
    )
    found["one, by id alone, us"] = bench.microseconds(f"SELECT * FROM {table} WHERE id = %s", "id")
    found["a student's latest, us"] = bench.microseconds(page.format("student_id = %s"), "student")
    bench.run("SET synchronous_commit = off")  # the disk would hide the rest
    took = []
    for number in range(bench.rows, bench.rows + TRIES):
        took.append(bench.seconds(WRITE.format(table=table, rows=bench.rows, first=number, last=number)))
    found["insert one, us"] = median(took) * 1e6
    found["grade 1 %, s"] = bench.seconds(f"UPDATE {table} SET grade = 1, checked_at = now() WHERE attempt % 100 = 7")
    bench.run("SET synchronous_commit = on")
    found["vacuum after it, s"] = bench.seconds(f"VACUUM {table}")
    if layout is by_term:
        found["drop the oldest half-year, s"] = bench.seconds("DROP TABLE by_term_0")
    else:
        found["drop the oldest half-year, s"] = bench.seconds(
            f"DELETE FROM {table} WHERE id < '{uuid_at(BEGAN_MS + TERM_MS)}'"
        ) + bench.seconds(f"VACUUM {table}")
    found["rows after it, MiB"], found["indexes after it, MiB"] = bench.sizes(table)
    bench.run(f"DROP TABLE {table}")
    return found


def events_plain() -> Iterator[str]:
    yield "CREATE TABLE events_plain (LIKE domain_events INCLUDING ALL)"


def events_by_term() -> Iterator[str]:
    """A number is unique in its partition only."""
    yield "CREATE TABLE events_by_term (LIKE domain_events INCLUDING ALL EXCLUDING INDEXES) PARTITION BY RANGE (id)"
    for term in range(TERMS):
        last = "MAXVALUE" if term == TERMS - 1 else f"'{uuid_at(BEGAN_MS + (term + 1) * TERM_MS)}'"
        first = "MINVALUE" if term == 0 else f"'{uuid_at(BEGAN_MS + term * TERM_MS)}'"
        yield f"CREATE TABLE events_by_term_{term} PARTITION OF events_by_term FOR VALUES FROM ({first}) TO ({last})"
    yield "ALTER TABLE events_by_term ADD PRIMARY KEY (id), ADD UNIQUE (sequence, id)"
    yield "CREATE INDEX ON events_by_term (course_id, sequence)"
    yield "CREATE INDEX ON events_by_term (id) WHERE sequence IS NULL"


def measure_events(bench: Bench, layout: Any) -> dict[str, float]:
    """Keeping seven eighths, as the hourly purge does: 200 rows a transaction."""
    table = layout.__name__
    for statement in layout():
        bench.run(statement)
    write = (
        f"INSERT INTO {table} (id, sequence, type, occurred_at, course_id, actor_id, data)"
        " SELECT id, attempt + 1, 'submission.submitted', at, assignment_id, student_id,"
        " jsonb_build_object('submission_id', id, 'assignment_id', assignment_id, 'student_id', student_id)"
        f" FROM ({ROWS.format(rows=bench.rows)} FROM generate_series(0::bigint, {bench.rows - 1}) AS i) AS made"
    )
    found = {"load, s": bench.seconds(write)}
    bench.run(f"VACUUM (ANALYZE) {table}")
    found["rows, MiB"], found["indexes, MiB"] = bench.sizes(table)
    after = f"SELECT * FROM {table} WHERE sequence > {{}} ORDER BY sequence LIMIT 101"
    took = [bench.seconds(after.format(number * (bench.rows // TRIES))) for number in range(TRIES)]
    found["a page of the feed, us"] = median(took[TRIES // 4 :]) * 1e6
    if layout is events_by_term:
        found["purge the oldest eighth, s"] = bench.seconds("DROP TABLE events_by_term_0")
    else:
        bench.run("SET synchronous_commit = off")
        oldest, began = uuid_at(BEGAN_MS + TERM_MS), time.perf_counter()
        chunk = f"WITH gone AS (DELETE FROM {table} WHERE id IN (SELECT id FROM {table} WHERE sequence IS NOT NULL AND id < '{oldest}' ORDER BY sequence LIMIT 200) RETURNING 1) SELECT count(*) FROM gone"
        while bench.run(chunk) != [(0,)]:
            if time.perf_counter() - began > 900:
                break
        found["purge the oldest eighth, s"] = time.perf_counter() - began
        bench.run("SET synchronous_commit = on")
        found["vacuum after it, s"] = bench.seconds(f"VACUUM {table}")
    bench.run(f"DROP TABLE {table}")
    return found


def print_table(title: str, columns: dict[str, dict[str, float]]) -> None:
    rows = list(dict.fromkeys(name for found in columns.values() for name in found))
    print(f"\n| {title} | " + " | ".join(columns) + " |\n|---" * 1 + "|---" * len(columns) + "|")
    for row in rows:
        cells = (
            "–" if row not in found else f"{found[row]:,.0f}" if found[row] >= 10 else f"{found[row]:.2f}"
            for found in columns.values()
        )
        print(f"| {row} | " + " | ".join(cells) + " |", flush=True)


def main() -> None:
    parser = ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=5_000_000)
    rows = parser.parse_args().rows
    with tempfile.TemporaryDirectory(prefix="partitioning-", ignore_cleanup_errors=True) as folder:
        url = start_postgres(Path(folder) / "data")
        migrate(url)
        bench = Bench(url, rows)
        for name, value in SETTINGS.items():
            bench.run(f"ALTER SYSTEM SET {name} = '{value}'")
        bench.connection.close()
        server = import_server(Path(folder)).get_server(Path(folder) / "data")
        server.stop()
        server.ensure_postgres_running()
        bench = Bench(url, rows)
        bench.run(FUNCTIONS)
        bench.pick()
        print_table(
            f"submissions, {rows:,}",
            {layout.__name__: measure(bench, layout) for layout in (plain, by_assignment, by_term)},
        )
        print_table(
            f"events, {rows:,}",
            {layout.__name__: measure_events(bench, layout) for layout in (events_plain, events_by_term)},
        )
        bench.connection.close()


if __name__ == "__main__":
    main()
