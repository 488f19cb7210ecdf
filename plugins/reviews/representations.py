"""Reviews as JSON."""

from typing import Any
from uuid import UUID

from courseplatform.api import Request
from plugins.accounts.api import user_cards

from .models import Review


def review_json(request: Request, review: Review) -> dict[str, Any]:
    return {
        "id": review.id,
        "course_id": review.course_id,
        "student_id": review.student_id,
        "rating": review.rating,
        "text": review.text,
        "created_at": review.created_at,
        "updated_at": review.updated_at,
    }


def load_students(request: Request, reviews: list[Review]) -> dict[UUID, Any]:
    cards = user_cards(request, {review.student_id for review in reviews})
    return {review.id: cards.get(review.student_id) for review in reviews}
