"""Telling a cohort's students that their dates moved. Attached where notifications are on."""

from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import select

from courseplatform.api import Request
from plugins.notifications.api import News, Subject, tell

from .events import CohortDatesMoved
from .models import CohortMember

CHUNK = 500


def tell_members(request: Request, *, cohort_id: UUID, after_id: UUID | None = None, **moved: Any) -> None:
    """Tell every student of a cohort, chunk by chunk. What they may know is decided at the delivery. Idempotent."""
    found = select(CohortMember.student_id).where(CohortMember.cohort_id == cohort_id)
    if after_id is not None:
        found = found.where(CohortMember.student_id > after_id)
    student_ids = request.db.scalars(found.order_by(CohortMember.student_id).limit(CHUNK)).all()
    for student_id in student_ids:
        tell(request, student_id, _news(**moved))
    if len(student_ids) == CHUNK:
        request.enqueue(tell_members, cohort_id=cohort_id, after_id=student_ids[-1], **moved)


def _on_moved_dates(event: CohortDatesMoved) -> None:
    names = ("cohort_id", "assignment_id", "lesson_id", "course_id", "title", "due_at", "by_user_id")
    # Named here and not in the job, so that a job that runs again tells nobody twice.
    event.request.enqueue(tell_members, event_id=uuid4(), **{name: getattr(event, name) for name in names})


def _news(
    *, assignment_id: UUID, lesson_id: UUID, course_id: UUID, title: str, due_at: Any, by_user_id: UUID, event_id: UUID
) -> News:
    address = f"/api/courses/{course_id}/lessons/{lesson_id}/assignments/{assignment_id}/"
    return News(
        kind="cohort_dates_moved",
        variant="removed" if due_at is None else "moved",
        subject=Subject("assignment", assignment_id, address),
        told={"title": title, "due_at": due_at},
        actor_id=by_user_id,
        course_id=course_id,
        role="student",
        event_id=event_id,
    )
