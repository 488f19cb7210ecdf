"""Does partitioning pay? ``python -m benchmarks.partitioning`` gives the figures of docs/operations/growing.md.

On a PostgreSQL of its own, which takes some 700 bytes of disk a row until it ends. Each layout has the columns, checks
and indexes of the migrated table, without its foreign keys, and the same rows of four years. Every statement is planned
anew, as the platform's are. Times are those of the server's process on a processor: busy neighbours don't count.
"""

import tempfile
from argparse import ArgumentParser
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psycopg2

from courseplatform.embedded import import_server, start_postgres
from courseplatform.migrations import migrate

TERMS = 8
ASSIGNMENTS_A_TERM = 1250
STUDENTS = 100_000
HASHES = 16
BEGAN_MS = 1_640_995_200_000
TERM_MS = 182 * 86_400_000
TRIES = 2000

SETTINGS = {
    "shared_buffers": "1GB",
    "max_wal_size": "8GB",
    "maintenance_work_mem": "256MB",
    "autovacuum": "off",
    "max_parallel_workers_per_gather": "0",
}
FUNCTIONS = """
-- An id of version 7: the time in its first 48 bits.
CREATE FUNCTION id_at(ms bigint, salt text) RETURNS uuid LANGUAGE sql IMMUTABLE AS
$$ SELECT (lpad(to_hex(ms), 12, '0') || '7' || substr(md5(salt), 1, 3) || '8' || substr(md5(salt), 4, 15))::uuid $$;
CREATE FUNCTION number_id(kind text, number bigint) RETURNS uuid LANGUAGE sql IMMUTABLE AS
$$ SELECT md5(kind || number)::uuid $$;
CREATE FUNCTION scattered(i bigint, among bigint) RETURNS bigint LANGUAGE sql IMMUTABLE AS
$$ SELECT abs(hashint8(i)::bigint) % among $$;
"""
#: What there is, for some numbers ``i``. An assignment's work comes within a half-year.
ROWS = f"""
SELECT i, ms, to_timestamp(ms / 1000.0) AS at, id_at(ms, i::text) AS id,
    number_id('student', scattered(i + 1000003, {STUDENTS})) AS student_id,
    number_id('assignment', i * {TERMS} / {{rows}} * {ASSIGNMENTS_A_TERM} + scattered(i, {ASSIGNMENTS_A_TERM}))
        AS assignment_id
FROM (SELECT i, {BEGAN_MS} + i * {TERMS * TERM_MS} / {{rows}} AS ms
      FROM generate_series({{first}}::bigint, {{last}}) AS i) AS numbers
"""
SUBMISSIONS = """
INSERT INTO {table} (id, assignment_id, student_id, attempt, text, status, grade, feedback, is_late, content_sha256,
    submitted_at, checked_at, created_at)
SELECT id, assignment_id, student_id, i, repeat(id::text, 5), 'checked', i % 100, '', false, md5(id::text), at, at, at
FROM source WHERE i BETWEEN {first} AND {last}
"""
EVENTS = """
INSERT INTO {table} (id, sequence, type, occurred_at, course_id, actor_id, data)
SELECT id, i + 1, 'submission.submitted', at, assignment_id, student_id,
    jsonb_build_object('submission_id', id, 'assignment_id', assignment_id, 'student_id', student_id)
FROM source WHERE i BETWEEN {first} AND {last}
"""
#: As the hourly purge does it.
PURGE = """
WITH gone AS (DELETE FROM {table} WHERE id IN (
    SELECT id FROM {table} WHERE sequence IS NOT NULL AND occurred_at < to_timestamp({before})
    ORDER BY sequence LIMIT 200
) RETURNING 1) SELECT count(*) FROM gone
"""

Layout = Callable[[], Iterator[str]]
Figures = dict[str, float]


class Bench:
    def __init__(self, url: str, rows: int) -> None:
        self.rows, self.connection = rows, psycopg2.connect(url)
        self.connection.autocommit = True
        ((pid,),) = self.run("SELECT pg_backend_pid()")
        self.clock = Path(f"/proc/{pid}/schedstat")

    def run(self, sql: str, *parameters: Any) -> Any:
        with self.connection.cursor() as cursor:
            cursor.execute(sql, parameters or None)
            return cursor.fetchall() if cursor.description else None

    def cpu_s(self) -> float:
        return int(self.clock.read_text().split()[0]) / 1e9

    def seconds(self, *statements: str) -> float:
        began = self.cpu_s()
        for sql in statements:
            self.run(sql)
        return self.cpu_s() - began

    def microseconds(self, sql: str, *among: str) -> float:
        """Of one statement, over ``TRIES`` different rows. ``among``: which of their values it takes."""
        for row in self.picked[: TRIES // 10]:
            self.run(sql, *(row[name] for name in among))
        began = self.cpu_s()
        for row in self.picked:
            self.run(sql, *(row[name] for name in among))
        return (self.cpu_s() - began) / len(self.picked) * 1e6

    def pick(self) -> None:
        found = []
        for number in range(17, self.rows, self.rows // TRIES):
            found += self.run("SELECT assignment_id, student_id, id, i FROM source WHERE i = %s", number)
        self.picked = [dict(zip(("assignment", "student", "id", "i"), row, strict=True)) for row in found]

    def sizes(self, table: str) -> tuple[float, float]:
        """Of all partitions, in MiB: rows, indexes."""
        leaves = "FROM pg_class WHERE relkind = 'r' AND relname ~ ('^' || %s || '(_[0-9]+)?$')"
        size = "SELECT sum(pg_table_size(oid)) / 1048576, sum(pg_indexes_size(oid)) / 1048576"
        ((heap, indexes),) = self.run(f"{size} {leaves}", table)
        return float(heap), float(indexes)

    def fill(self, table: str, statements: Iterator[str], rows: str) -> Figures:
        for statement in statements:
            self.run(statement)
        found = {"fill, s": self.seconds(rows.format(table=table, first=0, last=self.rows - 1))}
        self.run(f"VACUUM (ANALYZE) {table}")
        found["rows, MiB"], found["indexes, MiB"] = self.sizes(table)
        return found


def first_id(term: int) -> str:
    """The least id of a half-year."""
    digits = f"{BEGAN_MS + term * TERM_MS:012x}" + "0" * 20
    return f"'{digits[:8]}-{digits[8:12]}-{digits[12:16]}-{digits[16:20]}-{digits[20:]}'"


def terms_of(table: str) -> Iterator[str]:
    for term in range(TERMS):
        since = "MINVALUE" if term == 0 else first_id(term)
        until = "MAXVALUE" if term == TERMS - 1 else first_id(term + 1)
        yield f"CREATE TABLE {table}_{term} PARTITION OF {table} FOR VALUES FROM ({since}) TO ({until})"


def plain() -> Iterator[str]:
    yield "CREATE TABLE plain (LIKE submissions INCLUDING ALL)"


def by_assignment() -> Iterator[str]:
    """The work of an assignment lies together. An id by itself is unique no longer."""
    columns = "(LIKE submissions INCLUDING ALL EXCLUDING INDEXES)"
    yield f"CREATE TABLE by_assignment {columns} PARTITION BY HASH (assignment_id)"
    for number in range(HASHES):
        values = f"(MODULUS {HASHES}, REMAINDER {number})"
        yield f"CREATE TABLE by_assignment_{number} PARTITION OF by_assignment FOR VALUES WITH {values}"
    yield "ALTER TABLE by_assignment ADD PRIMARY KEY (id, assignment_id)"
    yield "ALTER TABLE by_assignment ADD UNIQUE (assignment_id, student_id, attempt)"
    yield "CREATE UNIQUE INDEX ON by_assignment (assignment_id, student_id) WHERE status = 'draft'"
    yield from other_indexes("by_assignment")


def by_term() -> Iterator[str]:
    """The work of a half-year lies together. Nothing keeps any more that an attempt or a draft is there once."""
    yield "CREATE TABLE by_term (LIKE submissions INCLUDING ALL EXCLUDING INDEXES) PARTITION BY RANGE (id)"
    yield from terms_of("by_term")
    yield "ALTER TABLE by_term ADD PRIMARY KEY (id)"
    yield "CREATE INDEX ON by_term (assignment_id, student_id, attempt)"
    yield "CREATE INDEX ON by_term (assignment_id, student_id) WHERE status = 'draft'"
    yield from other_indexes("by_term")


def other_indexes(table: str) -> Iterator[str]:
    yield f"CREATE INDEX ON {table} (assignment_id, id)"
    yield f"CREATE INDEX ON {table} (student_id, id)"
    yield f"CREATE INDEX ON {table} (file_key) WHERE file_key IS NOT NULL"


def measure_submissions(bench: Bench, layout: Layout) -> Figures:
    table = layout.__name__
    found = bench.fill(table, layout(), SUBMISSIONS)
    page = f"SELECT * FROM {table} WHERE {{}} = %s AND status <> 'draft' ORDER BY id DESC LIMIT 21"
    one = f"SELECT * FROM {table} WHERE {{}}"
    found["a page of the grading list, µs"] = bench.microseconds(page.format("assignment_id"), "assignment")
    found["one, by assignment and id, µs"] = bench.microseconds(
        one.format("assignment_id = %s AND id = %s"), "assignment", "id"
    )
    found["one, by its id alone, µs"] = bench.microseconds(one.format("id = %s"), "id")
    found["a student's latest, µs"] = bench.microseconds(page.format("student_id"), "student")
    bench.run("SET synchronous_commit = off")
    write = SUBMISSIONS.replace("%", "%%").format(table=table, first="%s", last="%s")
    number = bench.rows
    for row in bench.picked:
        row["new"], number = number, number + 1
    began = bench.cpu_s()
    for row in bench.picked:
        bench.run(write, row["new"], row["new"])
    found["insert one, µs"] = (bench.cpu_s() - began) / len(bench.picked) * 1e6
    found["grade 1 % of all, s"] = bench.seconds(f"UPDATE {table} SET grade = 1 WHERE attempt % 100 = 7")
    found["vacuum after that, s"] = bench.seconds(f"VACUUM (PARALLEL 0) {table}")
    oldest = f"DELETE FROM {table} WHERE id < {first_id(1)}"
    by_deleting = (oldest, f"VACUUM (PARALLEL 0) {table}")
    found["the oldest half-year goes, s"] = bench.seconds(
        *(("DROP TABLE by_term_0",) if layout is by_term else by_deleting)
    )
    found["rows then, MiB"], found["indexes then, MiB"] = bench.sizes(table)
    bench.run("SET synchronous_commit = on")
    bench.run(f"DROP TABLE {table}")
    return found


def events() -> Iterator[str]:
    yield "CREATE TABLE events (LIKE domain_events INCLUDING ALL)"


def events_by_term() -> Iterator[str]:
    """Nothing keeps any more that a number is given once."""
    yield "CREATE TABLE events_by_term (LIKE domain_events INCLUDING ALL EXCLUDING INDEXES) PARTITION BY RANGE (id)"
    yield from terms_of("events_by_term")
    yield "ALTER TABLE events_by_term ADD PRIMARY KEY (id)"
    yield "CREATE INDEX ON events_by_term (sequence)"
    yield "CREATE INDEX ON events_by_term (course_id, sequence)"
    yield "CREATE INDEX ON events_by_term (id) WHERE sequence IS NULL"


def measure_events(bench: Bench, layout: Layout) -> Figures:
    table = layout.__name__
    found = bench.fill(table, layout(), EVENTS)
    feed = f"SELECT * FROM {table} WHERE sequence > %s ORDER BY sequence LIMIT 101"
    found["a page of the feed, µs"] = bench.microseconds(feed, "i")
    if layout is events_by_term:
        found["the oldest half-year goes, s"] = bench.seconds("DROP TABLE events_by_term_0")
    else:
        bench.run("SET synchronous_commit = off")
        began, chunk = bench.cpu_s(), PURGE.format(table=table, before=(BEGAN_MS + TERM_MS) / 1000)
        while bench.run(chunk) != [(0,)]:
            pass
        found["the oldest half-year goes, s"] = bench.cpu_s() - began
        bench.run("SET synchronous_commit = on")
        found["vacuum after that, s"] = bench.seconds(f"VACUUM (PARALLEL 0) {table}")
    found["rows then, MiB"], found["indexes then, MiB"] = bench.sizes(table)
    bench.run(f"DROP TABLE {table}")
    return found


def print_table(title: str, columns: dict[str, Figures]) -> None:
    def cell(value: float | None) -> str:
        return "–" if value is None else f"{value:,.0f}" if value >= 10 else f"{value:.2g}"

    print(f"\n| {title} | " + " | ".join(columns) + " |\n|" + "---|" * (len(columns) + 1))
    for name in dict.fromkeys(name for figures in columns.values() for name in figures):
        print(f"| {name} | " + " | ".join(cell(figures.get(name)) for figures in columns.values()) + " |", flush=True)


def main() -> None:
    parser = ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=2_000_000)
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
        made = ROWS.format(rows=rows, first=0, last=rows + TRIES * 2)
        bench.run(f"CREATE UNLOGGED TABLE source AS SELECT i, id, assignment_id, student_id, at FROM ({made}) AS made")
        bench.run("CREATE UNIQUE INDEX ON source (i)")
        bench.run("VACUUM (ANALYZE) source")
        bench.pick()
        layouts = (plain, by_assignment, by_term)
        print_table(f"submissions: {rows:,}", {one.__name__: measure_submissions(bench, one) for one in layouts})
        event_layouts = (events, events_by_term)
        print_table(f"events: {rows:,}", {one.__name__: measure_events(bench, one) for one in event_layouts})
        bench.connection.close()


if __name__ == "__main__":
    main()
