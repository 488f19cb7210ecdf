"""Whose work is due when: the directive ``add_deadline_source``, and the dates that count for a student.

Without a source everybody has the assignment's own dates, and no statement is spent on it.
"""

from collections.abc import Callable, Iterable
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, ScalarSelect, Select, Subquery, and_, case, select, union, union_all
from sqlalchemy.dialects.postgresql import distinct_on

from courseplatform.api import Configurator, Request
from plugins.lessons.api import Lesson

from .events import StudentDatesChanged
from .models import Assignment, Deadline


def add_deadline_source(config: Configurator, name: str, dates: Callable[[], Select[Any]] | str) -> None:
    """Give some students other dates than an assignment says.

    ``dates()`` is a SELECT of ``assignment_id, student_id, due_at, lock_at``: at most one row per pair, and both dates
    replace the assignment's; null: never. Of several sources the one with the latest due date counts. Who moves such
    dates calls ``hold_dates`` before and ``announce_moved_dates`` after.
    """
    found = config.maybe_dotted(dates)
    config.action(("deadline source", name), lambda: config.registry["assignments.deadlines"].update({name: found}))


def own_dates(request: Request) -> Subquery | None:
    """SQL: the rows of all sources; None without a source."""
    found = [dates() for _, dates in sorted(request.registry["assignments.deadlines"].items())]
    if len(found) < 2:
        return found[0].subquery("own_dates") if found else None
    every = union_all(*found).subquery()
    pair = (every.c.assignment_id, every.c.student_id)
    latest = (every.c.due_at.desc().nulls_first(), every.c.lock_at.desc().nulls_first())
    return select(every).ext(distinct_on(*pair)).order_by(*pair, *latest).subquery("own_dates")


def load_deadlines(request: Request, assignments: list[Assignment]) -> dict[UUID, Deadline]:
    """The caller's deadlines by assignment id, in one statement or none; the rows remember them for their ETags."""
    own, unknown = own_dates(request), [row for row in assignments if not row.are_dates_known]
    if own is not None and unknown and request.identity is not None:
        asked = own.c.assignment_id.in_([row.id for row in unknown])
        found = select(own).where(asked, own.c.student_id == request.identity.id)
        dates = {row.assignment_id: Deadline(row.due_at, row.lock_at) for row in request.db.execute(found)}
        for assignment in unknown:
            assignment.own_dates, assignment.are_dates_known = dates.get(assignment.id), True
    return {assignment.id: assignment.deadline for assignment in assignments}


def deadline_of(request: Request, assignment: Assignment, student_id: UUID) -> Deadline:
    """A student's deadline as it is now. One statement, or none without a source."""
    own = own_dates(request)
    if own is not None:
        found = select(own.c.due_at, own.c.lock_at)
        mine = found.where(own.c.assignment_id == assignment.id, own.c.student_id == student_id)
        row = request.db.execute(mine).one_or_none()
        if row is not None:
            return Deadline(*row)
    return Deadline(assignment.due_at, assignment.lock_at)


def due_at_of(request: Request, student_id: Any, assignment_id: Any) -> ScalarSelect[Any]:
    """SQL: when it is due for the student. The arguments may be columns of any enclosing statement."""
    own = own_dates(request)
    if own is None:
        return (
            select(Assignment.due_at)
            .where(Assignment.id == assignment_id)
            .correlate_except(Assignment)
            .scalar_subquery()
        )
    is_own = and_(own.c.assignment_id == Assignment.id, own.c.student_id == student_id)
    due_at: ColumnElement[Any] = case((own.c.assignment_id.is_not(None), own.c.due_at), else_=Assignment.due_at)
    found = select(due_at).select_from(Assignment).outerjoin(own, is_own).where(Assignment.id == assignment_id)
    return found.correlate_except(Assignment, own).scalar_subquery()


def due_dates(request: Request) -> Subquery:
    """SQL: ``assignment_id, due_at`` of each due date that an assignment has for somebody."""
    dates = select(Assignment.id.label("assignment_id"), Assignment.due_at)
    own = own_dates(request)
    return (union(dates, select(own.c.assignment_id, own.c.due_at)) if own is not None else dates).subquery("due_dates")


def hold_dates(request: Request, assignment_ids: Iterable[UUID] | Select[Any]) -> list[UUID]:
    """Let nobody hand in new work to these assignments before the commit: their students' dates are about to move.

    Which of them there are.
    """
    held = select(Assignment.id).where(Assignment.id.in_(assignment_ids)).order_by(Assignment.id)
    return list(request.db.scalars(held.with_for_update(key_share=True)))


def announce_moved_dates(
    request: Request, *, course_id: UUID, assignment_id: UUID | None = None, student_id: UUID | None = None
) -> None:
    """Have lateness judged anew after a source has moved dates: ``StudentDatesChanged``.

    Of an assignment, of a student, or of all in the course.
    """
    request.db.flush()
    request.emit(StudentDatesChanged(course_id=course_id, assignment_id=assignment_id, student_id=student_id))


def assignments_of(course_id: UUID) -> Select[Any]:
    """SQL: the ids of a course's assignments."""
    return select(Assignment.id).join(Lesson, Lesson.id == Assignment.lesson_id).where(Lesson.course_id == course_id)


def includeme(config: Configurator) -> None:
    config.registry["assignments.deadlines"] = {}
    config.add_directive("add_deadline_source", add_deadline_source)
