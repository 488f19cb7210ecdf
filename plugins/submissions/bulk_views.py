"""``…/assignments/{assignment_id}/submissions/grades/``: many at once, and the sheet to fill in."""

from typing import Any

from courseplatform.api import (
    Binary,
    BulkQuery,
    NotFound,
    Request,
    Row,
    RowsReader,
    Service,
    check_row_match,
    do_rows,
    learn_roles,
    refuse_repeated,
    require_permission,
    row_etag,
)

from . import bulk
from .permissions import P
from .resources import SubmissionItem
from .schemas import GradedRowsAnswer, GradeRow, Grades, GradeSheet
from .views import SUBMISSIONS

grades = Service("submission_grades", SUBMISSIONS + "grades/", facet_of=SUBMISSIONS)


@grades.get(permission=P.LIST_ALL, query=GradeSheet, answer=Binary("text/csv"))
def download_sheet(request: Request) -> Any:
    """The work that waits to be graded, as CSV to fill in and POST back; ``?status=`` for that which was checked."""
    assignment = request.context.__parent__.row
    asked = {"assignment_id": assignment.id, "max_points": assignment.max_points}
    asked["status"] = request.validated["querystring"]["status"]

    def read(reading: Request, after: Any) -> Any:
        return bulk.read_sheet(reading, after=after, **asked)

    return request.send_table(bulk.SHEET, read, name="grades.csv")


@grades.post(
    permission=P.GRADE,
    body=Grades,
    query=BulkQuery,
    reader=RowsReader(GradeRow, ignored=bulk.ABOUT, needed="grade"),
    answer=GradedRowsAnswer,
    status=200,
)
def grade_submissions(request: Request) -> Any:
    """Grade many submissions, up to 500: JSON, or text/csv as the sheet has it; its lines without a grade are skipped.

    Each row is what a PUT of its grade is: 412 if its ``if_match`` is not the submission's ETag any more; 404; 403
    ``own_work``; 422 for a grade above the maximum, or a missing ``reason``. 409 ``rows_refused`` or 422 if with
    ``?mode=all`` any row is refused: then nothing is graded. 400 ``malformed_csv``.
    """
    rows, place = request.validated["body"]["rows"], request.context.__parent__
    refuse_repeated(rows, lambda row: row.values["submission_id"], "submission_id")
    ids = [row.values["submission_id"] for row in rows if not row.faults]
    work = bulk.hold_work(request, assignment=place.row, course_id=place.course.id, submission_ids=ids)
    nodes = {submission_id: item_of(request, found) for submission_id, found in work.submissions.items()}
    learn_roles(request, list(nodes.values()))

    def grade(row: Row) -> dict[str, Any]:
        given = dict(row.values)
        submission_id, tag = given.pop("submission_id"), given.pop("if_match")
        if submission_id not in nodes:
            raise NotFound()
        require_permission(request, P.GRADE, nodes[submission_id])
        submission = nodes[submission_id].row
        check_row_match(request, submission, tag)
        bulk.grade_held(
            request,
            work=work,
            submission=submission,
            assignment=place.row,
            course=place.course,
            by_user_id=request.identity.id,
            **given,
        )
        return {"status": 200, "id": submission.id, "etag": row_etag(request, submission)}

    return do_rows(request, rows, grade)


def item_of(request: Request, submission: Any) -> SubmissionItem:
    """The node of a submission of the collection at this address."""
    node = SubmissionItem(request, str(submission.id), request.context)
    node.row = submission
    return node
