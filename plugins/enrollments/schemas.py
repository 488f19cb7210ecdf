"""What enrollments take in and give out."""

from courseplatform.api import Answer, Anything, Body, Choice, Id, ListQuery, Moment, Whole, field

STATUSES = ("active", "completed", "dropped", "removed")


class NewEnrollment(Body):
    student_id = field(Id())


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
