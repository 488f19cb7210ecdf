"""``…/submissions/{submission_id}/grade/`` and ``…/return/``: what teachers do with students' work."""

from typing import Any

from courseplatform.api import Request, Service

from . import grading
from .permissions import P
from .schemas import Grade, Return
from .views import SUBMISSION

grade = Service("submission_grade", SUBMISSION + "grade/", facet_of=SUBMISSION)
giving_back = Service("submission_return", SUBMISSION + "return/", facet_of=SUBMISSION)


@grade.put(permission=P.GRADE, body=Grade, if_match="required")
def grade_submission(request: Request) -> Any:
    """Check the work with ``grade`` points. A ``reason`` is required once it was checked before.

    403 ``own_work``; 404 for a draft; 422 above the assignment's maximum.
    """
    assignment = request.context.assignment
    grading.grade_submission(
        request,
        submission=request.context.row,
        assignment=assignment.row,
        course=assignment.course,
        by_user_id=request.identity.id,
        **request.validated["body"],
    )
    return request.represent(request.context.row)


@giving_back.put(permission=P.GRADE, body=Return, if_match="required")
def return_submission(request: Request) -> Any:
    """Give the work back for another attempt. A grade it had is withdrawn. 403 ``own_work``; 404 for a draft."""
    assignment = request.context.assignment
    grading.return_submission(
        request,
        submission=request.context.row,
        assignment=assignment.row,
        course=assignment.course,
        by_user_id=request.identity.id,
        **request.validated["body"],
    )
    return request.represent(request.context.row)
