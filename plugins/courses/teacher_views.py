"""``/courses/{course_id}/teachers/``: co-teachers, named by the owner."""

from typing import Any

from sqlalchemy import select

from courseplatform.api import ListQuery, Request, Service

from . import operations
from .models import CourseTeacher
from .permissions import P
from .schemas import NewTeacher

teachers = Service("course_teachers", "/courses/{course_id}/teachers/")
teacher = Service("course_teacher", "/courses/{course_id}/teachers/{user_id}/")


@teachers.get(permission=P.OWN, query=ListQuery)
def list_teachers(request: Request) -> Any:
    """The co-teachers of the course."""
    found = select(CourseTeacher).where(CourseTeacher.course_id == request.context.__parent__.id)
    return request.paginate(found, order=(CourseTeacher.user_id,))


@teachers.post(permission=P.OWN, body=NewTeacher)
def add_teacher(request: Request) -> Any:
    """Name a co-teacher. 409 ``not_a_teacher``, ``already_staff``; 409 ``is_enrolled`` (enrollments plugin)."""
    course = request.context.__parent__.row
    user_id = request.validated["body"]["user_id"]
    return request.created(operations.add_teacher(request, course, user_id, by_user_id=request.identity.id))


@teacher.get(permission=P.OWN)
def show_teacher(request: Request) -> Any:
    """One co-teacher."""
    return request.represent(request.context.row)


@teacher.delete(permission=P.OWN)
def remove_teacher(request: Request) -> Any:
    """Take a co-teacher's rights in this course, from the next request on."""
    row = request.context.row
    operations.remove_teacher(request, row.course_id, row.user_id)
    return request.no_content()
