"""What an export of the own data says of reviews."""

from typing import Any
from uuid import UUID

from sqlalchemy import select

from courseplatform.api import Request

from .models import Review
from .representations import review_json


def reviews(request: Request, user_id: UUID) -> list[dict[str, Any]]:
    own = select(Review).where(Review.student_id == user_id).order_by(Review.id)
    return [review_json(request, review) for review in request.db.scalars(own)]
