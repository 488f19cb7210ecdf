"""Who owns and who teaches a course, as SQL. A former teacher's rights end with the role."""

from typing import Any

from sqlalchemy import ColumnElement, CompoundSelect, any_, exists, func, or_, select, union_all
from sqlalchemy.orm import aliased

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


def taught_by(user_id: Any) -> CompoundSelect[Any]:
    """The ids of the courses that somebody owns or co-teaches, while a teacher or administrator."""
    # Under names of their own, and open to what is around them: ``user_id`` may be a column there, of users themselves.
    course, teacher, user = aliased(Course), aliased(CourseTeacher), aliased(User)
    owned = (
        select(course.id)
        .join(user, user.id == course.teacher_id)
        .where(course.teacher_id == user_id, user.role.in_(TEACHING))
        .correlate_except(course, user)
    )
    co_taught = (
        select(teacher.course_id)
        .join(user, user.id == teacher.user_id)
        .where(teacher.user_id == user_id, user.role.in_(TEACHING))
        .correlate_except(teacher, user)
    )
    return union_all(owned, co_taught)


def is_taught_by(user_id: Any, course_id: Any) -> ColumnElement[bool]:
    """The same as a condition for many rows: their courses are found once, an array to look up in an index."""
    return course_id == any_(func.array(taught_by(user_id).scalar_subquery()))


def teaches(user_id: Any, course_id: Any) -> ColumnElement[bool]:
    """The owner and the co-teachers, while teachers or administrators.

    One EXISTS over both: with an OR of two, who asks for all courses that somebody teaches reads every course.
    """
    taught = taught_by(user_id).subquery()
    return exists().where(taught.c.id == course_id)
