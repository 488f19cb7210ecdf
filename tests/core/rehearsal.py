"""A plugin whose writes let much happen, for the tests of dry runs."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from pyramid.config import Configurator

from courseplatform.api import NO_PERMISSION_REQUIRED, Conflict, Event, Query, Request, Service, Text, Whole, field
from courseplatform.jobs import PeriodicRun
from tests.core import sandbox_jobs

COURSE_ID = UUID(int=7)


@dataclass(frozen=True, kw_only=True)
class Rang(Event):
    public_type, public_fields = "bell.rang", ("loudness",)

    course_id: UUID = COURSE_ID
    loudness: int
    secret_note: str = "told to nobody"


@dataclass(frozen=True, kw_only=True)
class Heard(Event):
    """Not public."""

    loudness: int


class Ringing(Query):
    times = field(Whole(0, 1000, is_text=True), missing=1)
    then = field(Text(20), missing="")


def at(path: str) -> Service:
    return Service(path.strip("/"), f"/rehearsal{path}", facet_of="/", depth=3)


bell, safe, plain = at("/bell/"), at("/safe/"), at("/plain/")


@bell.post(permission=NO_PERMISSION_REQUIRED, query=Ringing)
def ring(request: Request) -> Any:
    """Ring so many times, and promise a job for each."""
    asked = request.validated["querystring"]
    for loudness in range(asked["times"]):
        request.emit(Rang(loudness=loudness))
        request.enqueue(sandbox_jobs.fail, name=f"ring {loudness}")
        request.enqueue(sandbox_jobs.tick, delay_s=60)
    request.audit("bell.rang", times=asked["times"])
    request.clear_limit("bells", "somebody")
    request.response.set_cookie("bell", "rung")
    request.response.etag = "rung"
    if asked["then"] == "refuse":
        raise Conflict()
    return request.created(PeriodicRun(name="rung", last_run_at=request.now)) if asked["then"] == "made" else {}


@safe.post(permission=NO_PERMISSION_REQUIRED, has_dry_run=False, query=Ringing)
def open_safe(request: Request) -> Any:
    """Its answer is a secret."""
    request.db.add(PeriodicRun(name="opened", last_run_at=request.now))
    return {"secret": "swordfish"}


def write_plainly(request: Request) -> Any:
    """A view of Pyramid's own."""
    request.db.add(PeriodicRun(name="plain", last_run_at=request.now))
    request.response.status_int = 201
    return {"name": "plain"}


def answer_heard(event: Rang) -> None:
    """A subscriber that changes what is counted."""
    event.request.emit(Heard(loudness=event.loudness))
    event.request.db.add(PeriodicRun(name=f"heard {event.loudness}", last_run_at=event.request.now))
    event.request.db.flush()


def loudness(event: Rang) -> dict[str, int]:
    return {"loudness": event.loudness, "heard_before": event.request.db.query(PeriodicRun).count()}


def ears(event: Heard) -> dict[str, int]:
    return {"loudness": 100}


def failures(request: Request, calls: list[dict[str, Any]]) -> dict[str, int]:
    heard = request.db.query(PeriodicRun).count()
    return {"failures": len([call for call in calls if call["name"].startswith("ring")]), "heard": heard}


def includeme(config: Configurator) -> None:
    config.add_rate_limit("bells")
    config.add_subscriber(answer_heard, Rang)
    config.add_forecast("noise", Rang, loudness)
    config.add_forecast("noise", Heard, ears)
    config.add_job_forecast("jobs", sandbox_jobs.fail, failures)
    config.add_route("plainly", "/plainly")
    config.add_view(write_plainly, route_name="plainly", renderer="json", permission=NO_PERMISSION_REQUIRED)
    config.scan(__name__)
