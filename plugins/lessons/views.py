"""``/courses/{course_id}/lessons/``"""

from typing import Any

from sqlalchemy import select

from courseplatform.api import Page, Request, Service, check_match, digest, searched

from . import operations
from .models import Lesson
from .permissions import P
from .schemas import LessonBody, LessonList, LessonOrderAnswer, Order

lessons = Service("lessons", "/courses/{course_id}/lessons/")
lesson = Service("lesson", "/courses/{course_id}/lessons/{lesson_id}/")
order = Service("lesson_order", "/courses/{course_id}/lessons/order/")

#: How many lessons the answer to a reordering shows: as many as the largest page of the list.
PAGE_SIZE = 100


@lessons.get(permission=P.LIST, query=LessonList, shared=("lessons",))
def list_lessons(request: Request) -> Any:
    """The lessons in their order: with description and materials for students and staff, titles for everyone else.

    Unpublished ones are shown to staff only. ``?search=`` finds words in what the caller may read: in titles, and in
    descriptions and titles of materials; ``?expand=headline`` shows where.
    """
    asked = request.validated["querystring"]
    found = select(Lesson).where(Lesson.course_id == request.context.__parent__.id)
    if not request.has_permission(P.WRITE):
        found = found.where(Lesson.is_published)
    order: Any = (Lesson.position, Lesson.id)
    search = searched(request)
    if search:
        vector = operations.readable_vector(request)
        found = found.where(search.matches(vector))
        if asked["ordering"] in (None, "rank"):
            order = ((-search.rank(vector)).label("rank"), *order)
    return request.paginate(found, order=order, is_descending=False)


@lessons.post(permission=P.WRITE, body=LessonBody)
def create_lesson(request: Request) -> Any:
    """Add a lesson, at the end unless ``position`` is given. 409 ``position_taken``, ``too_many_lessons``."""
    course_id, values = request.context.__parent__.id, request.validated["body"]
    return request.created(
        operations.create_lesson(request, course_id=course_id, by_user_id=request.identity.id, **values)
    )


@lesson.get(permission=P.READ)
def show_lesson(request: Request) -> Any:
    """One lesson, for the students and the staff of the course."""
    return request.represent(request.context.row)


@lesson.put(permission=P.WRITE, body=LessonBody)
@lesson.patch(permission=P.WRITE, body=LessonBody)
def update_lesson(request: Request) -> Any:
    """Change a lesson; publishing it tells the students. Without ``position`` it stays in its place.

    409 ``position_taken``: to swap lessons, reorder all at once.
    """
    operations.update_lesson(request, request.context.row, request.validated["body"], by_user_id=request.identity.id)
    return request.represent(request.context.row)


@lesson.delete(permission=P.WRITE)
def delete_lesson(request: Request) -> Any:
    """Delete a lesson and its assignments.

    409 ``has_submissions`` if students' submissions hang on those: unpublish the lesson instead.
    """
    operations.delete_lesson(request, request.context.row)
    return request.no_content()


@order.get(permission=P.WRITE, answer=LessonOrderAnswer)
def show_order(request: Request) -> Any:
    """``lesson_ids`` of all lessons in their order, with the ETag that a change of it needs."""
    ids = operations.lesson_ids(request, course_id_of(request))
    request.response.etag = digest(ids)
    request.response.conditional_response = True
    return {"lesson_ids": ids}


@order.put(permission=P.WRITE, body=Order, answer=Page(Lesson))
def reorder(request: Request) -> Any:
    """Put all lessons of the course in the order of ``lesson_ids``. Answers the first page of the list, a hundred.

    428 ``precondition_required`` without the order's ETag in If-Match; 412 ``precondition_failed`` if it has changed
    since. 422 unless every lesson of the course is named exactly once.
    """
    course_id, wanted_ids = course_id_of(request), request.validated["body"]["lesson_ids"]
    current_ids = operations.lock_order(request, course_id)
    check_match(request, digest(current_ids), True)
    operations.reorder_lessons(request, course_id=course_id, lesson_ids=wanted_ids, current_ids=current_ids)
    request.response.etag = digest(wanted_ids)
    return request.paginate(
        select(Lesson).where(Lesson.course_id == course_id),
        order=(Lesson.position, Lesson.id),
        is_descending=False,
        path=request.path.removesuffix("order/"),
        limit=PAGE_SIZE,
    )


def course_id_of(request: Request) -> Any:
    return request.context.__parent__.__parent__.id
