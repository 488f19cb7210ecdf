"""Verbs of reviews. Each keeps the course's count and sum of ratings, in its own transaction.

Who has a review's row takes the course's last; who makes a review takes the course's first, for then nobody else
has the review: so writers may wait for each other, but never in a circle.
"""

from typing import Any
from uuid import UUID

from courseplatform.api import Request
from plugins.courses.api import Course, lock_course, record_rating

from .events import ReviewChanged, ReviewDeleted, ReviewEvent, ReviewWritten
from .models import Review


def write_review(request: Request, *, course: Course, student_id: UUID, rating: int, text: str = "") -> Review:
    """Rate a course. Emits ``ReviewWritten``. Raises: Conflict("course_archived"), and 409 ``already_reviewed`` by
    constraint.
    """
    lock_course(request, course.id)  # the insert takes a weaker lock on it, which nobody may raise besides a deletion
    review = Review(
        course_id=course.id,
        student_id=student_id,
        rating=rating,
        text=text,
        created_at=request.now,
        updated_at=request.now,
    )
    request.db.add(review)
    request.db.flush()
    record_rating(request, course.id, count_delta=1, sum_delta=rating)
    require_open(request, course)
    tell(request, ReviewWritten, review, by_user_id=student_id)
    return review


def update_review(
    request: Request, review: Review, changes: dict[str, Any], *, course: Course, by_user_id: UUID
) -> None:
    """Apply changed fields. Emits ``ReviewChanged``. Raises: Conflict("course_archived")."""
    before = review.rating
    for name, value in changes.items():
        setattr(review, name, value)
    review.updated_at = request.now
    record_rating(request, course.id, count_delta=0, sum_delta=review.rating - before)
    require_open(request, course)
    tell(request, ReviewChanged, review, by_user_id=by_user_id)


def delete_review(request: Request, review: Review, *, by_user_id: UUID) -> None:
    """Remove a review, also from an archived course. Emits ``ReviewDeleted``."""
    request.db.delete(review)
    request.db.flush()
    record_rating(request, review.course_id, count_delta=-1, sum_delta=-review.rating)
    tell(request, ReviewDeleted, review, by_user_id=by_user_id)


def tell(request: Request, event: type[ReviewEvent], review: Review, *, by_user_id: UUID) -> None:
    request.emit(
        event(
            review_id=review.id,
            course_id=review.course_id,
            student_id=review.student_id,
            rating=review.rating,
            by_user_id=by_user_id,
        )
    )


def require_open(request: Request, course: Course) -> None:
    """Raises: Conflict("course_archived"). Reads the status anew: only now the course's row is ours."""
    request.db.refresh(course, ["status"])
    course.require_not_archived()
