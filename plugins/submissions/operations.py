"""Verbs of students on their own work: hand in, change, take back."""

from typing import Any
from uuid import UUID

from sqlalchemy import bindparam, delete, select
from uuid_utils.compat import uuid7

from courseplatform.api import Conflict, Invalid, Request, safe_name, safe_type
from plugins.assignments.api import Assignment, Deadline, deadline_of, reread_assignment
from plugins.courses.api import Course
from plugins.uploads.api import use_upload

from .events import SubmissionSubmitted
from .models import Submission
from .uploads import Upload

#: Made once: whoever hands in asks for it.
LATEST = (
    select(Submission)
    .where(Submission.assignment_id == bindparam("assignment_id"), Submission.student_id == bindparam("student_id"))
    .order_by(Submission.attempt.desc())
    .limit(1)
    .with_for_update(key_share=True)
    .execution_options(populate_existing=True)
)


def submit(
    request: Request,
    *,
    assignment: Assignment,
    course: Course,
    student_id: UUID,
    text: str = "",
    file: Upload | UUID | None = None,
    status: str = "submitted",
) -> Submission:
    """Begin the next attempt: a draft, or handed in at once (emits ``SubmissionSubmitted``).

    Two at the same moment are decided by the unique attempt. That the student takes the course is the ACL's business.
    Raises: Conflict("course_archived" | "submission_locked" | "draft_exists" | "already_checked" |
    "attempts_exhausted" | "attempt_exists" | "same_content"); Invalid for empty work; what ``put_file`` raises.
    """
    deadline = require_takes_work(request, assignment, course, student_id, is_holding=True)
    latest = lock_latest(request, assignment, student_id)
    submission = Submission(
        id=uuid7(),  # said here, so that it is written once, with what its event makes others write
        assignment_id=assignment.id,
        student_id=student_id,
        attempt=next_attempt(assignment, latest),
        text=text,
        status="draft",
        created_at=request.now,
    )
    put_file(request, submission, file)
    require_content(submission)
    request.db.add(submission)
    if status == "submitted":
        if latest is not None and latest.is_open and latest.content_sha256 == submission.hash_content():
            raise Conflict("same_content", submission_id=latest.id, submitted_at=latest.submitted_at)
        hand_in(request, submission, assignment, course, deadline)
    request.db.flush()
    return submission


def lock_latest(request: Request, assignment: Assignment, student_id: UUID) -> Submission | None:
    """The student's latest attempt, which can't be checked meanwhile."""
    return request.db.scalars(LATEST, {"assignment_id": assignment.id, "student_id": student_id}).one_or_none()


def next_attempt(assignment: Assignment, latest: Submission | None) -> int:
    """The number of the attempt after this one. Raises: Conflict("draft_exists" | "already_checked" |
    "attempts_exhausted").
    """
    if latest is not None and latest.is_draft:
        raise Conflict("draft_exists", submission_id=latest.id)
    if latest is not None and latest.is_checked:
        raise Conflict("already_checked", checked_at=latest.checked_at)
    attempt = latest.attempt + 1 if latest is not None else 1
    if assignment.max_attempts is not None and attempt > assignment.max_attempts:
        raise Conflict("attempts_exhausted", max_attempts=assignment.max_attempts)
    return attempt


def edit_submission(
    request: Request, submission: Submission, changes: dict[str, Any], *, assignment: Assignment, course: Course
) -> None:
    """Replace what ``changes`` names of ``text``, ``file`` (an ``Upload``, an upload's id or None) and ``status``.

    Work that is handed in already is dated, judged and signed anew. A replaced file goes after the commit.
    Raises: Conflict("course_archived" | "submission_locked" | "already_checked" | "already_returned" |
    "already_submitted"); Invalid for empty work; what ``put_file`` raises.
    """
    deadline = require_takes_work(request, assignment, course, submission.student_id)
    submission.require_open()
    status = changes.get("status", submission.status)
    if status == "draft" and not submission.is_draft:
        raise Conflict("already_submitted", submitted_at=submission.submitted_at)
    if not changes:
        return
    if "file" in changes:  # first: it asks the database, which would be told of the text apart
        put_file(request, submission, changes["file"])
    if "text" in changes:
        submission.text = changes["text"]
    require_content(submission)
    if status == "submitted":
        hand_in(request, submission, assignment, course, deadline)
    request.db.flush()


def delete_submission(request: Request, submission: Submission, *, assignment: Assignment, course: Course) -> None:
    """Take an attempt back; its number is free again, its file goes after the commit.

    Raises: Conflict("course_archived" | "submission_locked" | "already_checked" | "already_returned").
    """
    require_takes_work(request, assignment, course, submission.student_id)
    submission.require_open()
    put_file(request, submission, None)
    request.db.execute(delete(Submission).where(Submission.id == submission.id))


def require_takes_work(
    request: Request, assignment: Assignment, course: Course, student_id: UUID, *, is_holding: bool = False
) -> Deadline:
    """The student's deadline. Raises: Conflict("course_archived" | "submission_locked").

    Work that is new must hold the dates. Work whose row is locked need not: who moves them waits for it.
    """
    course.require_not_archived()
    reread_assignment(request, assignment, is_holding=is_holding)
    deadline = deadline_of(request, assignment, student_id)
    deadline.require_not_locked(request.now)
    return deadline


def require_content(submission: Submission) -> None:
    """Raises: Invalid if there is neither text nor a file with something in it."""
    if not submission.text.strip() and not submission.file_size_bytes:
        raise Invalid.field("text", "is empty: send a text, a file or both")


def hand_in(
    request: Request, submission: Submission, assignment: Assignment, course: Course, deadline: Deadline
) -> None:
    """Date and sign the content; announce it (``SubmissionSubmitted``) unless it was handed in before."""
    was_draft = submission.is_draft
    submission.hand_in(request.now, *deadline)
    if was_draft:
        request.emit(SubmissionSubmitted(**subject(submission, assignment, course, submission.student_id)))


def subject(submission: Submission, assignment: Assignment, course: Course, by_user_id: UUID) -> dict[str, Any]:
    """What every event of a submission says."""
    return {
        "submission_id": submission.id,
        "assignment_id": assignment.id,
        "lesson_id": assignment.lesson_id,
        "course_id": course.id,
        "student_id": submission.student_id,
        "by_user_id": by_user_id,
        "assignment_title": assignment.title,
    }


def put_file(request: Request, submission: Submission, file: Upload | UUID | None) -> None:
    """Store the file, or that of an upload by its id, in place of the present one, which goes after the commit.

    Raises: PayloadTooLarge; what ``use_upload`` raises.
    """
    if submission.file_key is not None:
        request.delete_file(submission.file_key)
    if file is None:
        submission.file_key = submission.file_name = submission.file_content_type = submission.file_sha256 = None
        submission.file_size_bytes = None
        return
    max_bytes = request.registry.settings["submissions.max_file_bytes"]
    if isinstance(file, UUID):
        stored, name = use_upload(request, file, owner_id=submission.student_id, max_bytes=max_bytes)
    else:
        stored, name = request.save_file(file.stream, max_bytes), safe_name(file.name)
    submission.file_key, submission.file_sha256 = stored.key, stored.sha256
    submission.file_size_bytes = stored.size_bytes
    submission.file_name = name
    submission.file_content_type = safe_type(submission.file_name)
