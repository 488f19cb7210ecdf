"""``/courses`` and the co-teachers beneath a course."""

from typing import Any

from courseplatform.api import Allow, Collection, Everyone, Item, role_principals

from .models import Course, CourseTeacher
from .permissions import P


class CourseItem(Item):
    """``/courses/{course_id}``"""

    model, kind, view_permission, is_public = Course, "course", P.VIEW, True

    @property
    def __acl__(self) -> Any:
        course: Course = self.row
        owner, teacher, participant = role_principals("course", course.id, ("owner", "teacher", "participant"))
        acl = [(Allow, owner, (P.VIEW, P.EDIT, P.OWN)), (Allow, teacher, (P.VIEW, P.EDIT))]
        if not course.is_draft:
            acl.append((Allow, participant, P.VIEW))
        if course.is_published:
            acl.append((Allow, Everyone, P.VIEW))
        return acl


class Courses(Collection):
    """``/courses``"""

    item = CourseItem
    __acl__ = [(Allow, Everyone, P.LIST), (Allow, "role:teacher", P.CREATE)]


class TeacherItem(Item):
    """``/courses/{course_id}/teachers/{user_id}``"""

    model, kind, parent_id = CourseTeacher, "course_teacher", "course_id"


class Teachers(Collection):
    """``/courses/{course_id}/teachers``: for the owner."""

    item = TeacherItem


def staff_principals(course_id: Any) -> list[str]:
    """Those who teach a course, for ACLs beneath it."""
    return role_principals("course", course_id, ("teacher",))
