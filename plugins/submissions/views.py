"""``…/assignments/{assignment_id}/submissions/``: what students do with their own work."""

from typing import Any

from sqlalchemy import or_, select

from courseplatform.api import Binary, Invalid, ListQuery, NotFound, Page, Request, Service, read_json

from . import operations
from .models import Submission
from .permissions import P
from .schemas import SubmissionBody, SubmissionList
from .uploads import read_form

SUBMISSIONS = "/courses/{course_id}/lessons/{lesson_id}/assignments/{assignment_id}/submissions/"
SUBMISSION = SUBMISSIONS + "{submission_id}/"

submissions = Service("submissions", SUBMISSIONS)
submission = Service("submission", SUBMISSION)
file = Service("submission_file", SUBMISSION + "file/", facet_of=SUBMISSION)
attempts = Service("submission_attempts", SUBMISSION + "attempts/", facet_of=SUBMISSION)


def read_work(request: Request) -> dict[str, Any]:
    """The body of a submission, as JSON or as a form with a file. Raises: ApiError, UnsupportedMediaType."""
    if request.content_type == "multipart/form-data":
        return read_form(request)
    return read_json(request, "application/json")


def asked_work(request: Request) -> dict[str, Any]:
    """The validated body, an upload's id in place of a file. Raises: Invalid for both."""
    work = request.validated["body"]
    upload_id = work.pop("upload_id", None)
    if upload_id is None:
        return work
    if work.get("file") is not None:
        raise Invalid.field("upload_id", "stands in place of a file, not beside one")
    return {**work, "file": upload_id}


@submissions.get(permission=P.LIST, query=SubmissionList)
def list_submissions(request: Request) -> Any:
    """Submissions, newest first: to students their own, to staff all but drafts."""
    asked = request.validated["querystring"]
    is_own = Submission.student_id == request.identity.id
    may_see = or_(is_own, Submission.status != "draft") if request.has_permission(P.LIST_ALL) else is_own
    found = select(Submission).where(Submission.assignment_id == request.context.__parent__.id, may_see)
    if asked["status"]:
        found = found.where(Submission.status == asked["status"])
    if asked["student_id"]:
        found = found.where(Submission.student_id == asked["student_id"])
    return request.paginate(found, order=(Submission.id,))


@submissions.post(permission=P.SUBMIT, body=SubmissionBody, reader=read_work)
def submit(request: Request) -> Any:
    """Hand in the next attempt, or begin a draft: JSON, or multipart/form-data with ``text``, ``file`` and ``status``.

    A file that was sent by itself is named by its ``upload_id``, see ``POST /api/uploads/``.
    The receipt's sha256 is taken over the text in UTF-8, one NUL byte and, if there is a file, its own sha256 in hex.
    409 ``course_archived``, ``submission_locked``, ``draft_exists``, ``already_checked``, ``attempts_exhausted``,
    ``attempt_exists``; 409 ``same_content`` while the latest attempt says the same and is unchecked;
    409 ``upload_consumed``, ``upload_expired``, ``upload_incomplete``; 400 ``malformed_upload``; 413 for a file that is
    too large.
    """
    assignment = request.context.__parent__
    created = operations.submit(
        request,
        assignment=assignment.row,
        course=assignment.course,
        student_id=request.identity.id,
        **asked_work(request),
    )
    return request.created(created)


@submission.get(permission=P.VIEW)
def show_submission(request: Request) -> Any:
    """One submission, for its student and the course's staff."""
    return request.represent(request.context.row)


@submission.put(permission=P.EDIT, body=SubmissionBody, reader=read_work)
@submission.patch(permission=P.EDIT, body=SubmissionBody)
def edit_submission(request: Request) -> Any:
    """Change the own work while it is a draft or not yet checked; PUT takes JSON or multipart/form-data.

    409 ``course_archived``, ``submission_locked``, ``already_checked``, ``already_returned``, ``already_submitted``;
    409 ``upload_consumed``, ``upload_expired``, ``upload_incomplete``; 400 ``malformed_upload``; 413 for a file that is
    too large.
    """
    assignment = request.context.assignment
    operations.edit_submission(
        request,
        request.context.row,
        asked_work(request),
        assignment=assignment.row,
        course=assignment.course,
    )
    return request.represent(request.context.row)


@submission.delete(permission=P.EDIT)
def delete_submission(request: Request) -> Any:
    """Take the own work back.

    409 ``course_archived``, ``submission_locked``, ``already_checked``, ``already_returned``.
    """
    assignment = request.context.assignment
    operations.delete_submission(request, request.context.row, assignment=assignment.row, course=assignment.course)
    return request.no_content()


@file.get(permission=P.VIEW, answer=Binary("*/*"), status=(200, 206, 307))
def download_file(request: Request) -> Any:
    """The file of a submission, always as a download. 404 if there is none.

    ``Range``, with ``If-Range`` the ETag, answers 206 with a part: 416 ``range_not_satisfiable`` behind its end; 412
    for an ``If-Match`` of another file.
    307 to an address of the storage, where that is set up: don't send your token there.
    """
    row = request.context.row
    if row.file_key is None:
        raise NotFound()
    try:
        return request.send_file(
            row.file_key, name=row.file_name, size_bytes=row.file_size_bytes, sha256=row.file_sha256
        )
    except FileNotFoundError as error:  # replaced since the row was read
        raise NotFound() from error


@attempts.get(permission=P.VIEW, query=ListQuery, answer=Page(Submission))
def list_attempts(request: Request) -> Any:
    """All attempts of this submission's student at the assignment, newest first."""
    row = request.context.row
    found = select(Submission).where(
        Submission.assignment_id == row.assignment_id,
        Submission.student_id == row.student_id,
        or_(Submission.student_id == request.identity.id, Submission.status != "draft"),
    )
    return request.paginate(found, order=(Submission.id,))
