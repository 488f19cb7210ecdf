"""Does a request still cost what it did? ``python -m benchmarks.guard`` fails if one costs 15 % more.

It counts instructions, which a busy neighbour does not change: valgrind runs the application in one process, with no
server before it and a real PostgreSQL outside, which does not count. What is compared with ``guard.json`` is the ratio
to ``reference``, some fixed work in the same run: so one record holds for all machines and Pythons, nearly.
``--record`` writes it anew, after a change that was meant; ``--slowed 20`` slows every request by 20 % and fails unless
each is told of.
"""

import argparse
import gc
import hashlib
import itertools
import json
import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from io import BytesIO
from pathlib import Path
from typing import Any

import psycopg2

from courseplatform import testing
from courseplatform.migrations import migrate_all
from tests.contracts.own_world import built_in_plugins
from tests.factories.accounts import make_user
from tests.factories.assignments import make_assignment
from tests.factories.courses import make_course
from tests.factories.enrollments import enrol
from tests.factories.lessons import make_lesson
from tests.factories.submissions import make_submission

from .systems import MANY

PYTHON = f"{sys.version_info.major}.{sys.version_info.minor}"
RECORD = Path(__file__).with_suffix(".json")
CALLS = "calls.json"
TOLERATED_PERCENT = 15
WARMING_COUNT, COUNT, ROUND_COUNT = 10, 10, 20_000
REFERENCE, ROUNDS = "reference", "rounds"
VALGRIND = ["valgrind", "--quiet", "--tool=callgrind", "--instr-atstart=no"]
QUIETLY: Any = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}


def make_app(url: str, folder: Path, plugins: Sequence[str] = ()) -> Any:
    """The application with all on that the tests' one leaves out: here limits are counted, though nobody meets them.

    ``plugins``: those that are on, in this order; the built-in ones unless some are named.
    """
    testing.PLUGINS[:] = plugins or built_in_plugins()
    limits = {f"limits.{name}": MANY for name in ("reads", "writes")}
    return testing.make_app(url, folder / "var", **limits)


def prepare(url: str, folder: Path) -> dict[str, Any]:
    """Make a small world; the requests that are measured, as JSON can hold them: method, address, token and more."""
    app = make_app(url, folder)
    migrate_all(url, app.registry["migrations"])
    client = testing.Client(app)
    teacher, student = make_user(client, "teacher"), make_user(client, "student")
    for number in range(20):
        course = make_course(client, teacher, title=f"Course {number}", description="A few sentences about it. " * 10)
    lesson = make_lesson(client, course)
    assignment = make_assignment(client, lesson, max_attempts=10_000)
    for one in (student, *(make_user(client, "student") for _ in range(20))):
        enrol(client, course, one)
        submission = make_submission(client, assignment, one)
    etag = student.get(course).headers["ETag"]
    reading = {"token": student.token}
    app.registry["db.engine"].dispose()
    return {
        "list of courses": {"path": "/api/courses/?limit=20", "status": 200},
        "list of submissions": {"path": f"{assignment}submissions/?limit=20", "token": teacher.token, "status": 200},
        "lesson": {"path": lesson, **reading, "status": 200},
        "not modified": {"path": course, **reading, "headers": {"HTTP_IF_NONE_MATCH": etag}, "status": 304},
        "handing in": {
            "path": f"{assignment}submissions/",
            **reading,
            "body": {"text": "NUMBER " + "word " * 50},
            "status": 201,
        },
        "forbidden": {"path": f"{course}teachers/", **reading, "status": 403},
        "invalid": {"path": f"{assignment}submissions/", **reading, "body": {"text": 1, "x": 2}, "status": 422},
        "not found": {"path": submission, **reading, "status": 404},
    }


def request_of(app: Any, path: str, status: int, token: str = "", body: Any = None, headers: Any = None) -> Any:
    """A function that sends this request. Raises: AssertionError for another status."""
    address, _, query = path.partition("?")
    text = "" if body is None else json.dumps(body)
    numbers = itertools.count(100_000)
    environ = {
        "REQUEST_METHOD": "GET" if body is None else "POST",
        "SCRIPT_NAME": "", "PATH_INFO": address, "QUERY_STRING": query, "SERVER_PROTOCOL": "HTTP/1.1",
        "SERVER_NAME": "courses.test", "SERVER_PORT": "443", "HTTP_HOST": "courses.test", "REMOTE_ADDR": "127.0.0.1",
        "HTTP_ACCEPT": "*/*", "HTTP_USER_AGENT": "guard", "CONTENT_LENGTH": str(len(text)),
        "wsgi.version": (1, 0), "wsgi.url_scheme": "https", "wsgi.errors": sys.stderr, "wsgi.multithread": True,
        "wsgi.multiprocess": True, "wsgi.run_once": False, **(headers or {}),
    }  # fmt: skip
    if body is not None:
        environ["CONTENT_TYPE"] = "application/json"
    if token:
        environ["HTTP_AUTHORIZATION"] = f"Bearer {token}"

    def send() -> None:
        told: list[str] = []
        raw = text.replace("NUMBER", str(next(numbers))).encode()
        answer = app({**environ, "wsgi.input": BytesIO(raw)}, lambda line, *_: told.append(line))
        try:
            b"".join(answer)
        finally:
            getattr(answer, "close", bool)()
        assert told[0].startswith(str(status)), f"{path}: {told[0]}"

    return send


def reference_on(url: str) -> Callable[[], None]:
    """Some work of the kinds that a request is made of, and of nothing that we write."""
    connection = psycopg2.connect(url.replace("+psycopg2", ""))
    connection.autocommit = True
    words = re.compile(r"(\w+)/(\d+)")

    def work() -> None:
        with connection.cursor() as cursor:
            cursor.execute("SELECT n, md5(n::text), now() FROM generate_series(1, %s) AS n", (20,))
            rows = [{"id": n, "name": name, "at": at.isoformat()} for n, name, at in cursor.fetchall()]
        text = json.dumps(rows)
        for row in json.loads(text):
            found = words.match(f"courses/{row['id']}")
            assert found is not None
            row[found[1]] = hashlib.sha256(row["name"].encode()).hexdigest()
        for number in range(400):
            text = f"{number}:{len(text)}".upper().replace(":", "/")

    return work


def count_within(url: str, folder: Path, extra_rounds: dict[str, int], plugins: list[str]) -> None:
    """In the child, beneath valgrind: each work ``COUNT`` times, and a dump of what that took."""
    calls = json.loads((folder / CALLS).read_text())
    sys.path.append(str(folder))  # where there are plugins that benchmarks.routes has made
    app = make_app(url, folder, plugins)
    works = {REFERENCE: reference_on(url), ROUNDS: lambda: burn(ROUND_COUNT)}
    works |= {name: request_of(slowed(app, extra_rounds.get(name, 0)), **call) for name, call in calls.items()}
    for work in works.values():
        for _ in range(WARMING_COUNT):
            work()
    gc.collect()
    gc.freeze()  # else what start-up left would be looked through in whichever request is the next
    tell("instrumentation on")
    for name, work in works.items():
        work()
        gc.collect()
        tell("zero")
        for _ in range(COUNT):
            work()
        tell(f"dump {name.replace(' ', '_')}")
    tell("instrumentation off")


def burn(rounds: int) -> None:
    for _ in range(rounds):
        pass


def slowed(app: Any, rounds: int) -> Any:
    def served(environ: Any, start: Any) -> Any:
        burn(rounds)
        return app(environ, start)

    return served if rounds else app


def tell(command: str) -> None:
    """Valgrind, of this process. It looks for commands while the process works: it must not only wait."""
    told = subprocess.Popen(["vgdb", f"--pid={os.getpid()}", *command.split()], **QUIETLY)
    while told.poll() is None:
        burn(1000)
    assert told.returncode == 0, command


def counted(
    url: str, folder: Path, extra_rounds: dict[str, int] | None = None, plugins: Sequence[str] = ()
) -> dict[str, float]:
    """Instructions of each work, once."""
    for left in folder.glob("counts*"):
        left.unlink()
    command = [*VALGRIND, f"--callgrind-out-file={folder / 'counts'}", sys.executable, "-m", "benchmarks.guard"]
    within = ["--within", url, str(folder), json.dumps({"extra_rounds": extra_rounds or {}, "plugins": [*plugins]})]
    subprocess.run([*command, *within], check=True, env={**os.environ, "PYTHONHASHSEED": "0"})
    found = {}
    for dump in folder.glob("counts.*"):
        text = dump.read_text(errors="replace")
        name, total = (re.search(line, text, re.M) for line in (r"^desc: Trigger: dump (.*)$", r"^summary: (\d+)$"))
        assert name is not None and total is not None, dump
        found[name[1].replace("_", " ")] = int(total[1]) / COUNT
    return found


def ratios(counts: dict[str, float]) -> dict[str, float]:
    return {name: round(counts[name] / counts[REFERENCE], 3) for name in sorted({*counts} - {REFERENCE, ROUNDS})}


def verdicts(found: dict[str, float], recorded: dict[str, float]) -> tuple[list[str], list[str]]:
    """What costs too much, and what is out of date otherwise."""
    costly, stale = [], []
    for name in sorted({*found} | {*recorded}):
        if name not in found or name not in recorded:
            costly.append(f"{name}: is {'recorded' if name in recorded else 'measured'} only")
            continue
        percent = (found[name] / recorded[name] - 1) * 100
        told = f"{name}: {found[name]:.3f} of the reference, {percent:+.1f} % of {recorded[name]:.3f}"
        if percent > TOLERATED_PERCENT:
            costly.append(told)
        elif percent < -TOLERATED_PERCENT:
            stale.append(told)
    return costly, stale


def check(found: dict[str, float]) -> int:
    """Print the table, and what is wrong with it. The status to exit with."""
    recorded = json.loads(RECORD.read_text()).get(PYTHON) if RECORD.exists() else None
    for name, ratio in found.items():
        print(f"{name:22} {ratio:7.3f} of the reference" + (f"   {recorded.get(name)} recorded" if recorded else ""))
    if recorded is None:
        print(f"Nothing is recorded for Python {PYTHON}: nothing is compared.")
        return 0
    costly, stale = verdicts(found, recorded)
    if costly:
        print("Too costly, or --record what was meant:", *costly, sep="\n  ")
    if stale:
        print("Better by so much that a regression would hide: --record it.", *stale, sep="\n  ")
    return 1 if costly else 0


def record(found: dict[str, float]) -> int:
    records = json.loads(RECORD.read_text()) if RECORD.exists() else {}
    RECORD.write_text(json.dumps({**records, PYTHON: found}, indent=2, sort_keys=True) + "\n")
    return 0


@contextmanager
def small_world() -> Iterator[tuple[str, Path]]:
    """Its database, and a folder that says in ``CALLS`` what is asked of it."""
    with (
        tempfile.TemporaryDirectory(prefix="guard-", ignore_cleanup_errors=True) as made,
        testing.embedded_server(Path(made) / "data") as server_url,
        testing.fresh_database(server_url) as url,
    ):
        folder = Path(made)
        (folder / CALLS).write_text(json.dumps(prepare(url, folder)))
        yield url, folder


def prove(url: str, folder: Path, counts: dict[str, float], percent: float) -> int:
    """Measure again, with each request slowed; fail unless the guard tells of every one."""
    round_cost = counts[ROUNDS] / ROUND_COUNT
    extra = {name: round(counts[name] * percent / 100 / round_cost) for name in ratios(counts)}
    costly, _ = verdicts(ratios(counted(url, folder, extra)), ratios(counts))
    print(f"Slowed by {percent:g} %, told of {len(costly)} of {len(extra)}:", *costly, sep="\n  ")
    return 0 if len(costly) == len(extra) else 1


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--record", action="store_true")
    parser.add_argument("--slowed", type=float, metavar="PERCENT")
    parser.add_argument("--within", nargs=3, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.within:
        url, folder, more = options.within
        count_within(url, Path(folder), **json.loads(more))
        return 0
    with small_world() as (url, folder):
        counts = counted(url, folder)
        if options.slowed:
            return prove(url, folder, counts, options.slowed)
    return record(ratios(counts)) if options.record else check(ratios(counts))


if __name__ == "__main__":
    sys.exit(main())
