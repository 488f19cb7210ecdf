"""What submissions take in and give out."""

from courseplatform.api import (
    Answer,
    AnyText,
    Body,
    BulkAnswer,
    Choice,
    Flag,
    Id,
    Listing,
    ListQuery,
    Moment,
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
#: Beyond what a file will ever have, and still exact in every JSON reader.
LARGEST_SIZE_BYTES = 2**53 - 1


class SubmissionBody(Body):
    text = field(Text(MAX_CHARS, is_trimmed=False), missing="", example="There are eight.")
    file = field(FilePart(), missing=None, description="A part of multipart/form-data, with a file name.")
    upload_id = field(Id(), missing=None, description="Of a finished upload, in place of a file.")
    status = field(Choice("draft", "submitted"), missing="submitted")


class SubmissionList(ListQuery):
    status = field(Choice(*STATUSES), missing=None)
    student_id = field(Id(), missing=None)


class Grade(Body):
    grade = field(Whole(0), example=87)
    feedback = field(Text(20_000), missing="", example="Well done.")
    reason = field(
        Text(1_000), missing="", example="A second reading.", description="Why a given grade changes. Required then."
    )


class GradeRow(Grade):
    submission_id = field(Id())
    if_match = field(Text(200, min_chars=1), description="The submission's ETag as you read it, or * for any.")


class Grades(Body):
    rows = field(Rows(), GradeRow(name="row"))


class GradedRowAnswer(RowAnswer):
    id = field(Id(), missing=drop, description="The submission's.")
    etag = field(AnyText(), missing=drop, description="Its new one.")


class GradedRowsAnswer(BulkAnswer):
    rows = field(Listing(500), GradedRowAnswer(name="row"))


class GradeSheet(TableQuery):
    status = field(Choice("submitted", "checked", "returned"), missing="submitted")


class Return(Body):
    feedback = field(Text(20_000, min_chars=1), example="Prove that these are all.")


class SubmittedFileAnswer(Answer):
    name = field(AnyText())
    size_bytes = field(Whole(0, LARGEST_SIZE_BYTES))
    content_type = field(AnyText())
    sha256 = field(AnyText(), description="In hex.")


class ReceiptAnswer(Answer):
    """What arrived, and when."""

    sha256 = field(
        AnyText(), description="Of the text in UTF-8, a NUL byte and, if there is a file, its sha256 in hex."
    )
    received_at = field(Moment())


class SubmissionAnswer(Answer):
    id = field(Id())
    assignment_id = field(Id())
    student_id = field(Id())
    attempt = field(Whole(1))
    text = field(AnyText())
    file = SubmittedFileAnswer(nullable=True)
    status = field(Choice(*STATUSES))
    is_checked = field(Flag())
    grade = field(Whole(), nullable=True, description="Points.")
    feedback = field(AnyText())
    is_late = field(Flag())
    submitted_at = field(Moment(), nullable=True)
    checked_at = field(Moment(), nullable=True)
    receipt = ReceiptAnswer(nullable=True)


class DeadlineThenAnswer(Answer):
    due_at = field(Moment(), nullable=True)
    lock_at = field(Moment(), nullable=True)


class SignedReceiptAnswer(Answer):
    """The claims of a receipt, and the same signed."""

    iss = field(AnyText(), description="The platform.")
    submission_id = field(Id())
    assignment_id = field(Id())
    student_id = field(Id())
    attempt = field(Whole(1))
    text_sha256 = field(AnyText())
    file_sha256 = field(AnyText(), nullable=True)
    received_at = field(Moment())
    deadline = DeadlineThenAnswer()
    is_late = field(Flag())
    jws = field(AnyText(), description="The claims as a JWS (RFC 7515), in compact form.")
