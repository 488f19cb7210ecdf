"""Lessons as JSON: everything to those who may read them, a card to those who only see the course."""

from typing import Any
from uuid import UUID

from sqlalchemy import select

from courseplatform.api import Item, Request

from .filters import meant_for
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
    """Whether the caller may read the bodies. Asked once a page: one course's lessons differ in their filters only."""
    ids = [lesson.id for lesson in lessons]
    may_read = bool(request.has_permission(P.READ))
    is_filtered = may_read and request.registry["lessons.filters"] and not request.has_permission(P.WRITE)
    if not is_filtered or isinstance(request.context, Item):  # an item's own ACL has asked the filters
        return dict.fromkeys(ids, may_read)
    meant = select(Lesson.id).where(Lesson.id.in_(ids), *meant_for(request, request.identity.id, Lesson.id))
    readable = set(request.db.scalars(meant))
    return {lesson_id: lesson_id in readable for lesson_id in ids}
