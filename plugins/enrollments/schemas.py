"""What enrollments take in."""

from courseplatform.api import Body, BulkAnswer, Choice, Id, Listing, ListQuery, RowAnswer, Rows, Text, drop, field

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


class EnrolledRow(RowAnswer):
    id = field(Id(), missing=drop, description="The enrollment's.")
    student_id = field(Id(), missing=drop)


class EnrolledAnswer(BulkAnswer):
    rows = field(Listing(), EnrolledRow(name="row"))


class EnrollmentList(ListQuery):
    status = field(Choice(*STATUSES), missing=None)
