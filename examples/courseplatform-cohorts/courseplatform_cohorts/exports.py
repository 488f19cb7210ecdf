"""What an export of the own data says of cohorts."""

from typing import Any
from uuid import UUID

from sqlalchemy import select

from courseplatform.api import Request

from .models import Cohort, CohortMember


def cohorts(request: Request, user_id: UUID) -> list[dict[str, Any]]:
    own = (
        select(Cohort)
        .join(CohortMember, CohortMember.cohort_id == Cohort.id)
        .where(CohortMember.student_id == user_id)
        .order_by(Cohort.id)
    )
    return [{"id": cohort.id, "course_id": cohort.course_id, "name": cohort.name} for cohort in request.db.scalars(own)]
