"""What a dry run says of those who take courses."""

from uuid import UUID

from sqlalchemy import func, select

from courseplatform.api import Request
from plugins.accounts.api import UserErased
from plugins.courses.api import CourseArchived, CourseDeleted, CourseUnpublished

from .models import ENROLLED, Enrollment


def locked_out(event: CourseDeleted | CourseUnpublished) -> dict[str, int]:
    """How many students see the course, and their own work in it, no more: of a draft, until it is published again."""
    return {"lose_access": count_students(event.request, event.course_id)}


def stopped(event: CourseArchived) -> dict[str, int]:
    """How many students can only read from then on."""
    return {"read_only": count_students(event.request, event.course_id)}


def dropped(event: UserErased) -> dict[str, int]:
    """How many courses lose a student, soon after."""
    theirs = (Enrollment.student_id == event.user_id, Enrollment.status == "active")
    return {"dropped": event.request.db.scalar(select(func.count()).where(*theirs))}


def count_students(request: Request, course_id: UUID) -> int:
    takes_it = (Enrollment.course_id == course_id, Enrollment.status.in_(ENROLLED))
    return request.db.scalar(select(func.count()).where(*takes_it))
