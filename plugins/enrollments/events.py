"""What happens to enrollments."""

from dataclasses import dataclass
from uuid import UUID

from courseplatform.api import Event


@dataclass(frozen=True, kw_only=True)
class StudentEnrolled(Event):
    """Someone joined a course, or came back. Raise to refuse."""

    public_type = "enrollment.started"

    enrollment_id: UUID
    course_id: UUID
    course_title: str
    student_id: UUID
    by_user_id: UUID


@dataclass(frozen=True, kw_only=True)
class RequirementsChanged(Event):
    """A course requires something else than before; who has reached 100 % by that is looked for in a job."""

    course_id: UUID


@dataclass(frozen=True, kw_only=True)
class CompletionConfirmed(Event):
    """A student who completed the course before did something more and, as it is now, stands at 100 % again."""

    enrollment_id: UUID
    course_id: UUID
    student_id: UUID


@dataclass(frozen=True, kw_only=True)
class CourseCompleted(Event):
    """A student has done all that the course requires; once per enrollment."""

    public_type = "enrollment.completed"

    enrollment_id: UUID
    course_id: UUID
    student_id: UUID


@dataclass(frozen=True, kw_only=True)
class StudentLeft(Event):
    """A student takes a course no more. ``status``: ``dropped`` by the student, or ``removed`` by the staff."""

    public_type, public_fields = "enrollment.ended", ("status",)

    enrollment_id: UUID
    course_id: UUID
    student_id: UUID
    status: str
    by_user_id: UUID
