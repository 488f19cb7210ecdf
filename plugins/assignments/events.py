"""What happens to assignments."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from courseplatform.api import Event


@dataclass(frozen=True, kw_only=True)
class AssignmentPublished(Event):
    public_type = "assignment.published"

    assignment_id: UUID
    lesson_id: UUID
    course_id: UUID
    title: str
    by_user_id: UUID


@dataclass(frozen=True, kw_only=True)
class AssignmentDatesChanged(Event):
    """``due_at`` or ``lock_at`` of an assignment moved."""

    public_type = "assignment.dates_changed"

    assignment_id: UUID
    lesson_id: UUID
    course_id: UUID
    title: str
    due_at: datetime | None
    is_due_date_changed: bool
    by_user_id: UUID


@dataclass(frozen=True, kw_only=True)
class StudentDatesChanged(Event):
    """Some students have other dates than before: at one assignment, one student, or all in the course."""

    course_id: UUID
    assignment_id: UUID | None
    student_id: UUID | None


@dataclass(frozen=True, kw_only=True)
class AssignmentDueSoon(Event):
    """Less than 24 hours are left for those whose due date this is.

    Emitted by a periodic job, perhaps more than once per assignment.
    """

    assignment_id: UUID
    lesson_id: UUID
    course_id: UUID
    title: str
    due_at: datetime


@dataclass(frozen=True, kw_only=True)
class AssignmentPointsChanged(Event):
    """``max_points`` of an assignment moved. Raise to refuse: grades that were given must still fit."""

    assignment_id: UUID
    old_max_points: int
    max_points: int
    by_user_id: UUID


@dataclass(frozen=True, kw_only=True)
class AssignmentDeleted(Event):
    """An assignment is about to go. Raise to refuse."""

    public_type = "assignment.deleted"

    assignment_id: UUID
    lesson_id: UUID
    course_id: UUID
    by_user_id: UUID
