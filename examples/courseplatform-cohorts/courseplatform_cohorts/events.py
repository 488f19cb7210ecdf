"""What happens to cohorts."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from courseplatform.api import Event


@dataclass(frozen=True, kw_only=True)
class CohortDatesMoved(Event):
    """A cohort has other dates for an assignment than before. ``due_at``: its present one."""

    cohort_id: UUID
    assignment_id: UUID
    lesson_id: UUID
    course_id: UUID
    title: str
    due_at: datetime | None
    by_user_id: UUID
