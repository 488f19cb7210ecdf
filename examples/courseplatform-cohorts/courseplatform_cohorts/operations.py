"""Verbs of cohorts."""

from collections import Counter
from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, and_, delete, select, update
from sqlalchemy.dialects.postgresql import insert

from courseplatform.api import Conflict, Invalid, NotFound, Request
from plugins.assignments.api import Assignment, announce_moved_dates, hold_dates
from plugins.enrollments.api import ENROLLED, Enrollment, recheck_course, refresh_progress
from plugins.lessons.api import Lesson

from .events import CohortDatesMoved
from .models import Cohort, CohortDeadline, CohortLesson, CohortMember


def create_cohort(request: Request, *, course_id: UUID, lesson_ids: list[UUID], **fields: Any) -> Cohort:
    """Make a cohort from the fields of ``CohortBody``. Raises: Invalid; 409 ``cohort_name_taken`` by constraint."""
    fields = {"capacity": request.registry.settings["cohorts.default_capacity"], **fields}
    cohort = Cohort(course_id=course_id, created_at=request.now, **fields)
    request.db.add(cohort)
    request.db.flush()
    if lesson_ids:
        put_lessons(request, cohort, lesson_ids)
    return cohort


def update_cohort(request: Request, cohort: Cohort, changes: dict[str, Any]) -> None:
    """Apply changed fields. Raises: Invalid; 409 ``cohort_full`` by constraint, if it has more members than seats."""
    lesson_ids = changes.pop("lesson_ids", None)
    for name, value in changes.items():
        setattr(cohort, name, value)
    request.db.flush()
    if lesson_ids is not None:
        put_lessons(request, cohort, lesson_ids)


def put_lessons(request: Request, cohort: Cohort, lesson_ids: list[UUID]) -> None:
    """Let these lessons be for this cohort, and have the course's progress rechecked. Raises: Invalid."""
    wanted = set(lesson_ids)
    theirs = select(Lesson.id).where(Lesson.course_id == cohort.course_id, Lesson.id.in_(wanted))
    if wanted and set(request.db.scalars(theirs)) != wanted:
        raise Invalid.field("lesson_ids", "must name lessons of the course")
    gone = delete(CohortLesson).where(CohortLesson.cohort_id == cohort.id, CohortLesson.lesson_id.not_in(wanted))
    request.db.execute(gone.execution_options(synchronize_session=False))
    if wanted:
        rows = [{"cohort_id": cohort.id, "lesson_id": lesson_id} for lesson_id in sorted(wanted)]
        request.db.execute(insert(CohortLesson).values(rows).on_conflict_do_nothing())
    recheck_course(request, cohort.course_id)


def delete_cohort(request: Request, cohort: Cohort) -> None:
    """Remove a cohort without members; its lessons are for everyone then. Raises: Conflict("cohort_has_members")."""
    if cohort.member_count:  # the row is locked: nobody joins meanwhile
        raise Conflict("cohort_has_members", member_count=cohort.member_count)
    request.db.execute(delete(Cohort).where(Cohort.id == cohort.id))
    recheck_course(request, cohort.course_id)


def set_deadline(
    request: Request,
    *,
    cohort: Cohort,
    assignment_id: UUID,
    due_at: datetime | None,
    lock_at: datetime | None,
    by_user_id: UUID,
) -> tuple[CohortDeadline, bool]:
    """Give a cohort dates of its own for an assignment: (dates, whether there were none). Idempotent.

    Lateness is judged anew. Emits ``CohortDatesMoved``. Raises: NotFound; Invalid for dates that contradict each other.
    """
    if due_at and lock_at and due_at > lock_at:
        raise Invalid.field("lock_at", "must not be before due_at")
    assignment, row = hold_deadline(request, cohort, assignment_id)
    is_new = row is None
    if row is None:
        row = CohortDeadline(cohort_id=cohort.id, assignment_id=assignment_id)
        request.db.add(row)
    elif (row.due_at, row.lock_at) == (due_at, lock_at):
        return row, False
    row.due_at, row.lock_at = due_at, lock_at
    announce(request, cohort, assignment, due_at=due_at, by_user_id=by_user_id)
    return row, is_new


def remove_deadline(request: Request, *, cohort: Cohort, assignment_id: UUID, by_user_id: UUID) -> None:
    """Let the assignment's own dates be the cohort's again. Idempotent. Raises: NotFound."""
    assignment, row = hold_deadline(request, cohort, assignment_id)
    if row is not None:
        request.db.delete(row)
        announce(request, cohort, assignment, due_at=assignment.due_at, by_user_id=by_user_id)


def hold_deadline(request: Request, cohort: Cohort, assignment_id: UUID) -> tuple[Assignment, CohortDeadline | None]:
    """An assignment of the cohort's course and the cohort's dates for it, before they move. Raises: NotFound.

    Until the commit nobody hands in new work to it, joins the cohort or leaves it: all that is judged by these dates.
    """
    request.db.execute(select(Cohort.id).where(Cohort.id == cohort.id).with_for_update(key_share=True))
    hold_dates(request, [assignment_id])
    is_theirs = and_(CohortDeadline.assignment_id == Assignment.id, CohortDeadline.cohort_id == cohort.id)
    found = (
        select(Assignment, CohortDeadline)
        .join(Lesson, Lesson.id == Assignment.lesson_id)
        .outerjoin(CohortDeadline, is_theirs)
        .where(Assignment.id == assignment_id, Lesson.course_id == cohort.course_id)
    )
    pair = request.db.execute(found).one_or_none()
    if pair is None:
        raise NotFound()
    assignment, deadline = pair
    return assignment, deadline


def find_deadline(request: Request, cohort_id: UUID, assignment_id: UUID) -> CohortDeadline | None:
    return request.db.get(CohortDeadline, (cohort_id, assignment_id))


def announce(
    request: Request, cohort: Cohort, assignment: Assignment, *, due_at: datetime | None, by_user_id: UUID
) -> None:
    announce_moved_dates(request, course_id=cohort.course_id, assignment_id=assignment.id)
    request.emit(
        CohortDatesMoved(
            cohort_id=cohort.id,
            assignment_id=assignment.id,
            lesson_id=assignment.lesson_id,
            course_id=cohort.course_id,
            title=assignment.title,
            due_at=due_at,
            by_user_id=by_user_id,
        )
    )


def seat(request: Request, *, enrollment_id: UUID, student_id: UUID, course_id: UUID, cohort_id: UUID | None) -> None:
    """Give a student a seat in a cohort in place of the present one; None: in no cohort. Idempotent.

    The dates of both cohorts are theirs no more and theirs now: lateness is judged anew.
    Raises: Invalid unless the cohort is one of the course; 409 ``cohort_full`` by constraint.
    """
    found = select(CohortMember).where(CohortMember.enrollment_id == enrollment_id).with_for_update()
    member = request.db.scalars(found).one_or_none()
    old_id = member.cohort_id if member is not None else None
    if old_id == cohort_id:
        return
    ids = [found_id for found_id in (old_id, cohort_id) if found_id is not None]
    # The cohorts before the assignments: so does whoever moves a cohort's dates, and neither waits in a circle.
    for found_id in sorted(ids):
        change_count(request, course_id, found_id, 1 if found_id == cohort_id else -1)
    moved = hold_dates(request, select(CohortDeadline.assignment_id).where(CohortDeadline.cohort_id.in_(ids)))
    if member is not None and cohort_id is not None:
        member.cohort_id = cohort_id
    elif member is not None:
        request.db.delete(member)
    else:
        request.db.add(CohortMember(enrollment_id=enrollment_id, cohort_id=cohort_id, student_id=student_id))
    request.db.flush()
    if moved:
        announce_moved_dates(request, course_id=course_id, student_id=student_id)
    refresh_progress(request, course_id=course_id, student_id=student_id)


def change_count(request: Request, course_id: UUID, cohort_id: UUID, by: int) -> None:
    """Take or free a seat; whoever does so at the same cohort waits. Raises: Invalid; 409 ``cohort_full``."""
    counted = (
        update(Cohort)
        .where(Cohort.id == cohort_id, Cohort.course_id == course_id)
        .values(member_count=Cohort.member_count + by)
        .returning(Cohort.id)
        .execution_options(synchronize_session=False)
    )
    if request.db.scalar(counted) is None:
        raise Invalid.field("extensions.cohort", "must be a cohort of the course")


def seat_newcomer(request: Request, *, enrollment_id: UUID, student_id: UUID, course_id: UUID) -> None:
    """Seat a student in the oldest open cohort that has room; nothing if no cohort of the course is open.

    Raises: Conflict("cohort_full") if all open ones are full.
    """
    # Locked by one statement and read by a later one: of two who want the last seat, the second one sees it taken.
    is_open = (Cohort.course_id == course_id, Cohort.is_open)
    locked = select(Cohort.id).where(*is_open).order_by(Cohort.id).with_for_update(key_share=True)
    if not request.db.scalars(locked).all():
        return
    free = select(Cohort.id).where(*is_open, Cohort.member_count < Cohort.capacity).order_by(Cohort.id).limit(1)
    cohort_id = request.db.scalar(free)
    if cohort_id is None:
        raise Conflict("cohort_full")
    seat(request, enrollment_id=enrollment_id, student_id=student_id, course_id=course_id, cohort_id=cohort_id)


def free_seats(request: Request, *where: ColumnElement[bool]) -> None:
    """Take students who take part no more out of their cohorts, whoever else does so at the same moment. Idempotent.

    What they handed in stays judged as it was.
    """
    gone = delete(CohortMember).where(*where).returning(CohortMember.cohort_id)
    freed = Counter(request.db.scalars(gone.execution_options(synchronize_session=False)))
    for cohort_id, count in sorted(freed.items()):
        fewer = update(Cohort).where(Cohort.id == cohort_id).values(member_count=Cohort.member_count - count)
        request.db.execute(fewer.execution_options(synchronize_session=False))


def abandoned_seats(request: Request, limit: int) -> Sequence[UUID]:
    """Enrollments that have a seat, of students who don't take the course now."""
    found = (
        select(CohortMember.enrollment_id)
        .join(Enrollment, Enrollment.id == CohortMember.enrollment_id)
        .where(Enrollment.status.not_in(ENROLLED))
        .order_by(CohortMember.enrollment_id)
        .limit(limit)
    )
    return request.db.scalars(found).all()
