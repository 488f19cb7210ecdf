"""``/courses/{course_id}/gradebook``"""

from typing import Any

from courseplatform.api import Allow, Node
from plugins.courses.api import staff_principals

from .permissions import P


class Gradebook(Node):
    """``/courses/{course_id}/gradebook``: for staff."""

    @property
    def __acl__(self) -> Any:
        return [(Allow, principal, P.VIEW) for principal in staff_principals(self.__parent__.id)]
