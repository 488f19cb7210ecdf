"""``…/assignments/{assignment_id}/submissions`` and beneath."""

from typing import Any

from courseplatform.api import Allow, Collection, Deny, Everyone, Item, Node, role_principals, user_principal
from plugins.assignments.api import AssignmentItem
from plugins.courses.api import CourseItem, staff_principals

from .models import Submission
from .permissions import P


def course_id_of(node: Node) -> Any:
    """The id of the course at the root of a lineage."""
    while not isinstance(node, CourseItem):
        node = node.__parent__
    return node.id


class SubmissionItem(Item):
    """``…/submissions/{submission_id}``: for its student and, unless a draft, for staff; others don't see it."""

    model, kind, parent_id = Submission, "submission", "assignment_id"
    view_permission = P.VIEW

    @property
    def assignment(self) -> AssignmentItem:
        return self.__parent__.__parent__

    @property
    def __acl__(self) -> Any:
        submission: Submission = self.row
        (author,) = role_principals("submission", submission.id, ("author",))
        staff = staff_principals(course_id_of(self))
        acl = [
            *((Deny, principal, P.EDIT) for principal in ["role:admin", *staff]),
            (Allow, author, P.EDIT),
            (Allow, user_principal(submission.student_id), P.VIEW),
        ]
        if submission.is_draft:
            return [*acl, (Deny, Everyone, (P.VIEW, P.GRADE, P.EDIT))]
        return [*acl, *((Allow, principal, (P.VIEW, P.GRADE)) for principal in staff), (Deny, Everyone, P.EDIT)]


class Submissions(Collection):
    """``…/assignments/{assignment_id}/submissions``: staff list all, students their own; students alone submit."""

    item = SubmissionItem

    @property
    def __acl__(self) -> Any:
        course_id = course_id_of(self)
        student, participant = role_principals("course", course_id, ("student", "participant"))
        staff = staff_principals(course_id)
        return [
            *((Deny, principal, P.SUBMIT) for principal in ["role:admin", *staff]),
            (Allow, student, P.SUBMIT),
            (Deny, Everyone, P.SUBMIT),
            (Allow, participant, P.LIST),
            *((Allow, principal, (P.LIST, P.LIST_ALL, P.GRADE)) for principal in staff),
        ]
