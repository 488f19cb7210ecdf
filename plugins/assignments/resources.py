"""``…/lessons/{lesson_id}/assignments`` and beneath."""

from typing import Any
from uuid import UUID

from courseplatform.api import Allow, Collection, Everyone, Item, role_principals
from plugins.courses.api import Course, staff_principals

from .models import Assignment
from .permissions import P


class AssignmentItem(Item):
    """``…/assignments/{assignment_id}``: unpublished ones exist for staff only. Its dates and points judge the work."""

    model, kind, parent_id = Assignment, "assignment", "lesson_id"
    view_permission, held_for = P.VIEW, "SHARE"

    @property
    def course(self) -> Course:
        return self.__parent__.__parent__.__parent__.__parent__.row

    @property
    def course_id(self) -> UUID:
        return self.__parent__.__parent__.row.course_id

    @property
    def __acl__(self) -> Any:
        acl = [(Allow, principal, (P.VIEW, P.READ)) for principal in staff_principals(self.course_id)]
        if self.row.is_published:
            acl.append((Allow, Everyone, P.VIEW))
            acl += [(Allow, student, P.READ) for student in role_principals("course", self.course_id, ("student",))]
        return acl


class Assignments(Collection):
    """``…/lessons/{lesson_id}/assignments``"""

    item = AssignmentItem

    @property
    def __acl__(self) -> Any:
        course_id = self.__parent__.row.course_id
        readers = [*role_principals("course", course_id, ("student",)), *staff_principals(course_id)]
        return [(Allow, reader, P.READ) for reader in readers]
