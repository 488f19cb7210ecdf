"""The database: ``Base`` for every model, the engine, and ``request.db``.

``request.db`` joins the request's transaction. GET and HEAD read on an AUTOCOMMIT connection: they need no BEGIN.
"""

import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Annotated, Any

import pyramid_tm
import transaction
from pyramid.config import PHASE0_CONFIG, Configurator
from pyramid.registry import Registry
from pyramid.request import Request
from pyramid.response import Response
from sqlalchemy import BigInteger, DateTime, MetaData, Text
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column
from uuid_utils.compat import uuid7
from zope.sqlalchemy.datamanager import STATUS_CHANGED, join_transaction

from .engines import make_engine
from .sessions import REQUEST, session_maker
from .settings import natural_int, password_faults, positive_int

SAFE_METHODS = ("GET", "HEAD", "OPTIONS")

#: Under this key a transaction keeps what is to happen after its commit.
PROMISES = "courseplatform.promises"

#: A UUID of version 7, so that ids sort by age.
UuidKey = Annotated[uuid.UUID, mapped_column(primary_key=True, default=uuid7)]
#: A size in bytes that may pass 2 GiB.
Bytes = Annotated[int, mapped_column(BigInteger)]


class Base(DeclarativeBase):
    """Every table. A constraint's ``info={"conflict": code}`` names the 409 that its violation answers."""

    metadata = MetaData(
        naming_convention={
            "ix": "ix__%(table_name)s__%(column_0_N_name)s",
            "uq": "uq__%(table_name)s__%(column_0_N_name)s",
            "ck": "ck__%(table_name)s__%(constraint_name)s",
            "fk": "fk__%(table_name)s__%(column_0_N_name)s",
            "pk": "pk__%(table_name)s",
        }
    )
    type_annotation_map = {datetime: DateTime(timezone=True), str: Text()}


class Timestamped:
    """Mixin: ``id`` and ``created_at``."""

    id: Mapped[UuidKey]
    created_at: Mapped[datetime] = mapped_column(default=lambda: datetime.now(UTC))


def postgresql_url(url: str) -> str:
    """The same database through psycopg2; SQLAlchemy 2.1 reads a bare ``postgresql://`` as psycopg 3.

    Raises: ValueError, without the URL, which may hold a password.
    """
    try:
        parsed = make_url(url)
    except ArgumentError as error:
        raise ValueError("not a URL") from error
    if parsed.get_backend_name() not in ("postgresql", "postgres"):
        raise ValueError("not a PostgreSQL URL")
    return parsed.set(drivername="postgresql+psycopg2").render_as_string(hide_password=False)


def direct_url(settings: dict[str, Any]) -> str:
    """Where there are sessions: of PostgreSQL itself, for migrations and dumps."""
    url: str = settings["database.direct_url"] or settings["database.url"]
    return url


def request_session(request: Request) -> Session:
    """The session of this request: of its transaction, if it may write."""
    is_read_only = request.method in SAFE_METHODS and not request.is_script
    session: Session = request.registry["db.session"](is_read_only)
    if not is_read_only:  # what only reads has nothing to commit
        session.info[REQUEST] = request
        # With the request, whatever it does: by itself zope.sqlalchemy drops statements on bare tables. (Its
        # ``register`` would listen to each session by itself, which takes as long as a statement.)
        join_transaction(session, STATUS_CHANGED, request.tm)
    request.add_finished_callback(lambda _: session.close())
    return session


def request_time(request: Request) -> datetime:
    """When this request began, for it and for everything that it writes; in UTC."""
    now: datetime = request.registry["clock"]()
    return now


def is_script(request: Request) -> bool:
    """Whether this is a job's or a command's, not of the web."""
    return "courseplatform.script" in request.environ


def commit_veto(request: Request, response: Response) -> bool:
    """Abort for every refusal, and for every dry run. (Dooming that instead, pyramid_tm would not retry it.)

    pyramid_tm asks before it looks whether the cause can be retried: tell it here.
    """
    exc_info = getattr(request, "exc_info", None)
    if exc_info is not None:
        pyramid_tm.maybe_tag_retryable(request, exc_info)
    return request.is_dry_run or pyramid_tm.default_commit_veto(request, response)


@contextmanager
def script_request(registry: Registry) -> Iterator[Request]:
    """A request for code that runs outside HTTP (jobs, commands, pshell): its own transaction, committed on success."""
    with bare_request(registry, {"courseplatform.script": True}) as request:
        yield request


@contextmanager
def reading_request(registry: Registry) -> Iterator[Request]:
    """A request of nobody, for code that reads when a view has answered: it gives its connection back at the end."""
    with bare_request(registry, {}) as request:  # a GET, and so on an AUTOCOMMIT connection
        yield request


@contextmanager
def bare_request(registry: Registry, environ: dict[str, Any]) -> Iterator[Request]:
    from pyramid.scripting import prepare

    env = prepare(registry=registry)
    request = env["request"]
    request.environ.update(environ)
    request.tm = transaction.TransactionManager(explicit=True)
    try:
        with request.tm:
            yield request
    finally:
        request._process_finished_callbacks()
        env["closer"]()


def promise(request: Request, keep: Callable[[Registry, list[Any]], object], item: Any) -> None:
    """If and after this transaction commits, call ``keep(registry, items)``, once, with all that was promised to it.

    What was promised within a ``savepoint`` that was taken back is not among them.
    """
    promises = promises_of(request)
    if keep not in promises:
        items: list[Any] = []
        promises[keep] = items
        registry = request.registry
        request.tm.get().addAfterCommitHook(
            lambda is_committed: keep(registry, items) if is_committed and items else None
        )
    promises[keep].append(item)


def promises_of(request: Request) -> dict[Any, list[Any]]:
    """What this transaction has promised so far, by whoever keeps it."""
    current = request.tm.get()
    try:
        return current.data(PROMISES)
    except KeyError:
        promises: dict[Any, list[Any]] = {}
        current.set_data(PROMISES, promises)
        return promises


@contextmanager
def savepoint(request: Request) -> Iterator[None]:
    """What is done within it stays. If it raises it leaves nothing: no row, no job, no line of the audit; and goes on.

    For parts of a request that may fail while others succeed: catch the error around it. A file that was saved within
    is swept a day later.
    """
    promises = promises_of(request)
    kept = {keep: len(items) for keep, items in promises.items()}
    foreseen = request.foreseen.so_far() if request.is_dry_run else None
    try:
        with request.db.begin_nested():
            yield
    except BaseException:
        for keep, items in promises.items():
            del items[kept.get(keep, 0) :]
        if foreseen is not None:
            request.foreseen.go_back_to(foreseen)
        raise


@contextmanager
def own_transaction(request: Request) -> Iterator[Request]:
    """A request of the same client with its own transaction, committed on success.

    For what is written around a wait for another house: no lock and no connection is held meanwhile. It may write
    whatever the method, and it carries no credentials. Raises: 422 ``dry_run_unsupported``, since it would stay.
    """
    from .errors import Invalid  # which knows the constraints of ``Base``

    if request.is_dry_run:
        raise Invalid("dry_run_unsupported")
    if request.method in SAFE_METHODS and not request.is_script and "db" in request.__dict__:
        request.db.close()  # what it has read stays read; it takes another connection if it reads more
    with script_request(request.registry) as own_request:
        kept = ("REMOTE_ADDR", "HTTP_USER_AGENT", "courseplatform.request_id")
        own_request.environ.update({name: request.environ[name] for name in kept if name in request.environ})
        yield own_request


def on_abort(request: Request, work: Callable[[Request], object]) -> None:
    """Run ``work(request)`` in its own transaction after this one was rolled back: what stays although we refuse.

    Also if a dry run is refused; one that succeeds is rolled back too, and leaves nothing.
    """
    registry = request.registry

    def hook() -> None:
        if request.is_dry_run and request.foreseen.is_done:
            return
        with script_request(registry) as own_request:
            work(own_request)

    request.tm.get().addAfterAbortHook(hook)


def includeme(config: Configurator) -> None:
    config.add_setting("database.url", postgresql_url, required=True, env="DATABASE_URL")
    config.add_setting("database.direct_url", postgresql_url, env="DATABASE_DIRECT_URL")
    config.add_settings_check(lambda settings: password_faults(settings, "database.url"))
    config.add_settings_check(lambda settings: password_faults(settings, "database.direct_url"))
    config.add_setting("database.pool_size", positive_int, default=8)
    config.add_setting("database.pool_overflow", natural_int, default=4)
    config.add_setting("database.statement_timeout_ms", positive_int, default=5_000)
    config.add_setting("database.lock_timeout_ms", positive_int, default=2_000)

    def connect() -> None:
        settings = config.registry.settings
        engine = make_engine(settings, settings["database.url"], is_pooled=settings["database.direct_url"] is not None)
        config.registry["db.engine"] = engine
        config.registry["db.session"] = session_maker(engine)

    config.action("database engine", connect, order=PHASE0_CONFIG)
    config.registry["clock"] = lambda: datetime.now(UTC)
