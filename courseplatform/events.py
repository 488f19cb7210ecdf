"""Events: ``request.emit(event)`` tells neighbours, inside the transaction, what has just happened.

A subscriber that raises refuses: nothing is written. What must happen after the commit is enqueued.
An event is a frozen dataclass of ids and scalars, named in the past tense, derived from ``Event``.

Programs outside learn of an event whose class names a ``public_type``: see ``plugins/webhooks``.
"""

from dataclasses import dataclass, field
from typing import Any, ClassVar

from pyramid.request import Request


@dataclass(frozen=True, kw_only=True)
class Event:
    """Base of every event. ``request`` is set while subscribers run, for their statements.

    ``public_type``: its name outside, ``course.published``; None: it stays inside. What goes out with it are ids, times
    and flags (``…_id``, ``…_at``, ``is_…``, ``has_…``), and of texts and numbers those in ``public_fields``: nothing
    that says more of a person than who it is.
    """

    public_type: ClassVar[str | None] = None
    public_fields: ClassVar[tuple[str, ...]] = ()

    request: Any = field(default=None, init=False, repr=False, compare=False)


def emit(request: Request, event: Event) -> None:
    """Call every subscriber of the event's class now, in this transaction."""
    object.__setattr__(event, "request", request)
    request.registry.notify(event)
