"""``/courses/{course_id}/enrollments/`` and ``/courses/{course_id}/progress/``"""

from typing import Any

from sqlalchemy import select

from courseplatform.api import NotFound, Request, Service, check_body_match, set_body_etag

from . import operations
from .models import Enrollment
from .permissions import P
from .progress import find_with_percent, progress_of
from .schemas import EnrollmentList, NewEnrollment, ProgressAnswer

enrollments = Service("enrollments", "/courses/{course_id}/enrollments/")
enrollment = Service("enrollment", "/courses/{course_id}/enrollments/{enrollment_id}/")
my_enrollment = Service("my_enrollment", "/courses/{course_id}/enrollments/me/")
progress = Service("course_progress", "/courses/{course_id}/progress/")


@enrollments.get(permission=P.ROSTER, query=EnrollmentList)
def list_enrollments(request: Request) -> Any:
    """The roster, newest first, for the staff of the course. ``?expand=student`` adds who they are."""
    asked = request.validated["querystring"]
    found = select(Enrollment).where(Enrollment.course_id == request.context.__parent__.id)
    if asked["status"]:
        found = found.where(Enrollment.status == asked["status"])
    return request.paginate(found, order=(Enrollment.id,))


@enrollments.post(permission=P.ROSTER, body=NewEnrollment, status=(200, 201))
def enrol_student(request: Request) -> Any:
    """Enrol a student, also one who dropped or was removed: 201, or 200 if there was an enrollment already.

    409 ``is_staff``, ``course_archived``. 422 if ``student_id`` is no active user.
    """
    found, is_new = operations.enrol(
        request,
        course=request.context.__parent__.row,
        student_id=request.validated["body"]["student_id"],
        by_user_id=request.identity.id,
    )
    return request.created(found) if is_new else request.represent(found)


@enrollment.get(permission=P.ROSTER)
def show_enrollment(request: Request) -> Any:
    """One enrollment, for the staff of the course."""
    return request.represent(request.context.row)


@enrollment.delete(permission=P.ROSTER)
def remove_enrollment(request: Request) -> Any:
    """Remove a student from the course; only staff can bring them back. Their work and grades stay. Idempotent."""
    operations.remove_enrollment(request, request.context.row, by_user_id=request.identity.id)
    return request.no_content()


@my_enrollment.get(permission=P.VIEW_OWN, answer=Enrollment)
def show_my_enrollment(request: Request) -> Any:
    """The caller's enrollment. 404 ``not_found`` if there never was one."""
    row = find_with_percent(request, request.context.course.id, request.identity.id)
    if row is None:
        raise NotFound()
    return set_body_etag(request, request.represent(row))


@my_enrollment.put(permission=P.ENROL_SELF, answer=Enrollment, status=(200, 201))
def enrol_me(request: Request) -> Any:
    """Enrol, without a body: 201, and 200 if already enrolled or coming back after dropping.

    409 ``is_staff``, ``course_archived``; 409 ``enrollment_removed`` if the staff removed the caller.
    """
    course, student_id = request.context.course, request.identity.id
    check_body_match(request, lambda: represented(request, find_with_percent(request, course.id, student_id)))
    row, is_new = operations.enrol(request, course=course, student_id=student_id, by_user_id=student_id)
    if is_new:
        request.response.status_int = 201
        request.response.location = request.path
    return set_body_etag(request, request.represent(row))


@my_enrollment.delete(permission=P.ENROL_SELF)
def drop_my_enrollment(request: Request) -> Any:
    """Leave the course; work, grades and certificates stay readable. Idempotent.

    404 ``not_found`` if never enrolled.
    """
    row = operations.find_enrollment(request, request.context.course.id, request.identity.id, is_locking=True)
    if row is None:
        raise NotFound()
    check_body_match(request, lambda: represented(request, row))
    operations.drop_enrollment(request, row)
    return request.no_content()


@progress.get(permission=P.VIEW_OWN, answer=ProgressAnswer)
def show_progress(request: Request) -> Any:
    """How far the caller is: ``done`` of ``total``, ``percent`` (0–100), and the same by source.

    404 ``not_found`` if never enrolled.
    """
    return set_body_etag(request, progress_of(request, request.context.__parent__.id, request.identity.id))


def represented(request: Request, row: Enrollment | None) -> Any:
    return request.represent(row) if row is not None else None
