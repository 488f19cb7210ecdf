"""Verbs of courses."""

from collections.abc import Iterable
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, delete, literal, or_, select, update

from courseplatform.api import Conflict, Forbidden, Invalid, Request
from plugins.accounts.api import User, get_active_user

from .dependents import count_dependents
from .events import (
    CourseArchived,
    CourseCreated,
    CourseDeleted,
    CoursePublished,
    CourseTeacherAdded,
    CourseUnarchived,
    CourseUnpublished,
)
from .models import Course, CourseTeacher
from .roles import TEACHING, is_named, is_taught_by, teaches


def create_course(
    request: Request,
    *,
    owner_id: UUID,
    title: str,
    description: str = "",
    status: str = "draft",
    by_user_id: UUID | None = None,
) -> Course:
    """Make a course; ``by_user_id``: None if its owner does. Emits ``CourseCreated``.

    Raises: Conflict("not_a_teacher") if the owner is none.
    """
    require_teacher(request, owner_id)
    course = Course(
        title=title,
        description=description,
        teacher_id=owner_id,
        status=status,
        created_at=request.now,
        updated_at=request.now,
    )
    request.db.add(course)
    request.db.flush()
    request.emit(CourseCreated(course_id=course.id, status=status, by_user_id=by_user_id or owner_id))
    return course


def update_course(
    request: Request, course: Course, changes: dict[str, Any], *, by_user_id: UUID, is_admin: bool
) -> None:
    """Apply changed fields; a changed ``status`` is the matching verb. Raises: Forbidden (``teacher_id``), Conflict."""
    teacher_id = changes.pop("teacher_id", course.teacher_id)
    status = changes.pop("status", course.status)
    for name, value in changes.items():
        setattr(course, name, value)
    course.updated_at = request.now
    if teacher_id != course.teacher_id:
        if not is_admin:
            raise Forbidden(rule={"field": "teacher_id"}, missing=["admin"])
        change_owner(request, course, teacher_id, by_user_id=by_user_id)
    if status != course.status:
        move_to(request, course, status, by_user_id=by_user_id)
    request.db.flush()


def move_to(request: Request, course: Course, status: str, *, by_user_id: UUID) -> None:
    """The verb that leads to ``status``. Raises: Conflict where there is none."""
    if status == "archived":
        archive_course(request, course, by_user_id=by_user_id)
    elif status == "draft":
        unpublish_course(request, course, by_user_id=by_user_id)
    elif course.is_archived:
        unarchive_course(request, course, by_user_id=by_user_id)
    else:
        publish_course(request, course, by_user_id=by_user_id)


def publish_course(request: Request, course: Course, *, by_user_id: UUID) -> None:
    """Publish and announce (``CoursePublished``). Raises: Conflict("already_published"); subscribers may refuse too."""
    course.publish(request.now)
    request.emit(CoursePublished(course_id=course.id, by_user_id=by_user_id))


def unpublish_course(request: Request, course: Course, *, by_user_id: UUID) -> None:
    """Emits ``CourseUnpublished``. Raises: Conflict("not_published")."""
    course.unpublish(request.now)
    request.emit(CourseUnpublished(course_id=course.id, by_user_id=by_user_id))


def archive_course(request: Request, course: Course, *, by_user_id: UUID) -> None:
    """Emits ``CourseArchived``. Raises: Conflict("course_archived" | "not_published")."""
    course.archive(request.now)
    request.emit(CourseArchived(course_id=course.id, by_user_id=by_user_id))


def unarchive_course(request: Request, course: Course, *, by_user_id: UUID) -> None:
    """Emits ``CourseUnarchived``. Raises: Conflict("not_archived")."""
    course.unarchive(request.now)
    request.emit(CourseUnarchived(course_id=course.id, by_user_id=by_user_id))


def delete_course(request: Request, course: Course, *, by_user_id: UUID, is_forced: bool = False) -> None:
    """Remove a course. Emits ``CourseDeleted``. Raises: Conflict("has_dependents") with counts, unless forced."""
    # Whoever writes beneath it right now is waited for and counted; whoever comes later finds no course. A DELETE has
    # this lock since the course was found.
    request.db.execute(select(Course.id).where(Course.id == course.id).with_for_update())
    dependents = count_dependents(request, course.id)
    if dependents and not is_forced:
        raise Conflict("has_dependents", dependents=dependents)
    request.emit(CourseDeleted(course_id=course.id, is_forced=is_forced, by_user_id=by_user_id))
    request.db.execute(delete(Course).where(Course.id == course.id))


def change_owner(request: Request, course: Course, teacher_id: UUID, *, by_user_id: UUID) -> None:
    """Hand a course over. Emits ``CourseTeacherAdded``. Raises: Conflict("not_a_teacher")."""
    require_teacher(request, teacher_id)
    request.emit(CourseTeacherAdded(course_id=course.id, user_id=teacher_id, by_user_id=by_user_id))
    remove_teacher(request, course.id, teacher_id)
    course.teacher_id = teacher_id


def add_teacher(request: Request, course: Course, user_id: UUID, *, by_user_id: UUID) -> CourseTeacher:
    """Name a co-teacher. Emits ``CourseTeacherAdded``. Raises: Conflict("not_a_teacher"), 409 ``already_staff``."""
    if user_id == course.teacher_id:
        raise Conflict("already_staff")
    require_teacher(request, user_id)
    teacher = CourseTeacher(course_id=course.id, user_id=user_id, added_at=request.now)
    request.db.add(teacher)
    request.db.flush()
    request.emit(CourseTeacherAdded(course_id=course.id, user_id=user_id, by_user_id=by_user_id))
    return teacher


def remove_teacher(request: Request, course_id: UUID, user_id: UUID) -> None:
    """Take a co-teacher's rights in a course. Idempotent."""
    request.db.execute(
        delete(CourseTeacher).where(CourseTeacher.course_id == course_id, CourseTeacher.user_id == user_id)
    )


def hand_over(request: Request, *, from_user_id: UUID, to_user_id: UUID | None, by_user_id: UUID) -> None:
    """Give all courses of a leaving user to another teacher. Raises: Conflict("owns_courses"), Invalid."""
    request.db.execute(delete(CourseTeacher).where(CourseTeacher.user_id == from_user_id))
    courses = list(request.db.scalars(select(Course).where(Course.teacher_id == from_user_id).with_for_update()))
    if not courses:
        return
    if to_user_id is None:
        raise Conflict("owns_courses", course_count=len(courses), course_ids=[course.id for course in courses[:100]])
    if to_user_id == from_user_id or not is_teacher(request, to_user_id):
        raise Invalid.field("transfer_to", "must be another active teacher", "querystring")
    for course in courses:
        change_owner(request, course, to_user_id, by_user_id=by_user_id)


def record_rating(request: Request, course_id: UUID, *, count_delta: int, sum_delta: int) -> None:
    """Move the review count and the sum of ratings, in the review's own transaction."""
    request.db.execute(
        update(Course)
        .where(Course.id == course_id)
        .values(review_count=Course.review_count + count_delta, rating_sum=Course.rating_sum + sum_delta)
        .execution_options(synchronize_session="fetch")
    )


def lock_course(request: Request, course_id: UUID) -> None:
    """Make concurrent changes to the structure of one course wait for each other until the commit."""
    request.db.execute(select(Course.id).where(Course.id == course_id).with_for_update(key_share=True))


def is_staff(request: Request, course_id: UUID, user_id: UUID) -> bool:
    """Whether a user owns or co-teaches the course."""
    return bool(request.db.scalar(select(teaches(literal(user_id), literal(course_id)))))


def is_named_staff(request: Request, course_id: UUID, user_id: UUID) -> bool:
    """Whether a course names a user as owner or co-teacher, also one whose role lets them teach no more."""
    return bool(request.db.scalar(select(is_named(literal(user_id), literal(course_id)))))


def named_staff(request: Request, course_id: UUID, user_ids: Iterable[UUID]) -> set[UUID]:
    """Those of many users whom a course names as owner or co-teacher (see ``is_named_staff``)."""
    is_meant = User.id.in_(list(user_ids))
    return set(request.db.scalars(select(User.id).where(is_meant, is_named(User.id, literal(course_id)))))


def is_teacher(request: Request, user_id: UUID) -> bool:
    user: User | None = get_active_user(request, user_id)
    return user is not None and user.role in TEACHING


def require_teacher(request: Request, user_id: UUID) -> None:
    """Raises: Conflict("not_a_teacher")."""
    if not is_teacher(request, user_id):
        raise Conflict("not_a_teacher")


def visible_to(identity: Any, status: str | None) -> ColumnElement[bool]:
    """SQL: the courses that the list shows to a caller: published ones, and to staff their own.

    ``status``: what else is asked for; of drafts it is better said than found out that nobody sees a stranger's.
    """
    if identity is not None and identity.role == "admin":
        return literal(True)
    if identity is not None and identity.role == "teacher":
        is_own = is_taught_by(identity.id, Course.id)
        return or_(Course.status == "published", is_own) if status in (None, "published") else is_own
    return Course.status == "published"
