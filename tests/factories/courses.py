"""Courses."""

from typing import Any

from courseplatform.testing import Client
from plugins.courses.models import Course, CourseTeacher

from .accounts import Actor


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


def id_of(address: str) -> str:
    """The id at the end of an address."""
    return address.rstrip("/").rsplit("/", 1)[1]
