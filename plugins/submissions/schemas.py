"""What submissions take in."""

from courseplatform.api import (
    Body,
    BulkAnswer,
    Choice,
    Id,
    Listing,
    ListQuery,
    RowAnswer,
    Rows,
    TableQuery,
    Text,
    Whole,
    drop,
    field,
)

from .uploads import FilePart

STATUSES = ("draft", "submitted", "checked", "returned")
MAX_CHARS = 100_000


class SubmissionBody(Body):
    text = field(Text(MAX_CHARS, is_trimmed=False), missing="")
    file = field(FilePart(), missing=None, description="A part of multipart/form-data, with a file name.")
    status = field(Choice("draft", "submitted"), missing="submitted")


class SubmissionList(ListQuery):
    status = field(Choice(*STATUSES), missing=None)
    student_id = field(Id(), missing=None)


class Grade(Body):
    grade = field(Whole(0))
    feedback = field(Text(20_000), missing="")
    reason = field(Text(1_000), missing="", description="Why a given grade changes. Required then.")


class GradeRow(Grade):
    submission_id = field(Id())
    if_match = field(Text(200, min_chars=1), description="The submission's ETag as you read it, or * for any.")


class Grades(Body):
    rows = field(Rows(), GradeRow(name="row"))


class GradedRow(RowAnswer):
    id = field(Id(), missing=drop, description="The submission's.")
    etag = field(Text(200), missing=drop, description="Its new one.")


class GradesAnswer(BulkAnswer):
    rows = field(Listing(), GradedRow(name="row"))


class GradeSheet(TableQuery):
    status = field(Choice("submitted", "checked", "returned"), missing="submitted")


class Return(Body):
    feedback = field(Text(20_000, min_chars=1))
