"""What an export of the own data says of enrollments."""

from typing import Any
from uuid import UUID

from sqlalchemy import select

from courseplatform.api import Request

from .models import Enrollment


def enrollments(request: Request, user_id: UUID) -> list[dict[str, Any]]:
    own = select(Enrollment).where(Enrollment.student_id == user_id).order_by(Enrollment.id)
    return [
        {
            "id": enrollment.id,
            "course_id": enrollment.course_id,
            "status": enrollment.status,
            "enrolled_at": enrollment.enrolled_at,
            "completed_at": enrollment.completed_at,
        }
        for enrollment in request.db.scalars(own)
    ]
