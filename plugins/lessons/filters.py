"""Lessons that are not for every student of their course: the directive ``add_lesson_filter``.

Students for whom a lesson is not meant see its title in the list of lessons, as everyone does. Itself and all beneath
it is 404 to them, it does not count for their progress, and they are told nothing of it. Staff and administrators see
everything.
"""

from collections.abc import Callable
from typing import Any

from sqlalchemy import ColumnElement, and_, not_

from courseplatform.api import Configurator, Item, Request

from .models import Lesson
from .permissions import P

#: ``expression(student_id, lesson_id)``: a boolean SQL expression.
LessonFilter = Callable[[Any, Any], ColumnElement[bool]]


def add_lesson_filter(config: Configurator, name: str, expression: LessonFilter | str) -> None:
    """Keep lessons from those students for whom ``expression(student_id, lesson_id)`` is false.

    The arguments may be columns of a statement several levels up: a subquery in it says ``correlate_except`` of its
    own tables.
    """
    meant: LessonFilter = config.maybe_dotted(expression)
    config.action(("lesson filter", name), lambda: config.registry["lessons.filters"].update({name: meant}))
    config.add_local_role(
        "plugins.lessons.resources.LessonItem", "excluded", lambda user_id, lesson_id: not_(meant(user_id, lesson_id))
    )


def meant_for(request: Request, student_id: Any, lesson_id: Any) -> list[ColumnElement[bool]]:
    """SQL conditions: the lesson is for this student, as far as filters say. None without a filter."""
    return [meant(student_id, lesson_id) for _, meant in sorted(request.registry["lessons.filters"].items())]


def is_readable(request: Request) -> bool | ColumnElement[bool]:
    """Whether the caller may read bodies of the lessons at this address: of all, of none, or of which, as SQL."""
    may_read = bool(request.has_permission(P.READ))
    is_filtered = may_read and request.registry["lessons.filters"] and not request.has_permission(P.WRITE)
    if not is_filtered or isinstance(request.context, Item):  # an item's own ACL has asked the filters
        return may_read
    return and_(*meant_for(request, request.identity.id, Lesson.id))


def includeme(config: Configurator) -> None:
    config.registry["lessons.filters"] = {}
    config.add_directive("add_lesson_filter", add_lesson_filter)
