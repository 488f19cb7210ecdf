from collections import defaultdict
from typing import Any
from uuid import UUID

from fastapi import APIRouter
from sqlalchemy import func, select
from sqlalchemy.orm import contains_eager, joinedload

from ..db import Session
from ..models import Assignment, Course, Enrollment, Lesson, LessonCompletion, Submission
from ..paging import Paged
from ..schemas import Card, Cell, Column, Gradebook, StudentGrades
from ..security import TAKING_PART, CurrentUser, forbidden, may_see, not_found, teaches

router = APIRouter(prefix="/courses/{course_id}/gradebook", tags=["gradebook"])


@router.get("/")
async def show_gradebook(course_id: UUID, session: Session, user: CurrentUser, paging: Paged) -> Gradebook:
    """Students and their best grades, oldest enrollment first, for the staff of the course."""
    course = await session.get(Course, course_id)
    if course is None:
        raise not_found()
    if not await teaches(session, user, course) and user.role != "admin":
        raise forbidden() if await may_see(session, user, course) else not_found()
    found = await session.scalars(
        select(Assignment)
        .join(Assignment.lesson)
        .options(contains_eager(Assignment.lesson))
        .where(Lesson.course_id == course_id)
        .order_by(Lesson.position, Assignment.id)
    )
    assignments = {assignment.id: assignment for assignment in found}
    taking = select(Enrollment).where(Enrollment.course_id == course_id, Enrollment.status.in_(TAKING_PART))
    taking = taking.options(joinedload(Enrollment.student))
    page, links = await paging.page(session, taking, Enrollment.id, is_descending=False)
    student_ids = [enrollment.student_id for enrollment in page]
    columns = (Submission.student_id, Submission.assignment_id, Submission.id, Submission.attempt)
    work = await session.execute(
        select(*columns, Submission.status, Submission.grade, Submission.is_late)
        .join(Submission.assignment)
        .join(Assignment.lesson)
        .where(Lesson.course_id == course_id, Submission.student_id.in_(student_ids), Submission.status != "draft")
    )
    attempts: dict[UUID, dict[UUID, list[Any]]] = defaultdict(lambda: defaultdict(list))
    for row in work:
        attempts[row.student_id][row.assignment_id].append(row)
    required = (Lesson.course_id == course_id, Lesson.is_published, Lesson.is_required)
    lesson_count = await session.scalar(select(func.count()).select_from(Lesson).where(*required)) or 0
    done = await session.execute(
        select(LessonCompletion.student_id, func.count())
        .join(Lesson, Lesson.id == LessonCompletion.lesson_id)
        .where(*required, LessonCompletion.student_id.in_(student_ids))
        .group_by(LessonCompletion.student_id)
    )
    completed = dict(done.tuples().all())
    visible = {row.id for row in assignments.values() if is_visible(row)}
    counting = {row_id for row_id in visible if assignments[row_id].is_required}
    total = lesson_count + len(counting)
    results = []
    for enrollment in page:
        theirs = attempts[enrollment.student_id]
        cells = [cell(assignments[row_id], theirs[row_id], row_id in visible) for row_id in sorted(theirs)]
        passed = sum(each.is_passed and each.assignment_id in counting for each in cells)
        progress = completed.get(enrollment.student_id, 0) + passed
        results.append(
            StudentGrades(
                enrollment_id=enrollment.id,
                status=enrollment.status,
                student=Card.model_validate(enrollment.student),
                cells=cells,
                total_points=sum(each.grade or 0 for each in cells if each.counts and each.status == "checked"),
                max_points=sum(assignments[row_id].max_points for row_id in visible),
                progress_percent=min(progress * 100 // total, 100) if total else 0,
            )
        )
    return Gradebook(columns=[column(row) for row in assignments.values()], results=results, **links)


def is_visible(assignment: Assignment) -> bool:
    return assignment.is_published and assignment.lesson.is_published


def cell(assignment: Assignment, attempts: list[Any], counts: bool) -> Cell:
    """The best checked attempt, or the latest while none is checked."""
    checked = [attempt for attempt in attempts if attempt.status == "checked"]
    best = max(checked or attempts, key=lambda attempt: (attempt.grade or 0, attempt.attempt))
    return Cell(
        assignment_id=assignment.id,
        submission_id=best.id,
        attempt=best.attempt,
        status=best.status,
        grade=best.grade,
        is_late=best.is_late,
        is_passed=bool(checked) and best.grade >= assignment.pass_points,
        needs_grading=any(attempt.status == "submitted" for attempt in attempts),
        counts=counts,
    )


def column(assignment: Assignment) -> Column:
    return Column(
        assignment_id=assignment.id,
        lesson_id=assignment.lesson_id,
        title=assignment.title,
        max_points=assignment.max_points,
        pass_points=assignment.pass_points,
        is_required=assignment.is_required,
        is_visible=is_visible(assignment),
    )
