"""What the gradebook takes in, and what it answers."""

from courseplatform.api import Answer, Choice, Flag, Id, Listing, ListQuery, Text, Whole, field


class GradebookQuery(ListQuery):
    status = field(
        Choice("active", "completed", "dropped", "removed"),
        missing=None,
        description="Of the enrollment; those who take the course now unless given.",
    )
    format = field(Choice("json", "csv"), missing=None, description="Instead of the header Accept.")
    bom = field(Flag(is_text=True), missing=False, description="CSV with a byte order mark, which Excel wants.")


class StudentCard(Answer):
    id = field(Id())
    username = field(Text(200))
    first_name = field(Text(200))
    last_name = field(Text(200))
    role = field(Text(20))


class GradeCell(Answer):
    assignment_id = field(Id())
    submission_id = field(Id())
    attempt = field(Whole(1))
    status = field(Choice("submitted", "checked", "returned"))
    grade = field(Whole(), nullable=True)
    is_late = field(Flag())
    is_passed = field(Flag())
    needs_grading = field(Flag())
    counts = field(Flag(), description="In total_points: the student can see the assignment.")


class StudentGrades(Answer):
    enrollment_id = field(Id())
    status = field(Text(20))
    student = StudentCard()
    cells = field(Listing(), GradeCell(name="cell"))
    total_points = field(Whole())
    max_points = field(Whole())
    progress_percent = field(Whole(0, 100))
