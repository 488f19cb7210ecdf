"""Submissions as JSON."""

from typing import Any
from uuid import UUID

from courseplatform.api import Request, row_etag
from plugins.accounts.api import cards_of

from .models import Submission


def submission_json(request: Request, submission: Submission) -> dict[str, Any]:
    return {
        "id": submission.id,
        "assignment_id": submission.assignment_id,
        "student_id": submission.student_id,
        "attempt": submission.attempt,
        "text": submission.text,
        "file": file_json(submission),
        "status": submission.status,
        "is_checked": submission.is_checked,
        "grade": submission.grade,
        "feedback": submission.feedback,
        "is_late": submission.is_late,
        "submitted_at": submission.submitted_at,
        "checked_at": submission.checked_at,
        "receipt": receipt_json(submission),
    }


def file_json(submission: Submission) -> dict[str, Any] | None:
    if submission.file_key is None:
        return None
    return {
        "name": submission.file_name,
        "size_bytes": submission.file_size_bytes,
        "content_type": submission.file_content_type,
        "sha256": submission.file_sha256,
    }


def receipt_json(submission: Submission) -> dict[str, Any] | None:
    """Proof of what arrived and when; see ``content_sha256``."""
    if submission.content_sha256 is None:
        return None
    return {"sha256": submission.content_sha256, "received_at": submission.submitted_at}


load_students = cards_of("student_id")


def load_etags(request: Request, submissions: list[Submission]) -> dict[UUID, str]:
    """What ``If-Match`` wants of each, for those who write to many."""
    return {submission.id: row_etag(request, submission) for submission in submissions}
