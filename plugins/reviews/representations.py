"""Reviews as JSON."""

from typing import Any

from courseplatform.api import Request
from plugins.accounts.api import cards_of

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


load_students = cards_of("student_id")
