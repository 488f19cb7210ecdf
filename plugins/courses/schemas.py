"""What courses take in and give out."""

from courseplatform.api import (
    Answer,
    AnyText,
    Body,
    Choice,
    Flag,
    Id,
    Moment,
    Number,
    Query,
    SearchQuery,
    Text,
    Whole,
    drop,
    field,
)
from plugins.accounts.api import UserCardAnswer

STATUSES = ("draft", "published", "archived")


class CourseBody(Body):
    title = field(Text(200, min_chars=1), example="Algebra")
    description = field(Text(20_000), missing="", example="Groups, rings and fields.")
    status = field(Choice(*STATUSES), missing=drop)
    teacher_id = field(Id(), missing=drop, description="The owner. Administrators only.")


class NewCourse(CourseBody):
    status = field(Choice("draft", "published"), missing="draft")


class CourseList(SearchQuery):
    status = field(Choice(*STATUSES), missing=None)
    teacher_id = field(Id(), missing=None)
    ordering = field(
        Choice("created_at", "-created_at", "rank"),
        missing=None,
        description="Left out: newest first, or with a search by rank, best first.",
    )


class Deletion(Query):
    force = field(Flag(is_text=True), missing=False, description="Administrators: also delete what hangs on it.")


class NewTeacher(Body):
    user_id = field(Id())


class CourseAnswer(Answer):
    id = field(Id())
    title = field(AnyText())
    description = field(AnyText())
    teacher_id = field(Id(), description="The owner.")
    status = field(Choice(*STATUSES))
    created_at = field(Moment())
    updated_at = field(Moment())
    review_count = field(Whole())
    review_average = field(Number(), nullable=True, description="Of 1 to 5; null without reviews.")


class CourseTeacherAnswer(Answer):
    user_id = field(Id())
    added_at = field(Moment())
    user = UserCardAnswer(nullable=True)


class HeadlineAnswer(Answer):
    """Where a search has found something: HTML, with what was found in ``mark`` and all else escaped."""

    title = field(AnyText())
    description = field(AnyText(), nullable=True, description="Two fragments; null to those who may not read it.")
