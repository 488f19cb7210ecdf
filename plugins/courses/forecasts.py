"""What a dry run says of courses."""

from sqlalchemy import func, select

from plugins.accounts.api import UserErased, UserRoleChanged

from .dependents import count_dependents
from .events import CourseDeleted
from .models import Course, CourseTeacher
from .roles import TEACHING


def dependents(event: CourseDeleted) -> dict[str, int]:
    """What goes with a course that is deleted by force. (Any other has nothing that hangs on it.)"""
    return count_dependents(event.request, event.course_id) if event.is_forced else {}


def left_courses(event: UserErased | UserRoleChanged) -> dict[str, int]:
    """How many courses somebody teaches no more: erased, or of a role that doesn't teach."""
    if isinstance(event, UserRoleChanged) and event.role in TEACHING:
        return {}
    counts = {
        "owned": select(func.count()).where(Course.teacher_id == event.user_id),
        "co_taught": select(func.count()).where(CourseTeacher.user_id == event.user_id),
    }
    row = event.request.db.execute(select(*(count.scalar_subquery().label(name) for name, count in counts.items())))
    return row.one()._asdict()
