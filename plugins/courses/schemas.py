"""What courses take in."""

from courseplatform.api import Body, Choice, Flag, Id, Query, SearchQuery, Text, drop, field

STATUSES = ("draft", "published", "archived")


class CourseBody(Body):
    title = field(Text(200, min_chars=1))
    description = field(Text(20_000), missing="")
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
