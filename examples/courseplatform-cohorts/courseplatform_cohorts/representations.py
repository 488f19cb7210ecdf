"""Cohorts as JSON."""

from typing import Any
from uuid import UUID

from sqlalchemy import select

from courseplatform.api import Request

from .models import Cohort, CohortDeadline, CohortLesson


def cohort_json(request: Request, cohort: Cohort, lesson_ids: list[UUID] | None) -> dict[str, Any]:
    return {
        "id": cohort.id,
        "course_id": cohort.course_id,
        "name": cohort.name,
        "capacity": cohort.capacity,
        "member_count": cohort.member_count,
        "is_open": cohort.is_open,
        "lesson_ids": lesson_ids or [],
        "created_at": cohort.created_at,
    }


def load_lesson_ids(request: Request, cohorts: list[Cohort]) -> dict[UUID, list[UUID]]:
    found: dict[UUID, list[UUID]] = {cohort.id: [] for cohort in cohorts}
    rows = select(CohortLesson).where(CohortLesson.cohort_id.in_(found)).order_by(CohortLesson.lesson_id)
    for row in request.db.scalars(rows):
        found[row.cohort_id].append(row.lesson_id)
    return found


def deadline_json(request: Request, deadline: CohortDeadline) -> dict[str, Any]:
    return {"assignment_id": deadline.assignment_id, "due_at": deadline.due_at, "lock_at": deadline.lock_at}
