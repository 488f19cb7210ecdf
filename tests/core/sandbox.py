"""A plugin for the tests of core: it crashes, waits, writes and refuses on demand."""

from typing import Any

from pyramid.authorization import DENY_ALL
from pyramid.config import Configurator
from pyramid_retry import RetryableException
from sqlalchemy import text

from courseplatform.api import (
    NO_PERMISSION_REQUIRED,
    Allow,
    Binary,
    Body,
    Choice,
    Conflict,
    Everyone,
    Flag,
    Forbidden,
    Id,
    Listing,
    Moment,
    Node,
    Query,
    Request,
    Service,
    Text,
    Unauthenticated,
    Url,
    Whole,
    drop,
    field,
)
from courseplatform.jobs import PeriodicRun

SECRET = "swordfish-9081"


class Sandbox(Node):
    """``/sandbox``"""

    __acl__ = [(Allow, Everyone, "sandbox:use")]


class Rooms(Node):
    """``/sandbox/rooms``: open to everybody, and full of rooms that nobody may enter."""

    __acl__ = [(Allow, Everyone, "sandbox:use")]

    def __getitem__(self, segment: str) -> Node:
        return Room(self.request, segment, self)


class Room(Node):
    """``/sandbox/rooms/{name}``"""

    __acl__ = [DENY_ALL]


class Part(Body):
    name = field(Text(20, min_chars=1))
    size = field(Whole(0, 10), missing=0)


class Everything(Body):
    text = field(Text(20, min_chars=1))
    whole = field(Whole(), missing=0)
    flag = field(Flag(), missing=False)
    at = field(Moment(), missing=None, nullable=True)
    url = field(Url(), missing=drop)
    id = field(Id(), missing=drop)
    word = field(Choice("red", "green"), missing="red")
    parts = field(Listing(3), Part(name="part"), missing=[])


class Then(Query):
    then = field(Text(20), missing="")
    name = field(Text(50), missing="scratch")


def at(path: str) -> Service:
    return Service(path.strip("/"), f"/sandbox{path}", facet_of="/sandbox/", depth=3)


everything, crashes, writes, files = at("/everything/"), at("/crash/"), at("/writes/"), at("/files/")
deadlocks, listed = at("/deadlock/"), at("/listed/")
connection, retries, aborts, default = at("/connection/"), at("/retries/"), at("/aborts/"), at("/extensions/")

room = Service("room", "/sandbox/rooms/{name}/")


@room.get(permission="sandbox:use")
def enter(request: Request) -> Any:
    """Never reached."""
    return {}


@everything.post(permission=NO_PERMISSION_REQUIRED, body=Everything)
@everything.put(permission="sandbox:use", body=Everything)
@everything.patch(permission="sandbox:use", body=Everything)
def show_everything(request: Request) -> Any:
    """What the schema made of the body."""
    return request.validated["body"]


@crashes.get(permission="sandbox:use")
def crash(request: Request) -> Any:
    """500."""
    raise RuntimeError(SECRET)


@writes.post(permission="sandbox:use", query=Then)
def write(request: Request) -> Any:
    """Insert a row, then end in one way or another. 422 ``dry_run_unsupported``."""
    asked = request.validated["querystring"]
    request.db.add(PeriodicRun(name=asked["name"], last_run_at=request.now))
    if asked["then"] != "commit":
        request.db.flush()
    match asked["then"]:
        case "raise":
            raise Conflict()
        case "unheard":
            raise Conflict("unheard_of")
        case "misplaced":
            raise Forbidden("username_taken")
        case "talkative":
            raise Conflict("username_taken", shoe_size=47)
        case "crash":
            raise RuntimeError(SECRET)
        case "return":
            request.response.status_int = 409
        case "sleep":
            request.db.execute(text("SET LOCAL statement_timeout = 50"))
            request.db.execute(text("SELECT pg_sleep(2)"))
        case "null":
            request.db.execute(text("INSERT INTO periodic_runs (name) VALUES ('nothing')"))
        case "enqueue":
            request.enqueue(note, text=asked["name"])
        case "enqueue-and-raise":
            request.enqueue(note, text=asked["name"])
            raise Conflict()
        case "defer":
            request.db.execute(text("CREATE TEMP TABLE later (id int UNIQUE DEFERRABLE INITIALLY DEFERRED)"))
            request.db.execute(text("INSERT INTO later VALUES (1), (1)"))
        case "own":
            with request.own_transaction() as own:
                own.db.add(PeriodicRun(name="own", last_run_at=own.now))
        case "abort":
            request.on_abort(lambda own: own.db.add(PeriodicRun(name="aborted", last_run_at=own.now)))
    return {"name": asked["name"]}


def note(request: Request, *, text: str) -> None:
    """A job, but in no module of jobs."""


@files.post(permission="sandbox:use", query=Then, is_body_raw=True)
def upload(request: Request) -> Any:
    """Store the body as a file, then end in one way or another."""
    asked = request.validated["querystring"]
    stored = request.save_file(request.body_file, 1000)
    request.registry["sandbox.key"] = stored.key
    if asked["then"] == "raise":
        raise Conflict()
    if asked["then"] == "commit":  # violates the primary key, but not before the commit
        request.db.add_all([PeriodicRun(name=name, last_run_at=request.now) for name in ("one", asked["name"])])
    return {"key": stored.key, "size_bytes": stored.size_bytes, "sha256": stored.sha256}


@files.get(permission="sandbox:use", query=Then, answer=Binary("*/*"), status=(200, 206, 307))
def download(request: Request) -> Any:
    """The file that was stored last. 412; 416 ``range_not_satisfiable``."""
    name = request.validated["querystring"]["name"]
    return request.send_file(request.registry["sandbox.key"], name=name, size_bytes=5, sha256="abc")


@files.delete(permission="sandbox:use", query=Then)
def remove(request: Request) -> Any:
    """Delete the file that was stored last, then commit or not."""
    request.delete_file(request.registry["sandbox.key"])
    if request.validated["querystring"]["then"] == "raise":
        raise Conflict()
    return request.no_content()


@connection.get(permission="sandbox:use")
@connection.post(permission="sandbox:use")
def show_connection(request: Request) -> Any:
    """How this request talks to the database."""
    names = ("statement_timeout", "lock_timeout", "idle_in_transaction_session_timeout", "timezone")
    return {
        "is_autocommit": request.db.connection().connection.dbapi_connection.autocommit,
        **{name: request.db.scalar(text(f"SHOW {name}")) for name in names},
    }


@retries.post(permission="sandbox:use")
def retry(request: Request) -> Any:
    """Fails once; the second attempt must ask again who calls."""
    seen = request.registry.setdefault("sandbox.callers", [])
    seen.append(request.caller)
    if len(seen) == 1:
        raise RetryableException()
    return {}


@deadlocks.post(permission="sandbox:use")
def lose_a_deadlock(request: Request) -> Any:
    """PostgreSQL picks this request's first attempt as the victim of a deadlock."""
    attempts = request.registry["sandbox.attempts"] = request.registry.get("sandbox.attempts", 0) + 1
    if attempts == 1:
        request.db.execute(text("DO $$ BEGIN RAISE EXCEPTION USING ERRCODE = 'deadlock_detected'; END $$"))
    return {"attempts": attempts}


@aborts.post(permission="sandbox:use", query=Then)
def abort(request: Request) -> Any:
    """Refuses, yet leaves a row."""
    name = request.validated["querystring"]["name"]
    request.db.add(PeriodicRun(name=f"{name} of the refused", last_run_at=request.now))
    request.db.flush()
    request.on_abort(lambda own: own.db.add(PeriodicRun(name=name, last_run_at=own.now)))
    raise Unauthenticated("invalid_token")


@listed.get(permission="sandbox:use")
def show_list(request: Request) -> Any:
    """An answer that is no object."""
    return [1, 2]


@default.get(permission="sandbox:unheard-of")
def never(request: Request) -> Any:
    """Nobody but administrators."""
    return {}


def includeme(config: Configurator) -> None:
    config.include("plugins.courses")
    config.add_resource_node("courseplatform.api.Root", "sandbox", Sandbox)
    config.add_resource_node(Sandbox, "rooms", Rooms)
    config.add_jobs("tests.core.sandbox_jobs")
    config.add_file_owner(PeriodicRun.name)
    config.scan("tests.core.sandbox")
