"""Reactions of lessons."""

from courseplatform.api import Conflict
from plugins.courses.api import CoursePublished

from .operations import has_lessons


def refuse_empty_course(event: CoursePublished) -> None:
    """There must be something to learn. Raises: Conflict("no_lessons")."""
    if not has_lessons(event.request, event.course_id):
        raise Conflict("no_lessons")
