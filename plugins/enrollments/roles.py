"""Who takes a course, as SQL."""

from typing import Any

from sqlalchemy import ColumnElement, exists

from .models import ENROLLED, Enrollment


def studies(user_id: Any, course_id: Any) -> ColumnElement[bool]:
    """Who takes part now: active or completed enrollments."""
    return exists().where(
        Enrollment.course_id == course_id, Enrollment.student_id == user_id, Enrollment.status.in_(ENROLLED)
    )


def took_part(user_id: Any, course_id: Any) -> ColumnElement[bool]:
    """Who takes part or once did, whatever the enrollment is now."""
    return exists().where(Enrollment.course_id == course_id, Enrollment.student_id == user_id)
