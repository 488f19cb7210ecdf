"""``comments`` beneath a lesson, an assignment or a submission.

Who may read and write here is who may read the target: the target's node answers for that, further up the lineage.
"""

from typing import Any

from courseplatform.api import Allow, Collection, Item, Node, role_principals, user_principal

from .models import Comment
from .permissions import P


def course_above(node: Node) -> Any:
    """The item of the course at the top of a lineage, whichever plugin it comes from."""
    while getattr(node, "kind", None) != "course":
        node = node.__parent__
    return node


class CommentItem(Item):
    """``…/comments/{comment_id}``: its author edits and deletes, staff delete; to others those verbs don't exist."""

    model, kind = Comment, "comment"
    hidden_permissions = (P.EDIT, P.DELETE)

    @property
    def __acl__(self) -> Any:
        comment: Comment = self.row
        staff = role_principals("course", course_above(self).id, ("teacher",))
        return [
            (Allow, user_principal(comment.author_id), (P.EDIT, P.DELETE)),
            *((Allow, principal, P.DELETE) for principal in staff),
        ]


class LessonComment(CommentItem):
    """``…/lessons/{lesson_id}/comments/{comment_id}``"""

    parent_id = "lesson_id"


class AssignmentComment(CommentItem):
    """``…/assignments/{assignment_id}/comments/{comment_id}``"""

    parent_id = "assignment_id"


class SubmissionComment(CommentItem):
    """``…/submissions/{submission_id}/comments/{comment_id}``"""

    parent_id = "submission_id"


class Comments(Collection):
    """``…/comments``"""

    @property
    def target(self) -> dict[str, Any]:
        """What is commented on, as the column that names it and its value."""
        return {str(self.item.parent_id): self.__parent__.id}


class LessonComments(Comments):
    """``…/lessons/{lesson_id}/comments``"""

    item = LessonComment


class AssignmentComments(Comments):
    """``…/assignments/{assignment_id}/comments``"""

    item = AssignmentComment


class SubmissionComments(Comments):
    """``…/submissions/{submission_id}/comments``"""

    item = SubmissionComment
