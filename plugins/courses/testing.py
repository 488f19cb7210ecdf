"""For tests: courses that are there, without any event having been told of them."""

from typing import Any

import pytest

from courseplatform.testing import Client, id_of
from plugins.accounts.testing import Actor

from .models import Course, CourseTeacher


def make_course(client: Client, owner: Actor, status: str = "published", **fields: Any) -> str:
    """A course; the address of it, ``/api/courses/{id}/``."""
    with client.script() as request:
        course = Course(
            title=fields.pop("title", "Algebra"),
            teacher_id=owner.user_id,
            status=status,
            created_at=request.now,
            updated_at=request.now,
            **fields,
        )
        request.db.add(course)
        request.db.flush()
        return f"/api/courses/{course.id}/"


def add_co_teacher(client: Client, course: str, teacher: Actor) -> None:
    with client.script() as request:
        request.db.add(CourseTeacher(course_id=id_of(course), user_id=teacher.user_id, added_at=request.now))


@pytest.fixture
def course(client: Client, teacher: Actor) -> str:
    """The address of a published course that ``teacher`` owns."""
    return make_course(client, teacher)
