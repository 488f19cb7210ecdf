"""What lessons take in and give out."""

from courseplatform.api import (
    Answer,
    AnyText,
    Body,
    Choice,
    Flag,
    Id,
    Listing,
    Moment,
    SearchQuery,
    Text,
    Url,
    Whole,
    drop,
    field,
)

from .models import MATERIAL_KINDS, MAX_LESSONS


class Material(Body):
    kind = field(Choice(*MATERIAL_KINDS))
    title = field(Text(200), missing="", example="Lecture notes")
    url = field(Url())


class LessonBody(Body):
    title = field(Text(200, min_chars=1), example="Groups")
    description = field(Text(50_000), missing="", example="What a group is.")
    materials = field(Listing(50), Material(name="material"), missing=[])
    position = field(Whole(), missing=drop, description="Unique within the course. Left out: at the end, or unchanged.")
    is_published = field(Flag(), missing=True)
    is_required = field(Flag(), missing=True, description="Whether it counts for progress.")


class LessonList(SearchQuery):
    ordering = field(
        Choice("position", "rank"),
        missing=None,
        description="Left out: by position, or with a search by rank, best first.",
    )


class Order(Body):
    lesson_ids = field(Listing(MAX_LESSONS), field(Id(), name="lesson_id"))


class LessonMaterialAnswer(Answer):
    kind = field(Choice(*MATERIAL_KINDS))
    title = field(AnyText())
    url = field(AnyText())


class LessonAnswer(Answer):
    """Everything to the students and the staff of the course; without description and materials to everyone else."""

    id = field(Id())
    course_id = field(Id())
    title = field(AnyText())
    position = field(Whole())
    is_published = field(Flag())
    is_required = field(Flag())
    created_at = field(Moment())
    description = field(AnyText(), missing=drop)
    materials = field(Listing(), LessonMaterialAnswer(name="material"), missing=drop)


class LessonOrderAnswer(Answer):
    lesson_ids = field(Listing(MAX_LESSONS), field(Id(), name="lesson_id"))


class CompletionAnswer(Answer):
    lesson_id = field(Id())
    is_completed = field(Flag())
    completed_at = field(Moment(), nullable=True)
