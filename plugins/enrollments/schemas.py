"""What enrollments take in and give out."""

from courseplatform.api import (
    Answer,
    Anything,
    Body,
    BulkAnswer,
    Choice,
    Id,
    Listing,
    ListQuery,
    Moment,
    RowAnswer,
    Rows,
    Text,
    Whole,
    drop,
    field,
)

STATUSES = ("active", "completed", "dropped", "removed")


class NewEnrollment(Body):
    student_id = field(Id())


class StudentRow(Body):
    """Whom to enrol, named in one way."""

    student_id = field(Id(), missing=drop)
    username = field(Text(200, min_chars=1), missing=drop)
    email = field(Text(320, min_chars=1), missing=drop)


class NewStudents(Body):
    rows = field(Rows(), StudentRow(name="row"))


class EnrolledRowAnswer(RowAnswer):
    id = field(Id(), missing=drop, description="The enrollment's.")
    student_id = field(Id(), missing=drop)


class EnrolledRowsAnswer(BulkAnswer):
    rows = field(Listing(500), EnrolledRowAnswer(name="row"))


class EnrollmentList(ListQuery):
    status = field(Choice(*STATUSES), missing=None)


class EnrollmentAnswer(Answer):
    id = field(Id())
    course_id = field(Id())
    student_id = field(Id())
    status = field(Choice(*STATUSES))
    enrolled_at = field(Moment())
    completed_at = field(Moment(), nullable=True)
    progress_percent = field(Whole(0, 100))


class ProgressAnswer(Answer):
    course_id = field(Id())
    student_id = field(Id())
    status = field(Choice(*STATUSES))
    done = field(Whole())
    total = field(Whole())
    percent = field(Whole(0, 100))
    sources = field(Anything(), description="The same by what counts: lessons, assignments, what plugins add.")
