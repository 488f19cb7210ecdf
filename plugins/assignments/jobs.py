"""Background work of assignments."""

from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import select, tuple_

from courseplatform.api import Request
from plugins.courses.api import Course
from plugins.lessons.api import Lesson

from .deadlines import due_dates
from .events import AssignmentDueSoon
from .models import Assignment

SOON = timedelta(hours=24)
CHUNK = 500


def announce_due_soon(request: Request, after_at: datetime | None = None, after_id: UUID | None = None) -> None:
    """Emit ``AssignmentDueSoon`` for each date within 24 hours at which visible work is due, the next one first.

    A run does one chunk, from the key ``(after_at, after_id)`` on, and enqueues the rest. Receivers deduplicate.
    """
    dates = due_dates(request)
    key = tuple_(dates.c.due_at, dates.c.assignment_id)
    found = (
        select(Assignment, Lesson.course_id, dates.c.due_at)
        .join(dates, dates.c.assignment_id == Assignment.id)
        .join(Lesson, Lesson.id == Assignment.lesson_id)
        .join(Course, Course.id == Lesson.course_id)
        .where(Assignment.is_published, Lesson.is_published, Course.status == "published")
        .where(dates.c.due_at > request.now, dates.c.due_at <= request.now + SOON)
        .order_by(dates.c.due_at, dates.c.assignment_id)
        .limit(CHUNK)
    )
    if after_at is not None:
        found = found.where(key > (after_at, after_id))
    rows = request.db.execute(found).all()
    for assignment, course_id, due_at in rows:
        request.emit(
            AssignmentDueSoon(
                assignment_id=assignment.id,
                lesson_id=assignment.lesson_id,
                course_id=course_id,
                title=assignment.title,
                due_at=due_at,
            )
        )
    if len(rows) == CHUNK:
        assignment, _, due_at = rows[-1]
        request.enqueue(announce_due_soon, after_at=due_at, after_id=assignment.id)
