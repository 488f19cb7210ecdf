"""``/courses/{course_id}/reviews``: read by all who see the course, written by those who took it."""

from typing import Any

from courseplatform.api import Allow, Collection, Deny, Everyone, Item, role_principals, user_principal
from plugins.courses.api import staff_principals

from .models import Review
from .permissions import P

ADMIN = "role:admin"


class ReviewItem(Item):
    """``/courses/{course_id}/reviews/{review_id}``"""

    model, kind, parent_id, is_public = Review, "review", "course_id", True

    @property
    def __acl__(self) -> Any:
        review: Review = self.row
        # An author who joined the staff since then no longer has a say; an administrator always has.
        staff = [(Deny, principal, P.EDIT) for principal in staff_principals(review.course_id)]
        return [(Allow, ADMIN, P.EDIT), *staff, (Allow, user_principal(review.student_id), P.EDIT)]


class Reviews(Collection):
    """``/courses/{course_id}/reviews``"""

    item = ReviewItem

    @property
    def __acl__(self) -> Any:
        course_id = self.__parent__.id
        nobody = [(Deny, principal, P.WRITE) for principal in (ADMIN, *staff_principals(course_id))]
        participants = role_principals("course", course_id, ("participant",))
        return [(Allow, Everyone, P.LIST), *nobody, *((Allow, principal, P.WRITE) for principal in participants)]
