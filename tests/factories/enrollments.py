"""Enrollments."""

from courseplatform.testing import Client
from plugins.enrollments.models import Enrollment

from .accounts import Actor
from .courses import id_of


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
