"""``/courses/{course_id}/cohorts`` and beneath."""

from typing import Any
from uuid import UUID

from courseplatform.api import Allow, Collection, Item, Node, role_principals
from plugins.courses.api import staff_principals

from .models import Cohort
from .permissions import P


class CohortItem(Item):
    """``/courses/{course_id}/cohorts/{cohort_id}``: for staff; its members see it too."""

    model, kind, parent_id = Cohort, "cohort", "course_id"
    view_permission = P.VIEW

    @property
    def __acl__(self) -> Any:
        staff = [(Allow, principal, (P.VIEW, P.MANAGE)) for principal in staff_principals(self.row.course_id)]
        return [*staff, *((Allow, member, P.VIEW) for member in role_principals("cohort", self.row.id, ("member",)))]


class Cohorts(Collection):
    """``/courses/{course_id}/cohorts``: for staff."""

    item = CohortItem

    @property
    def __acl__(self) -> Any:
        return [(Allow, principal, P.MANAGE) for principal in staff_principals(self.__parent__.id)]


class CohortDates(Node):
    """``…/cohorts/{cohort_id}/deadlines/{assignment_id}``, whether or not the cohort has such dates yet."""

    @property
    def assignment_id(self) -> UUID:
        return UUID(self.__name__)

    @property
    def cohort(self) -> Cohort:
        row: Cohort = self.__parent__.__parent__.row
        return row


class Deadlines(Node):
    """``…/cohorts/{cohort_id}/deadlines``"""

    def __getitem__(self, segment: str) -> Node:
        return CohortDates(self.request, segment, self)
