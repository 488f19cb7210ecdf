"""A plugin of somebody who has read no documentation: it fails with whatever it was given in its hands.

``leak`` is worse: it writes what it was given wherever it can. By it the tests of secrets show that they would notice.
"""

import logging
import os

from pyramid.config import Configurator
from pyramid.response import Response
from pyramid.security import NO_PERMISSION_REQUIRED
from sqlalchemy import text

from courseplatform.api import Request
from courseplatform.redis_connection import connect

log = logging.getLogger("clumsy")


def crash(request: Request) -> Response:
    """Its error, and that of which it comes, hold body, headers, cookies and query."""
    try:
        raise KeyError(request.body.decode("utf-8", "replace"))
    except KeyError as error:
        raise RuntimeError(dict(request.headers), dict(request.cookies), request.query_string) from error


def data_error(request: Request) -> Response:
    """PostgreSQL's message repeats the value."""
    request.db.execute(text("SELECT CAST(:given AS integer)"), {"given": request.json_body["secret"]})
    return Response()


def integrity_error(request: Request) -> Response:
    """PostgreSQL's detail repeats the value."""
    for _ in range(2):
        insert = text("INSERT INTO periodic_runs (name, last_run_at) VALUES (:given, now())")
        request.db.execute(insert, {"given": request.json_body["secret"]})
    return Response()


def slow_statement(request: Request) -> Response:
    request.db.execute(text("SET LOCAL statement_timeout = 50"))
    request.db.execute(text("SELECT pg_sleep(1), :given"), {"given": request.json_body["secret"]})
    return Response()


def ask_for_failure(request: Request) -> Response:
    request.enqueue(fail_with_secret)
    request.enqueue(fail_in_database)
    return Response()


def fail_with_secret(request: Request) -> None:
    raise RuntimeError(os.environ["CLUMSY_SECRET"])


def fail_in_database(request: Request) -> None:
    request.db.execute(text("SELECT CAST(:given AS integer)"), {"given": os.environ["CLUMSY_SECRET"]})


def leak(request: Request) -> Response:
    given = request.json_body["secret"]
    log.warning("was given %s", given)
    request.db.execute(text("INSERT INTO periodic_runs (name, last_run_at) VALUES (:given, now())"), {"given": given})
    request.enqueue(forget, name=given, delay_s=3600)
    with connect(request.registry.settings["redis.url"]) as redis:
        redis.set("clumsy", given)
    return Response(given)


def forget(request: Request, *, name: str) -> None:
    pass


def includeme(config: Configurator) -> None:
    config.add_jobs("tests.functional.clumsy")
    for view in (crash, data_error, integrity_error, slow_statement, ask_for_failure, leak):
        config.add_route(f"clumsy_{view.__name__}", f"/api/clumsy/{view.__name__}/")
        config.add_view(view, route_name=f"clumsy_{view.__name__}", permission=NO_PERMISSION_REQUIRED)
