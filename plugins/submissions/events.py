"""What happens to submissions."""

from dataclasses import dataclass
from uuid import UUID

from courseplatform.api import Event


@dataclass(frozen=True, kw_only=True)
class SubmissionEvent(Event):
    submission_id: UUID
    assignment_id: UUID
    lesson_id: UUID
    course_id: UUID
    student_id: UUID
    by_user_id: UUID
    assignment_title: str


@dataclass(frozen=True, kw_only=True)
class SubmissionSubmitted(SubmissionEvent):
    """A student handed in an attempt."""

    public_type = "submission.submitted"


@dataclass(frozen=True, kw_only=True)
class SubmissionGraded(SubmissionEvent):
    """An attempt was checked, or its grade changed. ``is_first``: it had not been checked before."""

    public_type = "submission.graded"  # the grade itself stays inside: who may know it asks for the submission

    grade_points: int
    is_first: bool


@dataclass(frozen=True, kw_only=True)
class SubmissionReturned(SubmissionEvent):
    """An attempt was given back for another try."""

    public_type = "submission.returned"
