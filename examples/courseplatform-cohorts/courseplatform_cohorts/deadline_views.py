"""``/courses/{course_id}/cohorts/{cohort_id}/deadlines/``: when work is due for a cohort."""

from typing import Any

from sqlalchemy import select

from courseplatform.api import ListQuery, NotFound, Request, Service, check_body_match, set_body_etag

from . import operations
from .models import CohortDeadline
from .permissions import P
from .schemas import CohortDeadlineBody
from .views import COHORT

deadlines = Service("cohort_deadlines", COHORT + "deadlines/")
deadline = Service("cohort_deadline", COHORT + "deadlines/{assignment_id}/")


@deadlines.get(permission=P.VIEW, query=ListQuery)
def list_deadlines(request: Request) -> Any:
    """The dates that the cohort has of its own, for the staff of the course and the cohort's members."""
    found = select(CohortDeadline).where(CohortDeadline.cohort_id == request.context.__parent__.id)
    return request.paginate(found, order=(CohortDeadline.assignment_id,), is_descending=False)


@deadline.get(permission=P.VIEW)
def show_deadline(request: Request) -> Any:
    """The cohort's dates for an assignment. 404 ``not_found`` if it has none of its own."""
    found = find_json(request)
    if found is None:
        raise NotFound()
    return set_body_etag(request, found)


@deadline.put(permission=P.MANAGE, body=CohortDeadlineBody, status=(200, 201))
def set_deadline(request: Request) -> Any:
    """Give the cohort dates of its own: 201, then 200. Both replace the assignment's; lateness is judged anew.

    The cohort's students are told. 404 unless the assignment is one of the course; 422 if it locks before it is due.
    """
    check_body_match(request, lambda: find_json(request))
    row, is_new = operations.set_deadline(request, **subject(request), **request.validated["body"])
    if is_new:
        request.response.status_int, request.response.location = 201, request.path
    return set_body_etag(request, request.represent(row))


@deadline.delete(permission=P.MANAGE)
def remove_deadline(request: Request) -> Any:
    """Let the assignment's own dates be the cohort's again. Idempotent; lateness is judged anew."""
    check_body_match(request, lambda: find_json(request))
    operations.remove_deadline(request, **subject(request))
    return request.no_content()


def subject(request: Request) -> dict[str, Any]:
    context = request.context
    return {"cohort": context.cohort, "assignment_id": context.assignment_id, "by_user_id": request.identity.id}


def find_json(request: Request) -> dict[str, Any] | None:
    row = operations.find_deadline(request, request.context.cohort.id, request.context.assignment_id)
    return request.represent(row) if row is not None else None
