import hashlib
from datetime import UTC, datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import APIRouter, Depends, HTTPException, status
from sqlalchemy import or_, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import contains_eager, joinedload

from ..db import Session
from ..models import Assignment, Lesson, Submission, User
from ..paging import Paged
from ..schemas import ExpandedSubmission, Page, SubmissionIn, SubmissionOut, WithStudent
from ..security import TAKING_PART, CurrentUser, forbidden, may_see, not_found, teaches, took_part

router = APIRouter(
    prefix="/courses/{course_id}/lessons/{lesson_id}/assignments/{assignment_id}/submissions", tags=["submissions"]
)


class Place:
    """The assignment that all ids of the path name, if it is there for the caller."""

    def __init__(self, assignment: Assignment, user: User, is_teacher: bool) -> None:
        self.assignment, self.user, self.is_teacher = assignment, user, is_teacher

    @property
    def course(self) -> Any:
        return self.assignment.lesson.course

    @property
    def is_staff(self) -> bool:
        return self.is_teacher or self.user.role == "admin"


async def visible_place(session: AsyncSession, assignment: Assignment, user: User) -> Place:
    lesson = assignment.lesson
    place = Place(assignment, user, await teaches(session, user, lesson.course))
    is_public = lesson.is_published and assignment.is_published
    if not place.is_staff and not (is_public and await may_see(session, user, lesson.course)):
        raise not_found()
    return place


async def get_place(
    course_id: UUID, lesson_id: UUID, assignment_id: UUID, session: Session, user: CurrentUser
) -> Place:
    assignment = await session.scalar(
        select(Assignment)
        .join(Assignment.lesson)
        .options(contains_eager(Assignment.lesson).joinedload(Lesson.course))
        .where(Assignment.id == assignment_id, Lesson.id == lesson_id, Lesson.course_id == course_id)
    )
    if assignment is None:
        raise not_found()
    return await visible_place(session, assignment, user)


At = Annotated[Place, Depends(get_place)]


@router.get("/")
async def list_submissions(
    at: At, session: Session, paging: Paged, expand: Literal["", "student"] = ""
) -> Page[ExpandedSubmission] | Page[SubmissionOut]:
    """Newest first: to students their own, to staff all but drafts."""
    if not at.is_staff and not await took_part(session, at.user, at.course.id):
        raise forbidden()
    is_own = Submission.student_id == at.user.id
    is_shown = or_(is_own, Submission.status != "draft") if at.is_staff else is_own
    found = select(Submission).where(Submission.assignment_id == at.assignment.id, is_shown)
    if not expand:
        rows, links = await paging.page(session, found, Submission.id)
        return Page[SubmissionOut](results=[SubmissionOut.model_validate(row) for row in rows], **links)
    rows, links = await paging.page(session, found.options(joinedload(Submission.student)), Submission.id)
    return Page[ExpandedSubmission](results=[expanded(row) for row in rows], **links)


def expanded(submission: Submission) -> ExpandedSubmission:
    shown = SubmissionOut.model_validate(submission)
    return ExpandedSubmission(**dict(shown), extensions=WithStudent.model_validate(submission))


@router.get("/{submission_id}/")
async def show_submission(
    course_id: UUID, lesson_id: UUID, assignment_id: UUID, submission_id: UUID, session: Session, user: CurrentUser
) -> SubmissionOut:
    submission = await session.scalar(
        select(Submission)
        .join(Submission.assignment)
        .join(Assignment.lesson)
        .options(contains_eager(Submission.assignment).contains_eager(Assignment.lesson).joinedload(Lesson.course))
        .where(
            Submission.id == submission_id,
            Assignment.id == assignment_id,
            Lesson.id == lesson_id,
            Lesson.course_id == course_id,
        )
    )
    if submission is None:
        raise not_found()
    place = await visible_place(session, submission.assignment, user)
    if submission.student_id != user.id and (submission.status == "draft" or not place.is_staff):
        raise not_found()
    return SubmissionOut.model_validate(submission)


@router.post("/", status_code=status.HTTP_201_CREATED)
async def submit(work: SubmissionIn, at: At, session: Session) -> SubmissionOut:
    """Hand in the next attempt."""
    if at.is_staff or not await took_part(session, at.user, at.course.id, *TAKING_PART):
        raise forbidden()
    if at.course.status == "archived":
        raise conflict("course_archived")
    now, assignment = datetime.now(UTC), at.assignment
    if assignment.lock_at and now > assignment.lock_at:
        raise conflict("submission_locked")
    earlier = select(Submission).where(Submission.assignment_id == assignment.id, Submission.student_id == at.user.id)
    newest = earlier.order_by(Submission.attempt.desc()).limit(1)
    latest = await session.scalar(newest.with_for_update(key_share=True))
    content_sha256 = hashlib.sha256(work.text.encode() + b"\0").hexdigest()
    attempt = require_next(assignment, latest, content_sha256)
    submission = Submission(
        assignment_id=assignment.id,
        student_id=at.user.id,
        attempt=attempt,
        text=work.text,
        created_at=now,
        submitted_at=now,
        is_late=assignment.due_at is not None and now > assignment.due_at,
        deadline_due_at=assignment.due_at,
        deadline_lock_at=assignment.lock_at,
        content_sha256=content_sha256,
    )
    session.add(submission)
    try:
        await session.commit()
    except IntegrityError as error:  # somebody was quicker with the same attempt
        raise conflict("attempt_exists") from error
    return SubmissionOut.model_validate(submission)


def require_next(assignment: Assignment, latest: Submission | None, content_sha256: str) -> int:
    """The number of the attempt after this one."""
    if latest is None:
        return 1
    if latest.status == "draft":
        raise conflict("draft_exists")
    if latest.is_checked:
        raise conflict("already_checked")
    if latest.status == "submitted" and latest.content_sha256 == content_sha256:
        raise conflict("same_content")
    if assignment.max_attempts is not None and latest.attempt >= assignment.max_attempts:
        raise conflict("attempts_exhausted")
    return latest.attempt + 1


def conflict(code: str) -> HTTPException:
    return HTTPException(status.HTTP_409_CONFLICT, code)
