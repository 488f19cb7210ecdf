"""The platform as in production (server, workers, scheduler) behind the real pgbouncer in transaction mode, whose pool
is smaller than the number of its clients.
"""

import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import sqlalchemy as sa

from courseplatform.testing import fresh_database
from tests.functional.gateway import Production
from tests.functional.platform import Caller, Platform
from tests.functional.test_journey import (  # again, here
    PASSWORD,
    eventually,
    registered,
    test_the_whole_journey_from_registration_to_certificate_and_review,  # noqa: F401
)
from tests.pgbouncer_server import BINARY, pgbouncer
from tests.redis_server import RedisServer

pytestmark = [
    pytest.mark.skipif(BINARY is None, reason="pgbouncer is not installed"),
    pytest.mark.skipif(shutil.which("redis-server") is None, reason="redis-server is not installed"),
]

POOL_SIZE = 3
STUDENTS = 8


class Behind(Production):
    """With workers and a scheduler; ``direct_url`` leads to PostgreSQL itself."""

    def __init__(self, folder: Path, pooler_url: str, direct_url: str) -> None:
        self.redis, self.direct_url = RedisServer(folder), direct_url
        super().__init__(
            folder,
            pooler_url,
            DATABASE_DIRECT_URL=direct_url,
            REDIS_URL=self.redis.url,
            COURSEPLATFORM_JOBS_IN_PROCESS="false",
            COURSEPLATFORM_ACCOUNTS_REQUIRE_VERIFIED_EMAIL="false",
            COURSEPLATFORM_ACCOUNTS_ARGON2_MEMORY_KIB="64",
            COURSEPLATFORM_ACCOUNTS_ARGON2_ROUNDS="1",
        )
        self.beside: list[subprocess.Popen[bytes]] = []

    def start(self) -> None:
        self.redis.start()
        self.run("courseplatform", "migrate", self.ini)
        super().start()
        with self.log.open("ab") as log:
            for command in (("worker", "--processes", "2"), ("scheduler",)):
                name, *options = command
                line = [self.script("courseplatform"), name, self.ini, *options]
                self.beside.append(subprocess.Popen(line, env=self.environ, stdout=log, stderr=log))

    def stop(self) -> None:
        for process in self.beside:
            process.terminate()
        for process in self.beside:
            process.wait(timeout=30)
        super().stop()
        self.redis.kill()


@pytest.fixture(scope="module")
def platform(server_url: str) -> Iterator[Behind]:
    with (
        tempfile.TemporaryDirectory(prefix="courseplatform-", ignore_cleanup_errors=True) as folder,
        fresh_database(server_url) as url,
        # Whether all are served, not how quickly: this machine may be busy.
        pgbouncer(url, POOL_SIZE, query_wait_timeout="20") as pooler_url,
    ):
        made = Behind(Path(folder), pooler_url, url)
        try:
            made.start()
            yield made
        finally:
            made.stop()


def test_many_at_once_are_served_by_few_connections(platform: Behind) -> None:
    """After the journey, which has made its teacher."""
    teacher = Caller(platform).sign_in("tamara", PASSWORD)
    course = teacher("POST", "/api/courses/", 201, {"title": "For many"})
    base = f"/api/courses/{course['id']}/"
    lesson = f"{base}lessons/{teacher('POST', base + 'lessons/', 201, {'title': 'One'})['id']}/"
    task = teacher("POST", lesson + "assignments/", 201, {"title": "Write", "max_points": 10})
    submissions = f"{lesson}assignments/{task['id']}/submissions/"
    teacher("PUT", base + "publication/", 200)

    def learn(number: int) -> Caller:
        student, _ = registered(platform, f"pooled{number}")
        student("PUT", base + "enrollments/me/", 201)
        student("PUT", lesson + "completion/", 200)
        work = student("POST", submissions, 201, {"text": f"Work {number}"})
        for _ in range(5):
            student("GET", f"{submissions}{work['id']}/", 200)
        return student

    with ThreadPoolExecutor(STUDENTS) as threads:
        students = list(threads.map(learn, range(STUDENTS)))
    waiting = teacher("GET", submissions, 200)["results"]
    assert len(waiting) == STUDENTS
    for work in waiting:
        teacher("GET", f"{submissions}{work['id']}/", 200)
        tag = {"If-Match": teacher.etag}
        teacher("PUT", f"{submissions}{work['id']}/grade/", 200, {"grade": 9}, headers=tag)
    for student in students:
        (certificate,) = eventually(lambda student=student: student("GET", "/api/users/certificates/", 200)["results"])
        assert certificate["course_id"] == course["id"]
    engine = sa.create_engine(platform.direct_url, poolclass=sa.NullPool)
    with engine.connect() as connection:
        servers = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
        assert connection.scalar(sa.text(servers)) <= POOL_SIZE
        jobs = "SELECT count(*) FROM outbox WHERE last_error IS NOT NULL OR dead_at IS NOT NULL"
        assert connection.scalar(sa.text(jobs)) == 0


def test_migrations_that_would_go_through_the_pooler_are_refused(platform: Behind) -> None:
    """Those that made this database went past it."""
    environ = {name: value for name, value in platform.environ.items() if name != "DATABASE_DIRECT_URL"}
    line = [Platform.script("courseplatform"), "migrate", platform.ini]
    done = subprocess.run(line, env=environ, capture_output=True, text=True, timeout=60)
    assert done.returncode != 0
    assert "options" in done.stdout + done.stderr  # what would bound its waits
