"""Receipts: what arrived and when, signed for the student to keep (JWS, RFC 7515).

A receipt says what was true when the work arrived: an edit later, a moved deadline or a grade make it no less true.
"""

import hashlib
from datetime import UTC, datetime
from typing import Any

from courseplatform.api import Request
from plugins.accounts.api import LASTING_ALGORITHM, sign_jwt

from .models import Submission

RECEIPT_TYPE = "submission-receipt+jwt"


def receipt(request: Request, submission: Submission) -> dict[str, Any]:
    """The claims, and as ``jws`` the same signed. Of work that was handed in. One statement."""
    claims = receipt_claims(request, submission)
    return {**claims, "jws": sign_jwt(request, claims, typ=RECEIPT_TYPE, algorithm=LASTING_ALGORITHM)}


def receipt_claims(request: Request, submission: Submission) -> dict[str, Any]:
    """``deadline``: as it was then; null where there was none. The same submission has the same claims."""
    return {
        "iss": request.registry.settings["http.base_url"],
        "submission_id": str(submission.id),
        "assignment_id": str(submission.assignment_id),
        "student_id": str(submission.student_id),
        "attempt": submission.attempt,
        "text_sha256": sha256(submission.text.encode()),
        "file_sha256": submission.file_sha256,
        "received_at": moment(submission.submitted_at),
        "deadline": {"due_at": moment(submission.deadline_due_at), "lock_at": moment(submission.deadline_lock_at)},
        "is_late": submission.was_late,
    }


def sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def moment(at: datetime | None) -> str | None:
    return at.astimezone(UTC).isoformat().replace("+00:00", "Z") if at else None
