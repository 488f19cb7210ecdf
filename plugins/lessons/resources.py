"""``/courses/{course_id}/lessons`` and beneath."""

from typing import Any

from courseplatform.api import Allow, Collection, Deny, Everyone, Item, Node, role_principals
from plugins.courses.api import staff_principals

from .models import Lesson
from .permissions import P


class LessonItem(Item):
    """``/courses/{course_id}/lessons/{lesson_id}``: its title is as public as the course, its body is for students.

    To those ``excluded`` by a filter it doesn't exist, nor anything beneath it; only the list tells its title.
    """

    model, kind, parent_id = Lesson, "lesson", "course_id"
    view_permission, is_public = P.VIEW, True

    @property
    def __acl__(self) -> Any:
        staff = ["role:admin", *staff_principals(self.row.course_id)]
        acl = [(Allow, principal, (P.VIEW, P.READ)) for principal in staff]
        acl += [(Deny, other, (P.VIEW, P.READ)) for other in role_principals("lesson", self.row.id, ("excluded",))]
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
