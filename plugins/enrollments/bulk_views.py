"""``/courses/{course_id}/enrollments/bulk/``"""

from typing import Any

from courseplatform.api import BulkQuery, Request, RowsReader, Service, do_rows

from . import bulk
from .permissions import P
from .schemas import EnrolledRowsAnswer, NewStudents, StudentRow

ENROLLMENTS = "/courses/{course_id}/enrollments/"

many = Service("enrollments_bulk", ENROLLMENTS + "bulk/", facet_of=ENROLLMENTS)


@many.post(
    permission=P.ROSTER,
    body=NewStudents,
    query=BulkQuery,
    reader=RowsReader(StudentRow),
    answer=EnrolledRowsAnswer,
    status=200,
)
def enrol_students(request: Request) -> Any:
    """Enrol many students, up to 500: JSON, or text/csv with a column ``student_id``, ``username`` or ``email``.

    Each row is what a POST to the roster is: 201, or 200 if there was an enrollment already; 422 for who is no active
    user (nor, by ``email``, one with a verified address); 409 ``is_staff``. 409 ``rows_refused`` or 422 if with
    ``?mode=all`` any row is refused: then nobody is enrolled. 409 ``course_archived``; 400 ``malformed_csv``; 429 for
    too many by ``email``.
    """
    rows = request.validated["body"]["rows"]
    if any("email" in row.values for row in rows):
        request.hit_limit("enrol_by_email", f"user:{request.identity.id}")
    course = request.context.__parent__.row
    return do_rows(request, rows, bulk.prepare(request, rows, course=course, by_user_id=request.identity.id))
