"""``/courses/{course_id}/lessons/{lesson_id}/assignments/``"""

from typing import Any

from sqlalchemy import select

from courseplatform.api import ListQuery, Request, Service

from . import operations
from .models import Assignment
from .permissions import EDIT_COURSE, P
from .schemas import AssignmentBody

ASSIGNMENTS = "/courses/{course_id}/lessons/{lesson_id}/assignments/"

assignments = Service("assignments", ASSIGNMENTS)
assignment = Service("assignment", ASSIGNMENTS + "{assignment_id}/")


@assignments.get(permission=P.READ, query=ListQuery)
def list_assignments(request: Request) -> Any:
    """The assignments of a lesson, oldest first; staff see unpublished ones too."""
    found = select(Assignment).where(Assignment.lesson_id == request.context.__parent__.id)
    if not request.has_permission(EDIT_COURSE):
        found = found.where(Assignment.is_published)
    return request.paginate(found, order=(Assignment.id,), is_descending=False)


@assignments.post(permission=EDIT_COURSE, body=AssignmentBody)
def create_assignment(request: Request) -> Any:
    """Make an assignment. 422 if it locks before it is due, or passes above its maximum."""
    lesson = request.context.__parent__.row
    created = operations.create_assignment(
        request,
        lesson_id=lesson.id,
        course_id=lesson.course_id,
        by_user_id=request.identity.id,
        **request.validated["body"],
    )
    return request.created(created)


@assignment.get(permission=P.READ)
def show_assignment(request: Request) -> Any:
    """One assignment, with its deadline by the server's clock."""
    return request.represent(request.context.row)


@assignment.put(permission=EDIT_COURSE, body=AssignmentBody)
@assignment.patch(permission=EDIT_COURSE, body=AssignmentBody)
def update_assignment(request: Request) -> Any:
    """Change an assignment. Moved dates recompute lateness, never points.

    422 for contradicting dates or points; 409 ``grades_exceed`` (submissions plugin).
    """
    operations.update_assignment(
        request,
        request.context.row,
        request.validated["body"],
        course_id=request.context.course_id,
        by_user_id=request.identity.id,
    )
    return request.represent(request.context.row)


@assignment.delete(permission=EDIT_COURSE)
def delete_assignment(request: Request) -> Any:
    """Delete an assignment. 409 ``has_submissions`` (submissions plugin): unpublish it instead."""
    operations.delete_assignment(
        request, request.context.row, course_id=request.context.course_id, by_user_id=request.identity.id
    )
    return request.no_content()
