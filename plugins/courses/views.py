"""``/courses/``"""

from typing import Any

from sqlalchemy import select

from courseplatform.api import Forbidden, Request, Service, searched

from . import operations
from .models import Course
from .permissions import P
from .schemas import CourseBody, CourseList, Deletion, NewCourse

courses = Service("courses", "/courses/")
course = Service("course", "/courses/{course_id}/")
publication = Service("course_publication", "/courses/{course_id}/publication/", facet_of="/courses/{course_id}/")
archive = Service("course_archive", "/courses/{course_id}/archive/", facet_of="/courses/{course_id}/")


@courses.get(permission=P.LIST, query=CourseList, shared=("courses",), shared_by=("student",))
def list_courses(request: Request) -> Any:
    """Published courses, newest first; staff see their own drafts and archived ones too, administrators all.

    ``?search=`` finds words in title and description; ``?expand=headline`` shows where.
    """
    asked = request.validated["querystring"]
    found = select(Course).where(operations.visible_to(request.identity, asked["status"]))
    if asked["status"]:
        found = found.where(Course.status == asked["status"])
    if asked["teacher_id"]:
        found = found.where(Course.teacher_id == asked["teacher_id"])
    order: Any = (Course.id,)
    search = searched(request)
    if search:
        found = found.where(search.matches(Course.search_vector))
        if asked["ordering"] in (None, "rank"):
            order = (search.rank(Course.search_vector), Course.id)
    return request.paginate(found, order=order, is_descending=asked["ordering"] != "created_at")


@courses.post(permission=P.CREATE, body=NewCourse)
def create_course(request: Request) -> Any:
    """Make a course, a draft unless ``status`` says published. 403: a foreign ``teacher_id``; 409 ``not_a_teacher``."""
    values, by_user_id = request.validated["body"], request.identity.id
    owner_id = values.pop("teacher_id", by_user_id)
    if owner_id != by_user_id and request.identity.role != "admin":
        raise Forbidden(rule={"field": "teacher_id"}, missing=["admin"])
    return request.created(operations.create_course(request, owner_id=owner_id, by_user_id=by_user_id, **values))


@course.get(permission=P.VIEW, shared=("courses",))
def show_course(request: Request) -> Any:
    """One course."""
    return request.represent(request.context.row)


@course.put(permission=P.EDIT, body=CourseBody)
@course.patch(permission=P.EDIT, body=CourseBody)
def update_course(request: Request) -> Any:
    """Change a course. A changed ``status`` publishes, archives or takes back, with the refusals of those.

    409 ``already_published``, ``not_published``, ``not_archived``, ``course_archived``, ``no_lessons``. A changed
    ``teacher_id``, for administrators: 409 ``not_a_teacher``, ``is_enrolled``.
    """
    identity = request.identity
    operations.update_course(
        request,
        request.context.row,
        request.validated["body"],
        by_user_id=identity.id,
        is_admin=identity.role == "admin",
    )
    return request.represent(request.context.row)


@course.delete(permission=P.OWN, query=Deletion)
def delete_course(request: Request) -> Any:
    """Delete a course. 409 ``has_dependents`` with counts: archive it instead. ``?force=true``: administrators only."""
    is_forced = request.validated["querystring"]["force"]
    if is_forced and request.identity.role != "admin":
        raise Forbidden(rule={"parameter": "force"}, missing=["admin"])
    operations.delete_course(request, request.context.row, by_user_id=request.identity.id, is_forced=is_forced)
    return request.no_content()


@publication.put(permission=P.EDIT)
def publish(request: Request) -> Any:
    """Publish the course. 409 ``already_published``, ``course_archived``; 409 ``no_lessons`` (lessons plugin)."""
    operations.publish_course(request, request.context.row, by_user_id=request.identity.id)
    return request.represent(request.context.row)


@publication.delete(permission=P.EDIT, answer=Course)
def unpublish(request: Request) -> Any:
    """Make the course a draft again. 409 ``not_published``."""
    operations.unpublish_course(request, request.context.row, by_user_id=request.identity.id)
    return request.represent(request.context.row)


@archive.put(permission=P.EDIT)
def archive_course(request: Request) -> Any:
    """Archive the course: participants read, nobody takes part any more. 409 ``not_published``, ``course_archived``."""
    operations.archive_course(request, request.context.row, by_user_id=request.identity.id)
    return request.represent(request.context.row)


@archive.delete(permission=P.EDIT, answer=Course)
def unarchive_course(request: Request) -> Any:
    """Open an archived course again. 409 ``not_archived``."""
    operations.unarchive_course(request, request.context.row, by_user_id=request.identity.id)
    return request.represent(request.context.row)
