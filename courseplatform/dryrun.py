"""Dry runs: a write with ``Prefer: dry-run`` (RFC 7240) does everything but commit, and answers what would have been.

Nothing of it stays: ``db.commit_veto`` rolls every such request back, whatever became of it, and what waits for the
commit (jobs, the audit log, deleted files) never comes. So it takes the way of the real request: the same permissions,
rules, subscribers and constraints refuse it, with the same answers. A view with ``has_dry_run=False`` has none: 422
``dry_run_unsupported``.

What would follow is told by forecasts (``add_forecast``, ``add_job_forecast``): counts, made in this transaction.
"""

import re
from collections import Counter
from collections.abc import Callable, Mapping
from typing import Any

import orjson
from pyramid.config import PHASE1_CONFIG, Configurator
from pyramid.request import Request
from pyramid.response import Response
from sqlalchemy import text

from .db import SAFE_METHODS
from .errors import Invalid
from .events import Event
from .jobs.outbox import job_name
from .schemas import Answer, Anything, Flag, Listing, Whole, field

#: An answer must not outgrow its question, nor what it costs: of more events than that the others are counted only.
MAX_EVENTS = 100
#: Forecasts of events, each with its statements, in one dry run.
MAX_FORECASTS = 20
#: Closed or not, it matches: so no header takes long to read.
QUOTED = re.compile(r'"(?:[^"\\]|\\.)*+\\?"?')

#: Name → how many.
Counts = Mapping[str, int]


class ForetoldEvent(Answer):
    """As in the feed of events, without what only an event that has happened has."""

    type = field(Anything())
    course_id = field(Anything(), nullable=True)
    actor_id = field(Anything(), nullable=True)
    data = field(Anything())


class DryRun(Answer):
    """What every dry run answers, with 200 and ``Preference-Applied: dry-run``."""

    dry_run = field(Flag(), description="True.")
    status = field(Whole(200, 399), description="The status that the request would be answered with.")
    resource = field(Anything(), nullable=True, description="What it would answer; null if that is no JSON.")
    event_count = field(Whole(), description="How many events programs outside would learn of.")
    events = field(Listing(MAX_EVENTS), ForetoldEvent(name="event"), description="The first hundred of them.")
    jobs = field(Anything(), description="How often each background job would be enqueued, by its name.")
    forecasts = field(Anything(), description="What would follow: {name: {what: how many}}, each from a plugin.")
    is_complete = field(Flag(), description="False if so much would happen that forecasts left some of it out.")


def is_dry_run(request: Request) -> bool:
    """Whether this request of the web is to leave nothing behind. Reads, which have nothing to leave, ignore that."""
    return request.method not in SAFE_METHODS and not request.is_script and prefers_dry_run(request)


def prefers_dry_run(request: Request) -> bool:
    """Whatever value it is given, but ``dry-run=false``: who says it must not find that it was done all the same."""
    for preference in QUOTED.sub("", request.headers.get("Prefer", "")).split(","):
        name, _, value = preference.partition(";")[0].partition("=")
        if name.strip().lower() == "dry-run" and value.strip().lower() != "false":
            return True
    return False


class Foreseen:
    """What a dry run has come to so far. ``events``: the public ones. ``jobs``: the arguments of each, by name.

    ``is_done``: the view has succeeded, and only the rollback is left.
    """

    def __init__(self, request: Request) -> None:
        self.forecasts = request.registry["forecasts"]
        self.is_done, self.forecast_count = False, 0
        self.events: list[Event] = []
        self.jobs: dict[str, list[dict[str, Any]]] = {}
        self.counts: dict[str, Counter[str]] = {}

    def note_event(self, event: Event) -> None:
        """Also asks its forecasts: before its subscribers change what they count."""
        if event.public_type is not None:
            self.events.append(event)
        for cls in type(event).__mro__:
            for name, forecast in self.forecasts.get(cls, ()):
                self.forecast_count += 1
                if self.forecast_count <= MAX_FORECASTS:
                    self.add(name, forecast(event))

    def note_job(self, name: str, arguments: dict[str, Any]) -> None:
        self.jobs.setdefault(name, []).append(arguments)

    def note_end(self, request: Request) -> None:
        """Asks the forecasts of jobs: they find all as it would be when the jobs run."""
        for job, calls in self.jobs.items():
            for name, forecast in self.forecasts.get(job, ()):
                self.add(name, forecast(request, calls))
        self.is_done = True

    def add(self, name: str, counts: Counts) -> None:
        if counts:
            self.counts.setdefault(name, Counter()).update(counts)


def dry_run_view(view: Callable[..., Response], info: Any) -> Callable[..., Response]:
    """A view deriver, so for every view of every plugin: behind the permission, around validation and rendering."""
    if info.exception_only:
        return view
    has_dry_run = info.options.get("has_dry_run", True)

    def wrapper(context: Any, request: Request) -> Response:
        if not request.is_dry_run:
            return view(context, request)
        if not has_dry_run:
            raise Invalid("dry_run_unsupported")
        response = view(context, request)
        return foretold(request, response) if response.status_int < 400 else response

    return wrapper


dry_run_view.options = ("has_dry_run",)  # type: ignore[attr-defined]  # how Pyramid learns of a view's argument


def foretold(request: Request, response: Response) -> Response:
    """The answer of a dry run that succeeded. Raises: what the database would only say at the commit."""
    if "db" in request.__dict__:
        request.db.flush()
        request.db.execute(text("SET CONSTRAINTS ALL IMMEDIATE"))
    foreseen: Foreseen = request.foreseen
    foreseen.note_end(request)
    body = {
        "dry_run": True,
        "status": response.status_int,
        "resource": orjson.Fragment(response.body) if response.content_type == "application/json" else None,
        "event_count": len(foreseen.events),
        "events": [event_json(event) for event in foreseen.events[:MAX_EVENTS]],
        "jobs": {name: len(calls) for name, calls in sorted(foreseen.jobs.items())},
        "forecasts": {name: dict(counts) for name, counts in sorted(foreseen.counts.items())},
        "is_complete": foreseen.forecast_count <= MAX_FORECASTS,
    }
    # A new response: no Location of what is not there, no ETag that an If-Match could send, no cookie.
    answer = Response(body=orjson.dumps(body), content_type="application/json")
    answer.headers["Preference-Applied"] = "dry-run"
    return answer


def event_json(event: Event) -> dict[str, Any]:
    about = {"course_id": getattr(event, "course_id", None), "actor_id": getattr(event, "by_user_id", None)}
    return {"type": event.public_type, **about, "data": event.public_data()}


def add_forecast(config: Configurator, name: str, event: Any, forecast: Any) -> None:
    """Let dry runs tell, under ``name``, what an event would bring: ``forecast(event) -> {what: how many}``.

    It is called before the event's subscribers, and reads only. What several forecasts or events tell under one name is
    added up. Of very many events in one request only the first ones are asked.
    """
    event, forecast = config.maybe_dotted(event), config.maybe_dotted(forecast)

    claim(config, name, event, forecast)


def add_job_forecast(config: Configurator, name: str, job: Any, forecast: Any) -> None:
    """Let dry runs tell, under ``name``, what a job would do: ``forecast(request, calls) -> {what: how many}``.

    ``calls``: the arguments of each time that it would be enqueued. It is called once, when all else is done, and reads
    only, in few statements however many calls there are. What several forecasts tell under one name is added up.
    """
    job, forecast = config.maybe_dotted(job), config.maybe_dotted(forecast)

    claim(config, name, job_name(job), forecast)


def claim(config: Configurator, name: str, about: Any, forecast: Any) -> None:
    def register() -> None:
        config.registry["forecasts"].setdefault(about, []).append((name, forecast))

    config.action(("forecast", name, about), register, order=PHASE1_CONFIG)


def includeme(config: Configurator) -> None:
    config.registry["forecasts"] = {}  # by class of event and by name of job
    config.add_directive("add_forecast", add_forecast)
    config.add_directive("add_job_forecast", add_job_forecast)
    config.add_view_deriver(dry_run_view, "dry_run")
