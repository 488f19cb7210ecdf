"""``/courses/{course_id}/lessons`` and beneath."""

from typing import Any

from courseplatform.api import Allow, Collection, Deny, Everyone, Item, Node, role_principals
from plugins.courses.api import staff_principals

from .models import Lesson
from .permissions import P


class LessonItem(Item):
    """``/courses/{course_id}/lessons/{lesson_id}``: its title is as public as the course, its body is for students."""

    model, kind, parent_id = Lesson, "lesson", "course_id"
    view_permission, is_public = P.VIEW, True

    @property
    def __acl__(self) -> Any:
        acl = [(Allow, principal, (P.VIEW, P.READ)) for principal in staff_principals(self.row.course_id)]
        if self.row.is_published:
            acl.append((Allow, Everyone, P.VIEW))
            acl += [(Allow, student, P.READ) for student in role_principals("course", self.row.course_id, ("student",))]
        return acl


class Lessons(Collection):
    """``/courses/{course_id}/lessons``: titles for everyone who sees the course."""

    item = LessonItem

    @property
    def __acl__(self) -> Any:
        course_id = self.__parent__.id
        readers = [*role_principals("course", course_id, ("student",)), *staff_principals(course_id)]
        return [(Allow, Everyone, P.LIST), *((Allow, reader, P.READ) for reader in readers)]


class LessonOrder(Node):
    """``/courses/{course_id}/lessons/order``"""


class Completion(Node):
    """``/courses/{course_id}/lessons/{lesson_id}/completion``: the caller's, and only a student's."""

    @property
    def __acl__(self) -> Any:
        course_id = self.__parent__.row.course_id
        (student,) = role_principals("course", course_id, ("student",))
        staff = ["role:admin", *staff_principals(course_id)]
        return [
            *((Deny, principal, P.COMPLETE) for principal in staff),
            (Allow, student, P.COMPLETE),
            (Deny, Everyone, P.COMPLETE),
        ]
