"""Enrollments as JSON."""

from typing import Any

from courseplatform.api import Request
from plugins.accounts.api import cards_of

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


load_students = cards_of("student_id")
