"""Events: ``request.emit(event)`` tells neighbours, inside the transaction, what has just happened.

A subscriber that raises refuses: nothing is written. What must happen after the commit is enqueued.
An event is a frozen dataclass of ids and scalars, named in the past tense, derived from ``Event``.

Programs outside learn of an event whose class names a ``public_type``: see ``plugins/webhooks``.
"""

from dataclasses import dataclass, field, fields
from datetime import datetime
from typing import Any, ClassVar
from uuid import UUID

from pyramid.request import Request

#: What says who, when and whether, by its name; the rest goes out only if the event's class says so.
PLAIN_ENDINGS, PLAIN_BEGINNINGS = ("_id", "_at"), ("is_", "has_")
#: These have members of their own in the payload.
OWN_MEMBERS = ("course_id", "by_user_id")


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

    def public_data(self) -> dict[str, Any]:
        """What it tells outside, as JSON values; besides the course and who did it, which are told apart from that."""
        names = [known.name for known in fields(self) if known.name not in ("request", *OWN_MEMBERS)]
        return {name: plain(getattr(self, name)) for name in names if is_public(self, name)}


def is_public(event: Event, name: str) -> bool:
    return name.endswith(PLAIN_ENDINGS) or name.startswith(PLAIN_BEGINNINGS) or name in event.public_fields


def plain(value: Any) -> Any:
    if isinstance(value, UUID):
        return str(value)
    return value.isoformat().replace("+00:00", "Z") if isinstance(value, datetime) else value


def emit(request: Request, event: Event) -> None:
    """Call every subscriber of the event's class now, in this transaction."""
    object.__setattr__(event, "request", request)
    if request.is_dry_run:
        request.foreseen.note_event(event)
    request.registry.notify(event)
