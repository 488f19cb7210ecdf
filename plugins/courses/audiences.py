"""Which of a course's roles can see it now. Asked before somebody is told of it."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from sqlalchemy import select

from courseplatform.api import Request

from .models import Course


def course_audience(request: Request, course_id: UUID, told: Mapping[str, Any]) -> set[str]:
    """Students only of a published one: an archived one has no news for them."""
    status = request.db.scalar(select(Course.status).where(Course.id == course_id))
    if status is None:
        return set()
    return {"teacher", "student", "participant"} if status == "published" else {"teacher"}
