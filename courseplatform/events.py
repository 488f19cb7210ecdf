"""Events: ``request.emit(event)`` tells neighbours, inside the transaction, what has just happened.

A subscriber that raises refuses: nothing is written. What must happen after the commit is enqueued.
An event is a frozen dataclass of ids and scalars, named in the past tense, derived from ``Event``.
"""

from dataclasses import dataclass, field
from typing import Any

from pyramid.config import Configurator
from pyramid.request import Request


@dataclass(frozen=True, kw_only=True)
class Event:
    """Base of every event. ``request`` is set while subscribers run, for their statements."""

    request: Any = field(default=None, init=False, repr=False, compare=False)


def emit(request: Request, event: Event) -> None:
    """Call every subscriber of the event's class now, in this transaction."""
    object.__setattr__(event, "request", request)
    request.registry.notify(event)


def includeme(config: Configurator) -> None:
    config.add_request_method(emit)
