"""``comments/`` beneath a lesson, an assignment and a submission.

One set of views for three addresses; they differ in the permission to read the target, which reads and writes here too.
"""

from typing import Any

from sqlalchemy import select

from courseplatform.api import Request, Service

from . import operations
from .models import Comment
from .permissions import P
from .resources import READ_ASSIGNMENT, READ_LESSON, VIEW_SUBMISSION, course_above
from .schemas import CommentBody, CommentList, NewComment

LESSON = "/courses/{course_id}/lessons/{lesson_id}/"
ASSIGNMENT = LESSON + "assignments/{assignment_id}/"
SUBMISSION = ASSIGNMENT + "submissions/{submission_id}/"

lesson_comments = Service("lesson_comments", LESSON + "comments/")
lesson_comment = Service("lesson_comment", LESSON + "comments/{comment_id}/")
assignment_comments = Service("assignment_comments", ASSIGNMENT + "comments/")
assignment_comment = Service("assignment_comment", ASSIGNMENT + "comments/{comment_id}/")
submission_comments = Service("submission_comments", SUBMISSION + "comments/")
submission_comment = Service("submission_comment", SUBMISSION + "comments/{comment_id}/")


@lesson_comments.get(permission=READ_LESSON, query=CommentList)
@assignment_comments.get(permission=READ_ASSIGNMENT, query=CommentList)
@submission_comments.get(permission=VIEW_SUBMISSION, query=CommentList)
def list_comments(request: Request) -> Any:
    """The comments, oldest first; replies name the comment they answer as ``parent_id``."""
    found = select(Comment).filter_by(**request.context.target)
    parent_id = request.validated["querystring"]["parent_id"]
    if parent_id is not None:
        found = found.where(Comment.parent_id == parent_id)
    return request.paginate(found, order=(Comment.id,), is_descending=False)


@lesson_comments.post(permission=P.WRITE, body=NewComment)
@assignment_comments.post(permission=P.WRITE, body=NewComment)
@submission_comments.post(permission=P.WRITE, body=NewComment)
def write_comment(request: Request) -> Any:
    """Comment, or answer a comment on the same target (another ``parent_id`` is 422).

    409 ``course_archived``; 409 ``comment_deleted`` if the answered one is.
    """
    course = course_above(request.context).row
    course.require_not_archived()
    comment = operations.write_comment(
        request,
        course_id=course.id,
        target=request.context.target,
        author_id=request.identity.id,
        path=request.path,
        **request.validated["body"],
    )
    return request.created(comment)


@lesson_comment.get(permission=READ_LESSON)
@assignment_comment.get(permission=READ_ASSIGNMENT)
@submission_comment.get(permission=VIEW_SUBMISSION)
def show_comment(request: Request) -> Any:
    """One comment. A deleted one that has replies is an empty shell."""
    return request.represent(request.context.row)


@lesson_comment.put(permission=P.EDIT, body=CommentBody)
@lesson_comment.patch(permission=P.EDIT, body=CommentBody)
@assignment_comment.put(permission=P.EDIT, body=CommentBody)
@assignment_comment.patch(permission=P.EDIT, body=CommentBody)
@submission_comment.put(permission=P.EDIT, body=CommentBody)
@submission_comment.patch(permission=P.EDIT, body=CommentBody)
def edit_comment(request: Request) -> Any:
    """Edit the own comment; administrators edit any, to others it is 404.

    409 ``course_archived``, ``comment_deleted``.
    """
    course_above(request.context).row.require_not_archived()
    comment = request.context.row
    comment.edit(request.validated["body"].get("text", comment.text), request.now)
    return request.represent(comment)


@lesson_comment.delete(permission=P.DELETE)
@assignment_comment.delete(permission=P.DELETE)
@submission_comment.delete(permission=P.DELETE)
def delete_comment(request: Request) -> Any:
    """Delete a comment: its author, the course's staff and administrators may, to others it is 404.

    One with replies stays as an empty shell. An archived course doesn't hold it.
    """
    operations.delete_comment(request, request.context.row)
    return request.no_content()
