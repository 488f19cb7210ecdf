"""What a request costs: ``python -m benchmarks.costs`` gives the figures of docs/operations/growing.md.

Milliseconds on a processor, of the platform's process, of PostgreSQL and of PgBouncer: they say how many one processor
answers, and neither a slow client nor a busy neighbour counts. As in production, with Redis; workers run elsewhere.
"""

import os
import tempfile
from argparse import ArgumentParser
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

from courseplatform.migrations import migrate
from courseplatform.testing import embedded_server, fresh_database
from tests.functional.gateway import Production
from tests.functional.platform import Caller
from tests.pgbouncer_server import BINARY, pgbouncer
from tests.redis_server import RedisServer

from .processor import children, seconds_of
from .systems import UNLIMITED

PASSWORD = "a long enough passphrase"
STUDENTS = 25


class World:
    """A course with an assignment that some have handed in; ``calls``: what is measured."""

    def __init__(self, platform: Production) -> None:
        person = ("--username", "root", "--email", "root@example.com", "--password", PASSWORD)
        platform.run("courseplatform", "create-admin", platform.ini, *person)
        self.anyone, self.texts = Caller(platform), 0
        admin = self.signed_in("root")
        teacher_id = self.register("teacher")
        admin("PATCH", f"/api/users/{teacher_id}/", 200, {"role": "teacher"})
        self.teacher = self.signed_in("teacher")
        for number in range(20):
            body = {"title": f"Course {number}", "description": "What it is about, in a few sentences. " * 5}
            course = self.teacher("POST", "/api/courses/", 201, body)
            self.course = f"/api/courses/{course['id']}/"
            lesson = self.teacher("POST", self.course + "lessons/", 201, {"title": "One"})
            self.lesson = f"{self.course}lessons/{lesson['id']}/"
            self.teacher("PUT", self.course + "publication/", 200)
        task = self.teacher("POST", self.lesson + "assignments/", 201, {"title": "Write", "max_points": 10})
        self.submissions = f"{self.lesson}assignments/{task['id']}/submissions/"
        for number in range(STUDENTS):
            self.register(f"student{number}")
            self.student = self.signed_in(f"student{number}")
            self.student("PUT", self.course + "enrollments/me/", 201)
            self.submission = f"{self.submissions}{self.hand_in()['id']}/"

    def register(self, name: str) -> str:
        person = {"username": name, "email": f"{name}@example.com", "password": PASSWORD}
        return str(self.anyone("POST", "/api/auth/register/", 201, person)["id"])

    def signed_in(self, name: str) -> Caller:
        return self.anyone.sign_in(name, PASSWORD)

    def hand_in(self) -> Any:
        self.texts += 1
        return self.student("POST", self.submissions, 201, {"text": f"Work {self.texts} " + "word " * 60})

    def calls(self) -> dict[str, Callable[[], Any]]:
        return {
            "20 courses, by nobody": lambda: self.anyone("GET", "/api/courses/?limit=20", 200),
            "a lesson, by a student": lambda: self.student("GET", self.lesson, 200),
            "own submission": lambda: self.student("GET", self.submission, 200),
            "20 submissions, by a teacher": lambda: self.teacher("GET", self.submissions + "?limit=20", 200),
            "hand in": self.hand_in,
            "sign in": lambda: self.signed_in("student1"),
        }


def measure(platform: Production, postmaster: int, times: int) -> dict[str, list[float]]:
    world, found = World(platform), {}
    assert platform.process is not None
    pid = platform.process.pid

    def spent() -> list[float]:
        return [seconds_of(pid), seconds_of(postmaster), seconds_of(*children(os.getpid(), "pgbouncer"))]

    for name, call in world.calls().items():
        count = times // 10 if name == "sign in" else times
        for _ in range(max(count // 10, 8)):
            call()
        before = spent()
        for _ in range(count):
            call()
        found[name] = [(after - first) / count * 1000 for after, first in zip(spent(), before, strict=True)]
    return found


@contextmanager
def served(way: str = "direct", **more: str) -> Iterator[tuple[Production, int, RedisServer]]:
    """The platform as in production, with one process and no limits; PostgreSQL's first process, and Redis.

    ``way``: ``direct`` to PostgreSQL, or through ``PgBouncer``.
    """
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="costs-", ignore_cleanup_errors=True)))
        server_url = stack.enter_context(embedded_server(folder / "data"))
        url = stack.enter_context(fresh_database(server_url))
        migrate(url)
        redis = RedisServer(folder)
        redis.start()
        stack.callback(redis.kill)
        variables = {
            "REDIS_URL": redis.url,
            "COURSEPLATFORM_JOBS_IN_PROCESS": "false",
            "COURSEPLATFORM_ACCOUNTS_REQUIRE_VERIFIED_EMAIL": "false",
            **UNLIMITED,
            **more,
        }
        served_url = url
        if way == "PgBouncer":
            served_url = stack.enter_context(pgbouncer(url, 8))
            variables["DATABASE_DIRECT_URL"] = url
        platform = Production(folder, served_url, **variables)
        platform.start()
        stack.callback(platform.stop)
        yield platform, int((folder / "data" / "postmaster.pid").read_text().split()[0]), redis


def main() -> None:
    parser = ArgumentParser(description=__doc__)
    parser.add_argument("--times", type=int, default=1000)
    times = parser.parse_args().times
    figures = {}
    for way in ("direct", *(("PgBouncer",) if BINARY else ())):
        # Figures of the platform itself: an answer that is shared has its own (benchmarks.caching).
        with served(way, COURSEPLATFORM_CACHE_PUBLIC="false") as (platform, postmaster, _):
            figures[way] = measure(platform, postmaster, times)
    print("| ms of a processor | " + " | ".join(f"{way}: platform | PostgreSQL" for way in figures) + " | PgBouncer |")
    print("|---|" + "---|" * (2 * len(figures) + 1))
    for name in figures["direct"]:
        cells = [f"{figure:.2f}" for found in figures.values() for figure in found[name][:2]]
        print(f"| {name} | " + " | ".join(cells) + f" | {figures[way][name][2]:.2f} |")


if __name__ == "__main__":
    main()
