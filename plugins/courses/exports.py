"""What an export of the own data says of courses."""

from typing import Any
from uuid import UUID

from sqlalchemy import select

from courseplatform.api import Request

from .models import Course, CourseTeacher
from .representations import course_json


def courses(request: Request, user_id: UUID) -> list[dict[str, Any]]:
    """Those that the user owns."""
    owned = select(Course).where(Course.teacher_id == user_id).order_by(Course.id)
    return [course_json(request, course) for course in request.db.scalars(owned)]


def co_teaching(request: Request, user_id: UUID) -> list[dict[str, Any]]:
    """Those that the user teaches with others."""
    theirs = select(CourseTeacher).where(CourseTeacher.user_id == user_id).order_by(CourseTeacher.course_id)
    return [{"course_id": row.course_id, "added_at": row.added_at} for row in request.db.scalars(theirs)]
