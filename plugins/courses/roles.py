"""Who owns and who teaches a course, as SQL. A former teacher's rights end with the role."""

from typing import Any

from sqlalchemy import ColumnElement, exists, or_, select

from plugins.accounts.api import User

from .models import Course, CourseTeacher

TEACHING = ("teacher", "admin")


def owns(user_id: Any, course_id: Any) -> ColumnElement[bool]:
    """The one whose course it is, while a teacher or administrator."""
    return exists(
        select(Course.id)
        .join(User, User.id == Course.teacher_id)
        .where(Course.id == course_id, Course.teacher_id == user_id, User.role.in_(TEACHING))
    )


def is_named(user_id: Any, course_id: Any) -> ColumnElement[bool]:
    """Named as owner or co-teacher, whatever the present role: rights that end with the role come back with it."""
    return or_(
        exists().where(Course.id == course_id, Course.teacher_id == user_id),
        exists().where(CourseTeacher.course_id == course_id, CourseTeacher.user_id == user_id),
    )


def teaches(user_id: Any, course_id: Any) -> ColumnElement[bool]:
    """The owner and the co-teachers, while teachers or administrators."""
    is_co_teacher = exists(
        select(CourseTeacher.user_id)
        .join(User, User.id == CourseTeacher.user_id)
        .where(CourseTeacher.course_id == course_id, CourseTeacher.user_id == user_id, User.role.in_(TEACHING))
    )
    return or_(owns(user_id, course_id), is_co_teacher)
