"""For tests: students who take a course."""

import pytest

from courseplatform.testing import Client, id_of
from plugins.accounts.testing import Actor, make_user

from .models import Enrollment


def enrol(client: Client, course: str, student: Actor, status: str = "active") -> str:
    """An enrollment of ``student`` in the course at this address; the enrollment's address."""
    with client.script() as request:
        enrollment = Enrollment(
            course_id=id_of(course),
            student_id=student.user_id,
            status=status,
            enrolled_at=request.now,
            completed_at=request.now if status == "completed" else None,
        )
        request.db.add(enrollment)
        request.db.flush()
        return f"{course}enrollments/{enrollment.id}/"


@pytest.fixture
def enrolled_student(client: Client, course: str) -> Actor:
    """A client that is signed in as a student of ``course``; ``student`` is not one."""
    made = make_user(client, "student")
    enrol(client, course, made)
    return made
