"""``/courses/{course_id}/gradebook/``"""

from typing import Any

from courseplatform.api import Binary, OneOf, Request, Service, wants_csv

from .grades import assignments_in
from .models import GradedStudent
from .permissions import P
from .representations import AFTER, BEFORE, column_json, read_lines, students_of
from .schemas import GradebookAnswer, GradebookQuery

gradebook = Service("gradebook", "/courses/{course_id}/gradebook/")


@gradebook.get(permission=P.VIEW, query=GradebookQuery, answer=OneOf(GradebookAnswer, Binary("text/csv")))
def show_gradebook(request: Request) -> Any:
    """Students and their grades, oldest enrollment first, for the staff of the course.

    A cell has the best checked attempt, as progress counts, or the latest one while none is checked; ``columns``
    describes the assignments. As ``text/csv`` (by Accept, or ``?format=csv``) it is the whole course, a line a student.
    """
    course_id, asked = request.context.__parent__.id, request.validated["querystring"]
    assignments, status = assignments_in(request, course_id), asked["status"]
    request.response.vary = ["Accept"]
    if not wants_csv(request, asked["format"]):
        page = request.paginate(students_of(course_id, status), order=(GradedStudent.id,), is_descending=False)
        return {"columns": [column_json(*each) for each in assignments], **page}
    ids = [assignment.id for assignment, _ in assignments]
    titles = [f"{assignment.title} ({assignment.max_points})" for assignment, _ in assignments]

    def read(reading: Request, after: Any) -> Any:
        return read_lines(reading, course_id=course_id, status=status, assignment_ids=ids, after=after)

    return request.send_table([*BEFORE, *titles, *AFTER], read, name="gradebook.csv")
