"""Verbs of reviews. Each keeps the course's count and sum of ratings, in its own transaction.

Who has a review's row takes the course's last; who makes a review takes the course's first, for then nobody else
has the review: so writers may wait for each other, but never in a circle.
"""

from typing import Any
from uuid import UUID

from courseplatform.api import Request
from plugins.courses.api import Course, lock_course, record_rating

from .models import Review


def write_review(request: Request, *, course: Course, student_id: UUID, rating: int, text: str = "") -> Review:
    """Rate a course. Raises: Conflict("course_archived"), and 409 ``already_reviewed`` by constraint."""
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
    return review


def update_review(request: Request, review: Review, changes: dict[str, Any], *, course: Course) -> None:
    """Apply changed fields. Raises: Conflict("course_archived")."""
    before = review.rating
    for name, value in changes.items():
        setattr(review, name, value)
    review.updated_at = request.now
    record_rating(request, course.id, count_delta=0, sum_delta=review.rating - before)
    require_open(request, course)


def delete_review(request: Request, review: Review) -> None:
    """Remove a review, also from an archived course."""
    request.db.delete(review)
    request.db.flush()
    record_rating(request, review.course_id, count_delta=-1, sum_delta=-review.rating)


def require_open(request: Request, course: Course) -> None:
    """Raises: Conflict("course_archived"). Reads the status anew: only now the course's row is ours."""
    request.db.refresh(course, ["status"])
    course.require_not_archived()
