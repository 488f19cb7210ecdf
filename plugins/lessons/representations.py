"""Lessons as JSON: everything to those who may read them, a card to those who only see the course."""

from typing import Any
from uuid import UUID

from courseplatform.api import Request

from .models import Lesson
from .permissions import P


def lesson_json(request: Request, lesson: Lesson, is_readable: bool) -> dict[str, Any]:
    card = {
        "id": lesson.id,
        "course_id": lesson.course_id,
        "title": lesson.title,
        "position": lesson.position,
        "is_published": lesson.is_published,
        "is_required": lesson.is_required,
        "created_at": lesson.created_at,
    }
    return {**card, "description": lesson.description, "materials": lesson.materials} if is_readable else card


def load_readable(request: Request, lessons: list[Lesson]) -> dict[UUID, bool]:
    """Whether the caller may read bodies here: asked once a page, as one course's lessons have the same readers."""
    return dict.fromkeys((lesson.id for lesson in lessons), bool(request.has_permission(P.READ)))
