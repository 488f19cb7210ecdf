"""How far students are: the directive ``add_progress_source``, and what its sources add up to.

Lessons and assignments know what they require and what a student has done of it; nothing of that is stored here, so
that it can't go stale. Only the moment of completion is kept.
"""

from collections.abc import Callable, Collection
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Select, literal, select, update

from courseplatform.api import Configurator, NotFound, Request

from .events import CompletionConfirmed, CourseCompleted
from .models import ENROLLED, Enrollment

Count = Callable[[Request, Any, Any], Select[Any]]

#: How many enrollments one transaction checks for completion.
CHUNK = 500


def add_progress_source(config: Configurator, name: str, *, total: Count | str, done: Count | str) -> None:
    """Let something count for a course's progress; functions or their dotted names.

    ``total(request, course_id, student_id)`` and ``done(…)`` are scalar SELECTs of a count: what is required of the
    student, and how much of just that they have done. The ids may be columns of the enclosing statement.
    """
    total, done = config.maybe_dotted(total), config.maybe_dotted(done)
    config.action(
        ("progress source", name), lambda: config.registry["enrollments.progress"].update({name: (total, done)})
    )


def counts(request: Request) -> dict[str, tuple[ColumnElement[int], ColumnElement[int]]]:
    """SQL by source: (total, done) of the enclosing statement's enrollment."""

    def correlated(statement: Select[Any]) -> ColumnElement[int]:
        return statement.correlate(Enrollment).scalar_subquery()

    return {
        name: tuple(correlated(count(request, Enrollment.course_id, Enrollment.student_id)) for count in (total, done))
        for name, (total, done) in sorted(request.registry["enrollments.progress"].items())
    }


def sums(request: Request) -> tuple[ColumnElement[int], ColumnElement[int]]:
    """SQL: (total, done) of the enclosing statement's enrollment, over all sources."""
    pairs = counts(request).values()
    return sum((total for total, _ in pairs), literal(0)), sum((done for _, done in pairs), literal(0))


def percent_of(done: int, total: int) -> int:
    """Rounded down, so that 100 means all; 0 when nothing is required."""
    return min(done * 100 // total, 100) if total else 0


def progress_of(request: Request, course_id: UUID, student_id: UUID) -> dict[str, Any]:
    """``{course_id, student_id, status, done, total, percent, sources: {name: {done, total}}}``, in one statement.

    Raises: NotFound if the student never enrolled.
    """
    columns = [column for pair in counts(request).values() for column in pair]
    row = request.db.execute(
        select(Enrollment.status, *columns).where(
            Enrollment.course_id == course_id, Enrollment.student_id == student_id
        )
    ).one_or_none()
    if row is None:
        raise NotFound()
    status, *numbers = row
    names = sorted(request.registry["enrollments.progress"])
    totals, dones = numbers[::2], numbers[1::2]
    return {
        "course_id": course_id,
        "student_id": student_id,
        "status": status,
        "done": sum(dones),
        "total": sum(totals),
        "percent": percent_of(sum(dones), sum(totals)),
        "sources": {
            name: {"done": done, "total": total} for name, total, done in zip(names, totals, dones, strict=True)
        },
    }


def load_percents(request: Request, enrollments: list[Enrollment]) -> dict[UUID, int]:
    """Progress in percent by enrollment id, in one statement; the rows remember it for their ETags."""
    unknown = {enrollment.id: enrollment for enrollment in enrollments if enrollment.progress_percent is None}
    for enrollment_id, percent in percents_of(request, unknown).items():
        unknown[enrollment_id].progress_percent = percent
    return {enrollment.id: enrollment.progress_percent for enrollment in enrollments}


def percents_of(request: Request, enrollment_ids: Collection[UUID]) -> dict[UUID, int]:
    """Progress in percent by enrollment id, in one statement."""
    if not enrollment_ids:
        return {}
    found = select(Enrollment.id, *sums(request)).where(Enrollment.id.in_(enrollment_ids))
    return {row.id: percent_of(row[2], row[1]) for row in request.db.execute(found)}


def nearly_done(request: Request, enrollment_ids: Collection[UUID]) -> set[UUID]:
    """The students who lack one thing at most, of enrollments that are locked; in one statement.

    Who does something more for many students looks for the completed ones (``refresh_progress``) among these.
    """
    if not enrollment_ids:
        return set()
    total, done = sums(request)
    found = select(Enrollment.student_id).where(Enrollment.id.in_(enrollment_ids), done + 1 >= total)
    return set(request.db.scalars(found))


def find_with_percent(request: Request, course_id: UUID, student_id: UUID) -> Enrollment | None:
    """The enrollment of a student in a course together with its progress, in one statement."""
    found = select(Enrollment, *sums(request)).where(
        Enrollment.course_id == course_id, Enrollment.student_id == student_id
    )
    row = request.db.execute(found).one_or_none()
    if row is None:
        return None
    enrollment, total, done = row
    enrollment.progress_percent = percent_of(done, total)
    return enrollment


def refresh_progress(
    request: Request, *, course_id: UUID, student_id: UUID | None = None, after_id: UUID | None = None
) -> UUID | None:
    """Complete the active enrollments, one student's or the course's, that have reached 100 %. Idempotent.

    Emits ``CourseCompleted`` for each; for one student who completed the course before and stands at 100 %,
    ``CompletionConfirmed``. Looks at ``CHUNK`` enrollments: gives the id to go on after, None at the end.
    """
    looked_at = select(Enrollment.id, Enrollment.status).where(Enrollment.course_id == course_id)
    if student_id is not None:
        looked_at = looked_at.where(Enrollment.student_id == student_id, Enrollment.status.in_(ENROLLED))
    else:
        looked_at = looked_at.where(Enrollment.status == "active")
    if after_id is not None:
        looked_at = looked_at.where(Enrollment.id > after_id)
    # Locked first, counted by a later statement: of two who finish the last two lessons at once, the second one waits
    # here and then sees the work of both.
    locked = looked_at.order_by(Enrollment.id).limit(CHUNK).with_for_update(key_share=True)
    statuses = {row.id: row.status for row in request.db.execute(locked)}
    ids = list(statuses)
    if not ids:
        return None
    total, done = sums(request)
    if statuses[ids[0]] == "completed":  # one student's, and the only one
        found = select(Enrollment.id).where(Enrollment.id == ids[0], total > 0, done >= total)
        if request.db.scalar(found) is not None:
            request.emit(CompletionConfirmed(enrollment_id=ids[0], course_id=course_id, student_id=student_id))
        return None
    completed = request.db.execute(
        update(Enrollment)
        .where(Enrollment.id.in_(ids), total > 0, done >= total)
        .values(status="completed", completed_at=request.now)
        .returning(Enrollment.id, Enrollment.student_id)
        .execution_options(synchronize_session="fetch")
    ).all()
    for row in completed:
        request.emit(CourseCompleted(enrollment_id=row.id, course_id=course_id, student_id=row.student_id))
    return ids[-1] if len(ids) == CHUNK else None


def includeme(config: Configurator) -> None:
    config.registry["enrollments.progress"] = {}
    config.add_directive("add_progress_source", add_progress_source)
