"""Verbs of lessons."""

from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Select, Uuid, case, delete, func, literal, select, text, update
from sqlalchemy.dialects.postgresql import ARRAY, insert

from courseplatform.api import Conflict, Invalid, NotFound, Request
from plugins.courses.api import Course, lock_course
from plugins.enrollments.api import recheck_course, refresh_progress

from .events import LessonPublished
from .filters import is_readable, meant_for
from .models import MAX_LESSONS, Lesson, LessonCompletion

LARGEST_POSITION = 2**31 - 1
#: Whose change may bring students to 100 % without doing anything.
COUNTING = ("is_published", "is_required")


def create_lesson(
    request: Request,
    *,
    course_id: UUID,
    title: str,
    by_user_id: UUID,
    description: str = "",
    materials: list[dict[str, Any]] | None = None,
    position: int | None = None,
    is_published: bool = True,
    is_required: bool = True,
) -> Lesson:
    """Add a lesson, at the end of the course unless ``position`` says where. May emit ``LessonPublished``.

    Raises: Conflict("too_many_lessons"); 409 ``position_taken`` by constraint.
    """
    lock_course(request, course_id)
    end, count = request.db.execute(
        select(func.coalesce(func.max(Lesson.position), 0), func.count()).where(Lesson.course_id == course_id)
    ).one()
    if count >= MAX_LESSONS:
        raise Conflict("too_many_lessons", max_lessons=MAX_LESSONS)
    if position is None:
        if end == LARGEST_POSITION:
            raise Conflict("position_taken")
        position = end + 1
    lesson = Lesson(
        course_id=course_id,
        title=title,
        description=description,
        materials=materials or [],
        position=position,
        is_published=is_published,
        is_required=is_required,
        created_at=request.now,
    )
    request.db.add(lesson)
    request.db.flush()
    if is_published:
        announce(request, lesson, by_user_id=by_user_id)
    return lesson


def update_lesson(request: Request, lesson: Lesson, changes: dict[str, Any], *, by_user_id: UUID) -> None:
    """Apply changed fields. May emit ``LessonPublished``; what counts differently makes the course be rechecked.

    Raises: 409 ``position_taken`` by constraint.
    """
    was_published, counted = lesson.is_published, [getattr(lesson, name) for name in COUNTING]
    if changes.get("position", lesson.position) != lesson.position:
        lock_course(request, lesson.course_id)  # whoever moves lessons waits here, not at the constraint
    for name, value in changes.items():
        setattr(lesson, name, value)
    request.db.flush()
    if [getattr(lesson, name) for name in COUNTING] != counted:
        recheck_course(request, lesson.course_id)
    if lesson.is_published and not was_published:
        announce(request, lesson, by_user_id=by_user_id)


def announce(request: Request, lesson: Lesson, *, by_user_id: UUID) -> None:
    """Emit ``LessonPublished``, if the course is published: nobody sees a draft's lessons."""
    course = request.db.get(Course, lesson.course_id)
    if course.is_published:
        request.emit(
            LessonPublished(lesson_id=lesson.id, course_id=lesson.course_id, title=lesson.title, by_user_id=by_user_id)
        )


def delete_lesson(request: Request, lesson: Lesson) -> None:
    """Remove a lesson with its completions, and have the course rechecked.

    Raises: 409 ``has_submissions`` by constraint, if students' submissions hang on its assignments.
    """
    request.db.execute(delete(Lesson).where(Lesson.id == lesson.id))
    recheck_course(request, lesson.course_id)


def lesson_ids(request: Request, course_id: UUID) -> list[UUID]:
    """The ids of all lessons of a course in their order."""
    return list(request.db.scalars(select(Lesson.id).where(Lesson.course_id == course_id).order_by(Lesson.position)))


def lock_order(request: Request, course_id: UUID) -> list[UUID]:
    """``lesson_ids``, which nobody else changes before this transaction ends.

    The rows first, in one order, then the course: so does a write to one lesson, and neither waits in a circle.
    """
    rows = select(Lesson.id).where(Lesson.course_id == course_id).order_by(Lesson.id)
    request.db.execute(rows.with_for_update(key_share=True))
    lock_course(request, course_id)
    return lesson_ids(request, course_id)


def reorder_lessons(request: Request, *, course_id: UUID, lesson_ids: list[UUID], current_ids: list[UUID]) -> None:
    """Give the lessons the positions 1, 2, 3 … in this order, in one statement. ``current_ids``: from ``lock_order``.

    Raises: Invalid unless ``lesson_ids`` is a permutation of ``current_ids``.
    """
    if sorted(lesson_ids) != sorted(current_ids):
        raise Invalid.field("lesson_ids", "must name every lesson of the course exactly once")
    position = func.array_position(literal(lesson_ids, ARRAY(Uuid())), Lesson.id)
    request.db.execute(
        update(Lesson)
        .where(Lesson.course_id == course_id)
        .values(position=position)
        .execution_options(synchronize_session="fetch")
    )


def complete_lesson(request: Request, *, lesson: Lesson, student_id: UUID) -> None:
    """Note that a student has done a lesson. Idempotent. Emits ``CourseCompleted`` (enrollments) if it was the last.

    Raises: Conflict("course_archived").
    """
    require_open_course(request, lesson.course_id)
    completion = insert(LessonCompletion).values(lesson_id=lesson.id, student_id=student_id, completed_at=request.now)
    request.db.execute(completion.on_conflict_do_nothing())
    refresh_progress(request, course_id=lesson.course_id, student_id=student_id)


def undo_completion(request: Request, *, lesson: Lesson, student_id: UUID) -> None:
    """Take a completion back; a completed course stays completed. Idempotent. Raises: Conflict("course_archived")."""
    require_open_course(request, lesson.course_id)
    request.db.execute(
        delete(LessonCompletion).where(
            LessonCompletion.lesson_id == lesson.id, LessonCompletion.student_id == student_id
        )
    )


def require_open_course(request: Request, course_id: UUID) -> None:
    """Raises: Conflict("course_archived"), NotFound."""
    course = request.db.get(Course, course_id)
    if course is None:
        raise NotFound()
    course.require_not_archived()


def has_lessons(request: Request, course_id: UUID) -> bool:
    return request.db.scalar(select(Lesson.id).where(Lesson.course_id == course_id).limit(1)) is not None


def count_required(request: Request, course_id: Any, student_id: Any) -> Select[Any]:
    """SQL: how many lessons count for a student's progress in a course."""
    return (
        select(func.count())
        .select_from(Lesson)
        .where(Lesson.course_id == course_id, Lesson.is_published, Lesson.is_required)
        .where(*meant_for(request, student_id, Lesson.id))
    )


def count_completed(request: Request, course_id: Any, student_id: Any) -> Select[Any]:
    """SQL: how many of those a student has completed."""
    done = (LessonCompletion.lesson_id == Lesson.id) & (LessonCompletion.student_id == student_id)
    return count_required(request, course_id, student_id).join(LessonCompletion, done)


def readable_vector(request: Request) -> ColumnElement[Any]:
    """SQL: what a search of the lessons at this address looks through: what the caller may read, else titles only."""
    title = func.ts_filter(Lesson.search_vector, text("'{a}'"))
    return case((is_readable(request), Lesson.search_vector), else_=title)
