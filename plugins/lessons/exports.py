"""What an export of the own data says of lessons."""

from typing import Any
from uuid import UUID

from sqlalchemy import select

from courseplatform.api import Request

from .models import LessonCompletion


def completions(request: Request, user_id: UUID) -> list[dict[str, Any]]:
    own = select(LessonCompletion).where(LessonCompletion.student_id == user_id).order_by(LessonCompletion.lesson_id)
    return [{"lesson_id": done.lesson_id, "completed_at": done.completed_at} for done in request.db.scalars(own)]
