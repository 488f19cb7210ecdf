"""Enrollments as JSON."""

from typing import Any
from uuid import UUID

from courseplatform.api import Request
from plugins.accounts.api import user_cards

from .models import Enrollment


def enrollment_json(request: Request, enrollment: Enrollment, percent: int) -> dict[str, Any]:
    return {
        "id": enrollment.id,
        "course_id": enrollment.course_id,
        "student_id": enrollment.student_id,
        "status": enrollment.status,
        "enrolled_at": enrollment.enrolled_at,
        "completed_at": enrollment.completed_at,
        "progress_percent": percent,
    }


def load_students(request: Request, enrollments: list[Enrollment]) -> dict[UUID, Any]:
    cards = user_cards(request, {enrollment.student_id for enrollment in enrollments})
    return {enrollment.id: cards.get(enrollment.student_id) for enrollment in enrollments}
