"""Which events are public, and what of them."""

from collections.abc import Iterator
from dataclasses import fields
from datetime import datetime
from typing import Any
from uuid import UUID

from courseplatform.api import Event, Request, plugins_on

#: What says who, when and whether, by its name; the rest goes out only if the event's class says so.
PLAIN_ENDINGS, PLAIN_BEGINNINGS = ("_id", "_at"), ("is_", "has_")
#: These have members of their own in the payload.
OWN_COLUMNS = ("course_id", "by_user_id")


def public_types(request: Request) -> set[str]:
    """The types of events that plugins which are on may emit."""
    packages = tuple(f"{name}." for name in plugins_on(request.registry))
    return {cls.public_type for cls in classes() if cls.public_type and f"{cls.__module__}.".startswith(packages)}


def classes(base: type[Event] = Event) -> Iterator[type[Event]]:
    for cls in base.__subclasses__():
        yield cls
        yield from classes(cls)


def public_data(event: Event) -> dict[str, Any]:
    """What the event tells outside, as JSON values."""
    names = [field.name for field in fields(event) if field.name not in ("request", *OWN_COLUMNS)]
    return {name: plain(getattr(event, name)) for name in names if is_public(event, name)}


def is_public(event: Event, name: str) -> bool:
    return name.endswith(PLAIN_ENDINGS) or name.startswith(PLAIN_BEGINNINGS) or name in event.public_fields


def plain(value: Any) -> Any:
    if isinstance(value, UUID):
        return str(value)
    return value.isoformat().replace("+00:00", "Z") if isinstance(value, datetime) else value
