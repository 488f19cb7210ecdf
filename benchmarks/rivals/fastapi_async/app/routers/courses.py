from typing import Any, Literal
from uuid import UUID

from fastapi import APIRouter, BackgroundTasks
from sqlalchemy import exists, or_, select
from sqlalchemy.orm import joinedload

from ..db import Session
from ..models import Course, CourseTeacher, Lesson
from ..paging import Paged
from ..schemas import Card, CourseOut, ExpandedCourse, LessonOut, LessonPatch, Page, PublicName, WithTeacher
from ..security import Caller, CurrentUser, forbidden, may_see, not_found, teaches
from ..telling import tell_of_lesson

router = APIRouter(prefix="/courses", tags=["courses"])


@router.get("/")
async def list_courses(
    session: Session, caller: Caller, paging: Paged, expand: Literal["", "teacher"] = ""
) -> Page[ExpandedCourse] | Page[CourseOut]:
    """Published ones; to teachers their own too, to administrators all."""
    found = select(Course)
    if caller is not None and caller.role == "teacher":
        co_taught = exists().where(CourseTeacher.course_id == Course.id, CourseTeacher.user_id == caller.id)
        found = found.where(or_(Course.status == "published", Course.teacher_id == caller.id, co_taught))
    elif caller is None or caller.role != "admin":
        found = found.where(Course.status == "published")
    if not expand:
        rows, links = await paging.page(session, found, Course.id)
        return Page[CourseOut](results=[CourseOut.model_validate(row) for row in rows], **links)
    rows, links = await paging.page(session, found.options(joinedload(Course.teacher)), Course.id)
    card = PublicName if caller is None else Card
    results = [expanded(row, card) for row in rows]
    return Page[ExpandedCourse](results=results, **links)


def expanded(course: Course, card: type[PublicName]) -> ExpandedCourse:
    shown = CourseOut.model_validate(course)
    return ExpandedCourse(**dict(shown), extensions=WithTeacher(teacher=card.model_validate(course.teacher)))


@router.get("/{course_id}/")
async def show_course(course_id: UUID, session: Session, caller: Caller) -> CourseOut:
    course = await session.get(Course, course_id)
    if course is None or not await may_see(session, caller, course):
        raise not_found()
    return CourseOut.model_validate(course)


@router.patch("/{course_id}/lessons/{lesson_id}/")
async def update_lesson(
    course_id: UUID,
    lesson_id: UUID,
    changes: LessonPatch,
    session: Session,
    user: CurrentUser,
    background: BackgroundTasks,
) -> LessonOut:
    """Publishing it tells the students, after the answer."""
    found = select(Lesson).where(Lesson.id == lesson_id, Lesson.course_id == course_id)
    lesson = await session.scalar(found.options(joinedload(Lesson.course)).with_for_update(of=Lesson))
    if lesson is None:
        raise not_found()
    if not await teaches(session, user, lesson.course):
        is_seen = lesson.is_published and await may_see(session, user, lesson.course)
        raise forbidden() if is_seen else not_found()
    was_published = lesson.is_published
    values: dict[str, Any] = changes.model_dump(exclude_unset=True)
    for name, value in values.items():
        setattr(lesson, name, value)
    await session.commit()
    if lesson.is_published and not was_published and lesson.course.status == "published":
        background.add_task(tell_of_lesson, lesson.id, by_user_id=user.id)
    return LessonOut.model_validate(lesson)
