"""Who takes a course, as SQL."""

from typing import Any

from sqlalchemy import ColumnElement, exists

from .models import ENROLLED, Enrollment


def studies(user_id: Any, course_id: Any) -> ColumnElement[bool]:
    """Takes part now: role ``student``."""
    return exists().where(
        Enrollment.course_id == course_id, Enrollment.student_id == user_id, Enrollment.status.in_(ENROLLED)
    )


def took_part(user_id: Any, course_id: Any) -> ColumnElement[bool]:
    """Takes part or once did: role ``participant``."""
    return exists().where(Enrollment.course_id == course_id, Enrollment.student_id == user_id)
