"""What happens to reviews."""

from dataclasses import dataclass
from uuid import UUID

from courseplatform.api import Event


@dataclass(frozen=True, kw_only=True)
class ReviewEvent(Event):
    """Everyone who sees a course sees its reviews, and so the rating."""

    public_fields = ("rating",)

    review_id: UUID
    course_id: UUID
    student_id: UUID
    rating: int
    by_user_id: UUID


@dataclass(frozen=True, kw_only=True)
class ReviewWritten(ReviewEvent):
    public_type = "review.written"


@dataclass(frozen=True, kw_only=True)
class ReviewChanged(ReviewEvent):
    public_type = "review.changed"


@dataclass(frozen=True, kw_only=True)
class ReviewDeleted(ReviewEvent):
    public_type = "review.deleted"
