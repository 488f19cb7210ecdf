"""For tests: lessons."""

from typing import Any

import pytest
from sqlalchemy import func, select

from courseplatform.testing import Client, id_of

from .models import Lesson


def make_lesson(client: Client, course: str, **fields: Any) -> str:
    """A lesson at the end of the course at this address, published and required; the lesson's address."""
    course_id = id_of(course)
    with client.script() as request:
        last = request.db.scalar(select(func.max(Lesson.position)).where(Lesson.course_id == course_id))
        values = {"title": "Groups", "position": (last or 0) + 1, "created_at": request.now, **fields}
        lesson = Lesson(course_id=course_id, **values)
        request.db.add(lesson)
        request.db.flush()
        return f"{course}lessons/{lesson.id}/"


@pytest.fixture
def lesson(client: Client, course: str) -> str:
    """The address of a published lesson of ``course``."""
    return make_lesson(client, course)
