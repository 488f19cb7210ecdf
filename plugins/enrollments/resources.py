"""``/courses/{course_id}/enrollments`` and the caller's own one."""

from typing import Any

from courseplatform.api import Allow, Authenticated, Collection, Item, Node
from plugins.courses.api import staff_principals

from .models import Enrollment
from .permissions import P


class EnrollmentItem(Item):
    """``/courses/{course_id}/enrollments/{enrollment_id}``: for staff."""

    model, kind, parent_id = Enrollment, "enrollment", "course_id"


class Enrollments(Collection):
    """``/courses/{course_id}/enrollments``: the roster, for staff."""

    item = EnrollmentItem

    @property
    def __acl__(self) -> Any:
        return [(Allow, principal, P.ROSTER) for principal in staff_principals(self.__parent__.id)]


class MyEnrollment(Node):
    """``/courses/{course_id}/enrollments/me``: whether or not it exists yet."""

    __acl__ = [(Allow, Authenticated, (P.ENROL_SELF, P.VIEW_OWN))]

    @property
    def course(self) -> Any:
        return self.__parent__.__parent__.row


class Progress(Node):
    """``/courses/{course_id}/progress``: the caller's."""

    __acl__ = [(Allow, Authenticated, P.VIEW_OWN)]
