"""``/courses/{course_id}/cohorts/``"""

from typing import Any

from sqlalchemy import select

from courseplatform.api import ListQuery, Request, Service

from . import operations
from .models import Cohort
from .permissions import P
from .schemas import CohortBody

COHORT = "/courses/{course_id}/cohorts/{cohort_id}/"

cohorts = Service("cohorts", "/courses/{course_id}/cohorts/")
cohort = Service("cohort", COHORT)


@cohorts.get(permission=P.MANAGE, query=ListQuery)
def list_cohorts(request: Request) -> Any:
    """The cohorts of a course, oldest first, for its staff."""
    found = select(Cohort).where(Cohort.course_id == request.context.__parent__.id)
    return request.paginate(found, order=(Cohort.id,), is_descending=False)


@cohorts.post(permission=P.MANAGE, body=CohortBody)
def create_cohort(request: Request) -> Any:
    """Make a cohort. Its ``lesson_ids`` are hidden from all students outside. 409 ``cohort_name_taken``."""
    course_id = request.context.__parent__.id
    return request.created(operations.create_cohort(request, course_id=course_id, **request.validated["body"]))


@cohort.get(permission=P.VIEW)
def show_cohort(request: Request) -> Any:
    """One cohort, for the staff of the course and its own members."""
    return request.represent(request.context.row)


@cohort.put(permission=P.MANAGE, body=CohortBody)
@cohort.patch(permission=P.MANAGE, body=CohortBody)
def update_cohort(request: Request) -> Any:
    """Change a cohort. 409 ``cohort_full`` if it has more members than seats then, ``cohort_name_taken``."""
    operations.update_cohort(request, request.context.row, request.validated["body"])
    return request.represent(request.context.row)


@cohort.delete(permission=P.MANAGE)
def delete_cohort(request: Request) -> Any:
    """Delete a cohort; lessons that were for it alone are for everyone then. 409 ``cohort_has_members``."""
    operations.delete_cohort(request, request.context.row)
    return request.no_content()
