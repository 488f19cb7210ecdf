"""The log: written in the transaction in which something happens, numbered after its commit.

A number that is taken inside a transaction says nothing of when that commits: who reads up to 8 would miss a 7 that
commits later. So events are numbered by a job, one at a time, and only what is committed: whoever has read up to a
sequence will never find a new event before it.
"""

from datetime import timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, any_, delete, exists, false, func, select, true, update
from sqlalchemy.orm import aliased
from uuid_utils.compat import uuid7

from courseplatform.api import Conflict, Event, Forbidden, Invalid, Request, holds_role, lock_number

from .event_types import public_types
from .models import DomainEvent

#: Whoever numbers waits for the others who do.
NUMBERING_LOCK = lock_number("webhooks.numbering")
#: Numbered, and purged, in one transaction.
CHUNK_EVENTS = 200


def write(request: Request, event: Event) -> None:
    """Add an event that is public. It has no number yet."""
    request.db.add(
        DomainEvent(
            id=uuid7(),
            type=event.public_type,
            occurred_at=request.now,
            course_id=getattr(event, "course_id", None),
            actor_id=getattr(event, "by_user_id", None),
            data=event.public_data(),
        )
    )


def number_events(request: Request) -> list[DomainEvent]:
    """Give the oldest ``CHUNK_EVENTS`` that have no sequence theirs, without a gap. They, in order."""
    request.db.execute(select(func.pg_advisory_xact_lock(NUMBERING_LOCK)))
    # A statement of its own: only now it sees what those who had the lock before have numbered.
    unnumbered = (
        select(DomainEvent.id)
        .where(DomainEvent.sequence.is_(None))
        .order_by(DomainEvent.id)
        .limit(CHUNK_EVENTS)
        .subquery()
    )
    place = select(unnumbered.c.id, func.row_number().over(order_by=unnumbered.c.id).label("place")).subquery()
    last = select(func.coalesce(func.max(DomainEvent.sequence), 0)).scalar_subquery()
    numbered = (
        update(DomainEvent)
        .where(DomainEvent.id == place.c.id)
        .values(sequence=last + place.c.place)
        .returning(DomainEvent)
        .execution_options(synchronize_session=False)
    )
    return sorted(request.db.scalars(numbered), key=lambda event: event.sequence or 0)


def read_on(
    request: Request, *, after: int, limit: int, type: str | None, course_id: UUID | None
) -> tuple[list[DomainEvent], bool]:
    """The next events that the caller may see, and whether there are more.

    Raises: Invalid for an unknown type; Forbidden for a course that the caller does not teach;
    Conflict("sequence_unknown").
    """
    found = select(DomainEvent).where(DomainEvent.sequence > after)
    if type is not None:
        check_types(request, [type], "type", "querystring")
        found = found.where(DomainEvent.type == type)
    if course_id is not None:
        found = found.where(DomainEvent.course_id == course_id)
    if request.identity.role != "admin":
        if course_id is None:
            found = found.where(is_taught(request))
        elif not request.db.scalar(select(teaches(request, request.identity.id, course_id))):
            raise Forbidden(rule={"parameter": "course_id"}, missing=["course teacher", "admin"])
    events = list(request.db.scalars(found.order_by(DomainEvent.sequence).limit(limit + 1)))
    check_reach(request, after)  # afterwards: what was purged meanwhile is missed by nobody
    return events[:limit], len(events) > limit


def check_reach(request: Request, after: int) -> None:
    """Raises: Conflict("sequence_unknown") unless the log has all that came after this sequence."""
    if after == 0:  # from wherever the log begins
        return
    ends = select(func.min(DomainEvent.sequence), func.max(DomainEvent.sequence))
    oldest, newest = request.db.execute(ends).one()
    if oldest is None or after + 1 < oldest or after > newest:
        raise Conflict("sequence_unknown", oldest_sequence=oldest, newest_sequence=newest)


def newest_sequence(request: Request) -> int:
    return request.db.scalar(select(func.coalesce(func.max(DomainEvent.sequence), 0)))


def check_types(request: Request, types: list[str], name: str, location: str = "body") -> None:
    """Raises: Invalid for a type that no plugin which is on emits."""
    known = public_types(request)
    if not set(types) <= known:
        raise Invalid.field(name, "must be of: " + ", ".join(sorted(known)), location)


def teaches(request: Request, user_id: Any, course_id: Any) -> ColumnElement[bool]:
    """SQL: whether a user teaches a course now. Nobody teaches none, nor any while courses is off."""
    node_class = request.registry.get("webhooks.course_node")
    if node_class is None or course_id is None:
        return false()
    return holds_role(request, node_class, "teacher", user_id, course_id)


def is_taught(request: Request) -> ColumnElement[bool]:
    """SQL: whether an event is of a course that the caller teaches now."""
    node_class = request.registry.get("webhooks.course_node")
    if node_class is None:
        return false()
    course = aliased(node_class.model)
    taught = select(course.id).where(teaches(request, request.identity.id, course.id))
    # An array is computed once, so that there is an index for what is looked up in it.
    return DomainEvent.course_id == any_(func.array(taught.scalar_subquery()))


def is_course(request: Request, course_id: UUID) -> ColumnElement[bool]:
    """SQL: whether there is such a course."""
    node_class = request.registry.get("webhooks.course_node")
    return exists().where(node_class.model.id == course_id) if node_class else false()


def purge(request: Request) -> bool:
    """Delete ``CHUNK_EVENTS`` at most that are older than ``webhooks.keep_days``. Whether there may be more.

    The newest one stays whatever its age: the numbering goes on from it.
    """
    before = request.now - timedelta(days=request.registry.settings["webhooks.keep_days"])
    oldest = (
        select(DomainEvent.id)
        .where(DomainEvent.sequence.is_not(None))
        .order_by(DomainEvent.sequence)
        .limit(CHUNK_EVENTS)
    )
    newest = select(func.max(DomainEvent.sequence)).scalar_subquery()
    over = delete(DomainEvent).where(
        DomainEvent.id.in_(oldest), DomainEvent.occurred_at < before, DomainEvent.sequence < newest
    )
    request.db.execute(select(func.set_config("webhooks.is_purging", "on", true())))
    return request.db.execute(over, execution_options={"synchronize_session": False}).rowcount == CHUNK_EVENTS
