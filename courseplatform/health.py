"""``/health/live``, ``/health/startup``, ``/health/ready``: whether the process serves, could begin, and can work now.

A plugin's check runs in a thread of its own, so that one that hangs is answered for in time. Who asks while a check
runs waits for that run: a check never runs twice at once, however often it is asked for.
"""

import logging
from collections.abc import Callable
from concurrent.futures import Future
from threading import Lock, Thread
from time import monotonic
from typing import Any

from pyramid.config import Configurator
from pyramid.registry import Registry
from pyramid.request import Request
from pyramid.response import Response
from pyramid.security import NO_PERMISSION_REQUIRED
from sqlalchemy.exc import SQLAlchemyError

from .db import reading_request, script_request
from .errors import Unavailable
from .schema_versions import Version, behind, needed_versions

log = logging.getLogger(__name__)

#: How long all checks together may take: they run side by side.
MAX_TIME_LIMIT_S = 3.0


class HealthCheck:
    """A plugin's check: ``fn(request)`` raises if something that the plugin needs is not well."""

    def __init__(self, name: str, fn: Callable[[Request], object], time_limit_s: float) -> None:
        self.name, self.fn, self.time_limit_s = name, fn, time_limit_s
        self.lock, self.started_at_s = Lock(), 0.0
        self.outcome: Future[bool] | None = None

    def start(self, registry: Registry) -> None:
        """Let it run, unless it does."""
        with self.lock:
            if self.outcome is not None and not self.outcome.done():
                return
            outcome: Future[bool] = Future()
            # A daemon: the process has to end although a check hangs.
            Thread(target=self.run, args=(registry, outcome), name=f"health {self.name}", daemon=True).start()
            # Only now: where the machine has no thread left, the check does not count as running from then on.
            self.outcome, self.started_at_s = outcome, monotonic()

    def run(self, registry: Registry, outcome: "Future[bool]") -> None:
        is_well = False
        try:
            with script_request(registry) as request:
                self.fn(request)
            is_well = True
        except Exception:
            log.warning("health check failed: %s", self.name, exc_info=True)
        finally:
            outcome.set_result(is_well)

    def is_well(self) -> bool:
        """Whether the run that has been started ends well, and in time."""
        left_s = self.started_at_s + self.time_limit_s - monotonic()
        try:
            return self.outcome is not None and self.outcome.result(max(left_s, 0))
        except TimeoutError:
            log.warning("health check took longer than %s s: %s", self.time_limit_s, self.name)
            return False


def live(request: Request) -> Response:
    """200 while the process serves."""
    return Response(json_body={"status": "live"})


def startup(request: Request) -> Response:
    """200 once the database has answered, with the schema that this code needs, and from then on.

    Raises: Unavailable.
    """
    if not request.registry["health.has_started"]:
        require_schema(request)
        request.registry["health.has_started"] = True
    return Response(json_body={"status": "started"})


def ready(request: Request) -> Response:
    """200 while the database answers, its schema is what this code needs and every plugin's check is well.

    Raises: Unavailable; ``failing`` names what is not well.
    """
    if request.registry["health.stopping"]:
        raise Unavailable(failing=["stopping"])
    require_schema(request)
    checks: list[HealthCheck] = request.registry["health.checks"]
    for check in checks:
        check.start(request.registry)
    failing = sorted(check.name for check in checks if not check.is_well())
    if failing:
        raise Unavailable(failing=failing)
    return Response(json_body={"status": "ready"})


def require_schema(request: Request) -> None:
    """Raises: Unavailable, naming the histories whose tables are behind this code; none if the database is away."""
    try:
        found = behind(request.db, versions(request.registry))
    except SQLAlchemyError as error:
        raise Unavailable() from error
    if found:
        for name, revision in found.items():
            log.warning("the tables of %s are at %s, behind this code: run `courseplatform migrate`", name, revision)
        raise Unavailable(failing=[f"schema of {name}" for name in found])


def versions(registry: Registry) -> list[Version]:
    if registry["health.versions"] is None:
        registry["health.versions"] = needed_versions(registry["migrations"])
    found: list[Version] = registry["health.versions"]
    return found


def has_started(registry: Registry) -> bool:
    """Whether ``/health/startup`` is well, for code that runs outside HTTP."""
    try:
        with reading_request(registry) as request:
            startup(request)
    except Unavailable:
        return False
    return True


def add_health_check(config: Configurator, name: str, fn: Any, time_limit_s: float = 1.0) -> None:
    """Let ``/health/ready`` answer 503 and name this check while ``fn(request)`` raises, or takes too long.

    It gets a request of its own, outside every other transaction, and has at most 3 s.
    """
    fn = config.maybe_dotted(fn)
    check = HealthCheck(name, fn, min(time_limit_s, MAX_TIME_LIMIT_S))
    config.action(("health check", name), lambda: config.registry["health.checks"].append(check))


def includeme(config: Configurator) -> None:
    config.registry["health.checks"], config.registry["health.versions"] = [], None
    config.registry["health.has_started"] = config.registry["health.stopping"] = False
    config.add_directive("add_health_check", add_health_check)
    for name, view in (("live", live), ("startup", startup), ("ready", ready)):
        config.add_route(f"health_{name}", f"/health/{name}")
        config.add_view(
            view,
            route_name=f"health_{name}",
            permission=NO_PERMISSION_REQUIRED,
            request_method="GET",
            limit=False,  # who looks whether we live must always get an answer
        )
