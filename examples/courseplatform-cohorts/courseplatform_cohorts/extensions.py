"""Cohorts on enrollments: the extension ``cohort``, in and out, and the roster's filter of that name."""

from typing import Any
from uuid import UUID

from sqlalchemy import Select, select

from courseplatform.api import Id, Request, field
from plugins.enrollments.api import Enrollment

from .models import CohortMember
from .operations import seat

COHORT = field(Id(), nullable=True, description="The id of the student's cohort. Null: in none.")
COHORT_FILTER = field(Id(), description="Only the members of this cohort.")


def load_cohorts(request: Request, enrollments: list[Enrollment]) -> dict[UUID, UUID]:
    ids = [enrollment.id for enrollment in enrollments]
    found = select(CohortMember.enrollment_id, CohortMember.cohort_id).where(CohortMember.enrollment_id.in_(ids))
    return {row.enrollment_id: row.cohort_id for row in request.db.execute(found)}


def store_cohort(request: Request, enrollment: Enrollment, cohort_id: UUID | None) -> None:
    """Raises: Invalid, 409 ``cohort_full``."""
    seat(
        request,
        enrollment_id=enrollment.id,
        student_id=enrollment.student_id,
        course_id=enrollment.course_id,
        cohort_id=cohort_id,
    )


def in_cohort(statement: Select[Any], cohort_id: UUID) -> Select[Any]:
    members = select(CohortMember.enrollment_id).where(CohortMember.cohort_id == cohort_id)
    return statement.where(Enrollment.id.in_(members))
