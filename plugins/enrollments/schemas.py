"""What enrollments take in."""

from courseplatform.api import Body, Choice, Id, ListQuery, field

STATUSES = ("active", "completed", "dropped", "removed")


class NewEnrollment(Body):
    student_id = field(Id())


class EnrollmentList(ListQuery):
    status = field(Choice(*STATUSES), missing=None)
