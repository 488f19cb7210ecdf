"""Background work of assignments."""

from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import select, tuple_

from courseplatform.api import Request
from plugins.courses.api import Course
from plugins.lessons.api import Lesson

from .events import AssignmentDueSoon
from .models import Assignment

SOON = timedelta(hours=24)
CHUNK = 500


def announce_due_soon(request: Request, after_at: datetime | None = None, after_id: UUID | None = None) -> None:
    """Emit ``AssignmentDueSoon`` for visible assignments that are due within 24 hours, the next one first.

    A run does one chunk, from the key ``(after_at, after_id)`` on, and enqueues the rest. Receivers deduplicate.
    """
    key = tuple_(Assignment.due_at, Assignment.id)
    found = (
        select(Assignment, Lesson.course_id)
        .join(Lesson, Lesson.id == Assignment.lesson_id)
        .join(Course, Course.id == Lesson.course_id)
        .where(Assignment.is_published, Lesson.is_published, Course.status == "published")
        .where(Assignment.due_at > request.now, Assignment.due_at <= request.now + SOON)
        .order_by(Assignment.due_at, Assignment.id)
        .limit(CHUNK)
    )
    if after_at is not None:
        found = found.where(key > (after_at, after_id))
    rows = request.db.execute(found).all()
    for assignment, course_id in rows:
        request.emit(
            AssignmentDueSoon(
                assignment_id=assignment.id,
                lesson_id=assignment.lesson_id,
                course_id=course_id,
                title=assignment.title,
                due_at=assignment.due_at,
            )
        )
    if len(rows) == CHUNK:
        last = rows[-1][0]
        request.enqueue(announce_due_soon, after_at=last.due_at, after_id=last.id)
