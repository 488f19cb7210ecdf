"""What the gradebook takes in and gives out."""

from courseplatform.api import Answer, AnyText, Choice, Flag, Id, Listing, ListQuery, Whole, field
from plugins.accounts.api import UserCardAnswer

STATUSES = ("active", "completed", "dropped", "removed")


class GradebookQuery(ListQuery):
    status = field(
        Choice(*STATUSES),
        missing=None,
        description="Of the enrollment; those who take the course now unless given.",
    )
    format = field(Choice("json", "csv"), missing=None, description="Instead of the header Accept.")
    bom = field(Flag(is_text=True), missing=False, description="CSV with a byte order mark, which Excel wants.")


class GradeCellAnswer(Answer):
    assignment_id = field(Id())
    submission_id = field(Id())
    attempt = field(Whole(1))
    status = field(Choice("submitted", "checked", "returned"))
    grade = field(Whole(), nullable=True, description="Points.")
    is_late = field(Flag())
    is_passed = field(Flag())
    needs_grading = field(Flag(), description="Some attempt waits to be checked.")
    counts = field(Flag(), description="In total_points: the student can see the assignment.")


class StudentGradesAnswer(Answer):
    enrollment_id = field(Id())
    status = field(Choice(*STATUSES))
    student = UserCardAnswer()
    cells = field(Listing(100_000), GradeCellAnswer(name="cell"))
    total_points = field(Whole())
    max_points = field(Whole())
    progress_percent = field(Whole(0, 100))


class GradebookColumnAnswer(Answer):
    assignment_id = field(Id())
    lesson_id = field(Id())
    title = field(AnyText())
    max_points = field(Whole())
    pass_points = field(Whole())
    is_required = field(Flag())
    is_visible = field(Flag(), description="To students: it and its lesson are published.")


class GradebookAnswer(Answer):
    """One page of the gradebook, and its columns."""

    columns = field(Listing(100_000), GradebookColumnAnswer(name="column"))
    results = field(Listing(100), StudentGradesAnswer(name="student"))
    next = field(AnyText(), nullable=True, description="Address of that page; null: none.")
    previous = field(AnyText(), nullable=True, description="Address of that page; null: none.")
