"""For tests, of the platform and of plugins: a database, an application, a client, a queue, a clock.

``pytest -p courseplatform.testing`` brings the fixtures. ``client`` sees a database whose every change is rolled back
after the test; ``committing_client`` truly commits, for races and what only happens after a commit.
``DATABASE_URL`` names a server to use; without it one is embedded. A plugin that is on brings the fixtures of its
module ``testing`` too: accounts those for users of each role, courses a course.
"""

import json
import os
import shutil
import sys
import tempfile
import uuid
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from limits import RateLimitItem
from pyramid.config import Configurator
from sqlalchemy import event
from sqlalchemy.orm import Session

from . import main, migrations, plugin_module
from .db import Base, postgresql_url, script_request
from .jobs import OutboxJob, run_due_jobs, run_next
from .jobs.outbox import decode, is_undone
from .limits import rate
from .neighbours import included
from .openapi.promises import check_answer
from .sessions import WritingSession

#: What an application of the tests has on unless it says otherwise: pytest's setting ``courseplatform_plugins``.
PLUGINS: list[str] = []


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addini("courseplatform_plugins", "The plugins that are on in the tests' application.", type="args")
    parser.addoption("--with-plugin", action="append", default=[], help="Another plugin that is on.", metavar="NAME")


def pytest_configure(config: pytest.Config) -> None:
    PLUGINS[:] = [*config.getini("courseplatform_plugins"), *config.getoption("--with-plugin")]
    for name in fixture_modules(PLUGINS):
        config.pluginmanager.register(import_module(name), name)


def fixture_modules(plugins: Iterable[str]) -> list[str]:
    """The modules ``testing`` of these plugins and of those that they switch on. Asks no database anything."""
    config = Configurator(settings={})
    config.include("courseplatform")
    for name in plugins:
        config.include(plugin_module(name))
    packages = sorted(name for name in included(config) if hasattr(sys.modules[name], "__path__"))
    return [f"{name}.testing" for name in packages if find_spec(f"{name}.testing")]


class Clock:
    """``registry["clock"]`` of a test: real time, until it is moved."""

    def __init__(self) -> None:
        self.offset = timedelta()

    def __call__(self) -> datetime:
        return datetime.now(UTC) + self.offset

    def move(self, **delta: float) -> None:
        """Let time pass: ``clock.move(hours=1)``."""
        self.offset += timedelta(**delta)


@contextmanager
def without_environment() -> Iterator[None]:
    """No variable overrides a setting meanwhile."""
    names = [name for name in os.environ if name.startswith(("COURSEPLATFORM_", "DATABASE_", "REDIS_"))]
    kept = {name: os.environ.pop(name) for name in names}
    try:
        yield
    finally:
        os.environ.update(kept)


def make_app(database_url: str, var_dir: Path, **settings: Any) -> Any:
    """The whole platform with cheap password hashes, no background thread and only the rate limits given."""
    defaults = {
        "courseplatform.plugins": " ".join(PLUGINS),
        "courseplatform.var_dir": str(var_dir),
        "database.url": database_url,
        "accounts.token_secret": "kY3r0m5Qx8TzN1vBc7LwJ2hGf9DsA4pE",
        "accounts.argon2_memory_kib": "64",
        "accounts.argon2_rounds": "1",
        "accounts.require_verified_email": "false",
        "http.base_url": "https://courses.test",
        "mail.folder": str(var_dir / "mail"),
        "limits.reads": "off",
        "limits.writes": "off",
    }
    with without_environment():
        app = main({}, **{**defaults, **settings})
    app.registry["clock"] = Clock()
    app.registry["problems.are_strict"] = True
    for name, value in app.registry.settings.items():
        if isinstance(value, RateLimitItem) and name not in settings:
            app.registry.settings[name] = rate("1000000/minute")
    return app


@contextmanager
def embedded_server(folder: Path) -> Iterator[str]:
    """A throw-away PostgreSQL that does not care for power cuts."""
    from .embedded import start_postgres

    url = start_postgres(folder, "postgres")
    engine = sa.create_engine(postgresql_url(url), isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        for name in ("fsync", "synchronous_commit", "full_page_writes"):
            connection.execute(sa.text(f"ALTER SYSTEM SET {name} = off"))
        connection.execute(sa.text("SELECT pg_reload_conf()"))
    engine.dispose()
    yield url


@pytest.fixture(scope="session")
def server_url() -> Iterator[str]:
    """A server's URL: ``DATABASE_URL``, else an embedded one."""
    if os.environ.get("DATABASE_URL"):
        yield os.environ["DATABASE_URL"]
        return
    made = tempfile.TemporaryDirectory(prefix="courseplatform-pg-", dir=_fast_folder(), ignore_cleanup_errors=True)
    with made as folder, embedded_server(Path(folder) / "data") as url:
        yield url


def _fast_folder() -> Path | None:
    """In memory, where there is such a place, with room: no disk is so busy that a test's time is up."""
    memory = Path("/dev/shm")  # noqa: S108  # nosec B108
    return memory if memory.is_dir() and shutil.disk_usage(memory).free > 1 << 30 else None


@contextmanager
def fresh_database(server_url: str) -> Iterator[str]:
    """The URL of a new, empty database, dropped at the end."""
    name = f"courseplatform_test_{uuid.uuid4().hex[:12]}"
    admin = sa.create_engine(postgresql_url(server_url), isolation_level="AUTOCOMMIT")
    with admin.connect() as connection:
        connection.execute(sa.text(f"CREATE DATABASE {name}"))
        # What a test gives up, the server gives up too: it would hold its locks into the next test.
        connection.execute(sa.text(f"ALTER DATABASE {name} SET client_connection_check_interval = '100ms'"))
    try:
        yield sa.make_url(postgresql_url(server_url)).set(database=name).render_as_string(hide_password=False)
    finally:
        with admin.connect() as connection:
            connection.execute(sa.text(f"DROP DATABASE {name} WITH (FORCE)"))
        admin.dispose()


@pytest.fixture(scope="session")
def database_url(server_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A database for the whole run, migrated for core and for the plugins that are on in pytest's settings."""
    with fresh_database(server_url) as url:
        app = make_app(url, tmp_path_factory.mktemp("migrating"))
        migrations.migrate_all(url, app.registry["migrations"])
        yield url


@pytest.fixture(scope="session")
def wsgi_app(database_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    app = make_app(database_url, tmp_path_factory.mktemp("var"))
    yield app
    app.registry["db.engine"].dispose()


class Client:
    """A WebTest client that can sign users in, count statements and run jobs.

    ``client.as_(token).get(path)``; without ``as_`` it is anonymous.
    """

    def __init__(self, app: Any, token: str | None = None) -> None:
        from webtest import TestApp

        self.app, self.token = app, token
        # Its lint would hide that the body can be rewound, as waitress's can.
        self.web = TestApp(app, extra_environ={"REMOTE_ADDR": "127.0.0.1"}, lint=False)
        if token:
            self.web.authorization = ("Bearer", token)

    def as_(self, token: str | None) -> "Client":
        return Client(self.app, token)

    @property
    def registry(self) -> Any:
        return self.app.registry

    @property
    def clock(self) -> Clock:
        return self.registry["clock"]

    def call(self, method: str, path: str, body: Any = None, status: Any = None, **kw: Any) -> Any:
        """Any request; ``body`` is sent as JSON, ``raw`` as it is. ``status`` is checked; None means any.

        Raises: AssertionError for an answer that the operation does not declare: by docstring, ``status``, ``answer``.
        """
        kw.setdefault("headers", {})
        if "raw" in kw:
            headers = {**kw["headers"], "Content-Type": kw.get("content_type", "")}
            response = self.web.request(path, method=method, body=kw["raw"], headers=headers, status=status or "*")
        else:
            if body is not None:
                kw["params"] = json.dumps(body)
                kw.setdefault("content_type", "application/json")
            response = self.web._gen_request(method, path, status=status or "*", **kw)
        check_answer(self.registry, method, path, response)
        return response

    def get(self, path: str, status: Any = 200, **kw: Any) -> Any:
        return self.call("GET", path, status=status, **kw)

    def post(self, path: str, body: Any = None, status: Any = 201, **kw: Any) -> Any:
        return self.call("POST", path, body, status, **kw)

    def put(self, path: str, body: Any = None, status: Any = 200, **kw: Any) -> Any:
        return self.call("PUT", path, body, status, **kw)

    def patch(self, path: str, body: Any = None, status: Any = 200, **kw: Any) -> Any:
        return self.call("PATCH", path, body, status, **kw)

    def delete(self, path: str, status: Any = 204, **kw: Any) -> Any:
        return self.call("DELETE", path, status=status, **kw)

    def run_jobs(self) -> int:
        """Do all background work that is due. How many jobs ran."""
        return run_due_jobs(self.registry)

    @contextmanager
    def script(self) -> Iterator[Any]:
        """A request outside HTTP, for calling operations; its transaction commits at the end."""
        with script_request(self.registry) as request:
            yield request


class Queue:
    """The background jobs that wait. They run when a test says so; one that fails, fails the test."""

    def __init__(self, client: Client) -> None:
        self.client = client

    def pending(self) -> list[tuple[str, dict[str, Any]]]:
        """Each job's function, ``acme_badges.jobs.celebrate``, and its arguments; what is due first comes first."""
        waiting = sa.select(OutboxJob).where(is_undone()).order_by(OutboxJob.due_at, OutboxJob.id)
        with self.client.script() as request:
            return [
                (job.name, {name: decode(name, value) for name, value in job.arguments.items()})
                for job in request.db.scalars(waiting)
            ]

    def run_one(self) -> bool:
        """Run the job that should run next, if one is due. Whether there was one. Raises: AssertionError."""
        has_run = run_next(self.client.registry)
        self.check()
        return has_run

    def run_all(self) -> int:
        """Run all that is due, and what that enqueues. How many ran. Raises: AssertionError."""
        count = run_due_jobs(self.client.registry)
        self.check()
        return count

    def check(self) -> None:
        """Raises: AssertionError for a job that failed; the log says why."""
        failed = sa.select(OutboxJob.name, OutboxJob.last_error).where(
            OutboxJob.last_error.is_not(None), OutboxJob.done_at.is_(None)
        )
        with self.client.script() as request:
            for name, error in request.db.execute(failed):
                raise AssertionError(f"the job {name} failed: {error}")


def id_of(address: str) -> str:
    """The id at the end of an address."""
    return address.rstrip("/").rsplit("/", 1)[1]


class _ReadingSession(Session):
    """What it does stays, as on an AUTOCOMMIT connection."""

    def close(self) -> None:
        with suppress(sa.exc.SQLAlchemyError):  # it has failed, and is rolled back
            self.commit()
        super().close()


@contextmanager
def rolled_back(app: Any) -> Iterator[tuple[Client, sa.Connection]]:
    """An anonymous client whose writes all happen on one connection and are rolled back at the end."""
    registry = app.registry
    before = registry["db.session"]
    with registry["db.engine"].connect() as connection:
        transaction = connection.begin()
        registry["db.session"] = lambda is_read_only: (_ReadingSession if is_read_only else WritingSession)(
            bind=connection, join_transaction_mode="create_savepoint", expire_on_commit=False
        )
        registry["clock"].offset = timedelta()
        try:
            yield Client(app), connection
        finally:
            registry["db.session"] = before
            transaction.rollback()


@contextmanager
def committed(app: Any) -> Iterator[Client]:
    """An anonymous client whose writes are committed; every table is emptied at the end."""
    registry = app.registry
    registry["clock"].offset = timedelta()
    try:
        yield Client(app)
    finally:
        registry["clock"].offset = timedelta()
        tables = ", ".join(f'"{name}"' for name in Base.metadata.tables)
        with registry["db.engine"].begin() as connection:
            connection.execute(sa.text(f"TRUNCATE {tables}"))


@pytest.fixture
def client(wsgi_app: Any) -> Iterator[Client]:
    """An anonymous client; whatever it writes is rolled back after the test."""
    with rolled_back(wsgi_app) as (made, _):
        yield made


@pytest.fixture
def committing_client(wsgi_app: Any) -> Iterator[Client]:
    """An anonymous client whose writes are committed; every table is emptied after the test."""
    with committed(wsgi_app) as made:
        yield made


@pytest.fixture
def queue(client: Client) -> Queue:
    """The jobs that ``client``'s requests have enqueued."""
    return Queue(client)


@pytest.fixture
def clock(client: Client) -> Clock:
    """The application's clock; it stands where it should again in the next test."""
    return client.clock


@contextmanager
def counted_statements(registry: Any) -> Iterator[list[str]]:
    """The SQL statements that are executed meanwhile."""
    statements: list[str] = []

    def note(connection: Any, cursor: Any, statement: str, *rest: Any) -> None:
        if not statement.startswith(("SAVEPOINT", "RELEASE", "ROLLBACK")):
            statements.append(statement)

    engine = registry["db.engine"]
    event.listen(engine, "before_cursor_execute", note)
    try:
        yield statements
    finally:
        event.remove(engine, "before_cursor_execute", note)
