"""What submissions take in."""

from courseplatform.api import Body, Choice, Id, ListQuery, Text, Whole, field

from .uploads import FilePart

STATUSES = ("draft", "submitted", "checked", "returned")
MAX_CHARS = 100_000


class SubmissionBody(Body):
    text = field(Text(MAX_CHARS, is_trimmed=False), missing="")
    file = field(FilePart(), missing=None, description="A part of multipart/form-data, with a file name.")
    upload_id = field(Id(), missing=None, description="Of a finished upload, in place of a file.")
    status = field(Choice("draft", "submitted"), missing="submitted")


class SubmissionList(ListQuery):
    status = field(Choice(*STATUSES), missing=None)
    student_id = field(Id(), missing=None)


class Grade(Body):
    grade = field(Whole(0))
    feedback = field(Text(20_000), missing="")
    reason = field(Text(1_000), missing="", description="Why a given grade changes. Required then.")


class Return(Body):
    feedback = field(Text(20_000, min_chars=1))
