"""``/health/live`` and ``/health/ready``: whether the process serves, and whether it can work.

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
from sqlalchemy import text

from .db import script_request
from .errors import Unavailable

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
            self.outcome, self.started_at_s = Future(), monotonic()
        # A daemon: the process has to end although a check hangs.
        Thread(target=self.run, args=(registry, self.outcome), name=f"health {self.name}", daemon=True).start()

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


def ready(request: Request) -> Response:
    """200 while the database answers, its schema is there and every plugin's check is well.

    Raises: Unavailable; ``failing`` names the checks that are not well.
    """
    try:
        is_migrated = request.db.scalar(text("SELECT count(*) FROM alembic_version"))
    except Exception as error:
        raise Unavailable() from error
    if not is_migrated:
        raise Unavailable()
    checks: list[HealthCheck] = request.registry["health.checks"]
    for check in checks:
        check.start(request.registry)
    failing = sorted(check.name for check in checks if not check.is_well())
    if failing:
        raise Unavailable(failing=failing)
    return Response(json_body={"status": "ready"})


def add_health_check(config: Configurator, name: str, fn: Any, time_limit_s: float = 1.0) -> None:
    """Let ``/health/ready`` answer 503 and name this check while ``fn(request)`` raises, or takes too long.

    It gets a request of its own, outside every other transaction, and has at most 3 s.
    """
    fn = config.maybe_dotted(fn)
    check = HealthCheck(name, fn, min(time_limit_s, MAX_TIME_LIMIT_S))
    config.action(("health check", name), lambda: config.registry["health.checks"].append(check))


def includeme(config: Configurator) -> None:
    config.registry["health.checks"] = []
    config.add_directive("add_health_check", add_health_check)
    for name, view in (("live", live), ("ready", ready)):
        config.add_route(f"health_{name}", f"/health/{name}")
        config.add_view(
            view,
            route_name=f"health_{name}",
            permission=NO_PERMISSION_REQUIRED,
            request_method="GET",
            limit=False,  # who looks whether we live must always get an answer
        )
