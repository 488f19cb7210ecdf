"""Who is in which cohort, and what follows from it, as SQL.

Each is used in statements of others, several levels deep: ``correlate_except`` names the tables that are ours.
"""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Select, exists, or_, select

from .models import CohortDeadline, CohortLesson, CohortMember


def is_member(user_id: Any, cohort_id: Any) -> ColumnElement[bool]:
    """The students who sit in it."""
    own = CohortMember.student_id == user_id
    return exists().where(CohortMember.cohort_id == cohort_id, own).correlate_except(CohortMember)


def is_meant_for(user_id: Any, lesson_id: Any) -> ColumnElement[bool]:
    """Whether a lesson is for everyone, or for a cohort that the user is in."""
    some = exists().where(CohortLesson.lesson_id == lesson_id).correlate_except(CohortLesson)
    mine = select(CohortLesson.lesson_id).join(CohortMember, CohortMember.cohort_id == CohortLesson.cohort_id)
    mine = mine.where(CohortLesson.lesson_id == lesson_id, CohortMember.student_id == user_id)
    return or_(~some, exists(mine.correlate_except(CohortLesson, CohortMember)))


def dates() -> Select[UUID, UUID, datetime | None, datetime | None]:
    """Who has other dates than an assignment says. One cohort per enrollment: one row per student and assignment."""
    return select(
        CohortDeadline.assignment_id, CohortMember.student_id, CohortDeadline.due_at, CohortDeadline.lock_at
    ).join(CohortMember, CohortMember.cohort_id == CohortDeadline.cohort_id)
