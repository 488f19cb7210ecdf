"""Lessons as JSON: everything to those who may read them, a card to those who only see the course."""

from typing import Any
from uuid import UUID

from sqlalchemy import case, select

from courseplatform.api import Request, searched

from .filters import is_readable
from .models import Lesson


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
    """Whether the caller may read the bodies, asked once a page."""
    ids = [lesson.id for lesson in lessons]
    readable = is_readable(request)
    if isinstance(readable, bool):
        return dict.fromkeys(ids, readable)
    found = set(request.db.scalars(select(Lesson.id).where(Lesson.id.in_(ids), readable)))
    return {lesson_id: lesson_id in found for lesson_id in ids}


def load_headlines(request: Request, lessons: list[Lesson]) -> dict[UUID, Any]:
    """Where a search has found something. The description is null to those who may not read it."""
    search, ids = searched(request), [lesson.id for lesson in lessons]
    if search is None:
        return {}
    description = case((is_readable(request), Lesson.description))
    return search.headlines(request, Lesson.id, ids, title=Lesson.title, description=description)
