"""``/courses/{course_id}/reviews/``"""

from typing import Any

from sqlalchemy import select

from courseplatform.api import ListQuery, Request, Service

from . import operations
from .models import Review
from .permissions import P
from .schemas import ReviewBody

reviews = Service("reviews", "/courses/{course_id}/reviews/")
review = Service("review", "/courses/{course_id}/reviews/{review_id}/")


@reviews.get(permission=P.LIST, query=ListQuery, shared=("reviews",))
def list_reviews(request: Request) -> Any:
    """The reviews of a course, newest first. ``?expand=student`` adds who wrote them."""
    found = select(Review).where(Review.course_id == request.context.__parent__.id)
    return request.paginate(found, order=(Review.id,))


@reviews.post(permission=P.WRITE, body=ReviewBody)
def write_review(request: Request) -> Any:
    """Review a course that you take or took: once, and not as its teacher or an administrator (403).

    409 ``already_reviewed``; 409 ``course_archived``.
    """
    course = request.context.__parent__.row
    values = request.validated["body"]
    return request.created(operations.write_review(request, course=course, student_id=request.identity.id, **values))


@review.get(permission=P.LIST, shared=("reviews",))
def show_review(request: Request) -> Any:
    """One review."""
    return request.represent(request.context.row)


@review.put(permission=P.EDIT, body=ReviewBody)
@review.patch(permission=P.EDIT, body=ReviewBody)
def update_review(request: Request) -> Any:
    """Change a review: its author or an administrator; the course's teachers may not (403). 409 ``course_archived``."""
    row, course = request.context.row, request.context.__parent__.__parent__.row
    operations.update_review(request, row, request.validated["body"], course=course, by_user_id=request.identity.id)
    return request.represent(row)


@review.delete(permission=P.EDIT)
def delete_review(request: Request) -> Any:
    """Delete a review: its author or an administrator, also when the course is archived."""
    operations.delete_review(request, request.context.row, by_user_id=request.identity.id)
    return request.no_content()
