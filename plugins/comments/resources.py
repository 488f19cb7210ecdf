"""``comments`` beneath a lesson, an assignment or a submission.

Who may read and write here is who may read the target: the target's node answers for that, further up the lineage.
"""

from typing import Any, ClassVar

from pyramid.location import lineage

from courseplatform.api import Allow, Collection, Item, Node, role_principals, user_principal

from .models import Comment
from .permissions import P

# Permissions of the targets' plugins, by name: this plugin imports none of them.
READ_LESSON, READ_ASSIGNMENT, VIEW_SUBMISSION = "lesson:read", "assignment:read", "submission:view"


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
    """``…/comments``. ``reading``: the target's permission; whoever has it there may write here."""

    reading: ClassVar[str]

    @property
    def __acl__(self) -> Any:
        """What the nodes above say of reading, said of writing: a token's scopes tell the two apart."""
        return [
            (action, principal, P.WRITE)
            for node in lineage(self.__parent__)
            for action, principal, permissions in node.__acl__
            if permissions == self.reading or (not isinstance(permissions, str) and self.reading in permissions)
        ]

    @property
    def target(self) -> dict[str, Any]:
        """What is commented on, as the column that names it and its value."""
        return {str(self.item.parent_id): self.__parent__.id}


class LessonComments(Comments):
    """``…/lessons/{lesson_id}/comments``"""

    item, reading = LessonComment, READ_LESSON


class AssignmentComments(Comments):
    """``…/assignments/{assignment_id}/comments``"""

    item, reading = AssignmentComment, READ_ASSIGNMENT


class SubmissionComments(Comments):
    """``…/submissions/{submission_id}/comments``"""

    item, reading = SubmissionComment, VIEW_SUBMISSION
